CREATE TABLE drift_windows (
  id uuid PRIMARY KEY, -- made from the four columns that are UNIQUE together
  model_name text NOT NULL,
  model_version text NOT NULL,
  window_start timestamptz NOT NULL,
  window_end timestamptz NOT NULL, -- not part of the window
  rows integer NOT NULL,
  reference_rows integer NOT NULL,
  drifted_columns integer NOT NULL,
  columns integer NOT NULL,
  drift_share double precision NOT NULL, -- drifted_columns / columns
  dataset_drift boolean NOT NULL,
  outliers integer NOT NULL,
  outlier_share double precision NOT NULL, -- outliers / rows
  evidently_snapshot text, -- NULL until the window is published
  created_at timestamptz NOT NULL DEFAULT now(),
  UNIQUE (model_name, model_version, window_start, window_end)
);
CREATE INDEX ON drift_windows (window_end);

CREATE TABLE drift_columns (
  window_id uuid NOT NULL REFERENCES drift_windows ON DELETE CASCADE,
  column_name text NOT NULL,
  method text NOT NULL, -- Evidently's display name
  threshold double precision NOT NULL,
  value double precision NOT NULL, -- a p-value or a distance, as the method says
  drifted boolean NOT NULL,
  PRIMARY KEY (window_id, column_name)
);

CREATE TABLE outliers (
  window_id uuid NOT NULL REFERENCES drift_windows ON DELETE CASCADE,
  prediction_id uuid NOT NULL, -- of predictions, whose rows may be removed earlier
  score double precision NOT NULL, -- from -1 (an outlier) to 0
  PRIMARY KEY (window_id, prediction_id)
);

-- How far the windows that follow each other have come. The version '' stands for all that have no row of their own.
CREATE TABLE drift_progress (
  model_name text NOT NULL,
  model_version text NOT NULL,
  compared_until timestamptz NOT NULL,
  PRIMARY KEY (model_name, model_version)
);

---- create above / drop below ----

DROP TABLE drift_progress, outliers, drift_columns, drift_windows;
