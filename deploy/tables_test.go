package deploy

import (
	"testing"

	"github.com/jackc/pgx/v5"
)

// makeTables makes the tables of predictions and of monitoring in the cluster's database monitoring.
func makeTables(t *testing.T, _ *cluster, conn *pgx.Conn) {
	t.Helper()
	if _, err := conn.Exec(t.Context(), `
CREATE TABLE predictions (
  id uuid PRIMARY KEY, request_id text NOT NULL, row_number integer NOT NULL DEFAULT 0, predicted_at timestamptz NOT NULL,
  model_name text NOT NULL, model_version text NOT NULL, run_id text NOT NULL DEFAULT '', features jsonb NOT NULL, prediction text NOT NULL,
  probabilities jsonb, latency_us bigint NOT NULL);
CREATE TABLE drift_windows (
  id uuid PRIMARY KEY, model_name text NOT NULL, model_version text NOT NULL, window_start timestamptz NOT NULL, window_end timestamptz NOT NULL,
  rows integer NOT NULL, reference_rows integer NOT NULL, drifted_columns integer NOT NULL, columns integer NOT NULL,
  drift_share double precision NOT NULL, dataset_drift boolean NOT NULL, outliers integer NOT NULL, outlier_share double precision NOT NULL,
  evidently_snapshot text, created_at timestamptz NOT NULL DEFAULT now(), UNIQUE (model_name, model_version, window_start, window_end));
CREATE TABLE drift_columns (
  window_id uuid NOT NULL REFERENCES drift_windows ON DELETE CASCADE, column_name text NOT NULL, method text NOT NULL,
  threshold double precision NOT NULL, value double precision NOT NULL, drifted boolean NOT NULL, PRIMARY KEY (window_id, column_name))`); err != nil {
		t.Fatal(err)
	}
}
