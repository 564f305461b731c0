package sklearn

import (
	"encoding/binary"
	"errors"
	"math"
	"slices"
	"strings"
	"testing"

	"mlopsgo/internal/pyobject"
)

// object makes an object of pairs of attribute names and values.
func object(class string, pairs ...any) *pyobject.Object {
	d := &pyobject.Dict{}
	for i := 0; i+1 < len(pairs); i += 2 {
		d.Keys, d.Values = append(d.Keys, pairs[i]), append(d.Values, pairs[i+1])
	}
	return &pyobject.Object{Class: pyobject.Type(class), State: d}
}

func floats(shape []int, values ...float64) *pyobject.Array {
	a := &pyobject.Array{Type: pyobject.DType{Kind: 'f', Size: 8}, Shape: shape}
	for _, v := range values {
		a.Data = binary.LittleEndian.AppendUint64(a.Data, math.Float64bits(v))
	}
	return a
}

func ints(shape []int, values ...int64) *pyobject.Array {
	a := &pyobject.Array{Type: pyobject.DType{Kind: 'i', Size: 8}, Shape: shape}
	for _, v := range values {
		a.Data = binary.LittleEndian.AppendUint64(a.Data, uint64(v))
	}
	return a
}

func list(values ...pyobject.Value) *pyobject.List { return &pyobject.List{Items: values} }

// treeRecord is scikit-learn's record of a node, as far as it is read.
var treeRecord = pyobject.DType{Kind: 'V', Size: 33, Fields: []pyobject.Field{
	{Name: "left_child", Type: pyobject.DType{Kind: 'i', Size: 8}},
	{Name: "right_child", Type: pyobject.DType{Kind: 'i', Size: 8}, Offset: 8},
	{Name: "feature", Type: pyobject.DType{Kind: 'i', Size: 8}, Offset: 16},
	{Name: "threshold", Type: pyobject.DType{Kind: 'f', Size: 8}, Offset: 24},
	{Name: "missing_go_to_left", Type: pyobject.DType{Kind: 'u', Size: 1}, Offset: 32},
}}

// split is a node of a tree; a leaf has children of −1.
type split struct {
	left, right, feature int64
	threshold            float64
	missing              byte
}

func records(nodes ...split) *pyobject.Array {
	a := &pyobject.Array{Type: treeRecord, Shape: []int{len(nodes)}}
	for _, n := range nodes {
		for _, v := range []uint64{uint64(n.left), uint64(n.right), uint64(n.feature), math.Float64bits(n.threshold)} {
			a.Data = binary.LittleEndian.AppendUint64(a.Data, v)
		}
		a.Data = append(a.Data, n.missing)
	}
	return a
}

var leaf = split{left: -1, right: -1, feature: -2}

// stump says the second class above 0.5 of feature 1, with a share of 0.75, and that a missing value is small.
func stump(nodes ...split) *pyobject.Object {
	if nodes == nil {
		nodes = []split{{1, 2, 1, 0.5, 1}, leaf, leaf}
	}
	values := []float64{0.5, 0.5, 0.75, 0.25, 0.25, 0.75}
	return object("sklearn.tree._classes.DecisionTreeClassifier", "n_features_in_", int64(2), "n_outputs_", int64(1),
		"n_classes_", ints([]int{}, 2), "classes_", ints([]int{2}, 5, 6),
		"tree_", object("sklearn.tree._tree.Tree", "nodes", records(nodes...), "values", floats([]int{len(nodes), 1, 2}, values[:2*len(nodes)]...)))
}

func forestOf(trees ...pyobject.Value) *pyobject.Object {
	return object("sklearn.ensemble._forest.RandomForestClassifier", "n_features_in_", int64(2), "n_outputs_", int64(1),
		"classes_", ints([]int{2}, 5, 6), "estimators_", list(trees...))
}

func scalerOf(n int) *pyobject.Object {
	return object("sklearn.preprocessing._data.StandardScaler", "n_features_in_", int64(n), "with_mean", true, "with_std", true,
		"mean_", floats([]int{n}, []float64{0, 10, 0}[:n]...), "scale_", floats([]int{n}, []float64{1, 2, 1}[:n]...))
}

func pipelineOf(steps ...pyobject.Value) *pyobject.Object {
	l := list()
	for _, step := range steps {
		l.Items = append(l.Items, pyobject.Tuple{"step", step})
	}
	return object("sklearn.pipeline.Pipeline", "steps", l)
}

func linearOf() *pyobject.Object {
	return object("sklearn.svm._classes.LinearSVC", "n_features_in_", int64(2), "classes_", ints([]int{3}, 1, 2, 3),
		"coef_", floats([]int{3, 2}, 1, 0, 0, 1, -1, -1), "intercept_", floats([]int{3}, 0, 0, 0))
}

func logisticOf(classes int, pairs ...any) *pyobject.Object {
	rows, labels := classes, []int64{1, 2, 3}[:classes]
	if classes == 2 {
		rows = 1
	}
	return object("sklearn.linear_model._logistic.LogisticRegression", append(pairs, "n_features_in_", int64(1), "classes_", ints([]int{classes}, labels...),
		"coef_", floats([]int{rows, 1}, []float64{1, 0, 0}[:rows]...), "intercept_", floats([]int{rows}, make([]float64, rows)...))...)
}

func machine() *pyobject.Object {
	return object("sklearn.svm._classes.SVC", "n_features_in_", int64(1), "classes_", ints([]int{2}, 0, 1), "kernel", "rbf",
		"_gamma", 1.0, "coef0", 0.0, "degree", int64(3), "break_ties", false, "_sparse", false, "_n_support", ints([]int{2}, 1, 1),
		"support_vectors_", floats([]int{2, 1}, -1, 1), "_dual_coef_", floats([]int{1, 2}, 1, -1), "_intercept_", floats([]int{1}, 0))
}

func kdNodes(nodes ...[3]int64) *pyobject.Array {
	a := &pyobject.Array{Type: pyobject.DType{Kind: 'V', Size: 24, Fields: []pyobject.Field{
		{Name: "idx_start", Type: pyobject.DType{Kind: 'i', Size: 8}},
		{Name: "idx_end", Type: pyobject.DType{Kind: 'i', Size: 8}, Offset: 8},
		{Name: "is_leaf", Type: pyobject.DType{Kind: 'i', Size: 8}, Offset: 16},
	}}, Shape: []int{len(nodes)}}
	for _, n := range nodes {
		for _, v := range n {
			a.Data = binary.LittleEndian.AppendUint64(a.Data, uint64(v))
		}
	}
	return a
}

func neighborsOf(order, nodes *pyobject.Array) *pyobject.Object {
	rows := floats([]int{3, 1}, 0, 1, 5)
	boxes := floats([]int{2, nodes.Len(), 1}, make([]float64, 2*nodes.Len())...)
	tree := &pyobject.Object{Class: "sklearn.neighbors._kd_tree.KDTree", State: pyobject.Tuple{rows, order, nodes, boxes}}
	return object("sklearn.neighbors._classification.KNeighborsClassifier", "n_features_in_", int64(1),
		"classes_", ints([]int{2}, 7, 8), "n_neighbors", int64(1), "weights", "uniform", "effective_metric_", "euclidean", "outputs_2d_", false,
		"_fit_X", rows, "_y", ints([]int{3}, 0, 1, 1), "_fit_method", "kd_tree", "_tree", tree)
}

func TestPredicts(t *testing.T) {
	order, root := ints([]int{3}, 2, 1, 0), kdNodes([3]int64{0, 3, 1})
	for name, test := range map[string]struct {
		model         *pyobject.Object
		values        []float64
		labels        []int
		probabilities []float64
	}{
		"tree":           {stump(), []float64{9, 0.5, 9, 0.6}, []int{0, 1}, []float64{0.75, 0.25, 0.25, 0.75}},
		"missing":        {stump(), []float64{9, math.NaN()}, []int{0}, []float64{0.75, 0.25}},
		"forest":         {forestOf(stump(), stump()), []float64{9, 0.6}, []int{1}, []float64{0.25, 0.75}},
		"pipeline":       {pipelineOf(scalerOf(2), stump()), []float64{9, 11, 9, 11.1}, []int{0, 1}, []float64{0.75, 0.25, 0.25, 0.75}},
		"passthrough":    {pipelineOf("passthrough", nil, stump()), []float64{9, 0.6}, []int{1}, []float64{0.25, 0.75}},
		"linear":         {linearOf(), []float64{2, 1, 1, 2, -1, -1}, []int{0, 1, 2}, nil},
		"logistic":       {logisticOf(2, "solver", "lbfgs", "multi_class", "deprecated"), []float64{0}, []int{0}, []float64{0.5, 0.5}},
		"liblinear":      {logisticOf(2, "solver", "liblinear", "multi_class", "auto"), []float64{0}, []int{0}, []float64{0.5, 0.5}},
		"softmax":        {logisticOf(3, "solver", "lbfgs", "multi_class", "multinomial"), []float64{0}, []int{0}, []float64{1. / 3, 1. / 3, 1. / 3}},
		"machine":        {machine(), []float64{-0.1, 0.1}, []int{0, 1}, nil},
		"neighbours":     {neighborsOf(order, root), []float64{0.4, 0.6}, []int{0, 1}, []float64{1, 0, 0, 1}},
		"nearest of tie": {neighborsOf(order, root), []float64{0.5}, []int{1}, []float64{0, 1}}, // the tree's order, in which row 1 comes first
	} {
		t.Run(name, func(t *testing.T) {
			m, err := New(test.model)
			if err != nil {
				t.Fatal(err)
			}
			e := m.NewEvaluator()
			if err := e.Evaluate(test.values, false); err != nil || !slices.Equal(e.Labels, test.labels) || !slices.Equal(e.Probabilities, test.probabilities) {
				t.Errorf("%v %v (%v)", e.Labels, e.Probabilities, err)
			}
			if n := testing.AllocsPerRun(10, func() { _ = e.Evaluate(test.values, false) }); n != 0 {
				t.Errorf("%v allocations", n)
			}
		})
	}
}

func TestValuesThatAreRefused(t *testing.T) {
	for name, test := range map[string]struct {
		model *pyobject.Object
		value float64
	}{
		"infinity":           {stump(), math.Inf(1)},
		"beyond float32":     {stump(), 1e300},
		"missing, linear":    {linearOf(), math.NaN()},
		"missing, scaled":    {pipelineOf(scalerOf(2), linearOf()), math.NaN()},
		"beyond all, scaled": {pipelineOf(scalerOf(2), stump()), -math.MaxFloat64},
	} {
		m, err := New(test.model)
		if err != nil {
			t.Fatal(name, err)
		}
		if err := m.NewEvaluator().Evaluate([]float64{1, 2, 3, test.value}, false); !errors.Is(err, ErrValues) || !strings.HasPrefix(err.Error(), "row 1, column 1: ") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// refusedModels are objects that must not become models, and what the error says.
func refusedModels() map[string]pyobject.Value {
	twice := stump()
	order, root := ints([]int{3}, 2, 1, 0), kdNodes([3]int64{0, 3, 1})
	return map[string]pyobject.Value{
		"None, where a classifier":                           nil,
		"StandardScaler is not one":                          scalerOf(2),
		"without steps":                                      object("sklearn.pipeline.Pipeline", "steps", list()),
		"step 0 of the Pipeline is 7":                        object("sklearn.pipeline.Pipeline", "steps", list(int64(7))),
		"step step of the Pipeline is pa":                    pipelineOf("passthrough"),
		"LinearSVC is not one":                               pipelineOf(linearOf(), stump()),
		"2 features, and 3":                                  pipelineOf(scalerOf(3), stump()),
		"attribute classes_":                                 object("sklearn.tree._classes.DecisionTreeClassifier", "n_features_in_", int64(2)),
		"attribute n_features_in_: the":                      object("sklearn.tree._classes.DecisionTreeClassifier"),
		"node 0 of 1 has the child 0":                        stump(split{0, 0, 0, 0, 0}),
		"node 1 of 3 has the child 0":                        stump(split{1, 2, 0, 0, 0}, split{0, 2, 0, 0, 0}, leaf),
		"node 0 of 3 has the child 7":                        stump(split{1, 7, 0, 0, 0}, leaf, leaf),
		"node 0 of 3 has the child -1":                       stump(split{1, -1, 0, 0, 0}, leaf, leaf),
		"node 1 of 3 has the child 2":                        stump(split{1, 2, 0, 0, 0}, split{2, 2, 0, 0, 0}, leaf),
		"splits feature 2 of 2":                              stump(split{1, 2, 2, 0, 0}, leaf, leaf),
		"splits feature -7 of 2":                             stump(split{1, 2, -7, 0, 0}, leaf, leaf),
		"at NaN":                                             stump(split{1, 2, 0, math.NaN(), 0}, leaf, leaf),
		"9223372036854775807":                                stump(split{1, math.MaxInt64, 0, 0, 0}, leaf, leaf),
		"0 trees":                                            forestOf(),
		"it holds 7":                                         forestOf(int64(7)),
		"two trees share it":                                 forestOf(twice, twice),
		"tree 0: attribute n_outputs_":                       forestOf(object("x")),
		"shape [3 2] was expected":                           with(linearOf(), "coef_", nil),
		"it holds NaN":                                       object("sklearn.svm._classes.LinearSVC", "n_features_in_", int64(1), "classes_", ints([]int{2}, 0, 1), "coef_", floats([]int{1, 1}, math.NaN()), "intercept_", 0.0),
		"1 labels that can be answered":                      object("sklearn.svm._classes.LinearSVC", "n_features_in_", int64(1), "classes_", ints([]int{1}, 0)),
		`kernel "laplace"`:                                   with(machine(), "kernel", "laplace"),
		`multi_class="ovr" with solver="lbfgs" of 3`:         logisticOf(3, "solver", "lbfgs", "multi_class", "ovr"),
		`multi_class="auto" with solver="liblinear" of 3`:    logisticOf(3, "solver", "liblinear", "multi_class", "auto"),
		`multi_class="multinomial" with solver="lbfgs" of 2`: logisticOf(2, "solver", "lbfgs", "multi_class", "multinomial"),
		"break_ties=True":                                    with(machine(), "break_ties", true),
		"it holds -1":                                        with(machine(), "_n_support", ints([]int{2}, -1, 3)),
		"it holds 100000000000":                              with(machine(), "_n_support", ints([]int{2}, 1, 100000000000)),
		`weights "distance"`:                                 with(neighborsOf(order, root), "weights", "distance"),
		`metric "manhattan"`:                                 with(neighborsOf(order, root), "effective_metric_", "manhattan"),
		`algorithm "ball_tree"`:                              with(neighborsOf(order, root), "_fit_method", "ball_tree"),
		"4 of 3 rows":                                        with(neighborsOf(order, root), "n_neighbors", int64(4)),
		"class 2 of 2":                                       with(neighborsOf(order, root), "_y", ints([]int{3}, 0, 1, 2)),
		"it holds row 3 of 3":                                neighborsOf(ints([]int{3}, 0, 1, 3), root),
		"spans rows 0 to 4 of 3":                             neighborsOf(order, kdNodes([3]int64{0, 4, 1})),
		"spans rows -1 to 3":                                 neighborsOf(order, kdNodes([3]int64{-1, 3, 1})),
		"node 0 of 1 spans":                                  neighborsOf(order, kdNodes([3]int64{0, 3, 0})),
		"there are none":                                     neighborsOf(order, kdNodes()),
	}
}

// with gives an object another value of an attribute.
func with(o *pyobject.Object, name string, v pyobject.Value) *pyobject.Object {
	d, _ := o.State.(*pyobject.Dict)
	d.Keys, d.Values = append(d.Keys, name), append(d.Values, v)
	return o
}

func TestNewRefuses(t *testing.T) {
	for says, v := range refusedModels() {
		_, err := New(v)
		if err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%v, want one that says %q", err, says)
		}
	}
}
