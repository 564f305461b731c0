package chart

import (
	"errors"
	"fmt"
	"image/color"
	"math"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// HeatMap is a matrix drawn as coloured cells with their values in them: the first row at the top, as it is written.
type HeatMap struct {
	Title, XLabel, YLabel string
	// Rows and Columns name the cells; Values has a row for each of Rows with a value for each of Columns.
	Rows, Columns []string
	Values        [][]float64
	// Shades, unless nil, are the values that the colours tell, where they are not those that stand in the cells.
	Shades [][]float64
	// Format writes a value, as fmt does; "%.2f" when empty.
	Format string
	// Low and High are the values of the first and the last colour. When both are 0 they are the least and the greatest value.
	Low, High float64
	// Diverging colours from blue over white to red instead of from white to blue: for values on both sides of a middle.
	Diverging bool
	// Marked, unless nil, says which cells get a frame.
	Marked func(row, column int) bool
}

// Draw makes the picture. It fails when Values does not fit the names, or holds what is not finite.
func (h HeatMap) Draw() (*Picture, error) {
	if err := h.check(); err != nil {
		return nil, err
	}
	low, high := h.limits()
	p := newPlot(h.Title, h.XLabel, h.YLabel)
	p.Add(&cells{HeatMap: h, low: low, high: high})
	p.X.Min, p.X.Max = -0.5, float64(len(h.Columns))-0.5
	p.Y.Min, p.Y.Max = -0.5, float64(len(h.Rows))-0.5
	p.X.Tick.Marker, p.Y.Tick.Marker = names(h.Columns, false), names(h.Rows, true)
	p.X.Padding, p.Y.Padding = 0, 0
	p.X.Tick.Length, p.Y.Tick.Length = 0, 0
	if longest(h.Columns) > 6 {
		p.X.Tick.Label.Rotation = math.Pi / 4
		p.X.Tick.Label.XAlign, p.X.Tick.Label.YAlign = text.XRight, text.YTop
	}
	side := h.side()
	return &Picture{p, atLeast(300, side*float64(len(h.Columns))+130), atLeast(260, side*float64(len(h.Rows))+130)}, nil
}

// side is that of a cell in points: of many cells, each is smaller.
func (h HeatMap) side() float64 {
	const usual, most = 46, 1000
	return min(usual, max(12, most/float64(max(len(h.Rows), len(h.Columns)))))
}

func (h HeatMap) check() error {
	if h.Shades != nil {
		shades := h
		shades.Values, shades.Shades = h.Shades, nil
		if err := shades.check(); err != nil {
			return err
		}
	}
	if len(h.Rows) == 0 || len(h.Columns) == 0 {
		return errors.New("chart: a heat map needs at least one cell")
	}
	if err := sameLength("the matrix", len(h.Values), len(h.Rows)); err != nil {
		return err
	}
	for i, row := range h.Values {
		if err := sameLength("row "+h.Rows[i], len(row), len(h.Columns)); err != nil {
			return err
		}
		for _, v := range row {
			if math.IsNaN(v) || math.IsInf(v, 0) {
				return fmt.Errorf("chart: row %s holds %v, which has no colour", h.Rows[i], v)
			}
		}
	}
	return nil
}

func (h HeatMap) limits() (low, high float64) {
	if h.Low != 0 || h.High != 0 {
		return h.Low, h.High
	}
	values := h.shades()
	low, high = values[0][0], values[0][0]
	for _, row := range values {
		for _, v := range row {
			low, high = min(low, v), max(high, v)
		}
	}
	return low, high
}

// shades are the values that the colours tell.
func (h HeatMap) shades() [][]float64 {
	if h.Shades != nil {
		return h.Shades
	}
	return h.Values
}

// roomForText is the side of a cell, in points, from which its value stands in it.
const roomForText = 28

// cells draws the matrix.
type cells struct {
	HeatMap
	low, high float64
}

var _ plot.Plotter = (*cells)(nil)

// Plot draws every cell with its value.
func (c *cells) Plot(canvas draw.Canvas, p *plot.Plot) {
	toX, toY := p.Transforms(&canvas)
	style := text.Style{Font: sans(9), Handler: p.Title.TextStyle.Handler, XAlign: text.XCenter, YAlign: text.YCenter}
	format := c.Format
	if format == "" {
		format = "%.2f"
	}
	for i, row := range c.Values {
		y := float64(len(c.Rows) - 1 - i)
		for j, v := range row {
			x := float64(j)
			box := vg.Rectangle{Min: vg.Point{X: toX(x - .5), Y: toY(y - .5)}, Max: vg.Point{X: toX(x + .5), Y: toY(y + .5)}}
			fill := c.color(c.shades()[i][j])
			canvas.FillPolygon(fill, canvas.ClipPolygonXY(corners(box)))
			if c.Marked != nil && c.Marked(i, j) {
				canvas.StrokeLines(draw.LineStyle{Color: ink, Width: vg.Points(2)}, append(corners(inset(box)), inset(box).Min))
			}
			if c.side() < roomForText {
				continue
			}
			style.Color = readable(fill)
			canvas.FillText(style, vg.Point{X: (box.Min.X + box.Max.X) / 2, Y: (box.Min.Y + box.Max.Y) / 2}, fmt.Sprintf(format, v))
		}
	}
}

func corners(b vg.Rectangle) []vg.Point {
	return []vg.Point{b.Min, {X: b.Max.X, Y: b.Min.Y}, b.Max, {X: b.Min.X, Y: b.Max.Y}}
}

func inset(b vg.Rectangle) vg.Rectangle {
	by := vg.Point{X: vg.Points(2), Y: vg.Points(2)}
	return vg.Rectangle{Min: b.Min.Add(by), Max: b.Max.Sub(by)}
}

// color is the colour of a value: linear between white and the colours of the ends.
func (c *cells) color(v float64) color.NRGBA {
	at := 1.0
	if c.high > c.low {
		at = min(max((v-c.low)/(c.high-c.low), 0), 1)
	}
	blue, red, white := palette[0], palette[1], color.NRGBA{0xff, 0xff, 0xff, 0xff}
	switch {
	case !c.Diverging:
		return between(white, blue, at)
	case at < 0.5:
		return between(blue, white, at*2)
	default:
		return between(white, red, at*2-1)
	}
}

func between(a, b color.NRGBA, at float64) color.NRGBA {
	mix := func(x, y uint8) uint8 { return uint8(math.Round(float64(x) + at*(float64(y)-float64(x)))) }
	return color.NRGBA{mix(a.R, b.R), mix(a.G, b.G), mix(a.B, b.B), 0xff}
}

// readable is black or white, whichever stands out (luminance of ITU-R BT.601).
func readable(ground color.NRGBA) color.Color {
	if 0.299*float64(ground.R)+0.587*float64(ground.G)+0.114*float64(ground.B) > 140 {
		return ink
	}
	return color.White
}

// names puts a name at 0, 1, 2, …, or from the top down.
func names(texts []string, down bool) plot.ConstantTicks {
	ticks := make([]plot.Tick, len(texts))
	for i, t := range texts {
		at := i
		if down {
			at = len(texts) - 1 - i
		}
		ticks[i] = plot.Tick{Value: float64(at), Label: t}
	}
	return ticks
}

func longest(texts []string) int {
	most := 0
	for _, t := range texts {
		most = max(most, len([]rune(t)))
	}
	return most
}

// xys pairs coordinates.
func xys(x, y []float64) plotter.XYs {
	points := make(plotter.XYs, len(x))
	for i := range x {
		points[i] = plotter.XY{X: x[i], Y: y[i]}
	}
	return points
}
