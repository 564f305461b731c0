package monitoring

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"mlopsgo/internal/postgres"
)

//go:embed migrations/*.sql
var migrations embed.FS

// versionTable is where tern notes which migrations were made; the prediction log, in the same database, has one of its own.
const versionTable = "monitoring_version"

// Store keeps [Result]s in Postgres, in the tables drift_windows, drift_columns and outliers (migrations/001_results.sql), which dashboards read.
// Make it with [OpenStore]. It is safe for concurrent use, by several processes too.
type Store struct{ pool *pgxpool.Pool }

// OpenStore connects to a database and makes or migrates the tables. An empty address means that of the environment, by libpq's names: PGHOST,
// PGPORT, PGUSER, PGPASSWORD, PGDATABASE. Close it.
func OpenStore(ctx context.Context, address string) (*Store, error) {
	pool, err := postgres.Open(ctx, address, postgres.Tables{Owner: "monitoring", Migrations: migrations, Version: versionTable})
	if err != nil {
		return nil, fmt.Errorf("monitoring: %w", err)
	}
	return &Store{pool}, nil
}

// Close ends the connections.
func (s *Store) Close() { s.pool.Close() }

const upsertWindow = `
INSERT INTO drift_windows (id, model_name, model_version, window_start, window_end, rows, reference_rows, drifted_columns, columns,
  drift_share, dataset_drift, outliers, outlier_share, judged, correct)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)
ON CONFLICT (model_name, model_version, window_start, window_end) DO UPDATE SET
  rows = excluded.rows, reference_rows = excluded.reference_rows, drifted_columns = excluded.drifted_columns, columns = excluded.columns,
  drift_share = excluded.drift_share, dataset_drift = excluded.dataset_drift, outliers = excluded.outliers,
  outlier_share = excluded.outlier_share, judged = excluded.judged, correct = excluded.correct, evidently_snapshot = NULL, created_at = now()
RETURNING id`

// Save writes a result with its columns and outliers in one transaction, in place of an earlier one of the same window.
func (s *Store) Save(ctx context.Context, r *Result) error {
	err := pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		// Two processes write one after the other. ON CONFLICT alone does not see to that: it waits at one of the two unique indices only.
		if _, err := tx.Exec(ctx, "SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", r.ID()); err != nil {
			return err
		}
		var id string
		if err := tx.QueryRow(ctx, upsertWindow, r.ID(), r.Model, r.Version, r.Start, r.End, r.Rows, r.ReferenceRows,
			r.Drift.Drifted, len(r.Drift.Columns), r.Drift.Share, r.Drift.DatasetDrift, len(r.Outliers), r.OutlierShare(), r.Judged, r.Correct).Scan(&id); err != nil {
			return err
		}
		for _, table := range []string{"drift_columns", "outliers"} {
			if _, err := tx.Exec(ctx, "DELETE FROM "+table+" WHERE window_id = $1", id); err != nil {
				return err
			}
		}
		columns := pgx.CopyFromSlice(len(r.Drift.Columns), func(i int) ([]any, error) {
			c := r.Drift.Columns[i]
			return []any{id, c.Name, c.Method.DisplayName(), c.Threshold, c.Score, c.Drifted}, nil
		})
		if _, err := tx.CopyFrom(ctx, pgx.Identifier{"drift_columns"},
			[]string{"window_id", "column_name", "method", "threshold", "value", "drifted"}, columns); err != nil {
			return err
		}
		outliers := pgx.CopyFromSlice(len(r.Outliers), func(i int) ([]any, error) {
			return []any{id, r.Outliers[i].PredictionID, r.Outliers[i].Score}, nil
		})
		_, err := tx.CopyFrom(ctx, pgx.Identifier{"outliers"}, []string{"window_id", "prediction_id", "score"}, outliers)
		return err
	})
	if err != nil {
		return fmt.Errorf("save the result of %s: %w", r.Window, err)
	}
	return nil
}

// SetSnapshot notes under which identity Evidently has a window.
func (s *Store) SetSnapshot(ctx context.Context, w Window, snapshot string) error {
	tag, err := s.pool.Exec(ctx, "UPDATE drift_windows SET evidently_snapshot = $2 WHERE id = $1", w.ID(), snapshot)
	if err == nil && tag.RowsAffected() != 1 {
		err = errors.New("there is no such window")
	}
	if err != nil {
		return fmt.Errorf("note the snapshot of %s: %w", w, err)
	}
	return nil
}

// Unpublished lists the oldest windows of a model that have no snapshot in Evidently, at most limit.
func (s *Store) Unpublished(ctx context.Context, model string, limit int) ([]Window, error) {
	rows, err := s.pool.Query(ctx, `SELECT model_name, model_version, window_start, window_end FROM drift_windows
		WHERE model_name = $1 AND evidently_snapshot IS NULL ORDER BY window_end, model_version LIMIT $2`, model, limit)
	if err != nil {
		return nil, fmt.Errorf("list unpublished windows: %w", err)
	}
	windows, err := pgx.CollectRows(rows, pgx.RowToStructByPos[Window])
	if err != nil {
		return nil, fmt.Errorf("list unpublished windows: %w", err)
	}
	for i := range windows {
		windows[i].Start, windows[i].End = windows[i].Start.UTC(), windows[i].End.UTC()
	}
	return windows, nil
}

// progress is how far the windows that follow each other have come: by version, and under "" for all others.
type progress map[string]time.Time

// readProgress gives an empty progress for a model that was never looked at.
func (s *Store) readProgress(ctx context.Context, model string) (progress, error) {
	rows, err := s.pool.Query(ctx, "SELECT model_version, compared_until FROM drift_progress WHERE model_name = $1", model)
	if err != nil {
		return nil, fmt.Errorf("read progress: %w", err)
	}
	p := progress{}
	var version string
	var until time.Time
	if _, err := pgx.ForEachRow(rows, []any{&version, &until}, func() error {
		p[version] = until.UTC()
		return nil
	}); err != nil {
		return nil, fmt.Errorf("read progress: %w", err)
	}
	return p, nil
}

// writeProgress replaces the progress of a model.
func (s *Store) writeProgress(ctx context.Context, model string, p progress) error {
	versions, times := make([]string, 0, len(p)), make([]time.Time, 0, len(p))
	for version, until := range p {
		versions, times = append(versions, version), append(times, until)
	}
	err := pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, "DELETE FROM drift_progress WHERE model_name = $1", model); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, `INSERT INTO drift_progress SELECT $1, unnest($2::text[]), unnest($3::timestamptz[])
			ON CONFLICT (model_name, model_version) DO UPDATE SET compared_until = excluded.compared_until`, model, versions, times)
		return err
	})
	if err != nil {
		return fmt.Errorf("write progress: %w", err)
	}
	return nil
}
