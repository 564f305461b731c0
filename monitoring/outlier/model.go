package outlier

import (
	"fmt"
	"math"
	"runtime"
	"slices"
	"sync"

	"github.com/e-XpertSolutions/go-iforest/iforest"
)

// usualScore is the offset without contamination: the score of a row whose path has the average length.
const usualScore = -0.5

// Model is a grown forest. It keeps no rows and never changes.
type Model struct {
	trees      []iforest.Tree
	width      int
	pathLength float64 // the average one, c(subsample)
	offset     float64
}

// Fit grows a forest on reference rows: at least two, all of the same width of at least one, all numbers finite. Otherwise the error is
// [ErrRows]; for a Config that makes no sense it is [ErrConfig].
func Fit(rows [][]float64, config Config) (*Model, error) {
	if err := config.validate(); err != nil {
		return nil, fmt.Errorf("fit isolation forest: %w", err)
	}
	if len(rows) < minSubsample || len(rows[0]) == 0 {
		return nil, fmt.Errorf("fit isolation forest: %w: at least two rows of at least one number are needed", ErrRows)
	}
	width := len(rows[0])
	if err := checkRows(rows, width); err != nil {
		return nil, fmt.Errorf("fit isolation forest: %w", err)
	}
	subsample := config.subsample(len(rows))
	trees := make([]iforest.Tree, config.trees())
	inParts(len(trees), func(from, to int) {
		for i := from; i < to; i++ {
			trees[i] = growTree(rows, subsample, config.Seed, i)
		}
	})
	model := &Model{trees: trees, width: width, pathLength: averagePathLength(subsample), offset: usualScore}
	if config.Contamination > 0 {
		scores, err := model.ScoreSamples(rows)
		if err != nil {
			return nil, err
		}
		model.offset = quantile(scores, config.Contamination)
	}
	return model, nil
}

// Offset is the score below which a row is an outlier.
func (m *Model) Offset() float64 { return m.offset }

// ScoreSamples gives each row its score, from -1 (an outlier) to 0: score_samples in scikit-learn. No rows give no scores; rows that do not
// fit the forest, and a Model that does not come from [Fit], are [ErrRows].
func (m *Model) ScoreSamples(rows [][]float64) ([]float64, error) {
	if len(m.trees) == 0 {
		return nil, fmt.Errorf("score by isolation forest: %w: the model was not made by Fit", ErrRows)
	}
	if err := checkRows(rows, m.width); err != nil {
		return nil, fmt.Errorf("score by isolation forest: %w", err)
	}
	scores := make([]float64, len(rows))
	inParts(len(rows), func(from, to int) { m.score(rows[from:to], scores[from:to]) })
	return scores, nil
}

// score goes tree by tree, not row by row as the library's Predict: a tree fits into the processor's cache, a forest does not.
func (m *Model) score(rows [][]float64, scores []float64) {
	for _, tree := range m.trees {
		for i, row := range rows {
			scores[i] += iforest.PathLength(row, 0, tree.Root)
		}
	}
	for i, sum := range scores {
		scores[i] = -math.Exp2(-sum / float64(len(m.trees)) / m.pathLength)
	}
}

// Predict says which rows are outliers, and by how much: decision is the score less the offset, below 0 for outliers (decision_function
// in scikit-learn, whose predict gives -1 for them).
func (m *Model) Predict(rows [][]float64) (outliers []bool, decision []float64, err error) {
	decision, err = m.ScoreSamples(rows)
	if err != nil {
		return nil, nil, err
	}
	outliers = make([]bool, len(rows))
	for i := range decision {
		decision[i] -= m.offset
		outliers[i] = decision[i] < 0
	}
	return outliers, decision, nil
}

// quantile interpolates between the two nearest values, as numpy.percentile does.
func quantile(values []float64, q float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	at := q * float64(len(sorted)-1)
	below := int(math.Floor(at))
	above := min(below+1, len(sorted)-1)
	return sorted[below] + float64((at-float64(below))*(sorted[above]-sorted[below]))
}

// inParts cuts 0 … n-1 into one part for each processor and works on all of them at the same time.
func inParts(n int, work func(from, to int)) {
	parts := min(runtime.GOMAXPROCS(0), n)
	var wg sync.WaitGroup
	for part := range parts {
		wg.Go(func() { work(part*n/parts, (part+1)*n/parts) })
	}
	wg.Wait()
}
