package command

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// greet is the command under test: it does what its flag says.
type greet struct {
	Name  string `help:"Whom to greet." default:"world" env:"GREET_NAME"`
	Times int    `arg:"" optional:"" default:"1" help:"How often."`
	fault error
}

func (g *greet) Run(ctx context.Context, stdout, _ io.Writer) error {
	if g.fault != nil {
		return g.fault
	}
	for range g.Times {
		if _, err := fmt.Fprintf(stdout, "hello %s\n", g.Name); err != nil {
			return err
		}
	}
	return ctx.Err()
}

func TestExecute(t *testing.T) {
	interrupted, cancel := context.WithCancelCause(t.Context())
	cancel(signalError{syscall.SIGINT})
	for name, test := range map[string]struct {
		ctx            context.Context
		fault          error
		args           []string
		code           int
		stdout, stderr string
	}{
		"works":            {args: []string{"2"}, stdout: "hello world\nhello world\n"},
		"help":             {args: []string{"--help"}, stdout: "$GREET_NAME"},
		"unknown flag":     {args: []string{"--title=x"}, code: 2, stderr: "greet: unknown flag --title"},
		"bad argument":     {args: []string{"many"}, code: 2, stderr: "greet: [<times>]: expected a valid 64 bit int"},
		"an error":         {fault: errors.New("no such\nfile"), code: 1, stderr: "greet: no such file\n"},
		"a usage error":    {fault: fmt.Errorf("flags: %w", Usagef("--a needs --b")), code: 2, stderr: "--a needs --b"},
		"a signal":         {ctx: interrupted, code: 130, stderr: "ended by interrupt"},
		"a signal, faulty": {ctx: interrupted, fault: errors.New("late"), code: 130, stderr: "greet: late\ngreet: ended by interrupt"},
	} {
		t.Run(name, func(t *testing.T) {
			ctx := test.ctx
			if ctx == nil {
				ctx = t.Context()
			}
			var stdout, stderr bytes.Buffer
			code := Execute(ctx, Spec{Name: "greet", Description: "Greets."}, &greet{fault: test.fault}, test.args, &stdout, &stderr)
			if code != test.code {
				t.Errorf("exit code %d, want %d; stderr %q", code, test.code, stderr.String())
			}
			if !strings.Contains(stdout.String(), test.stdout) {
				t.Errorf("stdout %q lacks %q", stdout.String(), test.stdout)
			}
			if !strings.Contains(stderr.String(), test.stderr) {
				t.Errorf("stderr %q lacks %q", stderr.String(), test.stderr)
			}
		})
	}
}

func TestTheFirstSignalEndsTheContext(t *testing.T) {
	ctx, stop := untilSignal(t.Context())
	defer stop()
	process, err := os.FindProcess(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	if err := process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	select {
	case <-ctx.Done():
	case <-time.After(10 * time.Second):
		t.Fatal("the context is still open 10 s after SIGTERM")
	}
	var received signalError
	if !errors.As(context.Cause(ctx), &received) || received.signal != syscall.SIGTERM {
		t.Errorf("cause %v, want SIGTERM", context.Cause(ctx))
	}
}
