package monitoring

import (
	"context"
	"iter"
	"time"

	"mlopsgo/internal/predictionlog"
)

// Log reads the predictions that the predictor logs to Postgres. Make it with [OpenLog].
type Log struct{ store *predictionlog.Store }

// OpenLog connects to the database as [OpenStore] does, and makes the table when the predictor has not done so yet. Close it.
func OpenLog(ctx context.Context, address string) (*Log, error) {
	store, err := predictionlog.Open(ctx, address)
	if err != nil {
		return nil, err
	}
	return &Log{store}, nil
}

// Close ends the connections.
func (l *Log) Close() { l.store.Close() }

// Predictions is for [Config.Predictions].
func (l *Log) Predictions(ctx context.Context, model string, from, to time.Time) iter.Seq2[Prediction, error] {
	return func(yield func(Prediction, error) bool) {
		for p, err := range l.store.Between(ctx, model, from, to) {
			if !yield(Prediction{ID: p.ID, Time: p.Time, Version: p.Version, Features: p.Features, Label: p.Prediction, Truth: p.Truth}, err) || err != nil {
				return
			}
		}
	}
}
