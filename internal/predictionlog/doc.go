// Package predictionlog is the table of predictions in Postgres: the predictor appends to it, monitoring reads windows of it. Beside it are
// what was true of the predictions (feedback), and what another model would have said (shadow_predictions).
//
//	store, err := predictionlog.Open(ctx, url)
//	err = store.Write(ctx, predictionlog.Batch{Predictions: predictions, Feedback: feedback})
//	for p, err := range store.Between(ctx, "sk-rfc-model", from, to) { … }
//
// The writer makes the ids, so that Write may be called again with what it could not be sure of: a row that is there already is left
// alone, and no prediction is ever in the table twice. Write is all or nothing.
//
// [Open] brings the table to the version of this package, under an advisory lock, so that several services may start at once. The
// version is kept in the table predictions_version; the SQL lies in the folder migrations and is never changed once it was released.
//
// Errors are those of pgx, wrapped; [ErrInvalid] marks predictions that no database would take, which a repetition cannot help.
// No type of pgx leaves the package.
package predictionlog
