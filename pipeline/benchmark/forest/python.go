package main

import (
	"bufio"
	"context"
	_ "embed"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
)

//go:embed original.py
var script string

// sklearn is scikit-learn in a process of its own that waits for commands.
type sklearn struct {
	python, folder string
	jobs           int

	cmd *exec.Cmd
	in  io.WriteCloser
	out *bufio.Scanner
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
	s.cmd = exec.CommandContext(ctx, python, s.script(), "serve", folder, strconv.Itoa(jobs))
	s.cmd.Stderr = os.Stderr
	in, err := s.cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := s.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	s.in, s.out = in, bufio.NewScanner(out)
	return s, s.cmd.Start()
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
func (s *sklearn) time(command ...string) (span, error) {
	if _, err := fmt.Fprintln(s.in, strings.Join(command, " ")); err != nil {
		return span{}, err
	}
	if !s.out.Scan() {
		return span{}, fmt.Errorf("original.py %s: no answer", command[0])
	}
	var t span
	_, err := fmt.Sscan(s.out.Text(), &t.wall, &t.busy)
	return t, err
}

// stop ends the process.
func (s *sklearn) stop() error {
	if err := s.in.Close(); err != nil {
		return err
	}
	return s.cmd.Wait()
}
