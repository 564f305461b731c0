package forest_test

import (
	"fmt"

	"mlopsgo/pipeline/forest"
)

// wineCases is a sample of the hyper-parameter space that the product searches, on the data it searches on.
func wineCases() []parityCase {
	var cases []parityCase
	add := func(trees, depth, leaf, split int, bootstrap bool, features forest.MaxFeatures) {
		p := forest.DefaultParams()
		p.NEstimators, p.MaxDepth, p.MinSamplesLeaf, p.MinSamplesSplit = trees, depth, leaf, split
		p.Bootstrap, p.MaxFeatures = bootstrap, features
		cases = append(cases, parityCase{
			Name: fmt.Sprintf("wine%02d", len(cases)), Data: "wine:0", params: p,
		})
	}
	const sqrt, log2 = forest.MaxFeaturesSqrt, forest.MaxFeaturesLog2
	add(200, 30, 1, 10, false, sqrt)
	add(400, 60, 2, 10, false, sqrt)
	add(50, 90, 2, 9, true, sqrt)
	add(300, 100, 1, 2, true, log2)
	add(150, 10, 1, 2, true, sqrt)
	add(150, 10, 1, 2, false, log2)
	add(150, 20, 4, 2, true, log2)
	add(150, 40, 3, 7, false, sqrt)
	add(100, 50, 1, 3, true, sqrt)
	add(150, 70, 1, 2, false, log2)
	add(100, 80, 2, 5, true, sqrt)
	add(2000, 100, 4, 10, true, log2)
	return cases
}

// syntheticCases cover what wine does not: see testdata/train.py for each data set.
func syntheticCases() []parityCase {
	var cases []parityCase
	add := func(data string, change func(*forest.Params)) *parityCase {
		p := forest.DefaultParams()
		p.NEstimators = 20
		p.RandomState = uint32(len(cases)) * 2654435761
		if change != nil {
			change(&p)
		}
		cases = append(cases, parityCase{
			Name: fmt.Sprintf("%02d-%s", len(cases), data), Data: data, params: p,
		})
		return &cases[len(cases)-1]
	}
	addShapes(add)
	addParameters(add)
	addWeights(add)
	return cases
}

type addCase func(data string, change func(*forest.Params)) *parityCase

func addShapes(add addCase) {
	noBootstrap := func(p *forest.Params) { p.Bootstrap = false }
	for _, data := range []string{
		"ties", "constants", "zeros", "close", "tiny", "wide", "ten", "one", "few", "noise", "single", "many", "rare",
	} {
		add(data, nil)
		add(data, noBootstrap)
	}
	add("large", func(p *forest.Params) { p.NEstimators = 4 })
	add("large", func(p *forest.Params) { p.NEstimators, p.Bootstrap, p.MinSamplesLeaf = 3, false, 5 })
}

func addParameters(add addCase) {
	add("ten", func(p *forest.Params) { p.MaxSamples = 300 })
	add("ties", func(p *forest.Params) { p.MaxSamplesFraction = 0.3; p.OOBScore = true })
	add("noise", func(p *forest.Params) { p.MaxSamplesFraction = 1.7 })
	add("wide", func(p *forest.Params) { p.MaxFeatures = forest.MaxFeaturesCount(60) })
	add("wide", func(p *forest.Params) { p.MaxFeatures = forest.MaxFeaturesFraction(0.33) })
	add("constants", func(p *forest.Params) { p.MaxFeatures = forest.MaxFeaturesAll })
	add("constants", func(p *forest.Params) { p.MaxFeatures = forest.MaxFeaturesFraction(1) })
	add("close", func(p *forest.Params) { p.MaxFeatures = forest.MaxFeaturesAll; p.MinSamplesLeaf = 3 })
	add("ten", func(p *forest.Params) { p.OOBScore = true })
	add("few", func(p *forest.Params) { p.OOBScore, p.NEstimators = true, 3 })
	add("ten", func(p *forest.Params) { p.OOBScore = true }).Grow = 7
	add("rare", func(p *forest.Params) { p.MinSamplesSplitFraction, p.MinSamplesLeafFraction = 0.05, 0.013 })
	add("noise", func(p *forest.Params) { p.MinImpurityDecrease = 0.002 })
	add("noise", func(p *forest.Params) { p.MinWeightFractionLeaf = 0.01 })
	add("noise", func(p *forest.Params) { p.CcpAlpha = 0.002 })
	add("ties", func(p *forest.Params) { p.CcpAlpha, p.Bootstrap = 0.001, false })
	add("ten", func(p *forest.Params) { p.MaxLeafNodes = 50 })
	add("ties", func(p *forest.Params) { p.MaxLeafNodes, p.Bootstrap = 200, false })
	add("constants", func(p *forest.Params) { p.MaxLeafNodes, p.MinSamplesLeaf, p.MaxDepth = 1000, 2, 6 })
}

func addWeights(add addCase) {
	balanced := func(p *forest.Params) { p.ClassWeightRule = forest.ClassWeightBalanced }
	add("rare", balanced)
	add("rare", func(p *forest.Params) { balanced(p); p.Bootstrap = false })
	add("rare", func(p *forest.Params) { p.ClassWeightRule = forest.ClassWeightBalancedSubsample; p.OOBScore = true })
	add("ties", func(p *forest.Params) { p.ClassWeightRule = forest.ClassWeightBalancedSubsample })
	add("ties", func(p *forest.Params) { p.ClassWeights, p.Bootstrap = map[int]float64{0: 0.3, 1: 1.7}, false })
	add("rare", func(p *forest.Params) {
		p.ClassWeights, p.MaxSamplesFraction = map[int]float64{0: 0.3, 3: 2.1}, 0.5
	})
	add("rare", func(p *forest.Params) {
		p.ClassWeights, p.Bootstrap = map[int]float64{0: 1, 1: 2, 2: 3, 3: 40}, false
	})
	add("rare", func(p *forest.Params) { balanced(p); p.Bootstrap, p.MinWeightFractionLeaf = false, 0.01 })
	add("rare", func(p *forest.Params) { balanced(p); p.Bootstrap, p.MaxLeafNodes = false, 30 })
}
