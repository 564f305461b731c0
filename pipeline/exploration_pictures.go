package pipeline

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"html/template"
	"io"
	"math"
	"slices"
	"strings"

	"mlopsgo/pipeline/chart"
	"mlopsgo/pipeline/describe"
)

const (
	densityPlaces = 200 // as seaborn's kdeplot
	densityRows   = 5000
	mostCurves    = 8
	mostDensities = 24
)

// reportPicture is a picture with its place among the files, without ending.
type reportPicture struct {
	name    string
	picture *chart.Picture
}

// reportPictures are the pictures in the order of the report.
type reportPictures struct {
	balance, target, correlation reportPicture
	// byClass and whole have one for each feature that has a density.
	byClass, whole []reportPicture
}

// all are the pictures as a list.
func (p reportPictures) all() []reportPicture {
	return slices.Concat([]reportPicture{p.balance, p.target, p.correlation}, p.byClass, p.whole)
}

// pictures draws everything.
func (x *exploration) pictures(ctx context.Context) (reportPictures, error) {
	var p reportPictures
	for _, one := range []struct {
		to   *reportPicture
		name string
		draw func() (*chart.Picture, error)
	}{
		{&p.balance, "class_balance", x.balance().Draw},
		{&p.target, "correlation_with_target", x.withTarget().Draw},
		{&p.correlation, "correlation", x.matrix().Draw},
	} {
		picture, err := one.draw()
		if err != nil {
			return p, err
		}
		*one.to = reportPicture{one.name, picture}
	}
	telling := x.found.Telling()
	telling = telling[:min(mostDensities, len(telling))]
	for i, feature := range x.found.Features {
		if err := ctx.Err(); err != nil {
			return p, err
		}
		if !slices.ContainsFunc(telling, func(f FeatureFacts) bool { return f.Name == feature.Name }) {
			continue // hundreds of pictures show nothing
		}
		if err := x.densities(i, &p); err != nil {
			return p, err
		}
	}
	return p, nil
}

// balance shows how many rows each class has.
func (x *exploration) balance() chart.BarChart {
	b := chart.BarChart{Title: "Rows of each class", XLabel: x.found.Target, YLabel: "rows", Format: "%.0f"}
	for _, c := range x.found.Classes {
		b.Names, b.Values = append(b.Names, c.Name), append(b.Values, float64(c.Rows))
	}
	if b.Horizontal = len(b.Names) > 12 || slices.ContainsFunc(b.Names, func(n string) bool { return len(n) > 8 }); b.Horizontal {
		b.XLabel, b.YLabel = b.YLabel, b.XLabel
	}
	return b
}

// withTarget shows how much each feature tells of the target, most first.
func (x *exploration) withTarget() chart.BarChart {
	b := chart.BarChart{Title: "What the features tell of " + x.found.Target, XLabel: x.found.Measure, Horizontal: true, Format: "%.2f"}
	for _, f := range x.found.Telling() {
		b.Names, b.Values = append(b.Names, f.Name), append(b.Values, orZero(f.Correlation))
	}
	return b
}

// Telling are the features by what they tell of the target, most first.
func (e *Explored) Telling() []FeatureFacts {
	return slices.SortedStableFunc(slices.Values(e.Features), func(a, b FeatureFacts) int {
		return cmp.Compare(math.Abs(orZero(b.Correlation)), math.Abs(orZero(a.Correlation)))
	})
}

func orZero(v float64) float64 {
	if math.IsNaN(v) {
		return 0
	}
	return v
}

// matrix shows the correlations; those that pass the threshold have a frame.
func (x *exploration) matrix() chart.HeatMap {
	return chart.HeatMap{
		Title: fmt.Sprintf("Pearson correlation (framed: beyond ±%v)", x.found.Threshold),
		Rows:  x.found.Names, Columns: x.found.Names, Values: x.found.Correlation, Low: -1, High: 1, Diverging: true,
		Marked: func(i, j int) bool { return i != j && math.Abs(x.found.Correlation[i][j]) > x.found.Threshold },
	}
}

// densities draws a feature's density, as a whole and class by class. A feature of one value has none.
func (x *exploration) densities(i int, p *reportPictures) error {
	feature := x.found.Features[i]
	if feature.Distinct < 2 {
		return nil
	}
	whole, err := describe.Density(everyNth(x.columns[i]), densityPlaces, 1)
	if err != nil {
		return err
	}
	lines := chart.Lines{
		Title: feature.Name, XLabel: feature.Name, YLabel: "density", Filled: true, Series: []chart.Line{{X: whole.X, Y: whole.Y}},
	}
	picture, err := lines.Draw()
	if err != nil {
		return err
	}
	file := fmt.Sprintf("%02d_%s", i+1, fileName(feature.Name))
	p.whole = append(p.whole, reportPicture{"density/" + file, picture})
	lines.Title, lines.Series = feature.Name+" by "+x.found.Target, x.byClass(i)
	if len(lines.Series) == 0 {
		return nil
	}
	if picture, err = lines.Draw(); err != nil {
		return err
	}
	p.byClass = append(p.byClass, reportPicture{"density_by_class/" + file, picture})
	return nil
}

// byClass are the curves of a feature in the most frequent classes, each below it its class's share. A class whose rows are all alike has
// none.
func (x *exploration) byClass(i int) []chart.Line {
	var lines []chart.Line
	for class, facts := range x.found.Classes {
		if rank := x.rank(class); rank >= mostCurves {
			continue
		}
		var values []float64
		for row, c := range x.classes {
			if c == class {
				values = append(values, x.columns[i][row])
			}
		}
		curve, err := describe.Density(everyNth(values), densityPlaces, facts.Share)
		if err != nil {
			continue // a single value
		}
		lines = append(lines, chart.Line{Name: facts.Name, X: curve.X, Y: curve.Y})
	}
	return lines
}

// rank is the number of classes that have more rows.
func (x *exploration) rank(class int) int {
	rank := 0
	for other, facts := range x.found.Classes {
		if mine := x.found.Classes[class].Rows; facts.Rows > mine || (facts.Rows == mine && other < class) {
			rank++
		}
	}
	return rank
}

// everyNth bounds the work on long columns: a density of some thousand values looks like that of all.
func everyNth(values []float64) []float64 {
	step := (len(values) + densityRows - 1) / densityRows
	if step <= 1 {
		return values
	}
	var some []float64
	for i := 0; i < len(values); i += step {
		some = append(some, values[i])
	}
	return some
}

// fileName keeps a column's name fit for every file system and for MLflow.
func fileName(name string) string {
	safe := strings.Map(func(r rune) rune {
		switch {
		case r >= '0' && r <= '9', r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r == '-':
			return r
		}
		return '_'
	}, name)
	return safe[:min(len(safe), 60)]
}

// svg is a picture to stand in a page.
func (p reportPicture) svg() (template.HTML, error) {
	text, err := bytesOf(p.picture.SVG)
	if err != nil {
		return "", err
	}
	at := bytes.Index(text, []byte("<svg"))      // without the XML declaration
	return template.HTML(text[max(at, 0):]), nil //nolint:gosec // our own drawing, whose texts its writer escapes
}

func bytesOf(format func() (io.WriterTo, error)) ([]byte, error) {
	writer, err := format()
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	_, err = writer.WriteTo(&b)
	return b.Bytes(), err
}
