// Package commandtest runs a command of this module as a user does: as a process of its own, built from the package under test.
package commandtest

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// Program is a command that was built for a test.
type Program struct{ name, file string }

// Main builds the command in the current folder, runs the package's tests, removes it and returns the exit code. Call it from TestMain:
//
//	func TestMain(m *testing.M) { os.Exit(commandtest.Main(m, &program, "hpo")) }
func Main(m *testing.M, program *Program, name string) (code int) {
	dir, err := os.MkdirTemp("", name+"-test-")
	if err != nil {
		panic(err)
	}
	defer func() {
		if err := os.RemoveAll(dir); err != nil {
			panic(err)
		}
	}()
	*program = Program{name: name, file: filepath.Join(dir, name)}
	if out, err := exec.Command("go", "build", "-o", program.file, ".").CombinedOutput(); err != nil { //nolint:noctx // There is no context in TestMain.
		panic(string(out))
	}
	return m.Run()
}

// Command prepares the program in a folder, with an empty home and nothing in its environment but what is given.
func (p Program) Command(ctx context.Context, t *testing.T, dir string, env []string, args ...string) *exec.Cmd {
	t.Helper()
	command := exec.CommandContext(ctx, p.file, args...)
	command.Dir = dir
	command.Env = append([]string{"HOME=" + t.TempDir(), "PATH=/usr/bin:/bin", "AWS_EC2_METADATA_DISABLED=true"}, env...)
	return command
}

// Result is how a program ended.
type Result struct {
	Stdout, Stderr string
	Code           int
}

// Run runs the program to its end.
func (p Program) Run(t *testing.T, dir string, env []string, args ...string) Result {
	t.Helper()
	command := p.Command(t.Context(), t, dir, env, args...)
	var stdout, stderr bytes.Buffer
	command.Stdout, command.Stderr = &stdout, &stderr
	if err := command.Run(); err != nil && command.ProcessState == nil {
		t.Fatal(err)
	}
	return Result{stdout.String(), stderr.String(), command.ProcessState.ExitCode()}
}

// Refused checks what every command owes to bad input: the exit code, and one line on standard error that starts with the command's
// name and says what is wrong. A wrong use (code 2) may be followed by the pointer to --help.
func (p Program) Refused(t *testing.T, got Result, code int, says string) {
	t.Helper()
	if got.Code != code {
		t.Errorf("exit code %d, want %d", got.Code, code)
	}
	lines := strings.Split(strings.TrimSuffix(got.Stderr, "\n"), "\n")
	if code == 2 && len(lines) == 2 && strings.HasPrefix(lines[1], "usage: "+p.name+" --help") {
		lines = lines[:1]
	}
	if len(lines) != 1 || !strings.HasPrefix(lines[0], p.name+": ") || !strings.Contains(lines[0], says) {
		t.Errorf("stderr %q: want one line that starts with %q and says %q", got.Stderr, p.name+": ", says)
	}
}
