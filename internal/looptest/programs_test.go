package looptest

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// programs are the commands of this module, built for a test.
type programs struct {
	dir string
	env []string
}

// build builds the commands at these folders of the module. They run in an empty home, with env and nothing else.
func build(t *testing.T, env []string, folders ...string) *programs {
	t.Helper()
	p := &programs{dir: t.TempDir(), env: append([]string{"HOME=" + t.TempDir(), "PATH=/usr/bin:/bin", "AWS_EC2_METADATA_DISABLED=true"}, env...)}
	args := []string{"build", "-o", p.dir + "/"}
	for _, folder := range folders {
		args = append(args, "./"+folder)
	}
	command := exec.CommandContext(t.Context(), "go", args...)
	command.Dir = filepath.Join("..", "..")
	if out, err := command.CombinedOutput(); err != nil {
		t.Fatalf("go %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return p
}

func (p *programs) command(ctx context.Context, t *testing.T, name string, args ...string) *exec.Cmd {
	command := exec.CommandContext(ctx, filepath.Join(p.dir, name), args...)
	command.Dir, command.Env = t.TempDir(), p.env
	return command
}

// run runs a command to its end, which has to be a good one, and returns what it printed.
func (p *programs) run(t *testing.T, name string, args ...string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	command := p.command(ctx, t, name, args...)
	var stdout, stderr bytes.Buffer
	command.Stdout, command.Stderr = &stdout, &stderr
	begin := time.Now()
	if err := command.Run(); err != nil {
		t.Fatalf("%s %s: %v\n%s%s", name, strings.Join(args, " "), err, &stdout, &stderr)
	}
	t.Logf("%s %s (%.1f s)\n%s%s", name, strings.Join(args, " "), time.Since(begin).Seconds(), &stdout, &stderr)
	return stdout.String()
}

// service is a command that runs until it is told to end.
type service struct {
	name    string
	command *exec.Cmd
	log     string
	ended   chan struct{}
}

// start starts a command. The end of the test ends it, and shows its log when the test failed.
func (p *programs) start(t *testing.T, name string, args ...string) *service {
	t.Helper()
	log, err := os.CreateTemp(t.TempDir(), name+"-*.log")
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close() // the process has its own copy
	s := &service{name: name, command: p.command(context.WithoutCancel(t.Context()), t, name, args...), log: log.Name(), ended: make(chan struct{})}
	s.command.Stdout, s.command.Stderr = log, log
	if err := s.command.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(s.ended)
		_ = s.command.Wait() // how it ended is in ProcessState
	}()
	t.Cleanup(func() {
		s.kill(t)
		if t.Failed() {
			text, _ := os.ReadFile(s.log)
			t.Logf("log of %s\n%s", name, text)
		}
	})
	return s
}

// kill ends the process as kill -9 does.
func (s *service) kill(t *testing.T) {
	t.Helper()
	if err := s.command.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
		t.Fatal(err)
	}
	<-s.ended
}

// stop asks the process to end, which has to happen soon and well.
func (s *service) stop(t *testing.T) {
	t.Helper()
	if err := s.command.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatalf("%s: %v", s.name, err)
	}
	select {
	case <-s.ended:
		// 128 + SIGTERM is the code of a command that a signal ended; a service may as well call that a good end.
		if code := s.command.ProcessState.ExitCode(); code != 0 && code != 128+int(syscall.SIGTERM) {
			t.Errorf("%s ended with code %d after SIGTERM", s.name, code)
		}
	case <-time.After(30 * time.Second):
		t.Errorf("%s did not end within 30 s of SIGTERM", s.name)
		s.kill(t)
	}
}

// await waits until something holds.
func await(t *testing.T, within time.Duration, what string, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(within); !holds(); time.Sleep(100 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("after %v still not: %s", within, what)
		}
	}
}
