package pipeline

import (
	"cmp"
	"errors"
	"maps"
	"slices"
	"strconv"

	"mlopsgo/internal/skops"
	"mlopsgo/pipeline/forest"
)

// sklearn describes scaler and forest as scikit-learn has them in memory. The trees are shared.
func (m ForestModel) sklearn() (*skops.Pipeline, error) {
	model := m.Forest
	sampling, ok := model.Sampling()
	if !ok {
		return nil, errors.New("a forest that was loaded does not know how its trees drew their rows, which scikit-learn keeps: train it again")
	}
	maxFeatures, err := model.Params().MaxFeatures.Count(model.Features())
	if err != nil {
		return nil, err
	}
	out := &skops.Pipeline{
		Scaler: skops.Scaler{
			Features: m.Features, Mean: m.Scaler.Mean, Var: m.Scaler.Var, Scale: m.Scaler.Scale, Rows: sampling.Rows,
		},
		Forest: skops.Forest{
			Params: m.params(), MaxFeatures: maxFeatures,
			Rows: sampling.Rows, Draws: sampling.Draws, RowWeights: sampling.Weights,
		},
	}
	out.Forest.Classes = labelsOf(m.Forest.Classes(), m.Labels)
	if score, err := model.OOBScore(); err == nil { // otherwise there is none
		decision, err := model.OOBDecisionFunction()
		if err != nil {
			return nil, err
		}
		out.Forest.OOB = &skops.OutOfBag{Score: score, Decision: decision.Data}
	}
	seeds := model.TreeSeeds()
	for i, tree := range model.Trees() {
		out.Forest.Trees = append(out.Forest.Trees, skops.Tree{
			Left: tree.Left, Right: tree.Right, Feature: tree.Feature, Threshold: tree.Threshold, Impurity: tree.Impurity,
			NodeSamples: tree.NodeSamples, WeightedNodeSamples: tree.WeightedNodeSamples, MissingGoToLeft: tree.MissingGoToLeft,
			Values: tree.Values, MaxDepth: tree.MaxDepth, Seed: seeds[i],
		})
	}
	return out, nil
}

// params are the forest's with the types that they have in Python.
func (m ForestModel) params() skops.Params {
	p := m.Forest.Params()
	out := skops.Params{
		Criterion: string(cmp.Or(p.Criterion, forest.Gini)), MaxDepth: p.MaxDepth, MaxLeafNodes: p.MaxLeafNodes,
		MinSamplesSplit:       pythonNumber(p.MinSamplesSplit, p.MinSamplesSplitFraction),
		MinSamplesLeaf:        pythonNumber(p.MinSamplesLeaf, p.MinSamplesLeafFraction),
		MaxFeatures:           sklearnMaxFeatures(p.MaxFeatures),
		MinWeightFractionLeaf: p.MinWeightFractionLeaf, MinImpurityDecrease: p.MinImpurityDecrease, CcpAlpha: p.CcpAlpha,
		Bootstrap: p.Bootstrap, OOBScore: p.OOBScore, RandomState: p.RandomState, ClassWeightRule: string(p.ClassWeightRule),
	}
	if p.MaxSamples != 0 || p.MaxSamplesFraction != 0 {
		out.MaxSamples = pythonNumber(p.MaxSamples, p.MaxSamplesFraction)
	}
	for _, class := range slices.Sorted(maps.Keys(p.ClassWeights)) {
		label := strconv.Itoa(class)
		if class >= 0 && class < len(m.Labels) {
			label = m.Labels[class]
		}
		out.ClassWeights = append(out.ClassWeights, skops.ClassWeight{Label: label, Weight: p.ClassWeights[class]})
	}
	return out
}

// pythonNumber is an int, or a float where a fraction is given.
func pythonNumber(count int, fraction float64) any {
	if fraction != 0 {
		return fraction
	}
	return count
}

// sklearnMaxFeatures is None, a rule's name, an int or a float.
func sklearnMaxFeatures(m forest.MaxFeatures) any {
	text := pythonMaxFeatures(m)
	if text == "None" {
		return nil
	}
	if n, err := strconv.Atoi(text); err == nil {
		return n
	}
	if f, err := strconv.ParseFloat(text, 64); err == nil {
		return f
	}
	return text
}
