package chart

import (
	"errors"
	"image/color"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
)

// Lines is curves in one frame.
type Lines struct {
	Title, XLabel, YLabel string
	Series                []Line
	// Filled colours the ground below each curve, as for densities.
	Filled bool
	// Diagonal draws the line from (0, 0) to (1, 1), which is a classifier that guesses in a ROC curve.
	Diagonal bool
	// LegendBelow puts the legend at the bottom, where a ROC curve leaves room.
	LegendBelow bool
	// LogX spaces the x axis by powers of ten; every X must be above 0.
	LogX bool
}

// Line is one curve: points (X[i], Y[i]), joined in their order. An empty Name keeps it out of the legend.
type Line struct {
	Name string
	X, Y []float64
}

// Draw makes the picture. It fails when X and Y of a curve differ in length or hold what is not finite.
func (l Lines) Draw() (*Picture, error) {
	if len(l.Series) == 0 {
		return nil, errors.New("chart: no curves")
	}
	p := newPlot(l.Title, l.XLabel, l.YLabel)
	p.Add(grid())
	if l.LogX {
		p.X.Scale, p.X.Tick.Marker = plot.LogScale{}, plot.LogTicks{Prec: -1}
	}
	if l.Diagonal {
		line, err := plotter.NewLine(plotter.XYs{{}, {X: 1, Y: 1}})
		if err != nil {
			return nil, err
		}
		line.Color, line.Dashes = color.Gray{0x99}, []vg.Length{vg.Points(4), vg.Points(3)}
		p.Add(line)
	}
	for i, series := range l.Series {
		if err := sameLength("curve "+series.Name, len(series.Y), len(series.X)); err != nil {
			return nil, err
		}
		line, err := plotter.NewLine(xys(series.X, series.Y))
		if err != nil {
			return nil, err
		}
		line.Color, line.Width = colorOf(i), vg.Points(1.5)
		if l.Filled {
			ground := colorOf(i)
			ground.A = 0x30
			line.FillColor = ground
		}
		p.Add(line)
		if series.Name != "" {
			p.Legend.Add(series.Name, line)
		}
	}
	if l.Filled {
		p.Y.Min = 0
	}
	if l.LegendBelow {
		p.Legend.Top, p.Legend.YOffs = false, vg.Points(8)
	}
	return &Picture{p, vg.Points(430), vg.Points(290)}, nil
}

func grid() *plotter.Grid {
	g := plotter.NewGrid()
	g.Vertical.Color, g.Horizontal.Color = color.Gray{0xdd}, color.Gray{0xdd}
	return g
}
