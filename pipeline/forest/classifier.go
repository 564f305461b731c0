package forest

import (
	"context"
	"fmt"
	"iter"
	"slices"
)

// Classifier is a trained forest. Its methods may be called at the same time, except Grow, which changes it.
type Classifier struct {
	params   Params
	labels   []int
	features int
	trees    []*Tree
	flat     []flatTree
	seeds    []uint32
	plan     *plan // nil after Load: what Grow needs
	oob      *outOfBag
}

// Params returns the parameters the forest was trained with; NEstimators is the number of trees it has now.
func (c *Classifier) Params() Params { return c.params }

// Classes returns the labels in ascending order, the order of the columns of PredictProba.
func (c *Classifier) Classes() []int { return slices.Clone(c.labels) }

// Features returns the number of columns the forest was trained on.
func (c *Classifier) Features() int { return c.features }

// NEstimators returns the number of trees.
func (c *Classifier) NEstimators() int { return len(c.trees) }

// Trees returns the trees in order.
func (c *Classifier) Trees() iter.Seq2[int, *Tree] { return slices.All(c.trees) }

// Tree returns tree i. It panics, as an index out of range does, when there is none.
func (c *Classifier) Tree(i int) *Tree { return c.trees[i] }

// TreeSeeds returns each tree's random_state, which scikit-learn keeps in the trees' parameters.
func (c *Classifier) TreeSeeds() []uint32 { return slices.Clone(c.seeds) }

// Grow adds trees until the forest has n, as scikit-learn does with warm_start: the result is the forest that Fit grows
// with n trees at once. It fails for a forest that came from Load, which has no training data, and when n is below
// NEstimators. After an error the forest is as before.
func (c *Classifier) Grow(ctx context.Context, n int, opts ...Option) error {
	switch {
	case c.plan == nil:
		return fmt.Errorf("%w: a loaded forest has no training data to grow on", ErrInput)
	case n < len(c.trees):
		return fmt.Errorf("%w: cannot grow from %d trees to %d; use Prefix", ErrParams, len(c.trees), n)
	}
	return c.grow(ctx, n, opts)
}

// Prefix returns the forest of the first k trees, sharing them. It is the forest that Fit grows with NEstimators = k,
// except that it has no out-of-bag score.
func (c *Classifier) Prefix(k int) (*Classifier, error) {
	if k < 1 || k > len(c.trees) {
		return nil, fmt.Errorf("%w: a prefix of %d trees of a forest of %d", ErrParams, k, len(c.trees))
	}
	p := *c
	p.params.NEstimators = k
	p.trees, p.flat, p.seeds, p.oob = c.trees[:k:k], c.flat[:k:k], c.seeds[:k:k], nil
	return &p, nil
}
