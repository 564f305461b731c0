// Package original runs the Python that a benchmark compares with: a script in a process of its own that waits for orders on its standard
// input, one a line, and answers each with a line. Benchmarks run in the root of the module, where stack/venv is.
package original

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strconv"
	"strings"
	"time"
)

// maxLine bounds an answer: some hold a label for each row.
const maxLine = 16 << 20

// Interpreter is the Python in which a set of pinned packages is installed; see stack/venv.
func Interpreter(ctx context.Context, set string) (string, error) {
	path, err := exec.CommandContext(ctx, "stack/venv", set).Output()
	if err != nil {
		if exit, ok := errors.AsType[*exec.ExitError](err); ok {
			err = fmt.Errorf("%w: %s", err, exit.Stderr)
		}
		return "", fmt.Errorf("stack/venv %s: %w (run in the root of the module)", set, err)
	}
	return strings.TrimSpace(string(path)), nil
}

// Process is a script that waits for orders.
type Process struct {
	command *exec.Cmd
	in      io.WriteCloser
	out     *bufio.Scanner
}

// Start starts a command that serves orders. Its standard error and its environment are the caller's to choose.
func Start(command *exec.Cmd) (*Process, error) {
	in, err := command.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := command.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := command.Start(); err != nil {
		return nil, err
	}
	p := &Process{command: command, in: in, out: bufio.NewScanner(out)}
	p.out.Buffer(nil, maxLine)
	return p, nil
}

// Ready waits for the line "ready"; MLflow prints lines of its own before.
func (p *Process) Ready() error {
	for {
		said, err := p.Line()
		if err != nil {
			return errors.Join(err, p.Stop())
		}
		if said == "ready" {
			return nil
		}
	}
}

// Line is the next line that the process says.
func (p *Process) Line() (string, error) {
	if !p.out.Scan() {
		return "", errors.Join(errors.New("original.py has ended"), p.out.Err())
	}
	return strings.TrimSpace(p.out.Text()), nil
}

// Tell gives an order that has no answer.
func (p *Process) Tell(order ...any) error {
	_, err := fmt.Fprintln(p.in, order...)
	return err
}

// Ask gives an order and returns the answer.
func (p *Process) Ask(order ...any) (string, error) {
	if err := p.Tell(order...); err != nil {
		return "", err
	}
	return p.Line()
}

// Time gives an order whose answer is how many seconds it took.
func (p *Process) Time(order ...any) (time.Duration, error) {
	said, err := p.Ask(order...)
	if err != nil {
		return 0, err
	}
	seconds, err := strconv.ParseFloat(said, 64)
	if err != nil {
		return 0, fmt.Errorf("original.py said %q", said)
	}
	return time.Duration(seconds * float64(time.Second)), nil
}

// Stop ends the process, which ends with its input.
func (p *Process) Stop() error { return errors.Join(p.in.Close(), p.command.Wait()) }
