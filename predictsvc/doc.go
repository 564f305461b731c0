// Package predictsvc is the predictor: an HTTP service that answers with what a model of MLflow's registry predicts.
//
//	service, err := predictsvc.New(predictsvc.Config{Client: client})
//	err = service.Run(ctx) // until ctx ends
//
// # Requests
//
// POST /predict takes an object with the columns of the model's signature, and answers with the label and the model's name; an array of
// objects is answered by an array:
//
//	{"volatile acidity":0.7,"citric acid":0.0,"sulphates":0.56,"alcohol":9.4}   →   {"quality":5,"model":"sk-rfc-model"}
//
// A column is a number, a truth value or a text. The headers X-Model-Version, X-Model-Alias and X-Model-Run-Id say which version it was,
// X-Request-Id names the request; a client may choose it. With ?details=true the body says so too, with the probability of each class. The
// signature is enforced: a column that is missing, not the model's, of another type, null or NaN is answered by 400 and {"error": "…"},
// which names the column and what was expected. 415 is for another type of content, 413 for a body that is too large, 503 for a service
// that has no model yet. GET /health (and /ready) tells what is served and what is wrong, GET /metrics gives figures for Prometheus.
//
// POST /invocations is MLflow's scoring protocol, as "mlflow models serve" speaks it: dataframe_split, dataframe_records, instances,
// inputs and CSV, with MLflow's answers and errors; GET /ping and /version belong to it. Package internal/scoring says where it is
// stricter. Below /v2 is the Open Inference Protocol, which KServe, MLServer and Triton speak: metadata, ready and infer, with the outputs
// predict and predict_proba.
//
// # The model
//
// It is an ONNX model with a signature, whose graph takes one matrix or an input [n] or [n, 1] for each column by its name, or one that
// Python logged with mlflow.sklearn (skops, cloudpickle or pickle; package internal/sklearn lists the classes), evaluated in pure Go;
// whatever trained it. Nothing of a file is executed: its readers know a list of names and refuse all others. The service asks the registry
// every few seconds where its URI leads. A new version is loaded beside the old, tried on its input example and then swapped in at once: a
// request is answered by the one or the other, and none waits or fails. When anything of that fails, the last good model stays, and
// /health, the log and the metrics say why. Files are kept in a cache on disk, with checksums, from which the service starts when MLflow is
// not reached.
//
// A shadow model (Config.ShadowModelURI) is followed likewise. It scores what was answered, off the request path and with a quarter of one
// processor at most, and is never answered. How often the two agree stands in /metrics and /health. Calls of a webhook of MLflow's at POST
// /webhook (Config.WebhookSecret) make the service look at the registry at once.
//
// # The log of predictions
//
// Every row that was answered goes to the table predictions of Postgres, off the request path and in batches, and what the shadow said to
// shadow_predictions. On the way they lie in a spool on disk (LogConfig.Spool): from LogConfig.Flush after the answer on they survive a
// process that is killed, and a power cut from a second later on; they wait there while Postgres is down, up to LogConfig.SpoolBytes, beyond
// which they are dropped, counted and told. No row is ever in the table twice.
//
// POST /feedback brings what was true, by the request's id and the row in it:
//
//	{"request_id":"0198…","row":0,"quality":6}, or an array of such objects   →   202 {"accepted":1}
//
// 202 says that it is on the disk and will come to the table feedback. An id that nobody knows is accepted, since the prediction may be on
// its way. The same again changes nothing; a later word replaces an earlier one. The view judged_predictions has the two together.
package predictsvc
