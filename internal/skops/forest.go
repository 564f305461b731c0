package skops

import (
	"errors"
	"fmt"
	"slices"
)

// Params are the parameters of a RandomForestClassifier. The others have scikit-learn's defaults: n_jobs None, verbose 0,
// warm_start False, monotonic_cst None.
type Params struct {
	Criterion              string
	MaxDepth, MaxLeafNodes int // 0 for None
	// MinSamplesSplit, MinSamplesLeaf, MaxFeatures and MaxSamples are nil for None, an int, a float64 or a string: what
	// scikit-learn makes of a number depends on its type.
	MinSamplesSplit, MinSamplesLeaf, MaxFeatures, MaxSamples any
	MinWeightFractionLeaf, MinImpurityDecrease, CcpAlpha     float64
	Bootstrap, OOBScore                                      bool
	RandomState                                              uint32
	// ClassWeightRule is "" for None; with ClassWeights, class_weight is a dict.
	ClassWeightRule string
	ClassWeights    []ClassWeight
}

// ClassWeight is the weight of the class with this label: its text, or the digits of an integer.
type ClassWeight struct {
	Label  string
	Weight float64
}

// Forest is a fitted sklearn.ensemble.RandomForestClassifier.
type Forest struct {
	Params  Params
	Classes Labels
	// MaxFeatures is the number of features that each split looked at.
	MaxFeatures int
	// Rows is the number of rows it was trained on, Draws how many of them each tree drew; 0 without bootstrap.
	Rows, Draws int
	// RowWeights are the weights of the rows that came from class weights; nil when there were none.
	RowWeights []float64
	// OOB is the estimate on rows that trees did not draw; nil without.
	OOB   *OutOfBag
	Trees []Tree
}

// OutOfBag is what oob_score leaves behind. Decision has a row for each training row and a column for each class.
type OutOfBag struct {
	Score    float64
	Decision []float64
}

func (*Forest) step() string { return "randomforestclassifier" }

func (f *Forest) check(features int) error {
	if err := f.Classes.check(); err != nil {
		return err
	}
	classes := f.Classes.count()
	switch {
	case len(f.Trees) == 0:
		return errors.New("a forest without trees")
	case f.Rows < 1 || f.Draws < 0 || (f.Draws > 0) != f.Params.Bootstrap:
		return fmt.Errorf("a forest of %d rows and %d draws, with bootstrap %v", f.Rows, f.Draws, f.Params.Bootstrap)
	case f.RowWeights != nil && len(f.RowWeights) != f.Rows:
		return fmt.Errorf("%d weights for %d rows", len(f.RowWeights), f.Rows)
	case f.OOB != nil && len(f.OOB.Decision) != f.Rows*classes:
		return fmt.Errorf("%d out-of-bag shares for %d rows of %d classes", len(f.OOB.Decision), f.Rows, classes)
	}
	for i := range f.Trees {
		if err := f.Trees[i].check(features, classes); err != nil {
			return fmt.Errorf("tree %d: %w", i, err)
		}
	}
	return f.Params.check()
}

const (
	treeModule = "sklearn.tree._classes"
	treeClass  = "DecisionTreeClassifier"
)

func (f *Forest) node(features int) *Node {
	own := f.Params.shared()
	fields := []field{
		{"estimator", untrained()},
		{"n_estimators", integer(len(f.Trees))},
		{"estimator_params", estimatorParams},
		{"bootstrap", truth(f.Params.Bootstrap)},
		{"oob_score", truth(f.Params.OOBScore)},
		{"n_jobs", none},
		{"random_state", integer(f.Params.RandomState)},
		{"verbose", integer(0)},
		{"warm_start", no},
		{"class_weight", f.classWeight()},
		{"max_samples", number(f.Params.MaxSamples)},
	}
	fields = append(append(fields, own...),
		field{"n_features_in_", integer(features)},
		field{"_n_samples", integer(f.Rows)},
		field{"n_outputs_", integer(1)},
		field{"classes_", f.Classes.node()},
		field{"n_classes_", integer(f.Classes.count())},
		field{"_sample_weight", none},
		field{"_n_samples_bootstrap", none},
		field{"estimator_", untrained()},
		field{"estimators_", f.trees(own, features)},
	)
	if f.RowWeights != nil {
		set(fields, "_sample_weight", array(float64s(f.RowWeights)))
	}
	if f.Draws > 0 {
		set(fields, "_n_samples_bootstrap", integer(f.Draws))
	}
	if f.OOB != nil {
		fields = append(fields,
			field{"oob_decision_function_", array(float64s(f.OOB.Decision, f.Rows, f.Classes.count()))},
			field{"oob_score_", float(f.OOB.Score)},
		)
	}
	return object("sklearn.ensemble._forest", "RandomForestClassifier", fields...)
}

// set replaces the value of a field that is there.
func set(fields []field, key string, value *Node) {
	i := slices.IndexFunc(fields, func(f field) bool { return f.key == key })
	fields[i].value = value
}

// classWeight is None, a rule, or a dict by label.
func (f *Forest) classWeight() *Node {
	switch {
	case f.Params.ClassWeightRule != "":
		return text(f.Params.ClassWeightRule)
	case len(f.Params.ClassWeights) == 0:
		return none
	}
	keyType := numberType
	if f.Classes.Texts != nil {
		keyType = textType
	}
	var fields []field
	for _, w := range f.Params.ClassWeights {
		fields = append(fields, field{w.Label, float(w.Weight)})
	}
	return dict(repeated(keyType, len(fields)), fields)
}

// number is a parameter that can be of several types.
func number(v any) *Node {
	switch v := v.(type) {
	case int:
		return integer(v)
	case float64:
		return float(v)
	case string:
		return text(v)
	default:
		return none
	}
}

// check finds values of types that no parameter has.
func (p *Params) check() error {
	for i, v := range []any{p.MinSamplesSplit, p.MinSamplesLeaf, p.MaxFeatures, p.MaxSamples} {
		switch v.(type) {
		case nil, int, float64, string:
		default:
			return fmt.Errorf("%s is a %T", []string{"min_samples_split", "min_samples_leaf", "max_features", "max_samples"}[i], v)
		}
	}
	return nil
}

// orNone writes 0 as None.
func orNone(n int) *Node {
	if n == 0 {
		return none
	}
	return integer(n)
}

// shared are the parameters that a forest hands to its trees.
func (p *Params) shared() []field {
	return []field{
		{"criterion", text(p.Criterion)},
		{"max_depth", orNone(p.MaxDepth)},
		{"min_samples_split", number(p.MinSamplesSplit)},
		{"min_samples_leaf", number(p.MinSamplesLeaf)},
		{"min_weight_fraction_leaf", float(p.MinWeightFractionLeaf)},
		{"max_features", number(p.MaxFeatures)},
		{"max_leaf_nodes", orNone(p.MaxLeafNodes)},
		{"min_impurity_decrease", float(p.MinImpurityDecrease)},
		{"monotonic_cst", none},
		{"ccp_alpha", float(p.CcpAlpha)},
	}
}

var estimatorParams = tuple(
	text("criterion"), text("max_depth"), text("min_samples_split"), text("min_samples_leaf"), text("min_weight_fraction_leaf"),
	text("max_features"), text("max_leaf_nodes"), text("min_impurity_decrease"), text("random_state"), text("ccp_alpha"), text("monotonic_cst"),
)

// untrained is the DecisionTreeClassifier with default parameters of which a forest makes its trees.
func untrained() *Node {
	defaults := Params{Criterion: "gini", MinSamplesSplit: 2, MinSamplesLeaf: 1}
	return object(treeModule, treeClass, append(defaults.shared(),
		field{"splitter", text("best")}, field{"class_weight", none}, field{"random_state", none})...)
}

// trees are the fitted DecisionTreeClassifiers. What all have is written once.
func (f *Forest) trees(own []field, features int) *Node {
	classes := f.Classes.count()
	numbers := make([]float64, classes)
	for k := range numbers {
		numbers[k] = float64(k)
	}
	common := append(slices.Clone(own),
		field{"splitter", text("best")},
		field{"class_weight", none},
		field{"n_features_in_", integer(features)},
		field{"n_outputs_", integer(1)},
		field{"n_classes_", scalar("int64", single(int64s(int64(classes))))},
		field{"max_features_", integer(f.MaxFeatures)},
		field{"classes_", array(float64s(numbers))},
	)
	args := tuple(integer(features), array(int64s(int64(classes))), integer(1))
	items := make([]*Node, len(f.Trees))
	for i := range f.Trees {
		t := &f.Trees[i]
		fields := append(slices.Clone(common), field{"random_state", integer(t.Seed)}, field{"tree_", t.node(args, classes)})
		items[i] = object(treeModule, treeClass, fields...)
	}
	return list(items...)
}
