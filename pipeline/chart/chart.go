// Package chart draws what people would rather look at than read: matrices with a number in each cell ([HeatMap]; [Confusion] for
// a confusion matrix), curves ([Lines], which are also densities, ROC and precision-recall curves), and bars ([BarChart], [Bars]).
//
// Each of them makes a [Picture], which is written as PNG or SVG or handed on as an image. All have one look: sans-serif, a white ground
// (so that they can be read on a page of any colour), colours that colour-blind people can tell apart.
//
// Drawing is done by gonum.org/v1/plot; nothing of it shows. The package imports no other package of the module.
package chart

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"io"
	"strconv"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Picture is a finished drawing. It never changes.
type Picture struct {
	plot          *plot.Plot
	width, height vg.Length
}

// PNG writes the picture as PNG, at 96 pixels an inch.
func (p *Picture) PNG() (io.WriterTo, error) { return p.as("png") }

// SVG writes the picture as SVG, in a font of the reader's with the measures of the one that the picture was laid out for.
func (p *Picture) SVG() (io.WriterTo, error) {
	writer, err := p.as("svg")
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	if _, err := writer.WriteTo(&b); err != nil {
		return nil, err
	}
	return bytes.NewReader(bytes.ReplaceAll(b.Bytes(), []byte("font-family:Liberation Sans"), []byte("font-family:Liberation Sans,Arial,Helvetica,sans-serif"))), nil
}

// margin keeps what is drawn from the picture's edges.
const margin = 10

func (p *Picture) as(format string) (io.WriterTo, error) {
	canvas, err := draw.NewFormattedCanvas(p.width, p.height, format)
	if err != nil {
		return nil, err
	}
	whole := draw.New(canvas)
	whole.FillPolygon(color.White, corners(whole.Rectangle))
	by := vg.Points(margin)
	p.plot.Draw(draw.Crop(whole, by, -by, by, -by))
	return canvas, nil
}

// Image is the picture in pixels.
func (p *Picture) Image() (image.Image, error) {
	writer, err := p.PNG()
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	if _, err := writer.WriteTo(&b); err != nil {
		return nil, err
	}
	return png.Decode(&b)
}

// palette is Okabe and Ito's, whose colours differ for colour-blind people too (M. Okabe, K. Ito, "Color Universal Design", 2008).
var palette = []color.NRGBA{
	{0x00, 0x72, 0xb2, 0xff},
	{0xd5, 0x5e, 0x00, 0xff},
	{0x00, 0x9e, 0x73, 0xff},
	{0xcc, 0x79, 0xa7, 0xff},
	{0xe6, 0x9f, 0x00, 0xff},
	{0x56, 0xb4, 0xe9, 0xff},
	{0x80, 0x80, 0x80, 0xff},
	{0x00, 0x00, 0x00, 0xff},
}

// colorOf is the colour of series i: after the last one they start again.
func colorOf(i int) color.NRGBA { return palette[i%len(palette)] }

var ink = color.NRGBA{0x22, 0x22, 0x22, 0xff}

// newPlot makes an empty plot in this package's look.
func newPlot(title, x, y string) *plot.Plot {
	p := plot.New()
	p.BackgroundColor = color.White
	p.Title.Text, p.X.Label.Text, p.Y.Label.Text = title, x, y
	p.Title.Padding = vg.Points(8)
	for style, size := range map[*text.Style]float64{
		&p.Title.TextStyle: 13, &p.X.Label.TextStyle: 10, &p.Y.Label.TextStyle: 10,
		&p.X.Tick.Label: 9, &p.Y.Tick.Label: 9, &p.Legend.TextStyle: 9,
	} {
		style.Font = sans(size)
		style.Color = ink
	}
	p.X.LineStyle.Color, p.Y.LineStyle.Color = ink, ink
	p.Legend.Top = true
	p.Legend.Padding = vg.Points(3)
	p.Legend.XOffs, p.Legend.YOffs = -vg.Points(6), -vg.Points(4)
	p.X.Tick.Marker, p.Y.Tick.Marker = shortTicks{}, shortTicks{}
	return p
}

// shortTicks are gonum's ticks with their numbers in the shortest form.
type shortTicks struct{}

// Ticks implements plot.Ticker.
func (shortTicks) Ticks(low, high float64) []plot.Tick {
	ticks := plot.DefaultTicks{}.Ticks(low, high)
	for i, t := range ticks {
		if t.Label != "" {
			ticks[i].Label = strconv.FormatFloat(t.Value, 'g', 6, 64)
		}
	}
	return ticks
}

func sans(points float64) font.Font {
	return font.Font{Typeface: "Liberation", Variant: "Sans", Size: vg.Points(points)}
}

// atLeast keeps a drawing of few things from being too small to read.
func atLeast(least, size float64) vg.Length { return vg.Points(max(least, size)) }

// sameLength refuses series that do not fit each other.
func sameLength(what string, got, want int) error {
	if got != want {
		return fmt.Errorf("chart: %s has %d values, where %d were expected", what, got, want)
	}
	return nil
}
