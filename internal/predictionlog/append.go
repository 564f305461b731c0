package predictionlog

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// columns of the table, in the order of [Prediction.values] and of [scan].
var columns = []string{
	"id", "request_id", "row_number", "predicted_at", "model_name", "model_version", "run_id", "features", "prediction", "probabilities",
	"latency_us",
}

const (
	columnList = "id, request_id, row_number, predicted_at, model_name, model_version, run_id, features, prediction, probabilities, latency_us"

	// A server that is set up to answer a commit before it is on disk would forget the last ones when it is killed.
	durable = "SET LOCAL synchronous_commit TO on"

	// COPY knows no ON CONFLICT, so the rows go through a table of the connection's own. It stays for the next call, and is empty
	// after each.
	makeIncoming = "CREATE TEMPORARY TABLE IF NOT EXISTS predictions_incoming (LIKE predictions INCLUDING DEFAULTS) ON COMMIT DELETE ROWS"
	takeIncoming = "INSERT INTO predictions (" + columnList + ") SELECT " + columnList + " FROM pg_temp.predictions_incoming ON CONFLICT (id) DO NOTHING"
)

// Append writes predictions: all of them, or none and an error. Those whose id is there already are left as they are, so a call whose
// outcome is not known can be made again.
//
// What was written is on the server's disk, however the server is set up: it survives a server that is killed.
//
// An error that wraps [ErrInvalid] names a prediction that can never be written, whatever the server's state.
func (s *Store) Append(ctx context.Context, predictions []Prediction) error {
	if len(predictions) == 0 {
		return nil
	}
	rows := make([][]any, len(predictions))
	for i := range predictions {
		values, err := predictions[i].values()
		if err != nil {
			return err
		}
		rows[i] = values
	}
	err := pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, durable); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, makeIncoming); err != nil {
			return err
		}
		if _, err := tx.CopyFrom(ctx, pgx.Identifier{"pg_temp", "predictions_incoming"}, columns, pgx.CopyFromRows(rows)); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, takeIncoming)
		return err
	})
	if err != nil {
		return fmt.Errorf("prediction log: writing %d predictions: %w", len(predictions), errors.Join(err, dataError(err)))
	}
	return nil
}
