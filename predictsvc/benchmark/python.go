package main

import (
	"context"
	"encoding/binary"
	"io"
	"math"
	"os"
	"os/exec"
	"path/filepath"

	"mlopsgo/internal/original"
)

// python is original.py, waiting for what to time.
type python struct{ *original.Process }

func startPython(ctx context.Context, stderr io.Writer, args ...string) (*python, error) {
	interpreter, err := original.Interpreter(ctx, "mlflow")
	if err != nil {
		return nil, err
	}
	command := exec.CommandContext(ctx, interpreter, append([]string{"-W", "ignore", "predictsvc/benchmark/original.py"}, args...)...)
	command.Env = append(os.Environ(), "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR=false", "MLFLOW_LOGGING_LEVEL=WARNING")
	command.Stderr = stderr
	p, err := original.Start(command)
	if err != nil {
		return nil, err
	}
	return &python{p}, p.Ready()
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
	return p.Tell("rows", size, file)
}

// startMLflow starts `mlflow models serve` as its documentation has it: one worker, in the environment at hand.
func (p place) startMLflow(ctx context.Context) (*server, error) {
	program, err := original.Interpreter(ctx, "mlflow")
	if err != nil {
		return nil, err
	}
	bin := filepath.Dir(program)
	env := append(os.Environ(), "PATH="+bin+":"+os.Getenv("PATH")) // uvicorn
	return startServer(ctx, "mlflow models serve", "/ping", env, filepath.Join(bin, "mlflow"), "models", "serve", "--env-manager", "local",
		"--model-uri", "models:/"+p.name+"-sklearn@champion", "--host", "127.0.0.1", "--port", "{port}")
}
