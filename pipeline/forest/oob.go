package forest

import (
	"context"
	"errors"
	"slices"
)

// outOfBag holds what the trees say about the rows they did not learn from.
type outOfBag struct {
	score    float64
	decision []float64 // rows × classes
}

var errNoOutOfBag = errors.New("forest: no out-of-bag score: train with OOBScore (a prefix or a loaded forest has none)")

// OOBScore returns the accuracy on rows predicted only by trees that did not draw them. It fails unless the forest was
// trained with Params.OOBScore.
func (c *Classifier) OOBScore() (float64, error) {
	if c.oob == nil {
		return 0, errNoOutOfBag
	}
	return c.oob.score, nil
}

// OOBDecisionFunction returns the probabilities behind OOBScore: a row for each training row, a column for each class.
// Rows that every tree drew are all zero.
func (c *Classifier) OOBDecisionFunction() (Matrix, error) {
	if c.oob == nil {
		return Matrix{}, errNoOutOfBag
	}
	k := len(c.labels)
	return Matrix{Data: slices.Clone(c.oob.decision), Rows: len(c.oob.decision) / k, Cols: k}, nil
}

// scoreOutOfBag works the score out over all trees. Every goroutine draws all bootstraps again and votes for its share
// of the rows, so that each row's votes are added in the order of the trees.
func (c *Classifier) scoreOutOfBag(ctx context.Context) error {
	if !c.params.OOBScore {
		return nil
	}
	d, k := c.plan.data, len(c.labels)
	decision := make([]float64, d.rows*k)
	workers := jobs(c.params.NJobs, d.rows)
	parallel(workers, func(w int) {
		first, last := d.rows*w/workers, d.rows*(w+1)/workers
		c.voteOutOfBag(ctx, first, last, decision[first*k:last*k])
	})
	if err := ctx.Err(); err != nil {
		return err
	}
	hits := 0
	for r, class := range d.class {
		if argmax(decision[r*k:(r+1)*k]) == int(class) {
			hits++
		}
	}
	c.oob = &outOfBag{score: float64(hits) / float64(d.rows), decision: decision}
	return nil
}

// voteOutOfBag fills in the decision for the rows [first, last).
func (c *Classifier) voteOutOfBag(ctx context.Context, first, last int, decision []float64) {
	d, k := c.plan.data, len(c.labels)
	counts, votes := make([]uint32, d.rows), make([]int, last-first)
	row := make([]uint32, d.features)
	var random mt19937
	for i := range c.flat {
		if ctx.Err() != nil {
			return
		}
		random.seed(c.seeds[i])
		c.plan.bootstrap.counts(&random, counts)
		for r := first; r < last; r++ {
			if counts[r] != 0 {
				continue
			}
			for f := range row {
				row[f] = sortable(d.values[f][d.codes[f][r]])
			}
			at := r - first
			leaf := c.flat[i].leaf(row)
			addShares(decision[at*k:(at+1)*k], c.flat[i].shares[leaf*k:])
			votes[at]++
		}
	}
	for at, n := range votes {
		divide(decision[at*k:(at+1)*k], max(n, 1))
	}
}
