package forest

// FeatureImportances returns how much each feature reduced the impurity, averaged over the trees and normalised to
// sum 1, in scikit-learn's order of additions. All are 0 when no tree has a split.
func (c *Classifier) FeatureImportances() []float64 {
	mean, trees := make([]float64, c.features), 0
	for _, t := range c.trees {
		if t.Nodes() == 1 {
			continue
		}
		trees++
		for f, v := range t.importances(c.features) {
			mean[f] += v
		}
	}
	if trees == 0 {
		return mean
	}
	divide(mean, trees)
	total := pairwiseSum(mean)
	for f := range mean {
		mean[f] /= total
	}
	return mean
}

func (t *Tree) importances(features int) []float64 {
	sums := make([]float64, features)
	for i, left := range t.Left {
		if left == treeLeaf {
			continue
		}
		gain := t.weightedImpurity(int32(i)) - t.weightedImpurity(left) - t.weightedImpurity(t.Right[i])
		sums[t.Feature[i]] += gain
	}
	for f := range sums {
		sums[f] /= t.WeightedNodeSamples[0]
	}
	if total := pairwiseSum(sums); total > 0 {
		for f := range sums {
			sums[f] /= total
		}
	}
	return sums
}

func (t *Tree) weightedImpurity(id int32) float64 {
	return float64(t.WeightedNodeSamples[id] * t.Impurity[id])
}
