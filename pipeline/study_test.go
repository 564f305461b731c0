package pipeline

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mlopsgo/internal/dataset"
	"mlopsgo/internal/wine"
	"mlopsgo/pipeline/forest"
	"mlopsgo/pipeline/tpe"
)

// redWine is the split of the red wine table that the original works on.
func redWine(tb testing.TB) *Split {
	tb.Helper()
	table, err := dataset.ReadCSV(wine.Open(), wine.Name, dataset.ReadOptions{})
	if err != nil {
		tb.Fatal(err)
	}
	split, err := RedWine().Prepare(table)
	if err != nil {
		tb.Fatal(err)
	}
	return split
}

// smallSpace has 2·1·3·2·2·3 = 72 points and forests that train in milliseconds.
func smallSpace() ForestSpace {
	return ForestSpace{
		NEstimators:     tpe.IntRange{Low: 5, High: 10, Step: 5},
		MaxFeatures:     []forest.MaxFeatures{forest.MaxFeaturesSqrt},
		MaxDepth:        tpe.IntRange{Low: 5, High: 45, Step: 20},
		Bootstrap:       []bool{true, false},
		MinSamplesLeaf:  tpe.IntRange{Low: 1, High: 2},
		MinSamplesSplit: tpe.IntRange{Low: 2, High: 4},
	}
}

func accuracies(trials []Trial) []float64 {
	var all []float64
	for _, trial := range trials {
		all = append(all, trial.Report.Accuracy)
	}
	return all
}

func TestTheFirstTrialsAreThoseOfThePublishedNotebook(t *testing.T) {
	if testing.Short() {
		t.Skip("-short leaves out 4,300 trees, which the race detector makes minutes of; make test runs it whole too")
	}
	trials, err := Study{Split: redWine(t), Space: OriginalSpace(), Trials: 5}.Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]float64{0.645, 0.63, 0.66, 0.645, 0.6275}, accuracies(trials)); diff != "" {
		t.Errorf("accuracies (-published +ours):\n%s", diff)
	}
	for number, want := range map[int]string{
		1: "[[n_estimators 1100] [max_features sqrt] [max_depth 60] [bootstrap False] [min_samples_leaf 2] [min_samples_split 10] [random_state 0]]",
		3: "[[n_estimators 50] [max_features sqrt] [max_depth 90] [bootstrap True] [min_samples_leaf 2] [min_samples_split 9] [random_state 0]]",
	} {
		if got := fmt.Sprint(Named(trials[number-1].Params)); got != want {
			t.Errorf("trial %d: %s, want %s", number, got, want)
		}
	}
}

func TestResultsDoNotDependOnWhatRunsAtOnce(t *testing.T) {
	split := redWine(t)
	for _, sampler := range []Sampler{SamplerTPE, SamplerRandom} {
		var first []string
		for _, parallel := range []int{1, 5} {
			var order []int
			study := Study{
				Split: split, Space: smallSpace(), Sampler: sampler, Trials: 16, Seed: 3, Parallel: parallel,
				OnTrial: func(trial Trial) { order = append(order, trial.Number) },
			}
			trials, err := study.Run(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			var seen []string
			for i, trial := range trials {
				if trial.Number != i+1 || order[i] != i+1 {
					t.Fatalf("%s, %d at once: trial %d came in place %d", sampler, parallel, trial.Number, i+1)
				}
				seen = append(seen, fmt.Sprint(trial.Report.Accuracy, Named(trial.Params)))
			}
			if parallel == 1 {
				first = seen
			}
			if diff := cmp.Diff(first, seen); diff != "" {
				t.Errorf("%s: one at a time and %d at once differ:\n%s", sampler, parallel, diff)
			}
		}
	}
}

func TestExhaustiveSettlesEveryPointAsTrainingItWould(t *testing.T) {
	split, space := redWine(t), smallSpace()
	trials, err := Study{Split: split, Space: space, Sampler: SamplerExhaustive}.Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	points, best := 0, 0.0
	for _, trial := range trials {
		points += trial.Points
		best = max(best, trial.Report.Accuracy)
		alone, _, err := try(t.Context(), split, trial.Params)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(alone.Report, trial.Report); diff != "" {
			t.Errorf("trial %d, %v: trained alone it differs:\n%s", trial.Number, Named(trial.Params), diff)
		}
	}
	if points != space.Points() || points != 72 {
		t.Errorf("%d points settled, the space has %d", points, space.Points())
	}
	if got := bestByTrainingEach(t, split, space); got != best {
		t.Errorf("best accuracy %v, training every point gives %v", best, got)
	}
	if len(trials) >= 36 {
		t.Errorf("%d forests for 36 pairs of sizes: nothing was shared", len(trials))
	}
}

// bestByTrainingEach trains every point of the space.
func bestByTrainingEach(t *testing.T, split *Split, space ForestSpace) float64 {
	t.Helper()
	best := 0.0
	for _, trees := range values(space.NEstimators) {
		for _, depth := range values(space.MaxDepth) {
			for _, leaf := range values(space.MinSamplesLeaf) {
				for _, minSplit := range values(space.MinSamplesSplit) {
					for _, bootstrap := range space.Bootstrap {
						p := forest.DefaultParams()
						p.NEstimators, p.MaxDepth, p.MinSamplesLeaf, p.MinSamplesSplit, p.Bootstrap = trees, depth, leaf, minSplit, bootstrap
						trial, _, err := try(t.Context(), split, p)
						if err != nil {
							t.Fatal(err)
						}
						best = max(best, trial.Report.Accuracy)
					}
				}
			}
		}
	}
	return best
}

func TestFamiliesCountEqualPoints(t *testing.T) {
	families, err := OriginalSpace().families(4)
	if err != nil {
		t.Fatal(err)
	}
	equal := 0
	for _, family := range families {
		equal += family.equal
	}
	// Leaf sizes 1 to 4 leave 9, 7, 5 and 3 splits that act differently; sqrt and log2 of four features are both two.
	if len(families) != 2*(9+7+5+3) || equal != 2*2*4*9 {
		t.Errorf("%d families of %d pairs, want 48 of 144", len(families), equal)
	}
}

func TestACancelledStudyReturnsWhatIsDone(t *testing.T) {
	for _, sampler := range []Sampler{SamplerTPE, SamplerRandom, SamplerExhaustive} {
		ctx, cancel := context.WithCancel(t.Context())
		space := OriginalSpace()
		space.NEstimators = tpe.IntRange{Low: 100, High: 150, Step: 50}
		study := Study{Split: redWine(t), Space: space, Sampler: sampler, Trials: 50, Parallel: 2, OnTrial: func(Trial) { cancel() }}
		trials, err := study.Run(ctx)
		if !errors.Is(err, context.Canceled) {
			t.Errorf("%s: error %v, want context.Canceled", sampler, err)
		}
		if len(trials) == 0 || len(trials) > 3 {
			t.Errorf("%s: %d trials were returned, want the one or few that were done", sampler, len(trials))
		}
	}
}

func TestStudyRefuses(t *testing.T) {
	split := redWine(t)
	for name, study := range map[string]Study{
		"no split":         {Space: OriginalSpace(), Trials: 1},
		"no trials":        {Split: split, Space: OriginalSpace()},
		"unknown sampler":  {Split: split, Space: OriginalSpace(), Trials: 1, Sampler: "grid"},
		"negative at once": {Split: split, Space: OriginalSpace(), Trials: 1, Parallel: -1},
		"empty range":      {Split: split, Space: ForestSpace{}, Trials: 1},
	} {
		if _, err := study.Run(t.Context()); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}
