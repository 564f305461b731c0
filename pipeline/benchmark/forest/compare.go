package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"slices"
	"text/tabwriter"
	"time"

	"mlopsgo/pipeline/forest"
)

// compare runs all cases and prints a table. It returns the targets that were missed.
func compare(ctx context.Context, o options, stdout io.Writer) (missed []string, err error) {
	selected, err := selectCases(o.only)
	if err != nil {
		return nil, err
	}
	python, err := interpreter(ctx, o)
	if err != nil {
		return nil, err
	}
	folder, err := os.MkdirTemp("", "forest-benchmark")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(folder)
	py, err := startPython(ctx, python, folder, o.jobs)
	if err != nil {
		return nil, err
	}
	table := tabwriter.NewWriter(stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "case\twhat\tscikit-learn\tthis package\tratio\ttarget\t\tratio of processor time")
	for _, c := range selected {
		results, err := measure(ctx, py, c, o)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", c.name, err)
		}
		for _, r := range results {
			if m := r.print(table, c); m != "" {
				missed = append(missed, m)
			}
		}
		if err := table.Flush(); err != nil {
			return nil, err
		}
	}
	fmt.Fprintf(stdout, "\nMedians of %d runs, %d threads each; ratios are medians of the ratios of neighbouring runs.\n"+
		"On a busy machine only the ratio of processor time means much.\n", o.repeats, o.jobs)
	for _, c := range selected {
		fmt.Fprintf(stdout, "%s: %s\n", c.name, c.about)
	}
	return missed, py.Stop()
}

// result compares one figure; more than target times as good is wanted.
type result struct {
	what          string
	theirs, ours  string
	ratio, target float64
	busy          float64 // ratio of processor time, 0 if that means nothing here
}

func (r result) print(w io.Writer, c benchCase) (missed string) {
	verdict := "ok"
	if r.ratio < r.target {
		verdict = "MISSED"
		missed = fmt.Sprintf("%s %s %.2f (target %g)", c.name, r.what, r.ratio, r.target)
	}
	busy := ""
	if r.busy > 0 {
		busy = fmt.Sprintf("%.2f", r.busy)
	}
	fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%.2f\t%g\t%s\t%s\n",
		c.name, r.what, r.theirs, r.ours, r.ratio, r.target, verdict, busy)
	return missed
}

// measure takes turns between the two sides, so that whatever else the machine does hits both.
func measure(ctx context.Context, py *sklearn, c benchCase, o options) ([]result, error) {
	d, err := loadData(py.folder, c.name)
	if err != nil {
		return nil, err
	}
	var fit, predict pairs
	for i := range o.repeats {
		theirs, err := py.time("fit", c.name, c.trees)
		if err != nil {
			return nil, err
		}
		start := now()
		f, err := forest.Fit(ctx, d.x, d.y, params(c, o.jobs))
		if err != nil {
			return nil, err
		}
		fit.add(theirs, start.since())
		for range 3 {
			if err := measurePredict(ctx, py, c, f, d, &predict); err != nil {
				return nil, err
			}
		}
		if i == 0 && o.repeats > 1 {
			fit, predict = pairs{}, pairs{} // the first run warms up
		}
	}
	memory, err := measureMemory(ctx, py, c, o)
	if err != nil {
		return nil, err
	}
	return []result{fit.result("fit", c.fit), predict.result("predict", c.predict), memory}, nil
}

func measurePredict(
	ctx context.Context, py *sklearn, c benchCase, f *forest.Classifier, d data, predict *pairs,
) error {
	theirs, err := py.time("predict", c.name)
	if err != nil {
		return err
	}
	start := now()
	got, err := f.Predict(ctx, d.query)
	if err != nil {
		return err
	}
	predict.add(theirs, start.since())
	want, err := readLabels(py.folder, c.name)
	if err != nil {
		return err
	}
	return sameLabels(got, want, f.Params().NJobs)
}

// sameLabels allows for ties that scikit-learn decides by the order in which its threads finish.
func sameLabels(got, want []int, jobs int) error {
	different := 0
	for i := range want {
		if i >= len(got) || got[i] != want[i] {
			different++
		}
	}
	if len(got) != len(want) || different > 0 && (jobs == 1 || different > len(want)/50) {
		return fmt.Errorf("%d of %d predictions differ", different, len(want))
	}
	return nil
}

// span is a time in seconds, on the clock and as the processors were busy with this process.
type span struct{ wall, busy float64 }

// moment is when a span starts.
type moment struct {
	wall time.Time
	busy float64
}

func now() moment { return moment{time.Now(), busySeconds()} }

func (m moment) since() span { return span{time.Since(m.wall).Seconds(), busySeconds() - m.busy} }

// pairs are spans measured one after the other.
type pairs struct{ theirs, ours, ratios, busy []float64 }

func (p *pairs) add(theirs, ours span) {
	p.theirs, p.ours = append(p.theirs, theirs.wall), append(p.ours, ours.wall)
	p.ratios = append(p.ratios, theirs.wall/ours.wall)
	if ours.busy > 0 {
		p.busy = append(p.busy, theirs.busy/ours.busy)
	}
}

func (p *pairs) result(what string, target float64) result {
	r := result{what, milliseconds(median(p.theirs)), milliseconds(median(p.ours)), median(p.ratios), target, 0}
	if len(p.busy) > 0 {
		r.busy = median(p.busy)
	}
	return r
}

func milliseconds(seconds float64) string { return fmt.Sprintf("%.1f ms", seconds*1000) }

func median(v []float64) float64 {
	sorted := slices.Sorted(slices.Values(v))
	n := len(sorted)
	return (sorted[(n-1)/2] + sorted[n/2]) / 2
}
