package main

import (
	"bufio"
	"context"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

//go:embed original.py
var script string

// pythonClient is MLflow's own client in a process that waits for orders.
type pythonClient struct {
	cmd *exec.Cmd
	in  io.WriteCloser
	out *bufio.Scanner
}

// startPython writes the script into folder and starts it.
func startPython(ctx context.Context, folder, uri, runID string, stderr io.Writer) (*pythonClient, error) {
	python, err := exec.CommandContext(ctx, "stack/venv", "mlflow").Output()
	if err != nil {
		return nil, fmt.Errorf("stack/venv mlflow: %w", err)
	}
	file := filepath.Join(folder, "original.py")
	if err := os.WriteFile(file, []byte(script), 0o600); err != nil {
		return nil, err
	}
	p := &pythonClient{cmd: exec.CommandContext(ctx, strings.TrimSpace(string(python)), file, uri, runID)}
	p.cmd.Env = append(os.Environ(), "MLFLOW_DISABLE_TELEMETRY=true", "DO_NOT_TRACK=true")
	p.cmd.Stderr = stderr
	if p.in, err = p.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	p.out = bufio.NewScanner(out)
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	if line, err := p.line(); err != nil || line != "ready" {
		return nil, errors.Join(fmt.Errorf("original.py says %q", line), err, p.stop())
	}
	return p, nil
}

func (p *pythonClient) line() (string, error) {
	if !p.out.Scan() {
		return "", errors.Join(errors.New("original.py has ended"), p.out.Err())
	}
	return strings.TrimSpace(p.out.Text()), nil
}

// log logs n points and gives the time that Python measured.
func (p *pythonClient) log(n int) (time.Duration, error) {
	if _, err := fmt.Fprintln(p.in, n); err != nil {
		return 0, err
	}
	line, err := p.line()
	if err != nil {
		return 0, err
	}
	seconds, err := strconv.ParseFloat(line, 64)
	return time.Duration(seconds * float64(time.Second)), err
}

func (p *pythonClient) stop() error { return errors.Join(p.in.Close(), p.cmd.Wait()) }
