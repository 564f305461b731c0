package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// server is a process that answers HTTP requests.
type server struct {
	name    string
	url     string
	process *exec.Cmd
	said    *bytes.Buffer // on standard error, read when the process has ended
	started time.Time
	ready   time.Duration // from the start to the first answer of 200
}

// startServer starts a program that listens on a free port, which replaces {port} in its arguments and environment, and waits until the path
// is answered by 200.
func startServer(ctx context.Context, name, path string, env []string, program string, args ...string) (*server, error) {
	port, err := freePort(ctx)
	if err != nil {
		return nil, err
	}
	replace := strings.NewReplacer("{port}", strconv.Itoa(port))
	for i := range args {
		args[i] = replace.Replace(args[i])
	}
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // MLflow starts processes of its own
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGTERM) }
	cmd.WaitDelay = 10 * time.Second
	for _, variable := range env {
		cmd.Env = append(cmd.Env, replace.Replace(variable))
	}
	s := &server{name: name, url: fmt.Sprintf("http://127.0.0.1:%d", port), process: cmd, said: &bytes.Buffer{}, started: time.Now()}
	cmd.Stderr = s.said
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	if err := s.await(ctx, path); err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w", name, err), s.stop(), errors.New(s.lastWords()))
	}
	s.ready = time.Since(s.started)
	return s, nil
}

// lastWords is the end of what the process has said.
func (s *server) lastWords() string {
	said := s.said.String()
	return said[max(0, len(said)-4000):]
}

func freePort(ctx context.Context) (int, error) {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer listener.Close()
	if to, ok := listener.Addr().(*net.TCPAddr); ok {
		return to.Port, nil
	}
	return 0, errors.New("no port")
}

// await asks every millisecond, for three minutes at most: Python has much to load.
func (s *server) await(ctx context.Context, path string) error {
	ctx, cancel := context.WithTimeout(ctx, 3*time.Minute)
	defer cancel()
	for {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, s.url+path, http.NoBody)
		if err != nil {
			return err
		}
		response, err := http.DefaultClient.Do(request)
		if err == nil {
			_ = response.Body.Close() // has nothing to say
			if response.StatusCode == http.StatusOK {
				return nil
			}
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("it does not answer GET %s: %w", path, errors.Join(ctx.Err(), err))
		case <-time.After(time.Millisecond):
		}
	}
}

// stop ends the process with those that it has started.
func (s *server) stop() error {
	if err := syscall.Kill(-s.process.Process.Pid, syscall.SIGTERM); err != nil && !errors.Is(err, syscall.ESRCH) {
		return err
	}
	if err := s.process.Wait(); err != nil && s.process.ProcessState == nil {
		return err
	}
	return nil
}

// memory reads how much of the process is in memory, now and at its highest, in MiB.
func (s *server) memory() (now, peak float64, err error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.process.Process.Pid))
	if err != nil {
		return 0, 0, err
	}
	for line := range strings.Lines(string(text)) {
		name, rest, _ := strings.Cut(line, ":")
		kB, _ := strconv.ParseFloat(strings.TrimSuffix(strings.TrimSpace(rest), " kB"), 64)
		switch name {
		case "VmRSS":
			now = kB / 1024
		case "VmHWM":
			peak = kB / 1024
		}
	}
	if now == 0 {
		return 0, 0, errors.New("no VmRSS in /proc")
	}
	return now, peak, nil
}

// tick is the unit of times in /proc: a hundredth of a second wherever Linux runs.
const tick = 10 * time.Millisecond

// cpu reads how long the process itself has been on a processor.
func (s *server) cpu() (time.Duration, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", s.process.Process.Pid))
	if err != nil {
		return 0, err
	}
	_, rest, _ := strings.Cut(string(text), ") ") // the name before it may hold anything
	fields := strings.Fields(rest)
	if len(fields) < 13 {
		return 0, errors.New("/proc/…/stat is too short")
	}
	var ticks int64
	for _, field := range fields[11:13] { // utime, stime
		n, err := strconv.ParseInt(field, 10, 64)
		if err != nil {
			return 0, err
		}
		ticks += n
	}
	return time.Duration(ticks) * tick, nil
}
