-- One row for each row that was scored. The predictor makes the id (uuid7: in order of time, so that the index grows at its end) and
-- may hand the same row over twice; the primary key makes the second time void.
CREATE TABLE predictions (
  id            uuid PRIMARY KEY,
  request_id    text NOT NULL,
  row_number    integer NOT NULL DEFAULT 0,
  predicted_at  timestamptz NOT NULL,
  model_name    text NOT NULL,
  model_version text NOT NULL,
  run_id        text NOT NULL DEFAULT '',
  features      jsonb NOT NULL,
  prediction    text NOT NULL,
  probabilities jsonb,
  latency_us    bigint NOT NULL
);

CREATE INDEX ON predictions (model_name, predicted_at);

COMMENT ON COLUMN predictions.row_number IS 'position in the request, from 0';
COMMENT ON COLUMN predictions.features IS 'what was sent, by the names of the model''s signature';
COMMENT ON COLUMN predictions.prediction IS 'the label, as text';
COMMENT ON COLUMN predictions.probabilities IS 'by label; null when the model gives none';
COMMENT ON COLUMN predictions.latency_us IS 'of the whole request, in microseconds';

---- create above / drop below ----

DROP TABLE predictions;
