package forest

import "math"

// impurity measures how mixed a node is: sums are the weights of its classes, weight is their total.
type impurity func(sums []float64, weight float64) float64

// epsilon is the distance from 1 to the next float: impurities and improvements below it count as nothing.
const epsilon = 0x1p-52

// gini is 1 − Σ(sum/weight)², evaluated in scikit-learn's order. The conversions keep compilers from fusing
// a product with the sum around it, which would round once instead of twice.
func gini(sums []float64, weight float64) float64 {
	squares := 0.0
	for _, s := range sums {
		squares += float64(s * s)
	}
	return 1 - squares/float64(weight*weight)
}

// entropy is −Σ p·log₂ p. The logarithm may differ from the C library's in the last bit.
func entropy(sums []float64, weight float64) float64 {
	e := 0.0
	for _, s := range sums {
		if s > 0 {
			p := s / weight
			e -= float64(p * (math.Log(p) / math.Ln2))
		}
	}
	return e
}

func (c Criterion) impurity() impurity {
	if c.isGini() {
		return gini
	}
	return entropy
}

// proxy ranks the splits of one node: it is the improvement without the terms all splits share.
func proxy(weightLeft, impurityLeft, weightRight, impurityRight float64) float64 {
	return float64(-weightRight*impurityRight) - float64(weightLeft*impurityLeft)
}

// improvement is the impurity a split removes, weighted by the node's share of the tree's total weight.
func improvement(total, weight, parent, weightLeft, impurityLeft, weightRight, impurityRight float64) float64 {
	rest := parent - float64(weightRight/weight*impurityRight) - float64(weightLeft/weight*impurityLeft)
	return float64(weight / total * rest)
}

func (c Criterion) isGini() bool { return c == Gini || c == "" }
