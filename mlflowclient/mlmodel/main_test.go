package mlmodel

import (
	"errors"
	"os/exec"
	"testing"

	"mlopsgo/internal/stack"
)

// python runs a script of testdata in the pinned environment.
func python(tb testing.TB, script string, args ...string) []byte {
	tb.Helper()
	cmd := exec.CommandContext(tb.Context(), stack.Python(tb, "mlflow"), append([]string{"testdata/" + script}, args...)...)
	out, err := cmd.Output()
	if err != nil {
		message := ""
		if exit, ok := errors.AsType[*exec.ExitError](err); ok {
			message = string(exit.Stderr)
		}
		tb.Fatalf("%s %v: %v\n%s", script, args, err, message)
	}
	return out
}
