package stack

import (
	"path/filepath"
	"runtime"
	"testing"
)

// Python returns the interpreter of the pinned virtual environment that stack/requirements/<set>.txt describes: "mlflow" (with
// scikit-learn, Optuna, onnxruntime), "prefect", "evidently" or "psutil". Under REQUIRE_STACK=1 it installs the environment when it is missing.
func Python(tb testing.TB, set string) string {
	tb.Helper()
	short(tb)
	args := []string{"--check", set}
	if required() {
		args = args[1:]
	}
	python, err := script(tb.Context(), "venv", args...)
	if err != nil {
		missing(tb, "the Python environment "+set+" ("+err.Error()+")", "stack/venv "+set)
	}
	return python
}

// root is the folder of the module: this file lies two folders below it.
func root() string {
	_, file, _, _ := runtime.Caller(0)
	return filepath.Dir(filepath.Dir(filepath.Dir(file)))
}

// Cache is the folder in which stack/up finds what it has installed, for MLOPSGO_CACHE of a program with another home.
func Cache(tb testing.TB) string {
	tb.Helper()
	dir, err := script(tb.Context(), "cache")
	if err != nil {
		tb.Fatal(err)
	}
	return dir
}
