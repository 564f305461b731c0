package chart

import (
	"image"
	"image/color"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"
)

// dpi is the resolution of all charts: an inch on the paper is as many pixels.
const dpi = 100

// ink is the colour of bars and full cells.
var ink = color.RGBA{R: 0x1f, G: 0x5f, B: 0xa8, A: 0xff}

// newPlot makes an empty plot with this package's margins and sizes of letters.
func newPlot(title string) *plot.Plot {
	p := plot.New()
	p.Title.Text = title
	p.Title.TextStyle.Font.Size = vg.Points(13)
	p.Title.Padding = vg.Points(8)
	for _, axis := range []*plot.Axis{&p.X, &p.Y} {
		axis.Label.TextStyle.Font.Size = vg.Points(11)
		axis.Tick.Label.Font.Size = vg.Points(10)
	}
	return p
}

// render draws a plot onto white paper of the given size in pixels.
func render(p *plot.Plot, width, height int) image.Image {
	const margin = vg.Length(8)
	canvas := vgimg.NewWith(vgimg.UseWH(pixels(width), pixels(height)), vgimg.UseDPI(dpi), vgimg.UseBackgroundColor(color.White))
	p.Draw(draw.Crop(draw.New(canvas), margin, -margin, margin, -margin))
	return canvas.Image()
}

func pixels(n int) vg.Length { return vg.Length(n) * vg.Inch / dpi }
