package main

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"mlopsgo/monitoring"
)

// report writes what a run did for people.
type report struct {
	stdout    io.Writer
	publisher *monitoring.Publisher
	hinted    bool
	lastLeft  string
}

func (r *report) print(s *monitoring.Summary) {
	for _, result := range s.Results {
		r.result(result, s.URLs[result.ID()])
	}
	left := r.left(s.Left)
	if left != r.lastLeft { // and not every five minutes
		fmt.Fprint(r.stdout, left)
	}
	r.lastLeft = left
	if len(s.Results) == 0 {
		return
	}
	switch {
	case r.publisher == nil && !r.hinted:
		fmt.Fprintln(r.stdout, "Evidently: skipped, because EVIDENTLY_URL is not set\n\nNext:  look at the table drift_windows in the database, or at Grafana; for reports, set EVIDENTLY_URL and run this again")
	case r.publisher != nil && r.publisher.DashboardURL() != "" && !r.hinted:
		fmt.Fprintf(r.stdout, "Next:  open %s for all windows in one dashboard\n", r.publisher.DashboardURL())
	}
	r.hinted = true
}

// left tells what was not compared.
func (r *report) left(list []monitoring.Left) string {
	var b strings.Builder
	for _, left := range list {
		what := "left for later"
		if left.Lost {
			what = "given up, because they have waited for too long; a longer --window would hold more"
		}
		fmt.Fprintf(&b, "%s: %d predictions are too few (--min-rows): %s\n", title(left.Window), left.Rows, what)
	}
	return b.String()
}

func (r *report) result(result *monitoring.Result, address string) {
	fmt.Fprintf(r.stdout, "%s: %d predictions against %d reference rows\n\n", title(result.Window), result.Rows, result.ReferenceRows)
	table := tabwriter.NewWriter(r.stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "column\tmethod\tvalue\tthreshold\tdrift")
	for _, c := range result.Drift.Columns {
		fmt.Fprintf(table, "%s\t%s\t%.6g\t%g\t%s\n", c.Name, c.Method.DisplayName(), c.Score, c.Threshold, yesNo(c.Drifted))
	}
	_ = table.Flush() // as of any other text to a terminal
	d := result.Drift
	fmt.Fprintf(r.stdout, "\ndrift: %d of %d columns (%.1f%%); of the whole table, from %.0f%% on: %s\n",
		d.Drifted, len(d.Columns), 100*d.Share, 100*d.DriftShare, yesNo(d.DatasetDrift))
	fmt.Fprintf(r.stdout, "outliers: %d of %d predictions (%.1f%%)\n", len(result.Outliers), result.Rows, 100*result.OutlierShare())
	if result.Judged > 0 {
		fmt.Fprintf(r.stdout, "accuracy: %.1f%% of the %d predictions whose truth is known\n", 100*result.Accuracy(), result.Judged)
	}
	for _, note := range result.Notes {
		fmt.Fprintf(r.stdout, "note: %s\n", note)
	}
	if address != "" {
		fmt.Fprintf(r.stdout, "report: %s\n", address)
	}
	fmt.Fprintln(r.stdout)
}

func yesNo(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}

func title(w monitoring.Window) string {
	return fmt.Sprintf("%s version %s, %s to %s UTC", w.Model, w.Version, clock(w.Start), clock(w.End))
}

func clock(t time.Time) string {
	return strings.TrimSuffix(t.UTC().Format("2006-01-02 15:04:05.999999"), ":00")
}
