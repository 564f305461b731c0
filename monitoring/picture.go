package monitoring

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"

	"github.com/google/uuid"

	"mlopsgo/monitoring/drift"
	"mlopsgo/monitoring/evidently"
)

// outlierMetric is an own metric: Evidently's dashboards draw any.
const outlierMetric = "OutlierCount"

const (
	pictureBins   = 10 // of numbers
	pictureValues = 20 // of categories; the rest is one bar
)

// distribution is both sides of a column as shares of their rows in the same bins.
type distribution struct {
	labels             []any
	reference, current []float64
}

// picture is one side for a cell of a table.
func (d distribution) picture(shares []float64) evidently.Histogram {
	return evidently.Histogram{X: d.labels, Y: shares}
}

// distribute makes pictures only: the bins of the drift scores are the business of package drift.
func distribute(c drift.Column, kind drift.Kind) distribution {
	if kind == drift.Numerical {
		return distributeNumbers(numbers(c.Reference), numbers(c.Current))
	}
	return distributeValues(texts(c.Reference), texts(c.Current))
}

// distributeNumbers cuts the range of both sides into bins of one width, named by their middle.
func distributeNumbers(reference, current []float64) distribution {
	reference, current = withoutNaN(reference), withoutNaN(current)
	low := min(slices.Min(reference), slices.Min(current))
	high := max(slices.Max(reference), slices.Max(current))
	width := high/pictureBins - low/pictureBins // the difference itself may overflow
	count := func(values []float64) []float64 {
		shares := make([]float64, pictureBins)
		for _, v := range values {
			bin := 0
			if width > 0 {
				bin = min(int(v/width-low/width), pictureBins-1)
			}
			shares[max(bin, 0)] += 1 / float64(len(values))
		}
		return shares
	}
	d := distribution{reference: count(reference), current: count(current)}
	for i := range pictureBins {
		middle, _ := strconv.ParseFloat(strconv.FormatFloat(low+(float64(i)+0.5)*width, 'g', 4, 64), 64)
		d.labels = append(d.labels, middle)
	}
	return d
}

func withoutNaN(values []float64) []float64 {
	return slices.DeleteFunc(slices.Clone(values), func(v float64) bool { return math.IsNaN(v) || math.IsInf(v, 0) })
}

// distributeValues has a bar for each value; of many values, the rarest share one.
func distributeValues(reference, current []string) distribution {
	counts := map[string][2]int{}
	for side, values := range [][]string{reference, current} {
		for _, v := range values {
			n := counts[v]
			n[side]++
			counts[v] = n
		}
	}
	names := make([]string, 0, len(counts))
	for name := range counts {
		names = append(names, name)
	}
	often := func(name string) int { return counts[name][0] + counts[name][1] }
	slices.SortFunc(names, func(a, b string) int { return cmp.Or(cmp.Compare(often(b), often(a)), cmp.Compare(a, b)) })
	rest := names[min(pictureValues, len(names)):]
	names = names[:len(names)-len(rest)]
	slices.SortFunc(names, byNumber)
	var d distribution
	add := func(label string, n [2]int) {
		d.labels = append(d.labels, label)
		d.reference = append(d.reference, float64(n[0])/float64(len(reference)))
		d.current = append(d.current, float64(n[1])/float64(len(current)))
	}
	for _, name := range names {
		add(name, counts[name])
	}
	if len(rest) > 0 {
		var others [2]int
		for _, name := range rest {
			others[0] += counts[name][0]
			others[1] += counts[name][1]
		}
		add(fmt.Sprintf("%d others", len(rest)), others)
	}
	return d
}

// byNumber orders numbers by their value, and texts after them.
func byNumber(a, b string) int {
	x, notX := strconv.ParseFloat(a, 64)
	y, notY := strconv.ParseFloat(b, 64)
	switch {
	case notX == nil && notY == nil:
		return cmp.Or(cmp.Compare(x, y), cmp.Compare(a, b))
	case notX == nil:
		return -1
	case notY == nil:
		return 1
	}
	return cmp.Compare(a, b)
}

// texts gives values as category names; what is missing is left out.
func texts(values drift.Values) []string {
	if text, ok := values.(drift.Strings); ok {
		return text
	}
	var names []string
	for _, v := range withoutNaN(numbers(values)) {
		names = append(names, strconv.FormatFloat(v, 'g', -1, 64))
	}
	return names
}

// newDashboard is what a project gets that has none. The identities follow from the titles, so that two processes set the same.
func newDashboard() *evidently.Dashboard {
	count, share := map[string]string{"value_type": "count"}, map[string]string{"value_type": "share"}
	version := "v{{model_version}}"
	dashboard := &evidently.Dashboard{Tabs: []evidently.Tab{{ID: dashboardID("tab"), Title: "Drift and outliers"}}}
	for _, p := range []struct {
		title, subtitle string
		size            evidently.PanelSize
		plot            evidently.Plot
		value           evidently.PanelValue
	}{
		{"Share of drifted columns", "from 0.5 on, the table counts as drifted", evidently.Half, line, evidently.PanelValue{
			Metric: "DriftedColumnsCount", Legend: version, Labels: share,
		}},
		{"Share of outliers", "of a window's predictions", evidently.Half, line, evidently.PanelValue{Metric: outlierMetric, Legend: version, Labels: share}},
		{"Drift by column", "p-values and distances, as the method says", evidently.Full, line, evidently.PanelValue{
			Metric: "ValueDrift", Legend: "{{column}} " + version,
		}},
		// Bars, since the page writes "no value" for a counter of 0.
		{"Drifted columns", "in a window", evidently.Half, bars, evidently.PanelValue{Metric: "DriftedColumnsCount", Legend: version, Labels: count}},
		{"Outliers", "in a window", evidently.Half, bars, evidently.PanelValue{Metric: outlierMetric, Legend: version, Labels: count}},
		{"Predictions", "in a window", evidently.Full, bars, evidently.PanelValue{Metric: "RowCount", Legend: version}},
	} {
		panel := evidently.Panel{
			ID: dashboardID(p.title), Title: p.title, Subtitle: p.subtitle, Size: p.size, Values: []evidently.PanelValue{p.value}, Plot: p.plot,
		}
		dashboard.Panels = append(dashboard.Panels, panel)
		dashboard.Tabs[0].Panels = append(dashboard.Tabs[0].Panels, panel.ID)
	}
	return dashboard
}

func dashboardID(title string) string {
	return uuid.NewSHA1(windows, []byte("dashboard "+title)).String()
}

var (
	line = evidently.Plot{Type: "line"}
	bars = evidently.Plot{Type: "bar"}
)
