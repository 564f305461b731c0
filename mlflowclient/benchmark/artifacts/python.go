package main

import (
	"context"
	"crypto/sha256"
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"

	"mlopsgo/internal/original"
)

// python is original.py, waiting for what to do.
type python struct {
	*original.Process
	runID string
}

func startPython(ctx context.Context, stderr io.Writer, args ...string) (*python, error) {
	interpreter, err := original.Interpreter(ctx, "mlflow")
	if err != nil {
		return nil, err
	}
	command := exec.CommandContext(ctx, interpreter, append([]string{"mlflowclient/benchmark/artifacts/original.py"}, args...)...)
	command.Env = append(os.Environ(), "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR=false")
	command.Stderr = stderr
	p, err := original.Start(command)
	if err != nil {
		return nil, err
	}
	runID, err := p.Line()
	if err != nil {
		return nil, errors.Join(err, p.Stop())
	}
	return &python{p, runID}, nil
}

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
