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

// exportPipeline describes the split's scaler and the forest as scikit-learn has them in memory. The trees are shared.
func exportPipeline(split *Split, model *forest.Classifier) (*skops.Pipeline, error) {
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
			Features: split.Features, Mean: split.Scaler.Mean, Var: split.Scaler.Var, Scale: split.Scaler.Scale, Rows: split.TrainX.Rows,
		},
		Forest: skops.Forest{
			Params: split.sklearnParams(model.Params()), MaxFeatures: maxFeatures,
			Rows: sampling.Rows, Draws: sampling.Draws, RowWeights: sampling.Weights,
		},
	}
	out.Forest.IntClasses, out.Forest.StringClasses = split.labels(model)
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

// labels are the forest's classes as the target column has them: integers or texts.
func (s *Split) labels(model *forest.Classifier) (ints []int64, texts []string) {
	for _, class := range model.Classes() {
		if s.Classes.texts == nil {
			ints = append(ints, int64(class))
		} else {
			texts = append(texts, s.Classes.Text(class))
		}
	}
	return ints, texts
}

// sklearnParams writes parameters with the types that they have in Python.
func (s *Split) sklearnParams(p forest.Params) skops.Params {
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
		if texts := s.Classes.texts; class >= 0 && class < len(texts) {
			label = texts[class]
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
