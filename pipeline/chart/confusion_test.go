package chart_test

import (
	"image"
	"image/color"
	"image/png"
	"math"
	"os"
	"path/filepath"
	"testing"

	"mlopsgo/pipeline/chart"
)

// keep writes a picture where STACK_SCREENSHOTS says, to be looked at.
func keep(t *testing.T, name string, picture image.Image) {
	t.Helper()
	dir := os.Getenv("STACK_SCREENSHOTS")
	if dir == "" {
		return
	}
	file, err := os.Create(filepath.Join(dir, name+".png"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = file.Close() }()
	if err := png.Encode(file, picture); err != nil {
		t.Fatal(err)
	}
}

// darkest gives the least brightness within a part of the picture, given in shares of its size.
func darkest(picture image.Image, x0, y0, x1, y1 float64) uint8 {
	size := picture.Bounds().Size()
	least := uint8(255)
	for y := int(y0 * float64(size.Y)); y < int(y1*float64(size.Y)); y++ {
		for x := int(x0 * float64(size.X)); x < int(x1*float64(size.X)); x++ {
			least = min(least, color.GrayModel.Convert(picture.At(x, y)).(color.Gray).Y)
		}
	}
	return least
}

func TestConfusionPutsTheDiagonalFromTopLeft(t *testing.T) {
	picture, err := chart.Confusion("Confusion matrix", []string{"3", "4", "5", "6", "7", "8"}, [][]int{
		{0, 0, 2, 0, 0, 0},
		{0, 0, 14, 5, 0, 0},
		{0, 0, 131, 41, 1, 0},
		{0, 1, 44, 100, 16, 0},
		{0, 0, 1, 17, 21, 0},
		{0, 0, 0, 2, 4, 0},
	})
	if err != nil {
		t.Fatal(err)
	}
	keep(t, "chart-confusion", picture)
	// Nothing of class 3 was right and most of class 5 was: of the two cells on the diagonal, the second is the darker.
	if first, third := darkest(picture, 0.16, 0.08, 0.2, 0.12), darkest(picture, 0.38, 0.37, 0.42, 0.40); first < 200 || third > 160 {
		t.Errorf("brightness %d of the cell 3/3, %d of 5/5", first, third)
	}
}

func TestBarsPutTheFirstOnTop(t *testing.T) {
	picture, err := chart.Bars("Importance of features", "mean decrease in impurity",
		[]string{"alcohol", "volatile acidity", "sulphates", "citric acid"}, []float64{0.31, 0.26, 0.235, 0.01})
	if err != nil {
		t.Fatal(err)
	}
	keep(t, "chart-bars", picture)
	if top, bottom := darkest(picture, 0.6, 0.18, 0.65, 0.3), darkest(picture, 0.6, 0.58, 0.65, 0.64); top > 160 || bottom < 200 {
		t.Errorf("brightness %d where the longest bar should be, %d where the shortest ends long before", top, bottom)
	}
}

func TestChartsRefuse(t *testing.T) {
	for name, draw := range map[string]func() (image.Image, error){
		"no class":      func() (image.Image, error) { return chart.Confusion("", nil, nil) },
		"not square":    func() (image.Image, error) { return chart.Confusion("", []string{"a", "b"}, [][]int{{1, 2}, {3}}) },
		"too few rows":  func() (image.Image, error) { return chart.Confusion("", []string{"a", "b"}, [][]int{{1, 2}}) },
		"no bar":        func() (image.Image, error) { return chart.Bars("", "", nil, nil) },
		"no value":      func() (image.Image, error) { return chart.Bars("", "", []string{"a"}, nil) },
		"not a number":  func() (image.Image, error) { return chart.Bars("", "", []string{"a"}, []float64{math.NaN()}) },
		"all bars zero": func() (image.Image, error) { return chart.Bars("", "", []string{"a", "b"}, []float64{0, math.Inf(1)}) },
	} {
		if picture, err := draw(); err == nil || picture != nil {
			t.Errorf("%s: a picture, error %v", name, err)
		}
	}
	if _, err := chart.Bars("", "", []string{"a", "b"}, []float64{0, 0}); err != nil {
		t.Errorf("bars of nothing: %v", err)
	}
}
