package looptest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"mlopsgo/internal/dataset"
	"mlopsgo/internal/stack"
	"mlopsgo/internal/wine"
	"mlopsgo/mlflowclient"
	"mlopsgo/prefectclient"
)

// The names that the commands use when nobody says otherwise.
const (
	deployment = "rfc-red-wine"
	flowName   = "Main Registration Flow"
	modelName  = "sk-rfc-model"
	modelURI   = "models:/sk-rfc-model@champion"
	// The original's integration test asks this address.
	predictor = "http://127.0.0.1:9003"
)

var features = []string{"volatile acidity", "citric acid", "sulphates", "alcohol"}

// loop is what the steps of the loop share.
type loop struct {
	own     *stack.Own
	run     *programs
	mlflow  *mlflowclient.Client
	prefect *prefectclient.Client
	// deployment is the id of the flow's deployment.
	deployment string
	// shifted is when the first of the shifted wines was asked for, report the page of their drift report.
	shifted time.Time
	report  string
}

// TestLoop goes the whole way, from the data to the drift report, with the commands as a user calls them, while processes are killed and
// each server is restarted once.
func TestLoop(t *testing.T) {
	l := newLoop(t)
	begin := time.Now()
	step := func(name string, do func(t *testing.T)) {
		t.Helper()
		at := time.Now()
		if !t.Run(name, do) {
			t.FailNow() // what follows stands on it
		}
		t.Logf("%-12s %5.1f s", name, time.Since(at).Seconds())
	}
	step("ingest", l.ingest)
	step("explore", l.explore)
	step("baselines", l.baselines)
	step("study", l.study)
	step("deploy", l.deploy)
	step("flow", l.flow)
	step("registry", l.registry)
	step("predict", l.predict)
	step("monitor", l.monitor)
	step("dashboard", l.dashboard)
	step("pages", l.pages)
	if took := time.Since(begin); took > 5*time.Minute {
		t.Errorf("the loop took %v", took)
	}
	step("readme", l.readme)
}

// trials is the size of the study.
const trials = 20

func newLoop(t *testing.T) *loop {
	t.Helper()
	own := stack.StartOwn(t)
	l := &loop{own: own, run: build(t, own.Env, "pipeline/ingest", "pipeline/explore", "pipeline/baselines", "pipeline/hpo", "pipeline/register", "pipeline/worker",
		"predictsvc/predictor", "monitoring/monitor")}
	var err error
	if l.mlflow, err = mlflowclient.New(t.Context(), own.MLflowURI); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.mlflow.Close() })
	if l.prefect, err = prefectclient.New(own.PrefectAPIURL); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(l.prefect.Close)
	return l
}

func (l *loop) ingest(t *testing.T) {
	l.run.run(t, "ingest")
	if said := l.run.run(t, "ingest"); !strings.Contains(said, "unchanged") {
		t.Errorf("the second ingest does not say that nothing changed:\n%s", said)
	}
}

// data is where ingest puts the table.
const data = "s3://mlflow-artifacts/winequality-red.csv"

func (l *loop) explore(t *testing.T) {
	said := l.run.run(t, "explore", "--data", data, "--out", filepath.Join(t.TempDir(), "exploration"))
	if want := "Worth keeping: " + strings.Join(features, ", "); !strings.Contains(said, want) {
		t.Errorf("the exploration does not say %q:\n%s", want, said)
	}
}

func (l *loop) baselines(t *testing.T) {
	said := l.run.run(t, "baselines", "--data", data)
	for _, want := range []string{"0.585", "0.6125", "0.56", "0.635"} { // scikit-learn's
		if !strings.Contains(said, want) {
			t.Errorf("no baseline has the accuracy %s:\n%s", want, said)
		}
	}
}

func (l *loop) study(t *testing.T) {
	said := l.run.run(t, "hpo", strconv.Itoa(trials), "--data", data)
	for _, accuracy := range []string{"0.645", "0.63", "0.66", "0.6275"} {
		if !strings.Contains(said, accuracy) {
			t.Errorf("the study does not find %s", accuracy)
		}
	}
}

func (l *loop) deploy(t *testing.T) {
	for range 2 { // the second changes nothing
		l.run.run(t, "register", "--deploy")
	}
	found, err := l.prefect.Deployments.ReadByName(t.Context(), flowName, deployment)
	if err != nil {
		t.Fatal(err)
	}
	l.deployment = found.ID
}

// flow creates a run as the UI does. The store is down when it starts, so that the run waits for a retry; the worker is killed
// meanwhile; and the run is retried as the UI's button does.
func (l *loop) flow(t *testing.T) {
	worker := l.run.start(t, "worker", "--name", "loop")
	l.own.Kill(t, "minio")
	run, err := l.prefect.Deployments.CreateFlowRun(t.Context(), l.deployment, prefectclient.DeploymentRun{})
	if err != nil {
		t.Fatal(err)
	}
	l.awaitState(t, run.ID, prefectclient.StateRunning)
	worker.kill(t)
	l.own.Up(t)
	worker = l.run.start(t, "worker", "--name", "loop")
	l.awaitState(t, run.ID, prefectclient.StateCrashed)
	again := prefectclient.State{Type: prefectclient.StateScheduled, Name: "AwaitingRetry", Message: "Retry from the UI"}
	if _, err := l.prefect.FlowRuns.ForceState(t.Context(), run.ID, again); err != nil {
		t.Fatal(err)
	}
	l.awaitState(t, run.ID, prefectclient.StateCompleted)
	worker.stop(t)
}

func (l *loop) awaitState(t *testing.T, id string, want prefectclient.StateType) {
	t.Helper()
	await(t, time.Minute, "flow run "+string(want), func() bool {
		run, err := l.prefect.FlowRuns.Read(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		if run.StateType != want && (run.StateType == prefectclient.StateFailed || run.StateType == prefectclient.StateCompleted) {
			t.Fatalf("the flow run is %s (%s), want %s", run.StateType, run.State.Message, want)
		}
		return run.StateType == want
	})
}

// registry finds exactly one version, the champion: what the killed worker began left none.
func (l *loop) registry(t *testing.T) {
	l.championIs(t, "1")
}

func (l *loop) championIs(t *testing.T, version string) {
	t.Helper()
	champion, err := l.mlflow.ModelVersions.GetByAlias(t.Context(), modelName, "champion")
	if err != nil {
		t.Fatal(err)
	}
	if champion.Version != version {
		t.Errorf("the champion is version %s, want %s", champion.Version, version)
	}
	var versions []string
	for found, err := range l.mlflow.ModelVersions.Search(t.Context(), mlflowclient.SearchModelVersions{Filter: "name='" + modelName + "'"}) {
		if err != nil {
			t.Fatal(err)
		}
		versions = append(versions, found.Version)
	}
	if len(versions) == 0 || slices.Max(versions) != version || fmt.Sprint(len(versions)) != version {
		t.Errorf("versions %v, want %s of them", versions, version)
	}
}

// rows are the features of all wines.
func rows(t *testing.T) []map[string]float64 {
	t.Helper()
	table, err := dataset.ReadCSV(wine.Open(), wine.Name, dataset.ReadOptions{Need: features, DropOthers: true})
	if err != nil {
		t.Fatal(err)
	}
	values, err := table.Matrix(features...)
	if err != nil {
		t.Fatal(err)
	}
	all := make([]map[string]float64, table.Rows())
	for i := range all {
		all[i] = map[string]float64{}
		for j, feature := range features {
			all[i][feature] = values[i*len(features)+j]
		}
	}
	return all
}

// startPredictor starts it and waits until it has a model.
func (l *loop) startPredictor(t *testing.T) *service {
	t.Helper()
	s := l.run.start(t, "predictor")
	await(t, 30*time.Second, "the predictor is healthy", func() bool {
		response, err := http.Get(predictor + "/health") //nolint:noctx // It is awaited.
		if err != nil {
			return false
		}
		defer response.Body.Close()
		return response.StatusCode == http.StatusOK
	})
	return s
}

type prediction struct {
	Quality int    `json:"quality"`
	Model   string `json:"model"`
}

// ask posts to /predict and reads the answer into out.
func ask(t *testing.T, in, out any) {
	t.Helper()
	body, err := json.Marshal(in)
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.Post(predictor+"/predict", "application/json", bytes.NewReader(body)) //nolint:noctx // A local call.
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != http.StatusOK {
		t.Fatalf("POST /predict: %s, %v: %s", response.Status, err, text)
	}
	if err := json.Unmarshal(text, out); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
}

// predict compares all labels with Python's, and sends the shifted wines through a kill of the predictor and a restart of Postgres.
func (l *loop) predict(t *testing.T) {
	s := l.startPredictor(t)
	python := stack.Python(t, "mlflow")
	if out, err := exec.CommandContext(t.Context(), python, filepath.Join("..", "..", "predictsvc", "testdata", "integration.py"), predictor).CombinedOutput(); err != nil {
		t.Errorf("the original's integration test: %v\n%s", err, out)
	}
	wines := rows(t)
	var ours []prediction
	ask(t, wines, &ours)
	theirs := l.pythonLabels(t, python)
	if len(ours) != len(wines) || len(theirs) != len(wines) {
		t.Fatalf("%d wines, %d labels of ours, %d of Python's", len(wines), len(ours), len(theirs))
	}
	if theirs[0] != 5 { // the wine that the original tests with
		t.Errorf("Python gives the first wine quality %d, want 5", theirs[0])
	}
	for i := range ours {
		if ours[i].Quality != theirs[i] {
			t.Errorf("wine %d: quality %d, Python says %d", i, ours[i].Quality, theirs[i])
		}
	}

	shifted := wines[:600]
	l.shifted = time.Now().UTC()
	for i, wine := range shifted {
		wine["alcohol"] += 1.5
		wine["volatile acidity"] *= 1.4
		var one prediction
		ask(t, wine, &one)
		switch i {
		case 300:
			l.awaitLogged(t, len(wines)+1+i+1) // and the one of the integration test
			s.kill(t)
			s = l.startPredictor(t)
		case 400:
			l.own.Kill(t, "postgres")
		case 500:
			l.own.Up(t)
		}
	}
	l.awaitLogged(t, len(wines)+1+len(shifted))
	s.stop(t)
}

func (l *loop) pythonLabels(t *testing.T, python string) []int {
	t.Helper()
	args := append([]string{filepath.Join("testdata", "labels.py"), modelURI, filepath.Join("..", "wine", wine.Name)}, features...)
	command := exec.CommandContext(t.Context(), python, args...)
	command.Env = append(command.Environ(), "MLFLOW_TRACKING_URI="+l.own.MLflowURI)
	var stderr bytes.Buffer
	command.Stderr = &stderr
	out, err := command.Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, &stderr)
	}
	var labels []int
	if err := json.Unmarshal(out, &labels); err != nil {
		t.Fatal(err)
	}
	return labels
}
