package pipeline

import (
	"encoding/json"
	"math/rand/v2"
	"os/exec"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mlopsgo/internal/stack"
	"mlopsgo/pipeline/forest"
)

// halvedTrial is a made-up trial: how many trees it is to have, and how accurate its first trees are.
type halvedTrial struct {
	Trees int             `json:"trees"`
	Curve map[int]float64 `json:"curve"`
}

// TestHalvingStopsWhoOptunaStops runs made-up trials through Optuna's SuccessiveHalvingPruner.
func TestHalvingStopsWhoOptunaStops(t *testing.T) {
	python := stack.Python(t, "mlflow")
	for _, halving := range []Halving{{MinTrees: 1, Factor: 2}, {MinTrees: 4, Factor: 3}, {MinTrees: 32, Factor: 4}} {
		random := rand.New(rand.NewPCG(uint64(halving.Factor), 1))
		var trials []halvedTrial
		for range 60 {
			one := halvedTrial{Trees: 1 + random.IntN(300), Curve: map[int]float64{}}
			for _, rung := range halving.rungs(one.Trees + 1) {
				one.Curve[rung] = float64(random.IntN(20)) / 20 // with ties
			}
			one.Curve[one.Trees] = 0.5
			trials = append(trials, one)
		}
		var ours []int
		var ended []Trial
		stopped := 0
		for _, one := range trials {
			trial := Trial{Params: namedForest(one.Trees)}
			reached := one.Trees
			for _, limit := range halving.limits(one.Trees, ended) {
				trial.Curve = append(trial.Curve, CurvePoint{limit.Trees, one.Curve[limit.Trees]})
				if one.Curve[limit.Trees] < limit.Accuracy {
					trial.Stopped, trial.Params, reached = true, namedForest(limit.Trees), limit.Trees
					stopped++
					break
				}
			}
			if !trial.Stopped {
				trial.Curve = append(trial.Curve, CurvePoint{one.Trees, one.Curve[one.Trees]})
			}
			ours, ended = append(ours, reached), append(ended, trial)
		}
		input, err := json.Marshal(map[string]any{"min_trees": halving.MinTrees, "factor": halving.Factor, "trials": trials})
		if err != nil {
			t.Fatal(err)
		}
		output, err := exec.CommandContext(t.Context(), python, "testdata/halving.py", string(input)).Output()
		if err != nil {
			t.Fatal(err)
		}
		var optuna []int
		if err := json.Unmarshal(output, &optuna); err != nil {
			t.Fatalf("%v\n%s", err, output)
		}
		if diff := cmp.Diff(optuna, ours); diff != "" || stopped < 10 {
			t.Errorf("%+v, %d of 60 stopped: trees reached (-Optuna +ours):\n%s", halving, stopped, diff)
		}
	}
}

func TestAHalvedTrialIsTheForestThatItHadBecome(t *testing.T) {
	split := redWine(t)
	study := Study{Split: split, Space: smallSpace(), Trials: 30, Halving: &Halving{MinTrees: 2, Factor: 2}}
	trials, err := study.Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	stopped := 0
	for _, trial := range trials {
		if trial.Stopped {
			stopped++
		}
		alone, _, err := try(t.Context(), split, trial.Params)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(alone.Report, trial.Report); diff != "" {
			t.Errorf("trial %d, stopped: %t, %v: trained alone it differs:\n%s", trial.Number, trial.Stopped, Named(trial.Params), diff)
		}
	}
	if stopped == 0 || stopped == len(trials) {
		t.Errorf("%d of %d trials were stopped", stopped, len(trials))
	}
	for name, wrong := range map[string]Halving{"factor 1": {Factor: 1}, "no trees": {MinTrees: -1}} {
		study.Halving = &wrong
		if _, err := study.Run(t.Context()); err == nil {
			t.Errorf("%s was taken", name)
		}
	}
	study.Sampler, study.Halving = SamplerExhaustive, &Halving{}
	if _, err := study.Run(t.Context()); err == nil {
		t.Error("the exhaustive sampler took a halving")
	}
}

func namedForest(trees int) forest.Params {
	p := forest.DefaultParams()
	p.NEstimators = trees
	return p
}
