package forest

import (
	"context"
	"runtime"
	"sync"
	"sync/atomic"
)

// Option changes how Fit works, never what it returns.
type Option func(*fitOptions)

type fitOptions struct {
	progress func(done, total int)
}

// WithProgress has report called after each tree with the number of trees that are done. Calls come one at a time with
// done rising, from the goroutines that train: report should return soon.
func WithProgress(report func(done, total int)) Option {
	return func(o *fitOptions) { o.progress = report }
}

// Fit trains a forest on x (one row a sample) with labels y. It returns the very trees that scikit-learn's
// RandomForestClassifier grows from the same data, parameters and seed.
//
// x is used as 32-bit floats, as in scikit-learn, and copied; y may hold any integers. Bad data gives ErrInput, bad
// parameters ErrParams, a cancelled context its error, within milliseconds.
func Fit(ctx context.Context, x Matrix, y []int, p Params, opts ...Option) (*Classifier, error) {
	if err := p.Validate(); err != nil {
		return nil, err
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	data, err := newDataset(x, y)
	if err != nil {
		return nil, err
	}
	pl, err := newPlan(data, p)
	if err != nil {
		return nil, err
	}
	c := &Classifier{params: p, labels: data.labels, features: data.features, plan: pl}
	if err := c.grow(ctx, p.NEstimators, opts); err != nil {
		return nil, err
	}
	return c, nil
}

// grow adds trees until there are n.
func (c *Classifier) grow(ctx context.Context, n int, opts []Option) error {
	var o fitOptions
	for _, opt := range opts {
		opt(&o)
	}
	first := len(c.trees)
	seeds := treeSeeds(c.params.RandomState, n)
	trees := make([]*Tree, n)
	copy(trees, c.trees)

	var stopped atomic.Bool
	release := context.AfterFunc(ctx, func() { stopped.Store(true) })
	defer release()
	var next, done atomic.Int64
	next.Store(int64(first))
	var reporting sync.Mutex
	parallel(jobs(c.params.NJobs, n-first), func(int) {
		g := newGrower(c.plan, &stopped)
		for i := next.Add(1) - 1; i < int64(n) && !stopped.Load(); i = next.Add(1) - 1 {
			trees[i] = g.grow(seeds[i])
			if o.progress != nil {
				reporting.Lock()
				o.progress(int(done.Add(1)), n-first)
				reporting.Unlock()
			}
		}
	})
	if err := ctx.Err(); err != nil {
		return err
	}
	c.params.NEstimators, c.trees, c.seeds = n, trees, seeds
	c.compile()
	return c.scoreOutOfBag(ctx)
}

// grower trains one tree after the other in one goroutine.
type grower struct {
	plan    *plan
	stopped *atomic.Bool
	random  mt19937
	counts  []uint32
	weights []float64
	sampler *featureSampler
	builder builder

	use       splitterChoice
	presorted *presorted
	ranked    *ranked
	literal   *literal
}

// splitterChoice lets tests compare the splitters.
type splitterChoice int

const (
	useFastest splitterChoice = iota
	usePresorted
	useRanked
	useLiteral
)

func newGrower(pl *plan, stopped *atomic.Bool) *grower {
	g := &grower{
		plan: pl, stopped: stopped,
		counts:  make([]uint32, pl.data.rows),
		sampler: newFeatureSampler(pl.data.features, pl.maxFeatures),
		builder: builder{
			rules: pl.rules, impurity: pl.impurity, classes: len(pl.data.labels), stopped: stopped,
		},
	}
	return g
}

// grow trains the tree with the given random_state.
func (g *grower) grow(seed uint32) *Tree {
	g.sampler.reset(seedTree(&g.random, seed))
	if g.plan.bootstrap != nil {
		g.plan.bootstrap.counts(&g.random, g.counts)
	}
	sp, samples := g.splitter()
	if leaves := g.plan.params.MaxLeafNodes; leaves != 0 {
		g.builder.growBestFirst(samples, leaves, sp)
	} else {
		g.builder.growDepthFirst(samples, sp)
	}
	if alpha := g.plan.params.CcpAlpha; alpha != 0 {
		return g.builder.tree.prune(alpha)
	}
	return g.builder.tree.clone()
}

// splitter prepares the fastest splitter that can take this tree's weights.
func (g *grower) splitter() (sp splitter, samples int) {
	minWeight := g.plan.params.MinWeightFractionLeaf
	if g.whole() {
		if g.presorted != nil {
			samples, ok := g.presorted.begin(g.counts)
			g.builder.rules.minWeightLeaf = minWeight * g.presorted.total
			if ok {
				return g.presorted, samples
			}
		} else if samples, ok := g.ranked.begin(g.counts); ok {
			g.builder.rules.minWeightLeaf = minWeight * g.ranked.total
			return g.ranked, samples
		}
	}
	if g.literal == nil {
		g.literal = newLiteral(g.plan.data, g.sampler, g.plan.impurity)
		g.weights = make([]float64, g.plan.data.rows)
	}
	g.treeWeights()
	g.builder.rules.minWeightLeaf = minWeight * pairwiseSum(g.weights)
	return g.literal, g.literal.begin(g.weights, g.builder.rules)
}

// whole reports whether a fast splitter can be used, and makes one the first time.
func (g *grower) whole() bool {
	pl := g.plan
	if g.use == useLiteral || !pl.integral() {
		return false
	}
	if g.ranked != nil || g.presorted != nil {
		return true
	}
	if pl.bootstrap == nil {
		for i := range g.counts {
			g.counts[i] = 1
		}
	}
	w := newWhole(pl.data, g.sampler, &g.builder.rules, pl.params.MaxLeafNodes != 0)
	looked := min(pl.maxFeatures, pl.data.features)
	if g.use == usePresorted || g.use == useFastest && presorts(pl.data.rows, pl.data.features, looked) {
		g.presorted = newPresorted(w, pl.presorted())
	} else {
		g.ranked = newRanked(w)
	}
	return true
}

// treeWeights works out the weight of each row in this tree.
func (g *grower) treeWeights() {
	pl := g.plan
	switch {
	case pl.params.balancesBootstrap():
		balanced := balancedWeights(pl.data.classCounts(g.counts))
		for i, n := range g.counts {
			g.weights[i] = float64(n) * balanced[pl.data.class[i]]
		}
	case pl.bootstrap != nil:
		for i, n := range g.counts {
			g.weights[i] = float64(n)
		}
	case pl.weights != nil:
		copy(g.weights, pl.weights)
	default:
		for i := range g.weights {
			g.weights[i] = 1
		}
	}
}

// jobs is the number of goroutines for a number of tasks.
func jobs(nJobs, tasks int) int {
	if nJobs <= 0 {
		nJobs = runtime.GOMAXPROCS(0)
	}
	return max(1, min(nJobs, tasks))
}

// parallel runs work n times at once and waits.
func parallel(n int, work func(worker int)) {
	if n == 1 {
		work(0)
		return
	}
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() { work(i) })
	}
	wg.Wait()
}
