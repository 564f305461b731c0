package predictionlog

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

const selectBetween = "SELECT " + columnList + ", coalesce(truth, '') FROM predictions LEFT JOIN feedback USING (request_id, row_number)" +
	" WHERE model_name = $1 AND predicted_at >= $2 AND predicted_at < $3 ORDER BY predicted_at, id"

// Between gives the predictions of a registered model, of all its versions, with from ≤ time < to, in order of time and id. Rows are
// fetched while they are consumed, over one connection that is free again when the loop ends; stop after an error.
func (s *Store) Between(ctx context.Context, model string, from, to time.Time) iter.Seq2[Prediction, error] {
	return func(yield func(Prediction, error) bool) {
		rows, err := s.pool.Query(ctx, selectBetween, model, from, to)
		if err != nil {
			yield(Prediction{}, reading(model, err))
			return
		}
		defer rows.Close()
		for rows.Next() {
			p, err := scan(rows)
			if err != nil {
				yield(Prediction{}, reading(model, err))
				return
			}
			if !yield(p, nil) {
				return
			}
		}
		if err := rows.Err(); err != nil {
			yield(Prediction{}, reading(model, err))
		}
	}
}

func reading(model string, err error) error {
	return fmt.Errorf("prediction log: reading the predictions of %q: %w", model, err)
}

func scan(row pgx.CollectableRow) (Prediction, error) {
	var (
		p                       Prediction
		id                      [16]byte
		features, probabilities []byte
		micros                  int64
	)
	err := row.Scan(&id, &p.RequestID, &p.Row, &p.Time, &p.Model, &p.Version, &p.RunID, &features, &p.Prediction, &probabilities, &micros, &p.Truth)
	if err != nil {
		return Prediction{}, err
	}
	p.ID, p.Time, p.Latency = uuid.UUID(id).String(), p.Time.UTC(), time.Duration(micros)*time.Microsecond
	if err := json.Unmarshal(features, &p.Features); err != nil {
		return Prediction{}, fmt.Errorf("features of %s: %w", p.ID, err)
	}
	if p.Probabilities, err = readProbabilities(probabilities); err != nil {
		return Prediction{}, fmt.Errorf("probabilities of %s: %w", p.ID, err)
	}
	return p, nil
}
