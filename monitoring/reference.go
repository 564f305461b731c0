package monitoring

import (
	"errors"
	"fmt"
	"io"
	"slices"

	"mlopsgo/internal/dataset"
	"mlopsgo/monitoring/drift"
)

// PredictionColumn is the column of a reference that holds the model's own label for the row, and the name under which labels are compared.
const PredictionColumn = "prediction"

// Reference is the table that predictions are compared with: the rows that the model was trained on, as columns of features, and the label that
// the model gave each row. It never changes.
type Reference struct {
	features   []referenceColumn // numbers
	prediction dataset.Column
	rows       int
}

// referenceColumn is a feature as Evidently sees it.
type referenceColumn struct {
	name   string
	kind   drift.Kind
	values drift.Values // Floats or Ints
}

// ReadReference reads a reference from CSV text with a header line. It must have the column "prediction"; the column target is left out when it
// is there, because predictions have none; all others are features and must hold numbers. file names the text in errors.
//
// Columns are numerical or categorical by Evidently's rules, applied to the reference and not to each window anew: 40 predictions may well show
// only ten values of a number that has hundreds, and a method that changes from window to window gives no line in a chart.
func ReadReference(r io.Reader, file, target string) (*Reference, error) {
	table, err := dataset.ReadCSV(r, file, dataset.ReadOptions{Need: []string{PredictionColumn}, Text: []string{PredictionColumn, target}})
	if errors.Is(err, dataset.ErrNoColumn) {
		return nil, fmt.Errorf("reference: %w: it is the model's own label for the row, which the predictions are compared with", err)
	}
	if err != nil {
		return nil, fmt.Errorf("reference: %w", err)
	}
	reference := &Reference{rows: table.Rows()}
	for _, c := range table.Columns() {
		switch c.Name() {
		case target:
		case PredictionColumn:
			reference.prediction = c
		default:
			values := valuesOf(c)
			kind, err := drift.InferKind(values)
			if err != nil {
				return nil, fmt.Errorf("reference %s: column %q: %w", file, c.Name(), err)
			}
			reference.features = append(reference.features, referenceColumn{c.Name(), kind, values})
		}
	}
	if len(reference.features) == 0 {
		return nil, fmt.Errorf("reference %s: there is no feature beside %q and the target %q", file, PredictionColumn, target)
	}
	return reference, nil
}

// Rows is the number of rows.
func (r *Reference) Rows() int { return r.rows }

// Features are the names of the features, in the order of the file.
func (r *Reference) Features() []string {
	names := make([]string, len(r.features))
	for i, f := range r.features {
		names[i] = f.name
	}
	return names
}

func valuesOf(c dataset.Column) drift.Values {
	switch c.Kind() {
	case dataset.Int64:
		return drift.Ints(c.Ints())
	case dataset.Float64:
		return drift.Floats(c.Floats())
	default:
		return drift.Strings(c.Strings())
	}
}

// matrix gives the features row by row.
func (r *Reference) matrix() [][]float64 {
	rows := make([][]float64, r.rows)
	for i := range rows {
		rows[i] = make([]float64, len(r.features))
	}
	for j, f := range r.features {
		for i, v := range numbers(f.values) {
			rows[i][j] = v
		}
	}
	return rows
}

// numbers gives numeric values as float64.
func numbers(values drift.Values) []float64 {
	switch values := values.(type) {
	case drift.Floats:
		return slices.Clone(values)
	case drift.Ints:
		floats := make([]float64, len(values))
		for i, v := range values {
			floats[i] = float64(v)
		}
		return floats
	default:
		return nil
	}
}
