-- What came of a prediction. It may arrive before the prediction does, which may be on its way, so there is no foreign key. A later word
-- replaces an earlier one.
CREATE TABLE feedback (
  request_id  text NOT NULL,
  row_number  integer NOT NULL DEFAULT 0,
  truth       text NOT NULL,
  received_at timestamptz NOT NULL,
  PRIMARY KEY (request_id, row_number)
);

-- What another model would have answered. In a table of its own, so that whoever reads predictions reads what was answered.
CREATE TABLE shadow_predictions (
  id               uuid PRIMARY KEY,
  request_id       text NOT NULL,
  row_number       integer NOT NULL DEFAULT 0,
  predicted_at     timestamptz NOT NULL,
  model_name       text NOT NULL,
  model_version    text NOT NULL,
  run_id           text NOT NULL DEFAULT '',
  prediction       text NOT NULL,
  probabilities    jsonb,
  latency_us       bigint NOT NULL,
  answered         text NOT NULL,
  answered_model   text NOT NULL,
  answered_version text NOT NULL
);

CREATE INDEX ON predictions (request_id, row_number);
CREATE INDEX ON feedback (received_at);
CREATE INDEX ON shadow_predictions (model_name, predicted_at);

-- The predictions whose truth is known.
CREATE VIEW judged_predictions AS
  SELECT p.*, f.truth, f.received_at, p.prediction = f.truth AS correct
  FROM predictions p JOIN feedback f USING (request_id, row_number);

COMMENT ON COLUMN feedback.truth IS 'the true label, as text';
COMMENT ON COLUMN shadow_predictions.latency_us IS 'of the evaluation alone, in microseconds, of all rows that were evaluated together';
COMMENT ON COLUMN shadow_predictions.answered IS 'the label that the client got, by the model answered_model in version answered_version';

---- create above / drop below ----

DROP VIEW judged_predictions;
DROP TABLE shadow_predictions, feedback;
DROP INDEX predictions_request_id_row_number_idx;
