package main

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

func TestWrongUse(t *testing.T) {
	for says, args := range map[string][]string{
		"--once":     {"--once", "--window", "1h"},
		"--every":    {"--every", "-1s"},
		"leave out":  {"--every", "1m", "--once"},
		"--to needs": {"--to", "2026-11-20T00:00:00Z"},
		"--to must":  {"--from", "2026-11-20T00:00:00Z", "--to", "2026-11-20T00:00:00Z"},
		"--min-rows": {"--min-rows", "0"},
		"models:/":   {"--model", "sk-rfc-model"},
		"--wnidow":   {"--wnidow", "1h"},
		"yesterday":  {"--from", "yesterday"},
	} {
		program.Refused(t, program.Run(t, t.TempDir(), nil, args...), 2, says)
	}
}

func TestBadInputIsOneClearLine(t *testing.T) {
	w := newWorld(t)
	w.register(t, "")
	w.register(t, "alcohol,pH,quality\n9.4,3.5,5\n")
	dir := t.TempDir()
	write := func(name, text string) string {
		t.Helper()
		file := filepath.Join(dir, name)
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return file
	}
	good := write("good.csv", reference(100))
	program.Refused(t, program.Run(t, dir, w.env(t), "--once"), 1, "no predictions of "+w.model)
	program.Refused(t, program.Run(t, dir, w.env(t), "--from", "2026-11-20T00:00:00Z"), 1, "no predictions of "+w.model)
	if done := program.Run(t, dir, w.env(t)); done.Code != 0 || !strings.Contains(done.Stdout, "nothing new") {
		t.Errorf("exit code %d, %q, %q", done.Code, done.Stdout, done.Stderr)
	}
	for _, version := range []string{"1", "2", "9"} {
		w.predict(t, version, time.Now().Add(-time.Hour), 40, 0)
	}
	for name, test := range map[string]struct {
		env, args []string
		says      string
	}{
		"no reference.csv":      {args: []string{"--model", "models:/" + w.model + "/1"}, says: "has no file reference.csv"},
		"no column prediction":  {args: []string{"--model", "models:/" + w.model + "/2"}, says: `"prediction"`},
		"no such version":       {args: []string{"--model", "models:/" + w.model + "/9"}, says: "reference"},
		"no such file":          {args: []string{"--reference", "nowhere.csv"}, says: "nowhere.csv"},
		"no features":           {args: []string{"--reference", write("bare.csv", "quality,prediction\n5,5\n")}, says: "no feature"},
		"a text":                {args: []string{"--reference", write("text.csv", "alcohol,prediction\nstrong,5\n")}, says: `"alcohol"`},
		"a column nobody sends": {args: []string{"--reference", good, "--target", "grade"}, says: `"quality"`},
		"contamination":         {args: []string{"--reference", good, "--contamination", "1"}, says: "contamination"},
		"no MLflow":             {env: []string{"MLFLOW_TRACKING_URI=http://127.0.0.1:1"}, says: "127.0.0.1:1"},
		"no database":           {env: []string{"MONITORING_DATABASE_URL=postgres://u:s3cret@127.0.0.1:1/x"}, says: "127.0.0.1:1"},
		"no Evidently address":  {env: []string{"EVIDENTLY_URL=127.0.0.1"}, says: "http(s)://"},
	} {
		t.Run(name, func(t *testing.T) {
			done := program.Run(t, t.TempDir(), append(append(w.env(t), "EVIDENTLY_URL="), test.env...), append([]string{"--once"}, test.args...)...)
			program.Refused(t, done, 1, test.says)
			if strings.Contains(done.Stderr, "s3cret") {
				t.Errorf("the password is told: %q", done.Stderr)
			}
		})
	}
}

// TestItKeepsRunningUntilSIGTERM: one round finds windows, and the next rounds find nothing and go on.
func TestItKeepsRunningUntilSIGTERM(t *testing.T) {
	w := newWorld(t)
	file := filepath.Join(t.TempDir(), "reference.csv")
	if err := os.WriteFile(file, []byte(reference(100)), 0o600); err != nil {
		t.Fatal(err)
	}
	w.predict(t, "1", time.Now().Add(-10*time.Minute), 100, 1)
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	command := program.Command(ctx, t, t.TempDir(), w.env(t), "--every", "100ms", "--window", "5s", "--reference", file, "--project", w.project)
	var stdout, stderr strings.Builder
	command.Stdout, command.Stderr = &stdout, &stderr
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	// Progress that moves on after the first round is the second one's.
	var first, later time.Time
	for later.IsZero() && ctx.Err() == nil {
		var until time.Time
		err := w.db.QueryRow(ctx, "SELECT compared_until FROM drift_progress WHERE model_version = ''").Scan(&until)
		switch {
		case err != nil: // no table or no row yet
		case first.IsZero():
			first = until
		case until.After(first):
			later = until
		}
		time.Sleep(50 * time.Millisecond)
	}
	if err := command.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	_ = command.Wait() // the exit code is looked at below
	if code := command.ProcessState.ExitCode(); code != 128+int(syscall.SIGTERM) || stderr.String() != "monitor: ended by terminated\n" {
		t.Errorf("exit code %d, stderr %q", code, stderr.String())
	}
	var windows int
	if err := w.db.QueryRow(t.Context(), "SELECT count(*) FROM drift_windows").Scan(&windows); err != nil || windows == 0 {
		t.Errorf("%d windows, %v", windows, err)
	}
	if reports := strings.Count(stdout.String(), "report: "); reports != windows {
		t.Errorf("%d reports printed for %d windows", reports, windows)
	}
}
