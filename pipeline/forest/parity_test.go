package forest_test

import (
	"encoding/json"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"

	"mlopsgo/internal/stack"
	"mlopsgo/pipeline/forest"
)

// parityCase is trained by scikit-learn (testdata/train.py makes the data) and by this package.
type parityCase struct {
	Name   string         `json:"name"`
	Data   string         `json:"data"`
	Grow   int            `json:"grow,omitempty"` // with warm start from so many trees
	Params map[string]any `json:"params"`

	params forest.Params
}

const minWineNodes = 1_000_000

func TestParityWithScikitLearn(t *testing.T) {
	if testing.Short() {
		t.Skip("trains some thousand trees twice")
	}
	cases := slices.Concat(wineCases(), syntheticCases())
	folder := trainInPython(t, cases)
	wineNodes := 0
	for _, c := range cases {
		t.Run(c.Name, func(t *testing.T) {
			nodes := checkParity(t, c, folder)
			if c.Data == "wine:0" {
				wineNodes += nodes
			}
		})
	}
	if !t.Failed() && wineNodes < minWineNodes {
		t.Errorf("only %d nodes were compared on wine, want at least %d", wineNodes, minWineNodes)
	}
	t.Logf("%d nodes compared on wine", wineNodes)
}

// trainInPython runs scikit-learn on all cases and returns the folder with what it made.
func trainInPython(t *testing.T, cases []parityCase) (folder string) {
	t.Helper()
	python := stack.Python(t, "mlflow")
	folder = t.TempDir()
	wine, err := filepath.Abs("../../internal/wine/winequality-red.csv")
	if err != nil {
		t.Fatal(err)
	}
	for i := range cases {
		cases[i].Params = pythonParams(cases[i].params)
	}
	manifest, err := json.Marshal(map[string]any{"wine": wine, "cases": cases})
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(folder, "manifest.json")
	if err := os.WriteFile(path, manifest, 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.CommandContext(t.Context(), python, "testdata/train.py", path, folder).CombinedOutput()
	if err != nil {
		t.Fatalf("train.py: %v\n%s", err, out)
	}
	return folder
}

// pythonParams spells parameters as scikit-learn does.
func pythonParams(p forest.Params) map[string]any {
	m := map[string]any{
		"n_estimators": p.NEstimators, "criterion": p.Criterion, "min_samples_split": p.MinSamplesSplit,
		"min_samples_leaf": p.MinSamplesLeaf, "min_weight_fraction_leaf": p.MinWeightFractionLeaf,
		"min_impurity_decrease": p.MinImpurityDecrease, "ccp_alpha": p.CcpAlpha, "bootstrap": p.Bootstrap,
		"oob_score": p.OOBScore, "random_state": p.RandomState,
	}
	optional := func(name string, set bool, value any) {
		if set {
			m[name] = value
		}
	}
	optional("max_depth", p.MaxDepth != 0, p.MaxDepth)
	optional("max_leaf_nodes", p.MaxLeafNodes != 0, p.MaxLeafNodes)
	optional("max_samples", p.MaxSamples != 0, p.MaxSamples)
	optional("max_samples", p.MaxSamplesFraction != 0, p.MaxSamplesFraction)
	optional("min_samples_split", p.MinSamplesSplitFraction != 0, p.MinSamplesSplitFraction)
	optional("min_samples_leaf", p.MinSamplesLeafFraction != 0, p.MinSamplesLeafFraction)
	optional("class_weight", p.ClassWeightRule != "", p.ClassWeightRule)
	optional("class_weight", p.ClassWeights != nil, p.ClassWeights)
	m["max_features"] = maxFeaturesOf(p.MaxFeatures)
	return m
}

// maxFeaturesOf turns a rule, a count or a fraction into JSON that Python reads as str, int, float or None.
func maxFeaturesOf(m forest.MaxFeatures) any {
	switch m {
	case forest.MaxFeaturesAll:
		return nil
	case forest.MaxFeaturesSqrt, forest.MaxFeaturesLog2:
		return m
	}
	return json.Number(m)
}

func checkParity(t *testing.T, c parityCase, folder string) (nodes int) {
	t.Helper()
	data := openSections(t, filepath.Join(folder, c.Name+".data"))
	shape := data.ints()
	x := matrix(t, int(shape[1]), data.floats())
	y := toInts(data.ints())
	query := matrix(t, int(shape[1]), data.floats())

	f := train(t, c, x, y)
	want := openSections(t, filepath.Join(folder, c.Name+".forest"))
	same(t, "classes_", want.ints(), f.Classes())
	same(t, "random_state of the trees", want.ints(), f.TreeSeeds())
	for i, tree := range f.Trees() {
		compareTree(t, i, tree, want)
		nodes += tree.Nodes()
		if t.Failed() {
			t.FailNow()
		}
	}
	comparePredictions(t, f, query, want)
	return nodes
}

func train(t *testing.T, c parityCase, x forest.Matrix, y []int) *forest.Classifier {
	t.Helper()
	p := c.params
	if c.Grow != 0 {
		p.NEstimators = c.Grow
	}
	f, err := forest.Fit(t.Context(), x, y, p)
	if err != nil {
		t.Fatal(err)
	}
	if c.Grow != 0 {
		if err := f.Grow(t.Context(), c.params.NEstimators); err != nil {
			t.Fatal(err)
		}
	}
	return f
}

func compareTree(t *testing.T, i int, tree *forest.Tree, want *sections) {
	t.Helper()
	same(t, "max_depth", want.ints(), []int{tree.MaxDepth})
	same(t, "children_left", want.ints(), tree.Left)
	same(t, "children_right", want.ints(), tree.Right)
	same(t, "feature", want.ints(), tree.Feature)
	sameBits(t, "threshold", want.floats(), tree.Threshold)
	sameBits(t, "impurity", want.floats(), tree.Impurity)
	same(t, "n_node_samples", want.ints(), tree.NodeSamples)
	sameBits(t, "weighted_n_node_samples", want.floats(), tree.WeightedNodeSamples)
	missing := make([]int, len(tree.MissingGoToLeft))
	for k, left := range tree.MissingGoToLeft {
		if left {
			missing[k] = 1
		}
	}
	same(t, "missing_go_to_left", want.ints(), missing)
	sameBits(t, "value", want.floats(), tree.Values)
	if t.Failed() {
		t.Logf("in tree %d of %d nodes", i, tree.Nodes())
	}
}

func comparePredictions(t *testing.T, f *forest.Classifier, query forest.Matrix, want *sections) {
	t.Helper()
	got, err := f.PredictProba(t.Context(), query)
	if err != nil {
		t.Fatal(err)
	}
	sameBits(t, "predict_proba", want.floats(), got.Data)
	labels, err := f.Predict(t.Context(), query)
	if err != nil {
		t.Fatal(err)
	}
	same(t, "predict", want.ints(), labels)
	sameBits(t, "feature_importances_", want.floats(), f.FeatureImportances())
	if !f.Params().OOBScore {
		return
	}
	score, err := f.OOBScore()
	if err != nil {
		t.Fatal(err)
	}
	sameBits(t, "oob_score_", want.floats(), []float64{score})
	decision, err := f.OOBDecisionFunction()
	if err != nil {
		t.Fatal(err)
	}
	sameBits(t, "oob_decision_function_", want.floats(), decision.Data)
}

type integer interface{ ~int | ~int32 | ~uint32 }

// same compares integers and reports the first difference.
func same[T integer](t *testing.T, what string, want []int64, got []T) {
	t.Helper()
	if len(want) != len(got) {
		t.Errorf("%s: %d values, scikit-learn has %d", what, len(got), len(want))
		return
	}
	for i := range want {
		if want[i] != int64(got[i]) {
			t.Errorf("%s[%d] = %d, scikit-learn has %d", what, i, got[i], want[i])
			return
		}
	}
}

// sameBits compares floats on all 64 bits.
func sameBits(t *testing.T, what string, want, got []float64) {
	t.Helper()
	if len(want) != len(got) {
		t.Errorf("%s: %d values, scikit-learn has %d", what, len(got), len(want))
		return
	}
	for i := range want {
		if math.Float64bits(want[i]) != math.Float64bits(got[i]) {
			t.Errorf("%s[%d] = %v, scikit-learn has %v", what, i, got[i], want[i])
			return
		}
	}
}
