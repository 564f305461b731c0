package predictionlog

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// Batch is what [Store.Write] writes at once.
type Batch struct {
	Predictions []Prediction
	Shadows     []Shadow
	Feedback    []Feedback
}

// Len is the number of rows.
func (b *Batch) Len() int { return len(b.Predictions) + len(b.Shadows) + len(b.Feedback) }

// Shadow is one row that a model scored without being asked for the answer. Features are those of the prediction with the same request
// and row.
type Shadow struct {
	// Prediction has what the shadow model said; its Features are not kept, and its Latency is that of the evaluation.
	Prediction
	// Answered is the label that the client got, AnsweredModel and AnsweredVersion the model that gave it.
	Answered, AnsweredModel, AnsweredVersion string
}

// Feedback is what was true of a prediction.
type Feedback struct {
	// RequestID and Row name the prediction.
	RequestID string
	Row       int
	// Truth is the true label, as Prediction.Prediction would be.
	Truth string
	// Received is when it was told; the latest word on a prediction is kept.
	Received time.Time
}

const (
	shadowList = "id, request_id, row_number, predicted_at, model_name, model_version, run_id, prediction, probabilities, latency_us, " +
		"answered, answered_model, answered_version"
	feedbackList = "request_id, row_number, truth, received_at"
)

// copied is a table that rows are copied to, by way of a table of the connection's own, since COPY knows no ON CONFLICT. That table stays
// for the next call, and is empty after each.
type copied struct {
	columns []string
	incoming,
	create, take string
}

func copyTo(table, list, take string) copied {
	incoming := table + "_incoming"
	return copied{
		columns: splitList(list), incoming: incoming,
		create: "CREATE TEMPORARY TABLE IF NOT EXISTS " + incoming + " (LIKE " + table + " INCLUDING DEFAULTS) ON COMMIT DELETE ROWS",
		take:   "INSERT INTO " + table + " (" + list + ") SELECT " + take,
	}
}

// Write writes a batch: all of it, or nothing and an error. Predictions and shadows whose id is there already are left as they are, and
// feedback that is older than what is known is passed over, so a call whose outcome is not known can be made again.
//
// What was written is on the server's disk, however the server is set up: it survives a server that is killed.
//
// An error that wraps [ErrInvalid] names something that can never be written, whatever the server's state.
func (s *Store) Write(ctx context.Context, batch Batch) error {
	if batch.Len() == 0 {
		return nil
	}
	predictions, err := valuesOf(batch.Predictions, (*Prediction).values)
	if err != nil {
		return err
	}
	shadows, err := valuesOf(batch.Shadows, (*Shadow).values)
	if err != nil {
		return err
	}
	feedback, err := valuesOf(batch.Feedback, (*Feedback).values)
	if err != nil {
		return err
	}
	err = pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, durable); err != nil {
			return err
		}
		if err := predictionsTable.write(ctx, tx, predictions); err != nil {
			return err
		}
		if err := shadowsTable.write(ctx, tx, shadows); err != nil {
			return err
		}
		return feedbackTable.write(ctx, tx, feedback)
	})
	if err != nil {
		return fmt.Errorf("prediction log: writing %d rows: %w", batch.Len(), errors.Join(err, dataError(err)))
	}
	return nil
}

func (c copied) write(ctx context.Context, tx pgx.Tx, rows [][]any) error {
	if len(rows) == 0 {
		return nil
	}
	if _, err := tx.Exec(ctx, c.create); err != nil {
		return err
	}
	if _, err := tx.CopyFrom(ctx, pgx.Identifier{"pg_temp", c.incoming}, c.columns, pgx.CopyFromRows(rows)); err != nil {
		return err
	}
	_, err := tx.Exec(ctx, c.take)
	return err
}

func valuesOf[T any](all []T, values func(*T) ([]any, error)) ([][]any, error) {
	rows := make([][]any, len(all))
	for i := range all {
		row, err := values(&all[i])
		if err != nil {
			return nil, err
		}
		rows[i] = row
	}
	return rows, nil
}

// values are the shadow's columns, in the order of shadowList.
func (s *Shadow) values() ([]any, error) {
	id, err := uuid.Parse(s.ID)
	if err != nil {
		return nil, fmt.Errorf("prediction log: %w: its id %q is not a UUID", ErrInvalid, s.ID)
	}
	if err := storableAll(s.ID, s.RequestID, s.Model, s.Version, s.RunID, s.Prediction.Prediction, s.Answered, s.AnsweredModel, s.AnsweredVersion); err != nil {
		return nil, err
	}
	probabilities, err := s.probabilities()
	if err != nil {
		return nil, err
	}
	return []any{
		[16]byte(id), s.RequestID, s.Row, s.Time, s.Model, s.Version, s.RunID, s.Prediction.Prediction, probabilities,
		s.Latency.Microseconds(), s.Answered, s.AnsweredModel, s.AnsweredVersion,
	}, nil
}

// values are the feedback's columns, in the order of feedbackList.
func (f *Feedback) values() ([]any, error) {
	if err := storableAll("feedback on "+f.RequestID, f.RequestID, f.Truth); err != nil {
		return nil, err
	}
	return []any{f.RequestID, f.Row, f.Truth, f.Received}, nil
}
