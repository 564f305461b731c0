// Command predictor serves a model of MLflow's registry over HTTP.
//
//	go run ./predictsvc/predictor
//	go run ./predictsvc/predictor --help
package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"mlopsgo/internal/command"
	"mlopsgo/mlflowclient"
	"mlopsgo/predictsvc"
)

const description = `Answers POST /predict with what a model of MLflow's registry predicts, and follows the registry: when the alias is set to another version, that
one is served, without a request dropped. The model is an ONNX file with a signature, or one that Python logged with
mlflow.sklearn (skops, cloudpickle, pickle), whoever trained it; nothing of Python is needed.

MLflow is found by MLFLOW_TRACKING_URI and its kin (user, password, token, TLS), as by Python's client. When it is not reached at the start, the model
served last is taken from the cache. A call without an answer ends after 15 seconds, or those of MLFLOW_HTTP_REQUEST_TIMEOUT.

Every prediction is kept in the table "predictions" of Postgres when MONITORING_DATABASE_URL (postgres://user:password@host:port/monitoring) is set, or
PGHOST, PGPORT, PGUSER, PGPASSWORD, PGDATABASE; without them none is kept. The table is made when it is missing. On their way there, predictions wait in
--spool-dir: half a second after the answer they survive a killed predictor, and while Postgres is down as many wait as --spool-size has room for. POST
/feedback brings what was true, {"request_id":"…","row":0,"quality":6}, where the id is the answer's X-Request-Id; the monitor makes an accuracy of it.

Secrets are never flags: tokens that clients must have come from PREDICTOR_TOKENS (several with commas) or --token-file, the secret of MLflow's webhook
from PREDICTOR_WEBHOOK_SECRET or --webhook-secret-file. Spans of requests go where
OTEL_EXPORTER_OTLP_ENDPOINT or OTEL_EXPORTER_OTLP_TRACES_ENDPOINT says (http/protobuf; a collector, or MLflow's /v1/traces), with the other variables of
OpenTelemetry (OTEL_EXPORTER_OTLP_HEADERS, OTEL_SERVICE_NAME, OTEL_TRACES_SAMPLER, …); without them none is made.

The log goes to standard error as JSON. SIGINT or SIGTERM stop the service after the requests under way.

Examples:
  MLFLOW_TRACKING_URI=http://127.0.0.1:5000 predictor
  --addr 0.0.0.0:9003 --model-uri models:/sk-rfc-model/latest
  curl http://127.0.0.1:9003/predict -H 'Content-Type: application/json' -d '{"volatile acidity":0.7,"citric acid":0.0,"sulphates":0.56,"alcohol":9.4}'
  curl http://127.0.0.1:9003/health
  curl http://127.0.0.1:9003/metrics
Pages: / tries the model, /docs all that can be asked (from /openapi.json).`

// predictor is the command's flags.
type predictor struct {
	ModelURI   string        `group:"model" help:"What to serve: models:/name@alias, models:/name/latest and models:/name/1, models:/m-…, runs:/<run>/<model>, a folder. An alias and latest are followed." default:"models:/sk-rfc-model@champion" env:"MODEL_URI"`
	ModelCache string        `group:"model" help:"Folder that keeps the files of the model served last; by default mlopsgo/predictor in the user's cache folder." env:"MODEL_CACHE"`
	Poll       time.Duration `group:"model" help:"Time between two looks at the registry, give or take a fifth." default:"5s" env:"PREDICTOR_POLL"`
	Target     string        `group:"requests" help:"Key of the prediction in an answer." default:"quality" env:"PREDICTOR_TARGET"`
	MaxBody    int           `group:"requests" help:"Most bytes of a request's body." default:"4194304" env:"PREDICTOR_MAX_BODY"`
	MaxRows    int           `group:"requests" help:"Most rows of a request." default:"10000" env:"PREDICTOR_MAX_ROWS"`
	Beside     beside        `embed:""`
	Log        keeping       `embed:""`
	Listening  listening     `embed:""`
	Access     access        `embed:""`
	Watching   watching      `embed:""`
}

func main() {
	os.Exit(command.Main(command.Spec{Name: "predictor", Description: description, Groups: groups}, &predictor{}))
}

// Validate is called by kong before Run.
func (p *predictor) Validate() error {
	if p.Poll <= 0 || p.Listening.Shutdown <= 0 || p.MaxBody <= 0 || p.MaxRows <= 0 {
		return errors.New("--poll, --shutdown, --max-body and --max-rows must be positive")
	}
	return p.Log.validate()
}

// Run serves until the context ends.
func (p *predictor) Run(ctx context.Context, stdout, stderr io.Writer) (err error) {
	limitMemory(os.Getenv)
	logger := slog.New(slog.NewJSONHandler(stderr, &slog.HandlerOptions{Level: p.Watching.LogLevel}))
	cache, err := p.cacheDir()
	if err != nil {
		return err
	}
	client, err := mlflowclient.FromEnv(ctx, clientOptions(os.Getenv)...)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, client.Close()) }()
	log := p.Log.config(ctx, logger, cache, p.Listening.Addr)
	secret, err := p.Beside.secret(os.Getenv)
	if err != nil {
		return err
	}
	tracer, closeTraces, err := startTraces(ctx, logger)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, closeTraces()) }()
	config := predictsvc.Config{
		Client: client, ModelURI: p.ModelURI, Target: p.Target, CacheDir: cache, Poll: p.Poll, MaxBody: p.MaxBody,
		MaxRows: p.MaxRows, Log: log, ShadowModelURI: p.Beside.URI, WebhookSecret: secret,
		Access: p.Access.config(os.Getenv), Tracer: tracer, Profile: p.Watching.Profile, Logger: logger, OnModel: sayOnce(stdout),
	}
	p.Listening.apply(&config)
	service, err := predictsvc.New(config)
	if err != nil {
		return command.Usagef("%s", err)
	}
	return service.Run(ctx)
}

// stallTime is how long a server may leave a call without a byte, unless MLFLOW_HTTP_REQUEST_TIMEOUT says it: while a download hangs, the registry
// is not looked at.
const stallTime = 15 * time.Second

// clientOptions make a client of MLflow that gives up soon: the service repeats its calls by itself.
func clientOptions(getenv func(string) string) []mlflowclient.Option {
	options := []mlflowclient.Option{mlflowclient.WithRetries(mlflowclient.RetryPolicy{Retries: 1, Jitter: 100 * time.Millisecond})}
	if getenv("MLFLOW_HTTP_REQUEST_TIMEOUT") == "" {
		options = append(options, mlflowclient.WithTimeout(stallTime))
	}
	return options
}

// sayOnce says, when the first model is served, what to do next.
func sayOnce(stdout io.Writer) func(predictsvc.Served) {
	var once sync.Once
	return func(m predictsvc.Served) {
		giveBack()
		once.Do(func() {
			fmt.Fprintf(stdout, "serving %s version %s on %s; try:\n\n  curl %s/predict -H 'Content-Type: application/json' -d '%s'\n",
				m.Name, cmp.Or(m.Version, "-"), m.URL, m.URL, strings.ReplaceAll(m.Body, "'", `'\''`))
		})
	}
}

func (p *predictor) cacheDir() (string, error) {
	if p.ModelCache != "" {
		return p.ModelCache, nil
	}
	dir, err := os.UserCacheDir()
	if err != nil {
		return "", command.Usagef("no folder for the cache of models (%s); set MODEL_CACHE", err)
	}
	return filepath.Join(dir, "mlopsgo", "predictor"), nil
}
