// Package embedded is an MLflow tracking server for one machine, inside of the process: an http.RoundTripper that
// answers MLflow's REST calls from an SQLite file in MLflow's own schema. A client needs no other code for it than
// for a server; the real `mlflow ui`, `mlflow server` and Python client (3.17.2), started on the same file, show
// what Go wrote, and what they write is found here.
//
//	store, err := embedded.Open(ctx, "mlflow.db", "./mlruns")
//	client := &http.Client{Transport: store}
//	client.Post("http://embedded/api/2.0/mlflow/runs/create", "application/json", body)
//
// # The file
//
// A missing file is created at the schema revision of MLflow 3.17.2, so that its server opens it at once, without a
// migration under the feet of a program that is still logging. Files of the revisions from MLflow 3.0 on are used as
// they are, never migrated. Everything else is refused untouched: ErrNotMLflow, ErrUnknownRevision.
//
// The journal is SQLite's write-ahead log: the UI reads while a program writes. Beside mlflow.db there are then
// mlflow.db-wal and mlflow.db-shm until the last process closes the file; copy all of them, or close first. Any number
// of processes may write; each waits up to 20 s for another's transaction. Every request is one transaction: after
// a crash, a kill -9 or a full disk it is stored as a whole or not at all. A power cut may lose the last requests.
//
// # The answers
//
// Statuses, error codes, messages and bodies are those of the real server with its SQLite store; tests send the same
// requests to both: experiments, runs, metrics, inputs and outputs, searches, artifacts in local folders, logged models,
// registered models, versions and aliases. Three things differ on purpose: log-batch is atomic (the server stores parameters even
// when the metrics after them fail), random run names come from other word lists, and an operation that is not here
// (traces, webhooks, …) answers 501 with the code NOT_IMPLEMENTED.
//
// # How it is made
//
// RoundTrip finds the operation (routes.go); request.go reads and checks the request by the server's rules; an
// operation runs in one transaction (pool.go, session.go). One file holds one service: experiments.go, runs.go,
// metrics.go, batch.go, inputs.go …; search_*.go are the filter language.
package embedded
