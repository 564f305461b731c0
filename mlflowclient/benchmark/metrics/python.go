package main

import (
	"context"
	_ "embed"
	"io"
	"os"
	"os/exec"
	"path/filepath"

	"mlopsgo/internal/original"
)

//go:embed original.py
var script string

// startPython writes the script into folder and starts it: MLflow's own client in a process that logs as many points as it is told.
func startPython(ctx context.Context, folder, uri, runID string, stderr io.Writer) (*original.Process, error) {
	python, err := original.Interpreter(ctx, "mlflow")
	if err != nil {
		return nil, err
	}
	file := filepath.Join(folder, "original.py")
	if err := os.WriteFile(file, []byte(script), 0o600); err != nil {
		return nil, err
	}
	command := exec.CommandContext(ctx, python, file, uri, runID)
	command.Env = append(os.Environ(), "MLFLOW_DISABLE_TELEMETRY=true", "DO_NOT_TRACK=true")
	command.Stderr = stderr
	p, err := original.Start(command)
	if err != nil {
		return nil, err
	}
	err = p.Ready()
	return p, err
}
