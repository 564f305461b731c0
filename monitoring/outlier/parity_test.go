package outlier_test

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"mlopsgo/internal/stack"
	"mlopsgo/monitoring/outlier"
)

// planted is a table in which outliers have been planted.
type planted struct {
	name               string
	reference, current [][]float64
	outlier            []bool // of current
	config             outlier.Config
	seeds              int
}

// plant makes usual rows around two centres, and current rows of which a share lies anywhere in the box around them.
func plant(name string, rows, width int, spread float64, config outlier.Config, seeds int) planted {
	random := rand.New(rand.NewPCG(uint64(rows), uint64(width)))
	usual := func() []float64 {
		row := make([]float64, width)
		centre := float64(random.IntN(2)*4 - 2)
		for i := range row {
			row[i] = centre + random.NormFloat64()
		}
		return row
	}
	p := planted{name: name, config: config, seeds: seeds}
	for range rows {
		p.reference = append(p.reference, usual())
	}
	for i := range rows / 2 {
		row := usual()
		if i%20 == 0 {
			for j := range row {
				row[j] = (random.Float64()*2 - 1) * spread
			}
		}
		p.current = append(p.current, row)
		p.outlier = append(p.outlier, i%20 == 0)
	}
	return p
}

// sklearnForest is an answer of testdata/isolation_forest.py.
type sklearnForest struct {
	All        [][]float64
	Scores     []float64
	Offsets    []float64
	Outliers   []int
	Fit, Score float64
}

func TestParityWithScikitLearn(t *testing.T) {
	cases := []planted{
		plant("easy", 2000, 4, 12, outlier.Config{}, 5),
		plant("hard", 2000, 2, 6, outlier.Config{}, 5),
		plant("small", 60, 3, 9, outlier.Config{Trees: 300}, 5),
		plant("contaminated", 1000, 5, 8, outlier.Config{Contamination: 0.1, Subsample: 64}, 5),
		plant("converged", 600, 3, 8, outlier.Config{Trees: 1500}, 2),
	}
	answers := askScikitLearn(t, cases)
	for i, c := range cases {
		t.Run(c.name, func(t *testing.T) { compareForests(t, c, answers[i]) })
	}
}

func compareForests(t *testing.T, c planted, want sklearnForest) {
	mean := make([]float64, len(c.current))
	var ours, theirs, offset, theirOffset float64
	var fit, score time.Duration
	for seed := range c.seeds {
		config := c.config
		config.Seed = uint64(seed)
		start := time.Now()
		model, err := outlier.Fit(c.reference, config)
		if err != nil {
			t.Fatal(err)
		}
		fit += time.Since(start)
		start = time.Now()
		scores, err := model.ScoreSamples(c.current)
		if err != nil {
			t.Fatal(err)
		}
		score += time.Since(start)
		n := float64(c.seeds)
		for i, s := range scores {
			mean[i] += s / n
		}
		ours, theirs = ours+rocAUC(scores, c.outlier)/n, theirs+rocAUC(want.All[seed], c.outlier)/n
		offset, theirOffset = offset+model.Offset()/n, theirOffset+want.Offsets[seed]/n
		checkOutliers(t, model, c, want.Outliers[seed])
	}
	difference := 0.0
	for i := range mean {
		difference += math.Abs(mean[i]-want.Scores[i]) / float64(len(mean))
	}
	t.Logf("ROC-AUC %.4f, scikit-learn %.4f; mean difference of scores %.4f; offset %.4f, %.4f; fit %.1f times, score %.1f times as fast",
		ours, theirs, difference, offset, theirOffset, want.Fit/fit.Seconds(), want.Score/score.Seconds())
	if ours < theirs-0.01 || theirs < 0.8 {
		t.Errorf("ROC-AUC %v, scikit-learn %v", ours, theirs)
	}
	// The noise of a mean of some 500 trees is 0.004, of 3,000 trees 0.0015.
	if limit := 0.2 / math.Sqrt(float64(c.seeds*max(c.config.Trees, 100))); difference > limit {
		t.Errorf("the scores differ by %v on average, which is more than noise (%v)", difference, limit)
	}
	if math.Abs(offset-theirOffset) > 0.015 {
		t.Errorf("offset %v, scikit-learn %v", offset, theirOffset)
	}
}

// checkOutliers compares how many reference rows are called outliers where the contamination says how many there are to be.
func checkOutliers(t *testing.T, model *outlier.Model, c planted, want int) {
	t.Helper()
	outliers, _, err := model.Predict(c.reference)
	if err != nil {
		t.Fatal(err)
	}
	got := 0
	for _, is := range outliers {
		if is {
			got++
		}
	}
	if c.config.Contamination > 0 && (got != want || got != int(c.config.Contamination*float64(len(c.reference)))) {
		t.Errorf("%d of the reference rows are outliers, scikit-learn says %d", got, want)
	}
}

// rocAUC is the share of pairs of an outlier and a usual row in which the outlier has the lower score.
func rocAUC(scores []float64, isOutlier []bool) float64 {
	order := make([]int, len(scores))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int {
		if scores[a] < scores[b] {
			return -1
		}
		return 1
	})
	outliers, pairs := 0, 0
	for _, i := range order {
		if isOutlier[i] {
			outliers++
		} else {
			pairs += outliers
		}
	}
	return float64(pairs) / float64(outliers) / float64(len(scores)-outliers)
}

func askScikitLearn(t *testing.T, cases []planted) []sklearnForest {
	t.Helper()
	python := stack.Python(t, "mlflow")
	folder := t.TempDir()
	var manifest []map[string]any
	for _, c := range cases {
		subsample := any("auto")
		if c.config.Subsample != 0 {
			subsample = c.config.Subsample
		}
		manifest = append(manifest, map[string]any{
			"reference": writeRows(t, filepath.Join(folder, c.name+"-reference.bin"), c.reference),
			"current":   writeRows(t, filepath.Join(folder, c.name+"-current.bin"), c.current),
			"width":     len(c.reference[0]), "trees": max(c.config.Trees, 100), "subsample": subsample,
			"contamination": c.config.Contamination, "seeds": c.seeds,
		})
	}
	path := filepath.Join(folder, "manifest.json")
	text, err := json.Marshal(manifest)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	command := exec.CommandContext(t.Context(), python, "testdata/isolation_forest.py", path)
	command.Stderr = os.Stderr
	out, err := command.Output()
	if err != nil {
		t.Fatalf("isolation_forest.py: %v", err)
	}
	var answers []sklearnForest
	if err := json.Unmarshal(out, &answers); err != nil {
		t.Fatal(err)
	}
	return answers
}

func writeRows(t *testing.T, file string, rows [][]float64) string {
	t.Helper()
	var raw bytes.Buffer
	for _, row := range rows {
		if err := binary.Write(&raw, binary.LittleEndian, row); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(file, raw.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}
