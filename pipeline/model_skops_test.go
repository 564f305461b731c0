package pipeline

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"mlopsgo/internal/dataset"
	"mlopsgo/internal/stack"
	"mlopsgo/pipeline/forest"
)

// genuineCase is a forest that Go trains and writes, and scikit-learn trains too.
type genuineCase struct {
	File     string   `json:"file"`
	Target   string   `json:"target"`
	Features []string `json:"features"`
	Params   string   `json:"params"` // as Python writes them

	change func(*forest.Params)
}

// genuineCases cover every parameter, in each of its types.
func genuineCases() []genuineCase {
	few := []string{"volatile acidity", "citric acid", "sulphates", "alcohol"}
	many := append([]string{"pH", "density", "residual sugar"}, few...)
	return []genuineCase{
		{Target: "quality", Features: few, Params: "dict(n_estimators=12, random_state=0)", change: func(*forest.Params) {}},
		{
			Target: "quality", Features: few, Params: "dict(n_estimators=5, random_state=4294967295, bootstrap=False, max_features='log2', max_depth=7, min_samples_split=5, min_samples_leaf=3)",
			change: func(p *forest.Params) {
				p.RandomState, p.Bootstrap, p.MaxFeatures, p.MaxDepth, p.MinSamplesSplit, p.MinSamplesLeaf = 4294967295, false, forest.MaxFeaturesLog2, 7, 5, 3
			},
		},
		{
			Target: "quality", Features: many, Params: "dict(n_estimators=8, random_state=3, max_features=None, max_samples=0.5, min_samples_split=0.01, min_samples_leaf=0.002, oob_score=True, class_weight='balanced')",
			change: func(p *forest.Params) {
				p.RandomState, p.MaxFeatures, p.MaxSamplesFraction = 3, forest.MaxFeaturesAll, 0.5
				p.MinSamplesSplitFraction, p.MinSamplesLeafFraction, p.OOBScore, p.ClassWeightRule = 0.01, 0.002, true, forest.ClassWeightBalanced
			},
		},
		{
			Target: "quality", Features: many, Params: "dict(n_estimators=6, random_state=1, max_features=3, max_samples=300, class_weight={3: 2.0, 5: 0.5, 6: 1e-05, 99: 7.0, 4: 1.0, 7: 1.0, 8: 1.0})",
			change: func(p *forest.Params) {
				p.RandomState, p.MaxFeatures, p.MaxSamples = 1, forest.MaxFeaturesCount(3), 300
				p.ClassWeights = map[int]float64{3: 2, 5: 0.5, 6: 1e-5, 99: 7, 4: 1, 7: 1, 8: 1}
			},
		},
		{
			Target: "grade", Features: many, Params: "dict(n_estimators=9, random_state=2, max_features=0.4, class_weight='balanced_subsample', oob_score=True, max_leaf_nodes=40)",
			change: func(p *forest.Params) {
				p.RandomState, p.MaxFeatures, p.ClassWeightRule = 2, forest.MaxFeaturesFraction(0.4), forest.ClassWeightBalancedSubsample
				p.OOBScore, p.MaxLeafNodes = true, 40
			},
		},
		{
			Target: "grade", Features: few, Params: "dict(n_estimators=4, random_state=2, class_weight={'gut': 3.0, 'sehr gut „ü“': 1.0, 'schlecht': 0.25}, ccp_alpha=0.001, min_impurity_decrease=1e-06, min_weight_fraction_leaf=0.005, oob_score=True)",
			change: func(p *forest.Params) {
				p.RandomState, p.CcpAlpha, p.MinImpurityDecrease, p.MinWeightFractionLeaf, p.OOBScore = 2, 0.001, 1e-6, 0.005, true
				p.ClassWeights = map[int]float64{0: 3, 1: 0.25, 2: 1}
			},
		},
		{Target: "good", Features: few[:1], Params: "dict(n_estimators=3, random_state=0, max_depth=1)", change: func(p *forest.Params) { p.MaxDepth = 1 }},
	}
}

// wineInGrades writes the red wine table with two more targets, and returns the file.
func wineInGrades(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("../internal/wine/winequality-red.csv")
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	for i, line := range lines {
		line = strings.TrimSpace(line)
		quality := line[strings.LastIndex(line, ",")+1:]
		switch {
		case i == 0:
			line += ",grade,good"
		case quality < "5":
			line += ",schlecht,0"
		case quality < "7":
			line += ",gut,0"
		default:
			line += ",sehr gut „ü“,1"
		}
		lines[i] = line
	}
	file := filepath.Join(t.TempDir(), "wine.csv")
	if err := os.WriteFile(file, []byte(strings.Join(lines, "\n")+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// TestPipelineIsGenuine has the real skops load what Go wrote: every attribute of the pipeline and of all it is made of is that of the pipeline
// that scikit-learn fits, also after it was pickled, cloned and fitted again, or grown.
func TestPipelineIsGenuine(t *testing.T) {
	python, file, dir := stack.Python(t, "mlflow"), wineInGrades(t), t.TempDir()
	data, err := LoadTable(t.Context(), file, dataset.ReadOptions{Text: []string{"grade"}})
	if err != nil {
		t.Fatal(err)
	}
	cases := genuineCases()
	for i := range cases {
		c := &cases[i]
		split, err := Problem{Features: c.Features, Target: c.Target, TestSize: 0.25}.Prepare(data.Table)
		if err != nil {
			t.Fatal(err)
		}
		p := forest.DefaultParams()
		if _, err := fmt.Sscanf(c.Params, "dict(n_estimators=%d,", &p.NEstimators); err != nil {
			t.Fatal(err)
		}
		c.change(&p)
		model, err := forest.Fit(t.Context(), split.TrainX, split.TrainY, p)
		if err != nil {
			t.Fatal(err)
		}
		c.File = filepath.Join(dir, fmt.Sprintf("%d.skops", i))
		writeSkops(t, c.File, split, model)
	}
	list := filepath.Join(dir, "cases.json")
	text, err := json.Marshal(cases)
	if err == nil {
		err = os.WriteFile(list, text, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	command := exec.CommandContext(t.Context(), python, "-W", "ignore", "testdata/genuine.py", file, list)
	command.Stderr = os.Stderr
	output, err := command.Output()
	if err != nil {
		t.Fatal(err)
	}
	var different [][]string
	if err := json.Unmarshal(output, &different); err != nil || len(different) != len(cases) {
		t.Fatalf("%v\n%s", err, output)
	}
	for i, lines := range different {
		for _, line := range lines {
			t.Errorf("%s: %s", cases[i].Params, line)
		}
	}
}

func writeSkops(t testing.TB, file string, split *Split, model *forest.Classifier) {
	t.Helper()
	pipeline, err := split.Model(model).sklearn()
	if err != nil {
		t.Fatal(err)
	}
	out, err := os.Create(file)
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	if err := pipeline.Write(t.Context(), out); err != nil {
		t.Fatal(err)
	}
}
