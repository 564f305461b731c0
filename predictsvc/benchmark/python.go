package main

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// interpreter is the Python that has MLflow, scikit-learn and onnxruntime.
func interpreter(ctx context.Context) (string, error) {
	path, err := exec.CommandContext(ctx, "stack/venv", "mlflow").Output()
	if err != nil {
		return "", fmt.Errorf("stack/venv mlflow: %w", err)
	}
	return strings.TrimSpace(string(path)), nil
}

// python is original.py, waiting for what to time.
type python struct {
	process *exec.Cmd
	in      io.WriteCloser
	out     *bufio.Scanner
}

func startPython(ctx context.Context, stderr io.Writer, args ...string) (*python, error) {
	program, err := interpreter(ctx)
	if err != nil {
		return nil, err
	}
	p := exec.CommandContext(ctx, program, append([]string{"-W", "ignore", "predictsvc/benchmark/original.py"}, args...)...)
	p.Env = append(os.Environ(), "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR=false", "MLFLOW_LOGGING_LEVEL=WARNING")
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
	for {
		said, err := py.line()
		if err != nil {
			return nil, errors.Join(err, py.end())
		}
		if said == "ready" { // MLflow prints where its run is before
			return py, nil
		}
	}
}

func (p *python) line() (string, error) {
	if !p.out.Scan() {
		return "", errors.Join(errors.New("original.py ended"), p.out.Err())
	}
	return strings.TrimSpace(p.out.Text()), nil
}

// rows has the times that follow taken with these values: calls with so many rows each, one after the other and again. They go there in a
// file.
func (p *python) rows(file string, values []float64, size int) error {
	data := make([]byte, 0, 8*len(values))
	for _, v := range values {
		data = binary.LittleEndian.AppendUint64(data, math.Float64bits(v))
	}
	if err := os.WriteFile(file, data, 0o600); err != nil {
		return err
	}
	_, err := fmt.Fprintln(p.in, "rows", size, file)
	return err
}

// time is how long onnxruntime takes for one of so many calls.
func (p *python) time(calls int) (time.Duration, error) {
	if _, err := fmt.Fprintln(p.in, "time", calls); err != nil {
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

// startMLflow starts `mlflow models serve` as its documentation has it: one worker, in the environment at hand.
func (p place) startMLflow(ctx context.Context) (*server, error) {
	program, err := interpreter(ctx)
	if err != nil {
		return nil, err
	}
	bin := filepath.Dir(program)
	env := append(os.Environ(), "PATH="+bin+":"+os.Getenv("PATH")) // uvicorn
	return startServer(ctx, "mlflow models serve", "/ping", env, filepath.Join(bin, "mlflow"), "models", "serve", "--env-manager", "local",
		"--model-uri", "models:/"+p.name+"-sklearn@champion", "--host", "127.0.0.1", "--port", "{port}")
}
