package score_test

import (
	"errors"
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mlopsgo/pipeline/score"
)

// The figures of whole models are compared with scikit-learn's in package pipeline, which trains them.

func TestCurvesOfFiveRows(t *testing.T) {
	positive := []bool{true, false, true, true, false}
	steps, err := score.Steps(positive, []float64{0.9, 0.8, 0.8, 0.4, 0.1})
	if err != nil {
		t.Fatal(err)
	}
	want := []score.Step{
		{Threshold: 0.9, TruePos: 1},
		{Threshold: 0.8, TruePos: 2, FalsePos: 1},
		{Threshold: 0.4, TruePos: 3, FalsePos: 1},
		{Threshold: 0.1, TruePos: 3, FalsePos: 2},
	}
	if diff := cmp.Diff(want, steps); diff != "" {
		t.Fatal(diff)
	}
	x, y, area := score.ROC(steps)
	// Of the six pairs of a positive and another row four are in order, and one is a tie.
	if diff := cmp.Diff([]float64{0, 0, 0.5, 0.5, 1}, x) + cmp.Diff([]float64{0, 1. / 3, 2. / 3, 1, 1}, y); diff != "" || math.Abs(area-4.5/6) > 1e-15 {
		t.Error(diff, area)
	}
	recall, precision, average := score.PrecisionRecall(steps)
	if diff := cmp.Diff([]float64{0, 1. / 3, 2. / 3, 1, 1}, recall) + cmp.Diff([]float64{1, 1, 2. / 3, 0.75, 0.6}, precision); diff != "" ||
		math.Abs(average-(1+2./3+0.75)/3) > 1e-15 {
		t.Error(diff, average)
	}
	if _, err := score.Steps(positive, []float64{1}); err == nil {
		t.Error("five rows with one score")
	}
}

func TestProbabilities(t *testing.T) {
	p := score.Probabilities{Classes: []int{3, 5}, Data: []float64{1, 0, 0.25, 0.75, 0.5, 0.5}}
	truth := []int{3, 5, 5}
	loss, err := p.LogLoss(truth)
	if want := -(math.Log(1-0x1p-52) + math.Log(0.75) + math.Log(0.5)) / 3; err != nil || math.Abs(loss-want) > 1e-15 {
		t.Errorf("loss %v (%v), want %v", loss, err, want)
	}
	if area, err := p.AUC(truth); err != nil || area != 1 {
		t.Errorf("area %v (%v), want 1", area, err)
	}
	for name, truth := range map[string][]int{"a class without rows": {5, 5, 5}, "a row of an unknown class": {3, 4, 5}} {
		if _, err := p.LogLoss(truth); !errors.Is(err, score.ErrUndefined) {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := p.AUC(truth); !errors.Is(err, score.ErrUndefined) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := p.LogLoss(truth[1:]); err == nil || errors.Is(err, score.ErrUndefined) {
		t.Errorf("two rows with three answers: %v", err)
	}
}

func TestWeighted(t *testing.T) {
	report, err := score.New([]int{1, 1, 1, 2}, []int{1, 1, 2, 2})
	if err != nil {
		t.Fatal(err)
	}
	want := score.ClassReport{Precision: (3*1 + 0.5) / 4, Recall: 0.75, F1: (3*0.8 + 2./3) / 4, Support: 4}
	got := report.Weighted()
	if math.Abs(got.Precision-want.Precision)+math.Abs(got.Recall-want.Recall)+math.Abs(got.F1-want.F1) > 1e-15 || got.Support != 4 {
		t.Errorf("got %+v, want %+v", got, want)
	}
}
