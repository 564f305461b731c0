package score_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"os/exec"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mlopsgo/internal/stack"
	"mlopsgo/pipeline/score"
)

type labelled struct {
	Truth     []int `json:"truth"`
	Predicted []int `json:"predicted"`
}

// cases are random labellings of 1 to 10 classes, some of which are never predicted or never true.
func cases() []labelled {
	source := rand.New(rand.NewPCG(1, 2))
	var all []labelled
	for range 40 {
		rows, classes := 1+source.IntN(60), 1+source.IntN(10)
		var one labelled
		for range rows {
			one.Truth = append(one.Truth, source.IntN(classes))
			one.Predicted = append(one.Predicted, source.IntN(classes)-source.IntN(2))
		}
		all = append(all, one)
	}
	return all
}

func TestScikitLearnGivesTheSame(t *testing.T) {
	python := stack.Python(t, "mlflow")
	var input bytes.Buffer
	all := cases()
	for _, one := range all {
		if err := json.NewEncoder(&input).Encode(one); err != nil {
			t.Fatal(err)
		}
	}
	command := exec.CommandContext(t.Context(), python, "testdata/score.py")
	command.Stdin = &input
	output, err := command.Output()
	if err != nil {
		t.Fatal(err)
	}
	decoder := json.NewDecoder(bytes.NewReader(output))
	for i, one := range all {
		var want struct {
			Accuracy              float64
			Confusion             [][]int
			Precision, Recall, F1 []float64
			Support               []int
			Macro                 []float64
		}
		if err := decoder.Decode(&want); err != nil {
			t.Fatal(err)
		}
		got, err := score.New(one.Truth, one.Predicted)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want.Confusion, got.Confusion); diff != "" {
			t.Errorf("case %d: confusion (-scikit-learn +ours):\n%s", i, diff)
		}
		near(t, fmt.Sprintf("case %d accuracy", i), got.Accuracy, want.Accuracy)
		near(t, fmt.Sprintf("case %d Accuracy()", i), score.Accuracy(one.Truth, one.Predicted), want.Accuracy)
		for k, class := range got.PerClass {
			near(t, fmt.Sprintf("case %d precision %d", i, k), class.Precision, want.Precision[k])
			near(t, fmt.Sprintf("case %d recall %d", i, k), class.Recall, want.Recall[k])
			near(t, fmt.Sprintf("case %d f1 %d", i, k), class.F1, want.F1[k])
			if class.Support != want.Support[k] {
				t.Errorf("case %d support %d: %d, want %d", i, k, class.Support, want.Support[k])
			}
		}
		near(t, fmt.Sprintf("case %d macro precision", i), got.Macro.Precision, want.Macro[0])
		near(t, fmt.Sprintf("case %d macro recall", i), got.Macro.Recall, want.Macro[1])
		near(t, fmt.Sprintf("case %d macro f1", i), got.Macro.F1, want.Macro[2])
	}
}

func near(t *testing.T, what string, got, want float64) {
	t.Helper()
	if !(math.Abs(got-want) <= 1e-15) {
		t.Errorf("%s: %v, scikit-learn gives %v", what, got, want)
	}
}

func TestNewRefuses(t *testing.T) {
	for name, one := range map[string]labelled{
		"different lengths": {Truth: []int{1, 2}, Predicted: []int{1}},
		"no rows":           {},
	} {
		if _, err := score.New(one.Truth, one.Predicted); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	if got := score.Accuracy(nil, nil); got != 0 {
		t.Errorf("accuracy of nothing is %v, want 0", got)
	}
}

func ExampleNew() {
	report, err := score.New([]int{5, 5, 6, 7}, []int{5, 6, 6, 6})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("accuracy", report.Accuracy)
	fmt.Println("recall of class 5:", report.PerClass[0].Recall)
	// Output:
	// accuracy 0.5
	// recall of class 5: 0.5
}

func TestAReportFollowsFromItsConfusionMatrix(t *testing.T) {
	whole, err := score.New([]int{5, 6, 5, 7, 5, 6}, []int{5, 6, 6, 6, 5, 4})
	if err != nil {
		t.Fatal(err)
	}
	again, err := score.FromConfusion(whole.Classes, whole.Confusion)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(whole, again); diff != "" {
		t.Errorf("(-New +FromConfusion):\n%s", diff)
	}
	for name, wrong := range map[string]struct {
		classes []int
		counts  [][]int
	}{
		"nothing":      {nil, nil},
		"no rows":      {[]int{1, 2}, [][]int{{0, 0}, {0, 0}}},
		"not square":   {[]int{1, 2}, [][]int{{1, 0}, {0}}},
		"a row short":  {[]int{1, 2}, [][]int{{1, 0}}},
		"a row more":   {[]int{1}, [][]int{{1}, {1}}},
		"unordered":    {[]int{2, 1}, [][]int{{1, 0}, {0, 1}}},
		"negative":     {[]int{1}, [][]int{{-1}}},
		"overflow":     {[]int{1, 2}, [][]int{{1 << 62, 1 << 62}, {1 << 62, 0}}},
		"class twice":  {[]int{1, 1}, [][]int{{1, 0}, {0, 1}}},
		"only classes": {[]int{1, 2}, nil},
	} {
		if report, err := score.FromConfusion(wrong.classes, wrong.counts); err == nil {
			t.Errorf("%s: %+v", name, report)
		}
	}
}
