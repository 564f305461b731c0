package predictionlog

import "strings"

const (
	// columnList are the columns of the table, in the order of Prediction.values and of scan.
	columnList = "id, request_id, row_number, predicted_at, model_name, model_version, run_id, features, prediction, probabilities, latency_us"

	// A server that is set up to answer a commit before it is on disk would forget the last ones when it is killed.
	durable = "SET LOCAL synchronous_commit TO on"
)

var (
	predictionsTable = copyTo("predictions", columnList, columnList+" FROM pg_temp.predictions_incoming ON CONFLICT (id) DO NOTHING")
	shadowsTable     = copyTo("shadow_predictions", shadowList, shadowList+" FROM pg_temp.shadow_predictions_incoming ON CONFLICT (id) DO NOTHING")

	// A batch may have two words on one prediction, and of two services that have one the later may write first. In one order, two
	// services do not wait for each other's rows.
	feedbackTable = copyTo("feedback", feedbackList, "DISTINCT ON (request_id, row_number) "+feedbackList+
		" FROM pg_temp.feedback_incoming ORDER BY request_id, row_number, received_at DESC"+
		" ON CONFLICT (request_id, row_number) DO UPDATE SET truth = excluded.truth, received_at = excluded.received_at"+
		" WHERE feedback.received_at < excluded.received_at")
)

func splitList(list string) []string { return strings.Split(list, ", ") }
