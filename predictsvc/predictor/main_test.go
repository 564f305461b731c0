package main

import (
	"bufio"
	"context"
	"crypto/rand"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"mlopsgo/internal/command/commandtest"
	"mlopsgo/internal/onnx"
	"mlopsgo/internal/predictionlog"
	"mlopsgo/internal/stack"
	"mlopsgo/mlflowclient"
	"mlopsgo/mlflowclient/mlmodel"
	"mlopsgo/predictsvc"
)

// program is the command under test.
var program commandtest.Program

func TestMain(m *testing.M) { os.Exit(commandtest.Main(m, &program, "predictor")) }

// register puts a tiny forest that says 5 into an MLflow of the test's own, under the original's name and alias.
func register(t *testing.T, uri, name string) {
	t.Helper()
	client, err := mlflowclient.New(t.Context(), uri, mlflowclient.WithArtifactRoot(t.TempDir())) // a file's, instead of mlruns in this folder
	must(t, err)
	defer client.Close()
	columns := []string{"volatile acidity", "citric acid", "sulphates", "alcohol"}
	model, err := (&onnx.Forest{
		Features: 4, IntClasses: []int64{5, 6}, Trees: []onnx.Tree{{
			Left: []int{1, -1, -1}, Right: []int{2, -1, -1}, Feature: []int{3, -2, -2}, Threshold: []float64{10, -2, -2},
			Values: []float64{0.5, 0.5, 1, 0, 0, 1},
		}},
	}).Model()
	must(t, err)
	must(t, client.Track(t.Context(), mlflowclient.StartRun{}, func(ctx context.Context, run *mlflowclient.ActiveRun) error {
		logged, err := run.LogModel(ctx, mlflowclient.LogModel{Name: "tiny", Files: func(id string) ([]mlmodel.File, error) {
			return mlmodel.ONNXModel{
				Data: model.Encode(), ModelID: id, Signature: &mlmodel.Signature{Inputs: mlmodel.Columns(mlmodel.Double, columns...)},
				Example: &mlmodel.Example{Columns: columns, Rows: [][]any{{0.7, 0.0, 0.56, 9.4}}},
			}.Files()
		}})
		if err != nil {
			return err
		}
		_, err = client.RegisterModel(ctx, mlflowclient.RegisterModel{Name: name, ModelID: logged.ID, RunID: run.ID, Alias: "champion"})
		return err
	}))
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// started is the program while it runs.
type started struct {
	url    string
	try    string // the command that it says to try
	stderr *strings.Builder
	wait   func() int
	signal func(os.Signal)
}

var trying = regexp.MustCompile(`^serving (\S+) version (\S+) on (http://\S+); try:$`)

// start runs the program until it says that it serves.
func start(t *testing.T, env ...string) *started {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
	t.Cleanup(cancel)
	cmd := program.Command(ctx, t, t.TempDir(), append(env, "PREDICTOR_ADDR=127.0.0.1:0"))
	s := &started{stderr: &strings.Builder{}, signal: func(sig os.Signal) { must(t, cmd.Process.Signal(sig)) }}
	cmd.Stderr = s.stderr
	out, err := cmd.StdoutPipe()
	must(t, err)
	must(t, cmd.Start())
	s.wait = func() int {
		_, _ = io.Copy(io.Discard, out)
		if err := cmd.Wait(); err != nil && cmd.ProcessState == nil {
			t.Fatal(err)
		}
		return cmd.ProcessState.ExitCode()
	}
	lines := bufio.NewScanner(out)
	for s.try == "" && lines.Scan() {
		if found := trying.FindStringSubmatch(lines.Text()); found != nil {
			s.url = found[3]
		}
		if command, ok := strings.CutPrefix(lines.Text(), "  curl "); ok {
			s.try = "curl " + command
		}
	}
	if s.url == "" || s.try == "" {
		t.Fatalf("it ended with %d before it served:\n%s", s.wait(), s.stderr)
	}
	return s
}

func TestTheOriginalsIntegrationTest(t *testing.T) {
	python := stack.Python(t, "mlflow")
	uri := "sqlite:///" + filepath.Join(t.TempDir(), "mlflow.db")
	register(t, uri, "sk-rfc-model")
	s := start(t, "MLFLOW_TRACKING_URI="+uri)
	output, err := exec.CommandContext(t.Context(), python, "../testdata/integration.py", s.url).CombinedOutput()
	if err != nil {
		t.Errorf("%v\n%s", err, output)
	}
	tried, err := exec.CommandContext(t.Context(), "sh", "-c", s.try+" --silent --show-error --fail").CombinedOutput()
	if err != nil || string(tried) != `{"quality":5,"model":"sk-rfc-model"}` {
		t.Errorf("%s\nanswers %q, %v", s.try, tried, err)
	}
	s.signal(syscall.SIGTERM)
	if code := s.wait(); code != 128+int(syscall.SIGTERM) {
		t.Errorf("exit code %d", code)
	}
	if log := s.stderr.String(); strings.Count(log, "predictions are not kept") != 1 || !strings.Contains(log, `"msg":"model loaded"`) {
		t.Errorf("the log is\n%s", log)
	}
}

func TestARealServerAndPostgres(t *testing.T) {
	servers := stack.Get(t)
	name := "predictor-test-" + strings.ToLower(rand.Text()[:10])
	register(t, servers.MLflowURI, name)
	s := start(t, "MLFLOW_TRACKING_URI="+servers.MLflowURI, "MODEL_URI=models:/"+name+"@champion", "MONITORING_DATABASE_URL="+servers.PostgresURL)
	tried, err := exec.CommandContext(t.Context(), "sh", "-c", s.try+" --silent --show-error --fail").CombinedOutput()
	if err != nil || string(tried) != `{"quality":5,"model":"`+name+`"}` {
		t.Errorf("%s\nanswers %q, %v", s.try, tried, err)
	}
	s.signal(os.Interrupt)
	if code := s.wait(); code != 130 {
		t.Errorf("exit code %d", code)
	}
	if log := s.stderr.String(); strings.Contains(log, `"level":"ERROR"`) || strings.Contains(log, "not kept") || strings.Contains(log, "not written") {
		t.Errorf("the log is\n%s", log)
	}
	if rows := kept(t, servers.PostgresURL, name); rows != 1 {
		t.Errorf("%d rows in the table after the end, want 1", rows)
	}
}

// TestKilled: what was written before a kill -9 is there once, and the next process goes on.
func TestKilled(t *testing.T) {
	servers := stack.Get(t)
	name := "predictor-killed-" + strings.ToLower(rand.Text()[:10])
	register(t, servers.MLflowURI, name)
	env := []string{
		"MLFLOW_TRACKING_URI=" + servers.MLflowURI, "MODEL_URI=models:/" + name + "@champion", "MONITORING_DATABASE_URL=" + servers.PostgresURL,
		"MODEL_CACHE=" + t.TempDir(),
	}
	total := 0
	for range 2 {
		s := start(t, env...)
		for range 20 {
			tried, err := exec.CommandContext(t.Context(), "sh", "-c", s.try+" --silent --show-error --fail").CombinedOutput()
			if err != nil {
				t.Fatalf("%v\n%s", err, tried)
			}
		}
		total += 20
		for deadline := time.Now().Add(time.Minute); kept(t, servers.PostgresURL, name) < total && time.Now().Before(deadline); {
			time.Sleep(50 * time.Millisecond)
		}
		s.signal(os.Kill)
		if code := s.wait(); code != -1 {
			t.Errorf("exit code %d", code)
		}
	}
	if rows := kept(t, servers.PostgresURL, name); rows != total {
		t.Errorf("%d rows in the table, want %d", rows, total)
	}
}

// kept counts the predictions of a model in the table.
func kept(t *testing.T, database, model string) int {
	t.Helper()
	store, err := predictionlog.Open(t.Context(), database)
	must(t, err)
	defer store.Close()
	rows := 0
	for _, err := range store.Between(t.Context(), model, time.Now().Add(-time.Hour), time.Now().Add(time.Hour)) {
		must(t, err)
		rows++
	}
	return rows
}

func TestWrongUseIsOneClearLine(t *testing.T) {
	for name, test := range map[string]struct {
		env, args []string
		code      int
		says      string
	}{
		"unknown flag": {args: []string{"--colour", "red"}, code: 2, says: "--colour"},
		"a duration":   {args: []string{"--poll", "5"}, code: 2, says: "--poll"},
		"negative":     {args: []string{"--poll=-5s"}, code: 2, says: "must be positive"},
		"target":       {args: []string{"--target", "model"}, code: 2, says: `Target is "model"`},
		"address":      {args: []string{"--addr", "nowhere"}, code: 1, says: "nowhere"},
		"tracking URI": {env: []string{"MLFLOW_TRACKING_URI=ftp://x"}, code: 1, says: "ftp"},
	} {
		t.Run(name, func(t *testing.T) {
			got := program.Run(t, t.TempDir(), append(test.env, "PGHOST=127.0.0.1"), test.args...)
			if test.code == 1 { // the log, as JSON, comes before the error
				lines := strings.Split(strings.TrimSpace(got.Stderr), "\n")
				got.Stderr = lines[len(lines)-1]
			}
			program.Refused(t, got, test.code, test.says)
		})
	}
	if help := program.Run(t, t.TempDir(), nil, "--help"); help.Code != 0 || !strings.Contains(help.Stdout, "MODEL_URI") {
		t.Errorf("%+v", help)
	}
}

func TestDatabaseOfTheEnvironment(t *testing.T) {
	for _, test := range []struct {
		env  map[string]string
		keep bool
		url  string
	}{
		{nil, false, ""},
		{map[string]string{"PGPASSWORD": "x"}, false, ""},
		{map[string]string{"PGHOST": "db"}, true, ""},
		{map[string]string{"PGHOST": "db", "MONITORING_DATABASE_URL": "postgres://db/monitoring"}, true, "postgres://db/monitoring"},
	} {
		if keep, url := database(func(name string) string { return test.env[name] }); keep != test.keep || url != test.url {
			t.Errorf("%v: %v %q", test.env, keep, url)
		}
	}
}

func TestQuotesInTheCommandToTry(t *testing.T) {
	var out strings.Builder
	sayOnce(&out)(predictsvc.Served{Name: "m", URL: "http://x", Body: `{"winzer's":1}`})
	if !strings.Contains(out.String(), `-d '{"winzer'\''s":1}'`) {
		t.Error(out.String())
	}
}
