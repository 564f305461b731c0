package forest_test

import (
	"errors"
	"math"
	"testing"

	"mlopsgo/pipeline/forest"
)

func TestValidate(t *testing.T) {
	if err := forest.DefaultParams().Validate(); err != nil {
		t.Fatalf("the defaults: %v", err)
	}
	if err := (forest.Params{}).Validate(); !errors.Is(err, forest.ErrParams) {
		t.Errorf("the zero value: %v, want ErrParams", err)
	}
	for name, change := range map[string]func(*forest.Params){
		"no trees":              func(p *forest.Params) { p.NEstimators = 0 },
		"criterion":             func(p *forest.Params) { p.Criterion = "squared_error" },
		"depth":                 func(p *forest.Params) { p.MaxDepth = -1 },
		"split 1":               func(p *forest.Params) { p.MinSamplesSplit = 1 },
		"split fraction":        func(p *forest.Params) { p.MinSamplesSplitFraction = 1.5 },
		"leaf 0":                func(p *forest.Params) { p.MinSamplesLeaf = 0 },
		"leaf fraction 1":       func(p *forest.Params) { p.MinSamplesLeafFraction = 1 },
		"leaf fraction NaN":     func(p *forest.Params) { p.MinSamplesLeafFraction = math.NaN() },
		"weight fraction":       func(p *forest.Params) { p.MinWeightFractionLeaf = 0.6 },
		"features 0":            func(p *forest.Params) { p.MaxFeatures = "0" },
		"features negative":     func(p *forest.Params) { p.MaxFeatures = forest.MaxFeaturesCount(-2) },
		"features fraction":     func(p *forest.Params) { p.MaxFeatures = forest.MaxFeaturesFraction(1.01) },
		"features fraction 0":   func(p *forest.Params) { p.MaxFeatures = "0.0" },
		"features word":         func(p *forest.Params) { p.MaxFeatures = "auto" },
		"features NaN":          func(p *forest.Params) { p.MaxFeatures = "NaN" },
		"leaf nodes 1":          func(p *forest.Params) { p.MaxLeafNodes = 1 },
		"decrease":              func(p *forest.Params) { p.MinImpurityDecrease = -0.1 },
		"alpha":                 func(p *forest.Params) { p.CcpAlpha = math.NaN() },
		"class weight rule":     func(p *forest.Params) { p.ClassWeightRule = "even" },
		"class weight twice":    func(p *forest.Params) { p.ClassWeightRule, p.ClassWeights = "balanced", map[int]float64{1: 2} },
		"class weight negative": func(p *forest.Params) { p.ClassWeights = map[int]float64{1: -2} },
		"class weight infinite": func(p *forest.Params) { p.ClassWeights = map[int]float64{1: math.Inf(1)} },
		"samples negative":      func(p *forest.Params) { p.MaxSamples = -1 },
		"samples twice":         func(p *forest.Params) { p.MaxSamples, p.MaxSamplesFraction = 3, 0.5 },
		"samples, no bootstrap": func(p *forest.Params) { p.MaxSamples, p.Bootstrap = 3, false },
		"oob, no bootstrap":     func(p *forest.Params) { p.OOBScore, p.Bootstrap = true, false },
		"jobs":                  func(p *forest.Params) { p.NJobs = -1 },
	} {
		p := forest.DefaultParams()
		change(&p)
		if err := p.Validate(); !errors.Is(err, forest.ErrParams) {
			t.Errorf("%s: %v, want ErrParams", name, err)
		}
	}
}

func TestMaxFeaturesSpelling(t *testing.T) {
	for got, want := range map[forest.MaxFeatures]forest.MaxFeatures{
		forest.MaxFeaturesCount(3):      "3",
		forest.MaxFeaturesFraction(0.5): "0.5",
		forest.MaxFeaturesFraction(1):   "1.0",
	} {
		if got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

// TestLimitsBeyondTheData uses limits that no node can meet, or that always hold.
func TestLimitsBeyondTheData(t *testing.T) {
	x, y := sample(40, 3, 2)
	for name, change := range map[string]func(*forest.Params){
		"leaf":  func(p *forest.Params) { p.MinSamplesLeaf = math.MaxInt },
		"split": func(p *forest.Params) { p.MinSamplesSplit = math.MaxInt },
	} {
		if f := fit(t, x, y, change); f.Tree(0).Nodes() != 1 {
			t.Errorf("%s: %d nodes, want 1", name, f.Tree(0).Nodes())
		}
	}
	deep := fit(t, x, y, func(p *forest.Params) { p.MaxDepth, p.MaxFeatures = math.MaxInt, forest.MaxFeaturesCount(99) })
	if deep.Tree(0).Nodes() < 3 {
		t.Error("a tree without limits did not grow")
	}
}
