package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
)

// line is one figure.
type line struct {
	name string
	// ours and theirs are what was measured, as text.
	ours, theirs string
	// value is what has to reach the target, and unit stands behind both.
	value, target float64
	unit          string
	// most says that the target is a most; otherwise it is a least. 0 is no target.
	most bool
}

func (l line) missed() bool {
	if l.target == 0 {
		return false
	}
	return l.most && l.value > l.target || !l.most && l.value < l.target
}

// table is what is printed in the end.
type table struct{ lines []line }

func (t *table) add(l line) { t.lines = append(t.lines, l) }

func (t *table) missed() (names []string) {
	for _, l := range t.lines {
		if l.missed() {
			names = append(names, l.name)
		}
	}
	return names
}

func (t *table) print(w io.Writer) error {
	columns := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(columns, "\tpredictor\tother\tresult\ttarget\t")
	for _, l := range t.lines {
		target, verdict := "-", ""
		if l.target > 0 {
			sign := "≥"
			if l.most {
				sign = "≤"
			}
			target, verdict = sign+" "+number(l.target)+l.unit, "ok"
			if l.missed() {
				verdict = "MISSED"
			}
		}
		fmt.Fprintln(columns, strings.Join([]string{l.name, l.ours, l.theirs, number(l.value) + l.unit, target, verdict}, "\t"))
	}
	return columns.Flush()
}

// number has three digits that count.
func number(v float64) string {
	if v >= 100 {
		return fmt.Sprintf("%.0f", v)
	}
	return fmt.Sprintf("%.3g", v)
}

// median is the middle one, or the mean of the two in the middle.
func median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	n := len(sorted)
	if n == 0 {
		return 0
	}
	return (sorted[(n-1)/2] + sorted[n/2]) / 2
}
