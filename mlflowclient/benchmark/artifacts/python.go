package main

import (
	"bufio"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"time"
)

// python is original.py, waiting for what to do.
type python struct {
	process *exec.Cmd
	in      io.WriteCloser
	out     *bufio.Scanner
	runID   string
}

func startPython(ctx context.Context, stderr io.Writer, args ...string) (*python, error) {
	interpreter, err := exec.CommandContext(ctx, "stack/venv", "mlflow").Output()
	if err != nil {
		return nil, fmt.Errorf("stack/venv mlflow: %w", err)
	}
	p := exec.CommandContext(ctx, strings.TrimSpace(string(interpreter)), append([]string{"mlflowclient/benchmark/artifacts/original.py"}, args...)...)
	p.Env = append(os.Environ(), "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR=false")
	p.Stderr = stderr
	in, err := p.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := p.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := p.Start(); err != nil {
		return nil, err
	}
	py := &python{process: p, in: in, out: bufio.NewScanner(out)}
	if py.runID, err = py.line(); err != nil {
		return nil, errors.Join(err, py.end())
	}
	return py, nil
}

func (p *python) line() (string, error) {
	if !p.out.Scan() {
		return "", errors.Join(errors.New("original.py ended"), p.out.Err())
	}
	return strings.TrimSpace(p.out.Text()), nil
}

// do has Python do one thing, and returns how long it took.
func (p *python) do(what string) (time.Duration, error) {
	if _, err := fmt.Fprintln(p.in, what); err != nil {
		return 0, err
	}
	said, err := p.line()
	if err != nil {
		return 0, err
	}
	seconds, err := strconv.ParseFloat(said, 64)
	if err != nil {
		return 0, fmt.Errorf("original.py said %q", said)
	}
	return time.Duration(seconds * float64(time.Second)), nil
}

func (p *python) end() error { return errors.Join(p.in.Close(), p.process.Wait()) }

// writeNoise makes a file that nothing can compress.
func writeNoise(file string, mib int) error {
	f, err := os.Create(file)
	if err != nil {
		return err
	}
	_, err = io.CopyN(f, rand.NewChaCha8([32]byte{1}), int64(mib)<<20)
	return errors.Join(err, f.Close())
}

func sum(file string) (s [sha256.Size]byte, err error) {
	f, err := os.Open(file)
	if err != nil {
		return s, err
	}
	defer f.Close()
	hash := sha256.New()
	if _, err := io.Copy(hash, f); err != nil {
		return s, err
	}
	return [sha256.Size]byte(hash.Sum(nil)), nil
}
