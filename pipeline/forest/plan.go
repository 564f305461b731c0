package forest

import (
	"fmt"
	"math"
	"sync"
)

// plan is what Params come to on one data set: all that is the same for each tree.
type plan struct {
	params      Params
	data        *dataset
	impurity    impurity
	maxFeatures int
	rules       stopping  // without minWeightLeaf, which depends on the tree
	weights     []float64 // of the rows, from class weights; nil when equal
	bootstrap   *bootstrap
	presorted   func() [][]uint64 // presort of data, made when first asked for
}

func newPlan(d *dataset, p Params) (*plan, error) {
	if err := p.Validate(); err != nil {
		return nil, err
	}
	maxFeatures, err := p.MaxFeatures.Count(d.features)
	if err != nil {
		return nil, err
	}
	pl := &plan{
		params: p, data: d, impurity: p.Criterion.impurity(), maxFeatures: maxFeatures, rules: p.rules(d.rows),
		presorted: sync.OnceValue(func() [][]uint64 { return presort(d) }),
	}
	if pl.weights, err = p.rowWeights(d); err != nil {
		return nil, err
	}
	if p.Bootstrap {
		draws, err := p.bootstrapDraws(d.rows, pl.weights)
		if err != nil {
			return nil, err
		}
		pl.bootstrap = newBootstrap(d.rows, draws, pl.weights)
	}
	return pl, nil
}

// rules resolves fractions of the rows to counts.
func (p *Params) rules(rows int) stopping {
	leaf, split := p.MinSamplesLeaf, p.MinSamplesSplit
	if p.MinSamplesLeafFraction != 0 {
		leaf = int(math.Ceil(p.MinSamplesLeafFraction * float64(rows)))
	}
	if p.MinSamplesSplitFraction != 0 {
		split = max(2, int(math.Ceil(p.MinSamplesSplitFraction*float64(rows))))
	}
	leaf = min(leaf, rows+1) // no node has more; keeps doubling within 32 bits
	split = max(min(split, rows+1), 2*leaf)
	depth := p.MaxDepth
	if depth == 0 {
		depth = math.MaxInt32
	}
	return stopping{
		maxDepth: int32(min(depth, math.MaxInt32)), minSplit: int32(split), minLeaf: int32(leaf),
		minDecrease: p.MinImpurityDecrease,
	}
}

// bootstrapDraws is the number of rows a bootstrap draws.
func (p *Params) bootstrapDraws(rows int, weights []float64) (int, error) {
	draws := rows
	switch {
	case p.MaxSamples != 0:
		draws = p.MaxSamples
	case p.MaxSamplesFraction != 0:
		size := float64(rows)
		if weights != nil {
			size = pairwiseSum(weights)
		}
		draws = int(max(1, min(p.MaxSamplesFraction*size, maxRows+1)))
	}
	if draws > maxRows {
		return 0, fmt.Errorf("%w: max_samples asks for more than %d draws, which cannot be handled exactly",
			ErrParams, maxRows)
	}
	return draws, nil
}

// integral reports whether ranked can take the weights: whole numbers, whose sums do not depend on their order.
func (pl *plan) integral() bool {
	return pl.params.Criterion.isGini() && !pl.params.balancesBootstrap() && (pl.weights == nil || pl.params.Bootstrap)
}
