package stack_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"mlopsgo/internal/stack"
)

func TestOpenRefusesWhatDoesNotRun(t *testing.T) {
	dir := t.TempDir()
	if _, err := stack.Open(dir); err == nil || !strings.Contains(err.Error(), filepath.Join(dir, "env")) {
		t.Errorf("a folder without a stack: %v", err)
	}

	closed := stack.FreePort(t)
	writeEnv(t, dir, fmt.Sprintf("http://127.0.0.1:%d", closed))
	if _, err := stack.Open(dir); err == nil || !strings.Contains(err.Error(), fmt.Sprint(closed)) {
		t.Errorf("a server that does not listen: %v", err)
	}

	writeEnv(t, dir, "http://user:secret@[")
	if _, err := stack.Open(dir); err == nil || strings.Contains(err.Error(), "secret") {
		t.Errorf("an address that is none: %v", err)
	}
}

func writeEnv(t *testing.T, dir, mlflow string) {
	t.Helper()
	text := "export MLFLOW_TRACKING_URI='" + mlflow + "'\n"
	if err := os.WriteFile(filepath.Join(dir, "env"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestStateDirIsAbsolute(t *testing.T) {
	t.Setenv("STACK_DIR", "/somewhere")
	if dir, err := stack.StateDir(); dir != "/somewhere" || err != nil {
		t.Errorf("%q, %v", dir, err)
	}
	t.Setenv("STACK_DIR", "somewhere")
	if dir, err := stack.StateDir(); err == nil {
		t.Errorf("%q: a relative folder is another one for each package", dir)
	}
	t.Setenv("STACK_DIR", "")
	if dir, err := stack.StateDir(); !filepath.IsAbs(dir) || err != nil {
		t.Errorf("the default: %q, %v", dir, err)
	}
}
