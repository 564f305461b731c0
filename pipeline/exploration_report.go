package pipeline

import (
	"bytes"
	_ "embed"
	"encoding/csv"
	"fmt"
	"html/template"
	"math"
	"strconv"
	"strings"
)

//go:embed exploration_report.html
var explorationPage string

// explorationTemplate is parsed when a report is made: its text is part of the program, and a test renders it.
func explorationTemplate() (*template.Template, error) {
	return template.New("report").Funcs(template.FuncMap{
		"number":  shortNumber,
		"percent": func(share float64) string { return strconv.FormatFloat(100*share, 'f', 1, 64) + " %" },
		"bar": func(v float64) string {
			return strconv.FormatFloat(100*math.Min(math.Abs(orZero(v)), 1), 'f', 1, 64) + "%"
		},
	}).Parse(explorationPage)
}

// shortNumber writes a figure with four digits.
func shortNumber(v float64) string {
	if math.IsNaN(v) {
		return "–"
	}
	return strconv.FormatFloat(v, 'g', 4, 64)
}

// explorationView is what the page shows.
type explorationView struct {
	*Explored
	Balance, Telling, Matrix template.HTML
	ByClass, Whole           []template.HTML
}

// files are the report, the table of figures, and each picture as PNG and SVG.
func (x *exploration) files(pictures reportPictures) ([]artifactFile, error) {
	figures, err := x.found.table()
	if err != nil {
		return nil, err
	}
	files := []artifactFile{{"describe.csv", figures}}
	for _, p := range pictures.all() {
		png, err := bytesOf(p.picture.PNG)
		if err != nil {
			return nil, err
		}
		svg, err := bytesOf(p.picture.SVG)
		if err != nil {
			return nil, err
		}
		files = append(files, artifactFile{"pictures/" + p.name + ".png", png}, artifactFile{"pictures/" + p.name + ".svg", svg})
	}
	page, err := x.page(pictures)
	if err != nil {
		return nil, err
	}
	return append(files, artifactFile{ExplorationReport, page}), nil
}

// page is the report: one file that needs no other.
func (x *exploration) page(pictures reportPictures) ([]byte, error) {
	view := explorationView{Explored: x.found}
	for _, one := range []struct {
		to *template.HTML
		of reportPicture
	}{{&view.Balance, pictures.balance}, {&view.Telling, pictures.target}, {&view.Matrix, pictures.correlation}} {
		svg, err := one.of.svg()
		if err != nil {
			return nil, err
		}
		*one.to = svg
	}
	for _, list := range []struct {
		to *[]template.HTML
		of []reportPicture
	}{{&view.ByClass, pictures.byClass}, {&view.Whole, pictures.whole}} {
		for _, p := range list.of {
			svg, err := p.svg()
			if err != nil {
				return nil, err
			}
			*list.to = append(*list.to, svg)
		}
	}
	t, err := explorationTemplate()
	if err != nil {
		return nil, err
	}
	var page bytes.Buffer
	err = t.Execute(&page, view)
	return page.Bytes(), err
}

// table is the description of the features as CSV, in full precision.
func (e *Explored) table() ([]byte, error) {
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	rows := [][]string{{"feature", "count", "missing", "mean", "std", "min", "25%", "50%", "75%", "max", "distinct", "outside_fences", "correlation", "kept"}}
	for _, f := range e.Features {
		row := []string{f.Name, strconv.Itoa(f.Count), strconv.Itoa(f.Missing)}
		for _, v := range []float64{f.Mean, f.Std, f.Min, f.Q1, f.Median, f.Q3, f.Max} {
			row = append(row, strconv.FormatFloat(v, 'g', -1, 64))
		}
		row = append(row, strconv.Itoa(f.Distinct), strconv.Itoa(f.Outside), strconv.FormatFloat(f.Correlation, 'g', -1, 64), strconv.FormatBool(f.Kept))
		rows = append(rows, row)
	}
	err := w.WriteAll(rows)
	return b.Bytes(), err
}

// note is the description of the run in MLflow, in Markdown.
func (e *Explored) note() string {
	var kept strings.Builder
	for _, f := range e.Telling() {
		if f.Kept {
			fmt.Fprintf(&kept, "- **%s** (%.3f)\n", f.Name, f.Correlation)
		}
	}
	if kept.Len() == 0 {
		kept.WriteString("- none\n")
	}
	return fmt.Sprintf("%d rows, %d features, %d classes of `%s`; %d rows lack a value, %d repeat another, %d are outliers.\n\n"+
		"Features whose %s with the target is beyond %v:\n\n%s\nThe whole report is the artifact `%s`.",
		e.Rows, e.Columns, len(e.Classes), e.Target, e.Incomplete, e.Duplicates, e.Outliers, e.Measure, e.Threshold, kept.String(), ExplorationReport)
}
