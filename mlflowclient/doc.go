// Package mlflowclient talks to MLflow, the tracking server for machine learning, or does without a server: the same
// calls work on a file.
//
// # The model
//
// An experiment groups runs. A run is one execution of something: it has params (text, written once), metrics (series
// of points with step and time), tags (text, overwritten at will), data sets that it read, artifacts (files), and it
// ends as FINISHED, FAILED or KILLED. A child run names its parent in a tag.
//
//	client, err := mlflowclient.FromEnv(ctx)      // MLFLOW_TRACKING_URI, else sqlite:///mlflow.db
//	experiment, err := client.Experiments.GetOrCreate(ctx, "wine")
//	err = client.Track(ctx, mlflowclient.StartRun{ExperimentID: experiment.ID}, func(ctx context.Context, run *mlflowclient.ActiveRun) error {
//		return run.LogMetric(ctx, mlflowclient.Metric{Key: "accuracy", Value: 0.645})
//	})
//
// # Where it goes
//
// [New] takes http(s)://host[:port][/prefix] for a server, or sqlite:///file.db (relative) and sqlite:////abs/file.db
// for MLflow's own database file, which `mlflow ui` in the same folder shows and Python's client shares. Package
// embedded answers the calls then, in the process.
//
// # Services
//
// A [Client] has a field for each of MLflow's services: Experiments, Runs, Metrics, Artifacts, Server. Their methods
// are the server's operations by the server's names. Lists are iterators that fetch pages as they go, with a …Page
// twin for those who keep the token. [Client.Do] reaches any other operation.
//
// # Errors
//
// Every method fails with an [*Error], or something that wraps one: errors.Is(err, ErrNotFound) and its siblings decide.
//
// # Repetition
//
// A call is sent again, after growing waits with jitter or what Retry-After says, when that can do no harm: always
// when the server was not reached or refused with 429 (or 503 with Retry-After); and, for calls that set a state
// (nearly all: logging the same point, param or tag twice stores it once), also after a lost answer, a time-out, or a
// 408, 500, 502, 503 and 504. Creating an experiment or a run is not repeated then, since the first attempt may have
// been carried out; the error says Uncertain where an earlier attempt may have been. A 500 with an error of MLflow's
// own is its last word and not repeated.
//
// # Numbers
//
// NaN and infinities are kept right in both directions, which plain JSON would store as 0. Times have milliseconds.
package mlflowclient
