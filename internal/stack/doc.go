// Package stack gives tests the real things that the product works with: the servers that stack/up starts, the Python packages that
// stack/venv installs, MLflow's own user interface on any folder, and a browser to look at the pages.
//
//	s := stack.Get(t)                     // MLflow, Prefect, Evidently, S3, Postgres
//	python := stack.Python(t, "mlflow")   // an interpreter that imports mlflow, sklearn, optuna
//	url := stack.MLflowUI(t, dir)         // `mlflow ui` as a user would start it in dir
//	ctx := stack.Browser(t)               // for chromedp
//	stack.Screenshot(t, ctx, "runs")      // a PNG for a human to look at
//
// A test asks for what it needs and is skipped, with the command that would provide it, on a machine that does not have it: so
// `go test ./...` works with nothing but Go. Under REQUIRE_STACK=1, as `make test` sets it, what is missing is started or installed
// instead, and what cannot be had fails the test: a test that was not run is never taken for one that passed.
package stack
