package chart_test

import (
	"bytes"
	"encoding/xml"
	"errors"
	"image/color"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"mlopsgo/pipeline/chart"
)

type drawer interface {
	Draw() (*chart.Picture, error)
}

// charts is one of each kind.
var charts = map[string]drawer{
	"confusion": chart.HeatMap{
		Title: "Confusion matrix", XLabel: "Predicted label", YLabel: "True label", Format: "%.0f",
		Rows: []string{"5", "6", "7"}, Columns: []string{"5", "6", "7"},
		Values: [][]float64{{120, 30, 2}, {35, 90, 11}, {1, 20, 22}},
	},
	"correlation": chart.HeatMap{
		Title: "Correlation", Rows: []string{"volatile acidity", "alcohol"}, Columns: []string{"volatile acidity", "alcohol"},
		Values: [][]float64{{1, -.2}, {-.2, 1}}, Low: -1, High: 1, Diverging: true, Marked: func(i, j int) bool { return i != j },
	},
	"roc": chart.Lines{
		Title: "ROC", XLabel: "False positive rate", YLabel: "True positive rate", Diagonal: true, LegendBelow: true,
		Series: []chart.Line{{Name: "class 5", X: []float64{0, .1, 1}, Y: []float64{0, .8, 1}}, {Name: "class 6", X: []float64{0, .3, 1}, Y: []float64{0, .7, 1}}},
	},
	"density": chart.Lines{Title: "pH", Filled: true, Series: []chart.Line{{X: []float64{2, 3, 4}, Y: []float64{0, 1, 0}}}},
	"log":     chart.Lines{Title: "Trees", LogX: true, Series: []chart.Line{{X: []float64{1, 10, 100}, Y: []float64{.4, .5, .6}}}},
	"bars":    chart.BarChart{Title: "Classes", Names: []string{"3", "4", "5"}, Values: []float64{10, 53, 681}, Format: "%.0f"},
	"importance": chart.BarChart{
		Title: "Importance", Horizontal: true, Names: []string{"alcohol", "volatile acidity", "pH"}, Values: []float64{.4, .3, -.2},
	},
}

func TestPicturesShowWhatTheyAreGiven(t *testing.T) {
	dir := os.Getenv("STACK_SCREENSHOTS")
	for name, one := range charts {
		picture, err := one.Draw()
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		pixels, err := picture.Image()
		if err != nil {
			t.Fatal(err)
		}
		painted := map[color.Color]bool{}
		for x := range pixels.Bounds().Dx() {
			for y := range pixels.Bounds().Dy() {
				painted[pixels.At(x, y)] = true
			}
		}
		if size := pixels.Bounds(); len(painted) < 10 || size.Dx() < 200 || size.Dy() < 150 {
			t.Errorf("%s: %d colours on %v", name, len(painted), size)
		}
		vector := write(t, picture.SVG)
		if err := xml.Unmarshal(vector, new(struct{})); err != nil || !bytes.Contains(vector, []byte("<text")) {
			t.Errorf("%s: the SVG is none, or has no text: %v", name, err)
		}
		if dir != "" {
			if err := os.WriteFile(filepath.Join(dir, "chart-"+name+".png"), write(t, picture.PNG), 0o600); err != nil {
				t.Error(err)
			}
		}
	}
}

func TestValuesStandInTheCells(t *testing.T) {
	picture, err := charts["confusion"].Draw()
	if err != nil {
		t.Fatal(err)
	}
	vector := string(write(t, picture.SVG))
	for _, want := range []string{">120<", ">90<", ">Predicted label<", ">True label<"} {
		if !strings.Contains(vector, want) {
			t.Errorf("no %s in the SVG", want)
		}
	}
}

func TestWhatCannotBeDrawnIsRefused(t *testing.T) {
	for want, one := range map[string]drawer{
		"at least one cell": chart.HeatMap{},
		"row a has 1":       chart.HeatMap{Rows: []string{"a"}, Columns: []string{"x", "y"}, Values: [][]float64{{1}}},
		"the matrix has 0":  chart.HeatMap{Rows: []string{"a"}, Columns: []string{"x"}},
		"row a holds NaN":   chart.HeatMap{Rows: []string{"a"}, Columns: []string{"x"}, Values: [][]float64{{math.NaN()}}},
		"no curves":         chart.Lines{},
		"curve a has 1":     chart.Lines{Series: []chart.Line{{Name: "a", X: []float64{1, 2}, Y: []float64{1}}}},
		"NaN":               chart.Lines{Series: []chart.Line{{Name: "a", X: []float64{1, 2}, Y: []float64{1, math.NaN()}}}},
		"no bars":           chart.BarChart{},
		"the bars has 1":    chart.BarChart{Names: []string{"a", "b"}, Values: []float64{1}},
		"bar a is +Inf":     chart.BarChart{Names: []string{"a"}, Values: []float64{math.Inf(1)}},
	} {
		if _, err := one.Draw(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q, want %q in it", errors.Join(err), want)
		}
	}
}

func write(t *testing.T, format func() (io.WriterTo, error)) []byte {
	t.Helper()
	writer, err := format()
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if _, err := writer.WriteTo(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}
