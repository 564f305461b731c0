package main

import (
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
	"text/tabwriter"

	"mlopsgo/pipeline"
)

// report prints an exploration for people.
type report struct{ stdout io.Writer }

// write prints everything that fits a terminal.
func (r report) write(found *pipeline.Explored) {
	r.printf("%s  %d rows, %d features; %d rows left out since a value is missing, %d rows repeat another, %d outliers\n\n",
		found.Location, found.Rows, found.Columns, found.Incomplete, found.Duplicates, found.Outliers)
	r.describe(found)
	r.printf("\nRows of each class of %s:\n\n", found.Target)
	most := 0
	for _, c := range found.Classes {
		most = max(most, c.Rows)
	}
	for _, c := range found.Classes {
		r.printf("  %-12s %6d  %5.1f %%  %s\n", c.Name, c.Rows, 100*c.Share, bar(float64(c.Rows)/float64(most)))
	}
	r.printf("\n%s with %s (* beyond %v):\n\n", found.Measure, found.Target, found.Threshold)
	for _, f := range found.Telling() {
		mark := " "
		if f.Kept {
			mark = "*"
		}
		r.printf("%s %-24s %8s  %s\n", mark, f.Name, short(f.Correlation), bar(math.Abs(f.Correlation)))
	}
	if kept := found.Kept(); len(kept) > 0 {
		r.printf("\nWorth keeping: %s\n", strings.Join(kept, ", "))
	}
}

// describe is pandas' describe, a row for each feature.
func (r report) describe(found *pipeline.Explored) {
	table := tabwriter.NewWriter(r.stdout, 0, 0, 2, ' ', tabwriter.AlignRight)
	row := func(cells ...string) { _, _ = fmt.Fprintln(table, strings.Join(cells, "\t")+"\t") }
	row("feature", "missing", "mean", "std", "min", "25%", "50%", "75%", "max", "beyond fences")
	for _, f := range found.Features {
		row(f.Name, strconv.Itoa(f.Missing), short(f.Mean), short(f.Std), short(f.Min), short(f.Q1), short(f.Median), short(f.Q3), short(f.Max),
			strconv.Itoa(f.Outside))
	}
	_ = table.Flush()
}

func short(v float64) string { return strconv.FormatFloat(v, 'g', 4, 64) }

// bar draws a share of one as text.
func bar(share float64) string {
	const width = 40
	if math.IsNaN(share) {
		return ""
	}
	return strings.Repeat("█", int(math.Round(width*min(share, 1))))
}

// printf writes to standard output. Where that is closed there is nobody left to read it; what counts is in the report.
func (r report) printf(format string, args ...any) {
	_, _ = fmt.Fprintf(r.stdout, format, args...)
}
