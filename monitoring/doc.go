// Package monitoring watches a model at work: it compares logged predictions with the rows that the model was trained on.
//
// # Model
//
// A [Monitor] reads the predictions of a model in windows of time, one model version apart from the other. A [Comparer] holds them against the
// [Reference] of that version, which the model's folder in MLflow carries as reference.csv: drift of every feature and of the predicted labels by
// package drift, which decides as Evidently does, and predictions on unusual features by package outlier. Each window's [Result] is kept in
// Postgres by a [Store], where dashboards and alerts read it, and shown in Evidently by a [Publisher].
//
// A [Window] has an identity made from what it is about, so that looking twice replaces and never doubles, in both places; and what failed on the
// way, such as an Evidently that did not answer, is made up for by the next run.
//
// Command monitor (monitoring/monitor) is this package with flags and a timer.
package monitoring
