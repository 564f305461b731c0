package stack

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// Own is a stack that belongs to one test, which may break it: servers killed here are missed by nobody else.
type Own struct {
	Stack
	// Dir is its STACK_DIR.
	Dir string
	// Env is what stack/up prints, as NAME=value: the environment of a program that is to use this stack.
	Env []string

	without []string
	hanging map[string][]int // processes by server
}

// StartOwn starts a stack beside the common one, which takes half a minute, and removes it at the end of the test. Without
// REQUIRE_STACK=1 the test is skipped.
func StartOwn(tb testing.TB, args ...string) *Own {
	tb.Helper()
	return startOwn(tb, &Own{}, args)
}

// StartOwnWithout does so without some of mlflow, prefect and evidently, which take most of the time to start, and start again.
func StartOwnWithout(tb testing.TB, servers ...string) *Own {
	tb.Helper()
	return startOwn(tb, &Own{without: servers}, nil)
}

func startOwn(tb testing.TB, o *Own, args []string) *Own {
	tb.Helper()
	short(tb)
	if !required() {
		missing(tb, "half a minute to start a second stack", "REQUIRE_STACK=1 go test with -run "+tb.Name())
	}
	o.Dir, o.hanging = tb.TempDir(), map[string][]int{}
	tb.Cleanup(func() {
		if out, err := o.command(context.WithoutCancel(tb.Context()), "down", "--purge").CombinedOutput(); err != nil {
			tb.Errorf("stack/down --purge: %v\n%s", err, out)
		}
	})
	o.Up(tb, args...)
	return o
}

// Up starts what does not run, as stack/up does, and returns what that prints.
func (o *Own) Up(tb testing.TB, args ...string) string {
	tb.Helper()
	text, err := o.Script(tb, "up", args...)
	if err != nil {
		tb.Fatal(err)
	}
	if o.Stack, err = open(o.Dir, o.without...); err != nil {
		tb.Fatal(err)
	}
	o.Env = nil
	for name, value := range exports(text) {
		o.Env = append(o.Env, name+"="+value)
	}
	slices.Sort(o.Env)
	return text
}

// Script runs a program of the folder stack for this stack and returns its standard output. An error holds what it wrote on standard error.
func (o *Own) Script(tb testing.TB, name string, args ...string) (string, error) {
	tb.Helper()
	cmd := o.command(tb.Context(), name, args...)
	var said strings.Builder
	cmd.Stderr = &said
	out, err := cmd.Output()
	tb.Logf("stack/%s %s\n%s", name, strings.Join(args, " "), &said)
	if err != nil {
		err = fmt.Errorf("stack/%s: %w\n%s", name, err, &said)
	}
	return string(out), err
}

func (o *Own) command(ctx context.Context, name string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, filepath.Join(root(), "stack", name), args...)
	cmd.Env = append(os.Environ(), "STACK_DIR="+o.Dir, "STACK_WITHOUT="+strings.Join(o.without, " "))
	return cmd
}

// Kill ends all processes of a server (postgres, minio, mlflow, prefect or evidently) as kill -9 does.
func (o *Own) Kill(tb testing.TB, server string) {
	tb.Helper()
	pids := marked(tb, o.Dir+"/"+server+"\x00")
	if len(pids) == 0 {
		tb.Fatalf("no process of %s", server)
	}
	for _, pid := range pids {
		process, err := os.FindProcess(pid)
		if err != nil {
			tb.Fatal(err)
		}
		if err := process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) && !errors.Is(err, syscall.ESRCH) {
			tb.Fatal(err)
		}
	}
}

// Processes are the ids of all processes of this stack.
func (o *Own) Processes(tb testing.TB) []int {
	tb.Helper()
	return marked(tb, o.Dir+"/")
}

// marked finds the processes by the mark that stack/up leaves in their environment.
func marked(tb testing.TB, mark string) []int {
	tb.Helper()
	files, err := filepath.Glob("/proc/[0-9]*/environ")
	if err != nil {
		tb.Fatal(err)
	}
	var pids []int
	for _, file := range files {
		environ, _ := os.ReadFile(file) // a process may end meanwhile
		if !strings.Contains("\x00"+string(environ), "\x00STACK_SERVER="+mark) {
			continue
		}
		pid, err := strconv.Atoi(filepath.Base(filepath.Dir(file)))
		if err != nil {
			tb.Fatal(err)
		}
		pids = append(pids, pid)
	}
	slices.Sort(pids)
	return pids
}
