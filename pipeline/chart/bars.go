package chart

import (
	"errors"
	"fmt"
	"image"
	"math"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// BarChart is a bar for each name, with its value at its end.
type BarChart struct {
	Title, XLabel, YLabel string
	Names                 []string
	Values                []float64
	// Horizontal draws the bars from left to right, the first at the top: for long names.
	Horizontal bool
	// Format writes a value, as fmt does; "%.3g" when empty.
	Format string
}

// Bars draws one horizontal bar for each label, the first at the top, with its value beside it; axis says what is measured. It fails as
// [BarChart.Draw] does.
func Bars(title, axis string, labels []string, values []float64) (image.Image, error) {
	picture, err := BarChart{Title: title, XLabel: axis, Names: labels, Values: values, Horizontal: true}.Draw()
	if err != nil {
		return nil, err
	}
	return picture.Image()
}

// Draw makes the picture. It fails when the names do not fit the values, or when one is not finite.
func (b BarChart) Draw() (*Picture, error) {
	if len(b.Names) == 0 {
		return nil, errors.New("chart: no bars")
	}
	if err := sameLength("the bars", len(b.Values), len(b.Names)); err != nil {
		return nil, err
	}
	for i, v := range b.Values {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return nil, fmt.Errorf("chart: bar %s is %v, which has no length", b.Names[i], v)
		}
	}
	p := newPlot(b.Title, b.XLabel, b.YLabel)
	n := float64(len(b.Names))
	low, high := 0.0, 0.0
	for _, v := range b.Values {
		low, high = min(low, v), max(high, v)
	}
	room := 0.15 * max(high-low, 1e-12) // for the text at the ends
	value, name := &p.Y, &p.X
	if b.Horizontal {
		value, name = &p.X, &p.Y
	}
	name.Tick.Marker, name.Min, name.Max = names(b.Names, b.Horizontal), -0.6, n-0.4
	name.Tick.Length = 0
	value.Min, value.Max = low, high+room
	if low < 0 {
		value.Min = low - room
	}
	p.Add(&bars{BarChart: b})
	if b.Horizontal {
		return &Picture{p, vg.Points(430), atLeast(150, 22*n+80)}, nil
	}
	return &Picture{p, atLeast(360, 34*n+80), vg.Points(290)}, nil
}

// bars draws them.
type bars struct{ BarChart }

var _ plot.Plotter = (*bars)(nil)

// Plot draws every bar with its value.
func (b *bars) Plot(canvas draw.Canvas, p *plot.Plot) {
	toX, toY := p.Transforms(&canvas)
	format := b.Format
	if format == "" {
		format = "%.3g"
	}
	style := text.Style{Font: sans(9), Color: ink, Handler: p.Title.TextStyle.Handler}
	for i, v := range b.Values {
		var box vg.Rectangle
		gap := vg.Points(4)
		if v < 0 {
			gap = -gap
		}
		var at vg.Point
		if b.Horizontal {
			y := float64(len(b.Names) - 1 - i)
			box = vg.Rectangle{Min: vg.Point{X: toX(0), Y: toY(y - .35)}, Max: vg.Point{X: toX(v), Y: toY(y + .35)}}
			at = vg.Point{X: box.Max.X + gap, Y: toY(y)}
			style.XAlign, style.YAlign = sideOf(v), text.YCenter
		} else {
			box = vg.Rectangle{Min: vg.Point{X: toX(float64(i) - .35), Y: toY(0)}, Max: vg.Point{X: toX(float64(i) + .35), Y: toY(v)}}
			at = vg.Point{X: toX(float64(i)), Y: box.Max.Y + gap}
			style.XAlign, style.YAlign = text.XCenter, text.YBottom
			if v < 0 {
				style.YAlign = text.YTop
			}
		}
		canvas.FillPolygon(palette[0], corners(box))
		canvas.FillText(style, at, fmt.Sprintf(format, v))
	}
}

// sideOf keeps the text outside of a bar that goes to the left.
func sideOf(v float64) text.XAlignment {
	if v < 0 {
		return text.XRight
	}
	return text.XLeft
}
