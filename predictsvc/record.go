package predictsvc

import (
	"math"
	"time"

	"github.com/google/uuid"

	"mlopsgo/internal/predictionlog"
	"mlopsgo/mlflowclient/mlmodel"
)

// record is one request that was answered, as little as the table needs of it: the rest is made off the request path.
type record struct {
	model         *model
	requestID     string
	at            time.Time
	latency       time.Duration
	rows          int
	values        []float64
	labels        []string
	probabilities []float64 // of each row, in the order of engine.classes
}

// record copies what the next request will overwrite.
func (s *scorer) record(requestID string, at time.Time, latency time.Duration) *record {
	rows, width := s.table.rows, len(s.table.values)
	classes := len(s.model.engine.classes)
	numbers := make([]float64, width+rows*classes)
	rec := &record{
		model: s.model, requestID: requestID, at: at, latency: latency, rows: rows,
		values: numbers[:width:width], labels: make([]string, rows), probabilities: numbers[width:],
	}
	copy(rec.values, s.table.values)
	for i := range rows {
		rec.labels[i] = s.labelText(i)
		for c, class := range s.model.engine.classes {
			rec.probabilities[i*classes+c] = s.probability(class, i)
		}
	}
	return rec
}

// appendTo makes the table's rows.
func (r *record) appendTo(batch []predictionlog.Prediction) []predictionlog.Prediction {
	columns, classes := r.model.columns.list, r.model.engine.classes
	for i := range r.rows {
		p := predictionlog.Prediction{
			ID: uuid.Must(uuid.NewV7()).String(), RequestID: r.requestID, Row: i, Time: r.at,
			Model: r.model.name(), Version: r.model.Version, RunID: r.model.RunID,
			Features: make(map[string]any, len(columns)), Prediction: r.labels[i], Latency: r.latency,
		}
		for j, c := range columns {
			p.Features[c.name] = c.value(r.values[i*len(columns)+j])
		}
		if len(classes) > 0 {
			p.Probabilities = make(map[string]float64, len(classes))
			for c, class := range classes {
				p.Probabilities[class.label] = r.probabilities[i*len(classes)+c]
			}
		}
		batch = append(batch, p)
	}
	return batch
}

// value is a number of the matrix as the client sent it.
func (c *column) value(v float64) any {
	switch {
	case math.IsNaN(v):
		return nil
	case c.kind == mlmodel.Boolean:
		return v != 0
	}
	return v
}
