package main

import (
	"context"
	_ "embed"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"

	"mlopsgo/internal/original"
)

//go:embed original.py
var script string

// sklearn is scikit-learn in a process of its own that waits for commands.
type sklearn struct {
	python, folder string
	jobs           int

	*original.Process
}

// startPython writes script and data into folder, and starts the process.
func startPython(ctx context.Context, python, folder string, jobs int) (*sklearn, error) {
	s := &sklearn{python: python, folder: folder, jobs: jobs}
	if err := os.WriteFile(s.script(), []byte(script), 0o600); err != nil {
		return nil, err
	}
	if _, err := s.output(ctx, "data", "internal/wine/winequality-red.csv", folder); err != nil {
		return nil, err
	}
	command := exec.CommandContext(ctx, python, s.script(), "serve", folder, strconv.Itoa(jobs))
	command.Stderr = os.Stderr
	var err error
	s.Process, err = original.Start(command)
	return s, err
}

func (s *sklearn) script() string { return filepath.Join(s.folder, "original.py") }

// output runs the script once.
func (s *sklearn) output(ctx context.Context, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, s.python, append([]string{s.script()}, args...)...)
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("original.py %s: %w", args[0], explain(err, stderr.String()))
	}
	return strings.TrimSpace(string(out)), nil
}

// explain adds the message of a Python traceback, its last line.
func explain(err error, stderr string) error {
	lines := strings.Split(strings.TrimSpace(stderr), "\n")
	if last := lines[len(lines)-1]; last != "" {
		return fmt.Errorf("%w: %s", err, last)
	}
	return err
}

// time sends a command and returns how long it took in Python.
func (s *sklearn) time(order ...any) (t span, err error) {
	said, err := s.Ask(order...)
	if err != nil {
		return span{}, fmt.Errorf("%v: %w", order[0], err)
	}
	_, err = fmt.Sscan(said, &t.wall, &t.busy)
	return t, err
}
