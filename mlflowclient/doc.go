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
// # Tracking
//
// [Client.Track] ends its run by itself: FINISHED, FAILED, or KILLED when the context was cancelled. Runs have children
// ([ActiveRun.Track]) and can be resumed ([StartRun.RunID]). In a training loop a [MetricWriter] logs without waiting for
// the server. [ActiveRun.LogText], LogDict, LogImage, LogTable and LogFigure log what MLflow's pages have views for, and
// [WithSystemMetrics] what the machine does meanwhile.
//
//	metrics, err := run.NewMetricWriter(ctx, mlflowclient.MetricWriterConfig{}) // closed with the run
//	for step := range steps {
//		err = metrics.Log(ctx, mlflowclient.Metric{Key: "loss", Value: loss, Step: step})
//	}
//
// # Models
//
// A logged model is what a run made: it has an id (m-…), params, tags and metrics of its own, and a folder of files, of
// which MLmodel says how to load the others. [ActiveRun.LogModel] makes one, uploads its files and marks it as complete,
// or as failed. Package mlmodel writes the files.
//
//	model, err := run.LogModel(ctx, mlflowclient.LogModel{
//		Name:  "red-wine-model",
//		Files: func(id string) ([]mlmodel.File, error) { return mlmodel.ONNXModel{Data: onnx, ModelID: id}.Files() },
//	})
//
// The registry gives models names. A registered model has versions, counted from "1", each made of a logged model, and
// aliases, such as champion, that point at versions and can be moved. [Client.RegisterModel] does it all, and repeating
// it changes nothing:
//
//	version, err := client.RegisterModel(ctx, mlflowclient.RegisterModel{Name: "wine", ModelID: model.ID, Alias: "champion"})
//
// Who uses the model knows nothing of runs: [Client.ResolveModel] finds it by a URI, [Client.DownloadModel] fetches its
// folder, whole or not at all. Python's mlflow.pyfunc.load_model takes the same URI.
//
//	found, err := client.ResolveModel(ctx, "models:/wine@champion") // or models:/wine/3, models:/wine/latest, models:/m-…
//	err = client.DownloadModel(ctx, found, "model")
//	folder, err := mlmodel.OpenFolder("model")
//
// MLflow's server makes versions of anything at once, complete or not; RegisterModel and ResolveModel look.
//
// # Traces
//
// A trace is what one request to an application did: spans, which are steps with times, inputs and outputs. Programs that
// are instrumented with OpenTelemetry send theirs with an exporter made of [TraceService.OTLP]; [TraceService.LogSpans]
// writes them without. Assessments are what people, judges and programs say of a trace: feedback, or what they expected.
//
//	end, err := client.Traces.OTLP(mlflowclient.OTLPTarget{ExperimentID: experiment.ID}) // URL, headers, TLS
//	_, err = client.Assessments.Create(ctx, mlflowclient.Assessment{
//		TraceID: "tr-…", Name: "helpful", Feedback: &mlflowclient.Feedback{Value: true},
//	})
//
// Evaluation data sets hold questions with the answers that are expected; prompts are texts with versions, of which
// [PromptService.Load] finds one by prompts:/name@alias, and [PromptVersion.Format] fills it in.
//
// # Teams
//
// A server can be shared: workspaces separate what teams have ([WithWorkspace] enters one), and on one with accounts
// (--app-name basic-auth) users, roles and permissions say who may do what. Webhooks tell other programs what happens in
// the registry; [WebhookReceiver] takes their calls and believes only those that are signed with the secret.
//
// # Where it goes
//
// [New] takes http(s)://host[:port][/prefix] for a server, or sqlite:///file.db (relative) and sqlite:////abs/file.db
// for MLflow's own database file, which `mlflow ui` in the same folder shows and Python's client shares. Package
// embedded answers the calls then, in the process.
//
// # Services
//
// A [Client] has a field for each of MLflow's services: Experiments, Runs, Metrics, Artifacts, LoggedModels,
// RegisteredModels, ModelVersions, Server, Traces, Assessments, EvaluationDatasets, Prompts, Webhooks, Workspaces, Users,
// Roles, Permissions. Their methods are the server's operations by the server's names. Lists are iterators that fetch
// pages as they go, with a …Page twin for those who keep the token. [Client.Do] reaches any other operation, such as
// those of the AI gateway; testdata/operations.tsv lists all there are.
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
// 408, 500, 502, 503 and 504. Creating an experiment, a run, a logged model, a registered model or a version is not
// repeated then, since the first attempt may have been carried out; the error says Uncertain where an earlier attempt
// may have been. A 500 with an error of MLflow's own is its last word and not repeated.
//
// # Numbers
//
// NaN and infinities are kept right in both directions, which plain JSON would store as 0. Times have milliseconds.
package mlflowclient
