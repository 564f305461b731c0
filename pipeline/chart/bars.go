package chart

import (
	"fmt"
	"image"
	"math"
	"strconv"

	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
)

// Bars draws one horizontal bar for each label, the first at the top, with its value beside it; axis says what is measured. It fails when there
// is no bar, the numbers of labels and values differ, or a value is not finite.
func Bars(title, axis string, labels []string, values []float64) (image.Image, error) {
	n := len(labels)
	if n == 0 || len(values) != n {
		return nil, fmt.Errorf("chart: %d labels for %d bars", n, len(values))
	}
	down := make(plotter.Values, n)
	beside := plotter.XYLabels{XYs: make(plotter.XYs, n), Labels: make([]string, n)}
	low, high := 0.0, 0.0
	for i, value := range values {
		if math.IsNaN(value) || math.IsInf(value, 0) {
			return nil, fmt.Errorf("chart: the bar %q is %v", labels[i], value)
		}
		at := n - 1 - i
		down[at] = value
		beside.XYs[at] = plotter.XY{X: math.Max(value, 0), Y: float64(at)}
		beside.Labels[at] = " " + strconv.FormatFloat(value, 'g', 3, 64)
		low, high = math.Min(low, value), math.Max(high, value)
	}
	p := newPlot(title)
	p.X.Label.Text = axis
	bars, err := plotter.NewBarChart(down, vg.Points(14))
	if err != nil {
		return nil, fmt.Errorf("chart: %w", err)
	}
	bars.Horizontal, bars.Color, bars.LineStyle.Width = true, ink, 0
	written, err := plotter.NewLabels(beside)
	if err != nil {
		return nil, fmt.Errorf("chart: %w", err)
	}
	for i := range written.TextStyle {
		written.TextStyle[i].YAlign, written.TextStyle[i].Font.Size = -0.5, vg.Points(10)
	}
	p.Add(bars, written)
	p.Y.Tick.Marker, p.Y.Tick.Length, p.Y.LineStyle.Width = names(labels, true), 0, 0
	p.Y.Min, p.Y.Max = -0.7, float64(n)-0.3
	p.X.Min, p.X.Max = low, high+(high-low)*0.15
	return render(p, 720, min(3000, 130+30*max(n, 3))), nil
}
