package monitoring

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"time"

	"mlopsgo/internal/dataset"
	"mlopsgo/monitoring/drift"
	"mlopsgo/monitoring/outlier"
)

// Prediction is one logged prediction: the features that the model was given and the label that it gave.
type Prediction struct {
	// ID is a UUID.
	ID      string
	Time    time.Time
	Version string
	// Features are numbers by name; what is no number counts as missing.
	Features map[string]any
	Label    string
	// Truth is the true label, "" while it is not known.
	Truth string
}

// ErrNoColumn is what errors.Is finds when no prediction of a window has a feature that the reference has.
var ErrNoColumn = errors.New("the predictions lack a column of the reference")

// Comparer compares predictions with one reference. Make it with [NewComparer]; it is safe for concurrent use.
type Comparer struct {
	reference *Reference
	forest    *outlier.Model
}

// NewComparer learns from the reference which rows are usual. The same reference and config give the same verdicts.
func NewComparer(reference *Reference, config outlier.Config) (*Comparer, error) {
	forest, err := outlier.Fit(reference.matrix(), config)
	if err != nil {
		return nil, fmt.Errorf("reference: %w", err)
	}
	return &Comparer{reference, forest}, nil
}

// Compare gives the verdict on the predictions of a window: drift of every feature and of the labels by Evidently's default rules, as its
// DataDriftPreset gives it for the same two tables, and the predictions on outlying features.
//
// A feature that some predictions lack is compared on the others, which [Result.Notes] tells; one that all lack is [ErrNoColumn]. Labels are
// numbers when all of them are, in the reference too; otherwise they are categories.
func (c *Comparer) Compare(w Window, predictions []Prediction) (*Result, error) {
	if len(predictions) == 0 {
		return nil, fmt.Errorf("%s: there are no predictions", w)
	}
	result := &Result{Window: w, Rows: len(predictions), ReferenceRows: c.reference.rows}
	result.judge(predictions)
	rows := make([][]float64, len(predictions))
	for i := range rows {
		rows[i] = make([]float64, len(c.reference.features))
	}
	for j, f := range c.reference.features {
		current := featureOf(f.name, predictions)
		missing := countNaN(current)
		if missing == len(current) {
			return nil, fmt.Errorf("%s: %w: %q (if it is the target, say so)", w, ErrNoColumn, f.name)
		}
		if missing > 0 {
			result.note("%d of %d predictions have no number as feature %q", missing, len(current), f.name)
		}
		for i, v := range current {
			rows[i][j] = v
		}
		result.columns = append(result.columns, drift.Column{Name: f.name, Kind: f.kind, Reference: f.values, Current: like(f.values, current)})
	}
	result.noteOthers(c.reference, predictions)
	result.columns = append(result.columns, labelColumn(c.reference.prediction, predictions))
	var err error
	if result.Drift, err = drift.Detect(result.columns, drift.Options{}); err != nil {
		return nil, fmt.Errorf("%s: %w", w, err)
	}
	if err := c.findOutliers(result, rows, predictions); err != nil {
		return nil, fmt.Errorf("%s: %w", w, err)
	}
	return result, nil
}

// findOutliers scores the rows that lack nothing.
func (c *Comparer) findOutliers(result *Result, rows [][]float64, predictions []Prediction) error {
	var whole [][]float64
	var of []Prediction
	for i, row := range rows {
		if countNaN(row) == 0 {
			whole, of = append(whole, row), append(of, predictions[i])
		}
	}
	if skipped := len(rows) - len(whole); skipped > 0 {
		result.note("%d of %d predictions lack a feature and were not looked at as outliers", skipped, len(rows))
	}
	scores, err := c.forest.ScoreSamples(whole)
	if err != nil {
		return err
	}
	for i, score := range scores {
		if score < c.forest.Offset() {
			result.Outliers = append(result.Outliers, Outlier{of[i].ID, score, of[i]})
		}
	}
	slices.SortFunc(result.Outliers, func(a, b Outlier) int {
		return cmp.Or(cmp.Compare(a.Score, b.Score), cmp.Compare(a.PredictionID, b.PredictionID))
	})
	return nil
}

func (r *Result) note(format string, args ...any) {
	r.Notes = append(r.Notes, fmt.Sprintf(format, args...))
}

// noteOthers tells of features that only the predictions have.
func (r *Result) noteOthers(reference *Reference, predictions []Prediction) {
	known := reference.Features()
	others := map[string]bool{}
	for _, p := range predictions {
		for name := range p.Features {
			if !slices.Contains(known, name) {
				others[name] = true
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(others)) {
		r.note("feature %q of the predictions is not in the reference and was not compared", name)
	}
}

// featureOf gives one feature of all predictions; what is missing is NaN.
func featureOf(name string, predictions []Prediction) []float64 {
	values := make([]float64, len(predictions))
	for i, p := range predictions {
		values[i] = asNumber(p.Features[name])
	}
	return values
}

// asNumber reads a number as encoding/json or a caller in the process gives it; all else, infinities too, is NaN.
func asNumber(v any) float64 {
	number := math.NaN()
	switch v := v.(type) {
	case float64:
		number = v
	case float32:
		number = float64(v)
	case int:
		number = float64(v)
	case int64:
		number = float64(v)
	case json.Number:
		if parsed, err := v.Float64(); err == nil {
			number = parsed
		}
	}
	if math.IsInf(number, 0) {
		return math.NaN()
	}
	return number
}

func countNaN(values []float64) int {
	n := 0
	for _, v := range values {
		if math.IsNaN(v) {
			n++
		}
	}
	return n
}

// like gives numbers the type of the reference's, where they fit: JSON does not tell 9 from 9.0.
func like(reference drift.Values, current []float64) drift.Values {
	if _, whole := reference.(drift.Ints); !whole {
		return drift.Floats(current)
	}
	const exact = 1 << 53
	ints := make(drift.Ints, len(current))
	for i, v := range current {
		if v != math.Trunc(v) || math.Abs(v) > exact { // NaN is unequal to everything
			return drift.Floats(current)
		}
		ints[i] = int64(v)
	}
	return ints
}

// labelColumn compares labels as numbers when all are, on both sides.
func labelColumn(reference dataset.Column, predictions []Prediction) drift.Column {
	column := drift.Column{Name: PredictionColumn, Kind: drift.Categorical}
	if values := valuesOf(reference); reference.Kind() != dataset.String {
		if current, ok := labelNumbers(predictions); ok {
			column.Reference, column.Current = values, like(values, current)
			column.Kind, _ = drift.InferKind(values) // fails for text only
			return column
		}
	}
	texts := make(drift.Strings, reference.Len())
	for i := range texts {
		texts[i] = reference.Text(i)
	}
	labels := make(drift.Strings, len(predictions))
	for i, p := range predictions {
		labels[i] = p.Label
	}
	column.Reference, column.Current = texts, labels
	return column
}

func labelNumbers(predictions []Prediction) ([]float64, bool) {
	values := make([]float64, len(predictions))
	for i, p := range predictions {
		v, err := strconv.ParseFloat(p.Label, 64)
		if err != nil || math.IsNaN(v) || math.IsInf(v, 0) {
			return nil, false
		}
		values[i] = v
	}
	return values, true
}
