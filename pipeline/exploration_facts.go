package pipeline

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
	"strings"

	"mlopsgo/internal/dataset"
	"mlopsgo/monitoring/outlier"
	"mlopsgo/pipeline/describe"
)

// FeatureFacts is what an exploration says of a feature.
type FeatureFacts struct {
	Name string
	describe.Summary
	// Missing is the number of values that it lacks.
	Missing int
	// Correlation is that with the target, as Explored.Measure says; NaN when the feature or the target has only one value.
	Correlation float64
	// Kept says that it reaches the threshold.
	Kept bool
}

// ClassFacts is what an exploration says of a class.
type ClassFacts struct {
	Name string
	Rows int
	// Share is that of all rows.
	Share float64
}

// exploration is a table on its way to a report.
type exploration struct {
	found   *Explored
	columns [][]float64 // of the features, in their order
	classes []int       // of the rows, as indices of found.Classes
}

// look computes the figures.
func (e Exploration) look(ctx context.Context) (*exploration, error) {
	table := e.Data.Table
	target, err := table.Column(e.Target)
	if err != nil {
		return nil, fmt.Errorf("target: %w", err)
	}
	x := &exploration{found: &Explored{
		Name: table.Name(), Location: e.Data.Location, Rows: table.Rows(), Target: e.Target, Threshold: e.Threshold,
		Incomplete: table.Incomplete().Rows(),
	}}
	if err := x.classesOf(target); err != nil {
		return nil, err
	}
	features := e.Features
	if len(features) == 0 {
		features = slices.DeleteFunc(table.Names(), func(name string) bool { return name == e.Target })
	}
	if len(features) == 0 {
		return nil, fmt.Errorf("data %s: there is no numeric column beside the target %q", e.Data.Location, e.Target)
	}
	for _, name := range features {
		if err := x.feature(table, name, target); err != nil {
			return nil, err
		}
	}
	x.found.Columns = len(features)
	x.found.Duplicates = duplicates(x.columns, x.classes)
	if err := x.correlate(target); err != nil {
		return nil, err
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if err := x.outliers(); err != nil {
		return nil, err
	}
	return x, nil
}

// classesOf counts the classes and numbers the rows by them.
func (x *exploration) classesOf(target dataset.Column) error {
	names, y, err := newClasses(target)
	if err != nil {
		return err
	}
	distinct := slices.Compact(slices.Sorted(slices.Values(y)))
	x.classes = make([]int, len(y))
	counts := make([]int, len(distinct))
	for row, class := range y {
		at, _ := slices.BinarySearch(distinct, class)
		x.classes[row] = at
		counts[at]++
	}
	for i, class := range distinct {
		x.found.Classes = append(x.found.Classes, ClassFacts{names.Text(class), counts[i], float64(counts[i]) / float64(len(y))})
	}
	return nil
}

// feature describes one column.
func (x *exploration) feature(table *dataset.Table, name string, target dataset.Column) error {
	if name == target.Name() {
		return fmt.Errorf("the target %q is among the features", name)
	}
	column, err := table.Column(name)
	if err != nil {
		return fmt.Errorf("features: %w", err)
	}
	values := column.Floats()
	if values == nil {
		return fmt.Errorf("feature %q holds text; an exploration is of numbers", name)
	}
	facts := FeatureFacts{Name: name, Missing: table.Incomplete().Cells(name)}
	if facts.Summary, err = describe.Summarize(values); err != nil {
		return err
	}
	if y := target.Floats(); y != nil {
		x.found.Measure = "Pearson correlation"
		pair, err := describe.Correlation([][]float64{values, y})
		if err != nil {
			return err
		}
		facts.Correlation = pair[0][1]
	} else {
		x.found.Measure = "correlation ratio"
		if facts.Correlation, err = describe.CorrelationRatio(values, x.classes); err != nil {
			return err
		}
	}
	facts.Kept = math.Abs(facts.Correlation) > x.found.Threshold
	x.found.Features = append(x.found.Features, facts)
	x.columns = append(x.columns, values)
	return nil
}

// correlate fills the matrix.
func (x *exploration) correlate(target dataset.Column) (err error) {
	columns := slices.Clone(x.columns)
	for _, f := range x.found.Features {
		x.found.Names = append(x.found.Names, f.Name)
	}
	if y := target.Floats(); y != nil {
		columns, x.found.Names = append(columns, y), append(x.found.Names, target.Name())
	}
	if x.found.Correlation, err = describe.Correlation(columns); err != nil {
		return err
	}
	for _, row := range x.found.Correlation {
		for i, r := range row {
			if math.IsNaN(r) {
				row[i] = 0
			}
		}
	}
	return nil
}

// outliers counts the rows that an isolation forest of scikit-learn's defaults sets apart.
func (x *exploration) outliers() error {
	rows := make([][]float64, x.found.Rows)
	for i := range rows {
		rows[i] = make([]float64, len(x.columns))
		for j, column := range x.columns {
			rows[i][j] = column[i]
		}
	}
	if len(rows) < 2 {
		return nil // nothing to be unlike
	}
	model, err := outlier.Fit(rows, outlier.Config{})
	if err != nil {
		return fmt.Errorf("outliers: %w", err)
	}
	strange, _, err := model.Predict(rows)
	if err != nil {
		return fmt.Errorf("outliers: %w", err)
	}
	for _, is := range strange {
		if is {
			x.found.Outliers++
		}
	}
	return nil
}

// duplicates counts the rows that repeat an earlier one in all features and the class.
func duplicates(columns [][]float64, classes []int) int {
	order := make([]int, len(classes))
	for i := range order {
		order[i] = i
	}
	compare := func(a, b int) int {
		for _, column := range columns {
			if c := cmp.Compare(column[a], column[b]); c != 0 {
				return c
			}
		}
		return cmp.Compare(classes[a], classes[b])
	}
	slices.SortFunc(order, compare)
	n := 0
	for i := 1; i < len(order); i++ {
		if compare(order[i-1], order[i]) == 0 {
			n++
		}
	}
	return n
}

// metricName keeps of a column's name what MLflow allows in the name of a metric.
func metricName(name string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r >= '0' && r <= '9', r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', strings.ContainsRune("_-. :", r):
			return r
		}
		return '_'
	}, name)
}
