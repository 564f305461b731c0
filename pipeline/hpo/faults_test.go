package main

import (
	"bufio"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"mlopsgo/mlflowclient"
)

func TestCtrlCKeepsWhatIsDone(t *testing.T) {
	for _, sampler := range []string{"tpe", "exhaustive"} {
		t.Run(sampler, func(t *testing.T) { interrupt(t, sampler) })
	}
}

// interrupt stops a study after its second trial and checks what is left of it.
func interrupt(t *testing.T, sampler string) {
	dir := t.TempDir()
	command := program.Command(t.Context(), t, dir, nil, "--sampler", sampler)
	stdout, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	var stderr strings.Builder
	command.Stderr = &stderr
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	lines := 0
	var rest strings.Builder
	for scanner := bufio.NewScanner(stdout); scanner.Scan(); {
		rest.WriteString(scanner.Text() + "\n")
		if !strings.HasPrefix(scanner.Text(), "trial") {
			continue
		}
		if lines++; lines == 2 {
			if err := command.Process.Signal(syscall.SIGINT); err != nil {
				t.Fatal(err)
			}
		}
	}
	_ = command.Wait() // the exit code is looked at below
	if code := command.ProcessState.ExitCode(); code != 130 {
		t.Errorf("exit code %d, want 130; stderr %q", code, stderr.String())
	}
	if got, want := stderr.String(), "hpo: ended by interrupt\n"; got != want {
		t.Errorf("stderr %q, want %q", got, want)
	}
	if !strings.Contains(rest.String(), "Best of ") || !strings.Contains(rest.String(), "mlflow ui") {
		t.Errorf("the output does not close with the best and the command to look at it:\n%s", rest.String())
	}
	study, trials := trialRuns(t, connect(t, "sqlite:///"+filepath.Join(dir, "mlflow.db")), "red-wine-quality-hyperopt")
	finished := 0
	for _, trial := range trials {
		switch _, scored := trial.Metrics["accuracy"]; {
		case trial.Status == mlflowclient.StatusFinished && scored:
			finished++
		case trial.Status != mlflowclient.StatusKilled || scored:
			t.Errorf("%s is %s, scored: %t", trial.Name, trial.Status, scored)
		}
		if trial.EndTime.IsZero() {
			t.Errorf("%s has no end", trial.Name)
		}
	}
	if finished != lines || lines < 2 {
		t.Errorf("%d finished runs for %d printed trials", finished, lines)
	}
	if study.Status != mlflowclient.StatusKilled {
		t.Errorf("the study is %s, want KILLED", study.Status)
	}
}

func TestBadInputIsOneClearLine(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		t.Helper()
		file := filepath.Join(dir, name)
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return file
	}
	header := "volatile acidity,citric acid,sulphates,alcohol,quality\n"
	quick := "MLFLOW_HTTP_REQUEST_MAX_RETRIES=0"
	for name, test := range map[string]struct {
		env, args []string
		code      int
		says      string
	}{
		"no such file":        {args: []string{"--data", "nowhere.csv"}, code: 1, says: "nowhere.csv"},
		"a folder":            {args: []string{"--data", dir}, code: 1, says: "folder"},
		"ragged":              {args: []string{"--data", write("ragged.csv", header+"1,2,3,4\n")}, code: 1, says: "line 2"},
		"not a number":        {args: []string{"--data", write("text.csv", header+"1,2,x,4,5\n")}, code: 1, says: `"sulphates"`},
		"NaN":                 {args: []string{"--data", write("nan.csv", header+"1,NaN,3,4,5\n")}, code: 1, says: `"citric acid"`},
		"empty":               {args: []string{"--data", write("empty.csv", "")}, code: 1, says: "empty.csv"},
		"header only":         {args: []string{"--data", write("header.csv", header)}, code: 1, says: "header.csv"},
		"one row":             {args: []string{"--data", write("one.csv", header+"1,2,3,4,5\n")}, code: 1, says: "one.csv"},
		"fractional classes":  {args: []string{"--data", write("half.csv", header+"1,2,3,4,5.5\n1,2,3,4,6\n")}, code: 1, says: "5.5"},
		"no such feature":     {args: []string{"--features", "sugar"}, code: 1, says: `"sugar"`},
		"no such target":      {args: []string{"--target", "grade"}, code: 1, says: `"grade"`},
		"target as feature":   {args: []string{"--features", "alcohol,quality"}, code: 1, says: "among the features"},
		"a feature twice":     {args: []string{"--features", "alcohol,alcohol"}, code: 1, says: `"alcohol"`},
		"test share":          {args: []string{"--test-size", "1"}, code: 1, says: "test_size"},
		"zip that is none":    {args: []string{"--data", write("bad.zip", "PK\x03\x04 no archive")}, code: 1, says: "bad.zip"},
		"unknown scheme":      {args: []string{"--data", "ftp://host/x.csv"}, code: 1, says: "ftp"},
		"no S3 credentials":   {args: []string{"--data", "s3://bucket/key"}, code: 1, says: "AWS_ACCESS_KEY_ID"},
		"no server":           {env: []string{"MLFLOW_TRACKING_URI=http://127.0.0.1:1", quick}, code: 1, says: "127.0.0.1:1"},
		"tracking URI":        {env: []string{"MLFLOW_TRACKING_URI=ftp://host"}, code: 1, says: "ftp"},
		"bad environment":     {env: []string{"MLFLOW_HTTP_REQUEST_TIMEOUT=soon"}, code: 1, says: "MLFLOW_HTTP_REQUEST_TIMEOUT"},
		"not a database":      {env: []string{"MLFLOW_TRACKING_URI=sqlite:///" + write("notes.db", "shopping list, long enough to be no database header")}, code: 1, says: "notes.db"},
		"trials: a word":      {args: []string{"many"}, code: 2, says: "n_trials"},
		"trials: negative":    {args: []string{"--", "-1"}, code: 2, says: "n_trials is -1"},
		"unknown flag":        {args: []string{"--smapler", "tpe"}, code: 2, says: "--smapler"},
		"unknown sampler":     {args: []string{"--sampler", "grid"}, code: 2, says: "--sampler"},
		"exhaustive, limited": {args: []string{"--sampler", "exhaustive", "5"}, code: 2, says: "n_trials"},
		"at once: negative":   {args: []string{"--parallel", "-2"}, code: 2, says: "--parallel"},
		"seed: negative":      {args: []string{"--sampler-seed", "-2"}, code: 2, says: "--sampler-seed"},
	} {
		t.Run(name, func(t *testing.T) {
			work := t.TempDir()
			if test.code == 1 {
				test.args = append(test.args, "1") // so that a test that should fail and does not is quick
			}
			done := program.Run(t, work, test.env, test.args...)
			program.Refused(t, done, test.code, test.says)
			if done.Stdout != "" && test.code == 2 {
				t.Errorf("stdout %q, want nothing", done.Stdout)
			}
			nothingIsRunning(t, filepath.Join(work, "mlflow.db"))
		})
	}
}

// nothingIsRunning fails when a study left a run that did not end, or was recorded at all.
func nothingIsRunning(t *testing.T, database string) {
	t.Helper()
	if _, err := os.Stat(database); os.IsNotExist(err) {
		return
	}
	client := connect(t, "sqlite:///"+database)
	for experiment, err := range client.Experiments.Search(t.Context(), mlflowclient.SearchExperiments{}) {
		if err != nil {
			t.Fatal(err)
		}
		for run, err := range client.Runs.Search(t.Context(), mlflowclient.SearchRuns{ExperimentIDs: []string{experiment.ID}}) {
			if err != nil {
				t.Fatal(err)
			}
			t.Errorf("run %s of experiment %s was left behind, %s", run.Name, experiment.Name, run.Status)
		}
	}
}
