// Command baselines compares the four baselines with scikit-learn's on the red wine data: time to fit and to predict, in turns and in one run,
// and the predictions themselves. It fails when a label differs, when all four together are not three times as fast, or when SVC is slower.
//
//	make bench-baselines
package main

import (
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"

	"mlopsgo/internal/command"
	"mlopsgo/internal/dataset"
	"mlopsgo/internal/original"
	"mlopsgo/internal/wine"
	"mlopsgo/pipeline"
)

//go:embed original.py
var script string

// What is wanted: how many times as fast all four, and SVC alone.
const (
	wantTotal = 3.0
	wantSVC   = 1.0
)

type benchmark struct {
	Repeats int    `help:"Runs of each classifier on each side, in turns; the first warms up." default:"11"`
	Python  string `help:"Interpreter with scikit-learn 1.9.1; empty asks stack/venv."`
}

func main() {
	os.Exit(command.Main(command.Spec{
		Name: "bench-baselines", Description: "Compares the four baselines with scikit-learn's on the red wine data, in one run.",
	}, &benchmark{}))
}

// measured are the seconds of one classifier's runs on one side.
type measured struct{ fit, predict []float64 }

func (m *measured) add(fit, predict float64) {
	m.fit, m.predict = append(m.fit, fit), append(m.predict, predict)
}

func (m *measured) total() []float64 {
	sums := make([]float64, len(m.fit))
	for i := range sums {
		sums[i] = m.fit[i] + m.predict[i]
	}
	return sums
}

// Run measures and prints the table.
func (b *benchmark) Run(ctx context.Context, stdout, stderr io.Writer) (err error) {
	if b.Repeats < 2 {
		return command.Usagef("--repeats is %d: the first warms up, so at least 2 are needed", b.Repeats)
	}
	data, err := pipeline.LoadTable(ctx, "embedded:", dataset.ReadOptions{})
	if err != nil {
		return err
	}
	split, err := pipeline.RedWine().Prepare(data.Table)
	if err != nil {
		return err
	}
	folder, err := os.MkdirTemp("", "baselines-benchmark")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder) // in the system's folder for such things
	python, err := startPython(ctx, b.Python, folder, stderr)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, python.Stop()) }()
	theirs, ours, rows := map[string]*measured{}, map[string]*measured{}, map[string]*row{}
	for _, name := range pipeline.BaselineNames() {
		theirs[name], ours[name], rows[name] = &measured{}, &measured{}, &row{}
	}
	for i := range b.Repeats {
		done, err := pipeline.Baselines{Split: split}.Run(ctx)
		if err != nil {
			return err
		}
		for _, one := range done {
			answer, err := python.ask(one.Name)
			if err != nil {
				return err
			}
			rows[one.Name].compare(split.TestY, one, answer.Labels)
			if i > 0 {
				theirs[one.Name].add(answer.Fit, answer.Predict)
				ours[one.Name].add(one.FitTime.Seconds(), one.ScoreTime.Seconds())
			}
		}
	}
	return report(stdout, theirs, ours, rows)
}

// row is what the two sides predict.
type row struct {
	ours, theirs float64 // accuracies
	different    int
}

func (r *row) compare(truth []int, one pipeline.Baseline, labels []int) {
	r.ours, r.theirs, r.different = one.Test.Accuracy, 0, 0
	for i, label := range labels {
		if label == truth[i] {
			r.theirs++
		}
		if label != one.Predicted()[i] {
			r.different++
		}
	}
	r.theirs /= float64(len(truth))
}

// report prints the table and says what was missed.
func report(stdout io.Writer, theirs, ours map[string]*measured, rows map[string]*row) error {
	table := tabwriter.NewWriter(stdout, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(table, "classifier\tfit: sklearn\tGo\tpredict: sklearn\tGo\tratio\taccuracy: sklearn\tGo\tother labels\t")
	var allTheirs, allOurs float64
	var missed []string
	for _, name := range pipeline.BaselineNames() {
		t, o, r := theirs[name], ours[name], rows[name]
		ratio := median(t.total()) / median(o.total())
		allTheirs += median(t.total())
		allOurs += median(o.total())
		fmt.Fprintf(table, "%s\t%.2f ms\t%.2f ms\t%.2f ms\t%.2f ms\t%.1f\t%.4f\t%.4f\t%d\t\n", name, 1000*median(t.fit), 1000*median(o.fit),
			1000*median(t.predict), 1000*median(o.predict), ratio, r.theirs, r.ours, r.different)
		if r.different != 0 || r.ours != r.theirs {
			missed = append(missed, fmt.Sprintf("%s gives %d other labels", name, r.different))
		}
		if name == "SVC" && ratio < wantSVC {
			missed = append(missed, fmt.Sprintf("SVC is %.2f times as fast, wanted %g", ratio, wantSVC))
		}
	}
	if total := allTheirs / allOurs; total < wantTotal {
		missed = append(missed, fmt.Sprintf("all together are %.2f times as fast, wanted %g", total, wantTotal))
	}
	fmt.Fprintf(table, "all\t\t\t\t\t%.1f\t\t\t\t\n", allTheirs/allOurs)
	if err := table.Flush(); err != nil {
		return err
	}
	fmt.Fprint(stdout, "\nMedians of runs in turns, after scaling; scikit-learn with its default n_jobs. Labels are compared on the test part.\n")
	if missed != nil {
		return errors.New(strings.Join(missed, "; "))
	}
	return nil
}

func median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	n := len(sorted)
	return (sorted[(n-1)/2] + sorted[n/2]) / 2
}

// scikit is the Python process.
type scikit struct{ *original.Process }

type answer struct {
	Fit, Predict float64
	Labels       []int
}

// startPython writes the data into folder and starts the process.
func startPython(ctx context.Context, interpreter, folder string, stderr io.Writer) (s scikit, err error) {
	if interpreter == "" {
		if interpreter, err = original.Interpreter(ctx, "mlflow"); err != nil {
			return s, err
		}
	}
	table, err := io.ReadAll(wine.Open())
	if err != nil {
		return s, err
	}
	csv := filepath.Join(folder, "wine.csv")
	if err := os.WriteFile(csv, table, 0o600); err != nil {
		return s, err
	}
	python := exec.CommandContext(ctx, interpreter, "-W", "ignore", "-c", script, csv)
	python.Stderr = stderr
	if s.Process, err = original.Start(python); err != nil {
		return s, err
	}
	err = s.Ready()
	return s, err
}

func (s scikit) ask(class string) (a answer, err error) {
	line, err := s.Ask(class)
	if err != nil {
		return a, err
	}
	err = json.Unmarshal([]byte(line), &a)
	return a, err
}
