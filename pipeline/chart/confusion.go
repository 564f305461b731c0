package chart

import (
	"fmt"
	"image"
	"image/color"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Confusion draws a confusion matrix: counts[i][j] rows of true class classes[i] were predicted as classes[j]. A row stands for a true class, the
// first at the top, as scikit-learn draws it; a cell is the darker the larger its share of its row is. It fails when the matrix is not
// square or has no class.
func Confusion(title string, classes []string, counts [][]int) (image.Image, error) {
	n := len(classes)
	if n == 0 || len(counts) != n {
		return nil, fmt.Errorf("chart: a confusion matrix of %d classes with %d rows", n, len(counts))
	}
	for i, row := range counts {
		if len(row) != n {
			return nil, fmt.Errorf("chart: row %d of a confusion matrix of %d classes has %d cells", i, n, len(row))
		}
	}
	p := newPlot(title)
	p.X.Label.Text, p.Y.Label.Text = "predicted", "true"
	p.Add(matrix(counts))
	p.X.Tick.Marker, p.Y.Tick.Marker = names(classes, false), names(classes, true)
	p.X.Min, p.X.Max, p.Y.Min, p.Y.Max = -0.5, float64(n)-0.5, -0.5, float64(n)-0.5
	for _, axis := range []*plot.Axis{&p.X, &p.Y} {
		axis.Padding, axis.Tick.Length, axis.LineStyle.Width = 0, 0, 0
	}
	size := min(1600, 240+60*max(n, 4))
	return render(p, size, size), nil
}

// names puts the classes' names at 0, 1, …, or the other way round.
func names(classes []string, down bool) plot.ConstantTicks {
	ticks := make(plot.ConstantTicks, len(classes))
	for i, name := range classes {
		at := i
		if down {
			at = len(classes) - 1 - i
		}
		ticks[i] = plot.Tick{Value: float64(at), Label: name}
	}
	return ticks
}

// matrix is the plotter of the cells.
type matrix [][]int

// Plot fills the cells and writes the counts into them.
func (m matrix) Plot(c draw.Canvas, p *plot.Plot) {
	x, y := p.Transforms(&c)
	style := text.Style{
		Font: plot.DefaultFont, XAlign: draw.XCenter, YAlign: draw.YCenter, Handler: plot.DefaultTextHandler,
	}
	style.Font.Size = vg.Points(11)
	for i, row := range m {
		total := 0
		for _, n := range row {
			total += n
		}
		for j, n := range row {
			share := 0.0
			if total > 0 {
				share = float64(n) / float64(total)
			}
			low, high := vg.Point{X: x(float64(j) - 0.5), Y: y(float64(len(m)-1-i) - 0.5)}, vg.Point{X: x(float64(j) + 0.5), Y: y(float64(len(m)-1-i) + 0.5)}
			c.SetColor(shade(share))
			c.Fill(vg.Rectangle{Min: low, Max: high}.Path())
			c.SetColor(color.White)
			c.SetLineWidth(vg.Points(0.5))
			c.Stroke(vg.Rectangle{Min: low, Max: high}.Path())
			style.Color = color.Black
			if share > 0.5 {
				style.Color = color.White
			}
			c.FillText(style, vg.Point{X: (low.X + high.X) / 2, Y: (low.Y + high.Y) / 2}, fmt.Sprint(n))
		}
	}
}

// DataRange is that of the axes.
func (m matrix) DataRange() (xmin, xmax, ymin, ymax float64) {
	n := float64(len(m))
	return -0.5, n - 0.5, -0.5, n - 0.5
}

var _ plot.DataRanger = matrix(nil)

// shade goes from nearly white to the full ink.
func shade(share float64) color.Color {
	mix := func(full uint8) uint8 { return uint8(245 + share*(float64(full)-245)) }
	return color.RGBA{R: mix(ink.R), G: mix(ink.G), B: mix(ink.B), A: 0xff}
}
