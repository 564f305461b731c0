package stack

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// Stack says where the running servers are.
type Stack struct {
	MLflowURI     string // http://127.0.0.1:<port>, without a slash at the end
	PrefectAPIURL string // http://127.0.0.1:<port>/api
	EvidentlyURL  string // http://127.0.0.1:<port>
	S3Endpoint    string // http://127.0.0.1:<port>, region us-east-1, buckets by path: mlflow-artifacts, datasets
	S3AccessKey   string
	S3SecretKey   string
	PostgresURL   string // of the database monitoring; its user may make others
}

// Get returns the running servers of the stack in STACK_DIR, or of the default one when that is not set. Under REQUIRE_STACK=1 it starts
// what does not run.
func Get(tb testing.TB) *Stack {
	tb.Helper()
	short(tb)
	s, err := running()
	if err != nil {
		missing(tb, "the real servers ("+err.Error()+")", "stack/up")
	}
	return &s
}

// running is the answer for all tests of a binary, found by the first one that asks.
var running = sync.OnceValues(func() (Stack, error) {
	if required() {
		if err := up(); err != nil {
			return Stack{}, err
		}
	}
	dir, err := stateDir()
	if err != nil {
		return Stack{}, err
	}
	return open(dir)
})

// up runs stack/up, which takes a lock: the test binaries that `go test` runs side by side find one stack.
func up() error {
	// A bare machine builds MinIO and installs three Python environments.
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Minute)
	defer cancel()
	_, err := script(ctx, "up")
	return err
}

// script runs a program of the folder stack and returns its standard output; an error ends with what it wrote on standard error.
func script(ctx context.Context, name string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, filepath.Join(root(), "stack", name), args...)
	cmd.WaitDelay = time.Second
	out, err := cmd.Output()
	if err != nil {
		err = fmt.Errorf("stack/%s: %w", strings.Join(append([]string{name}, args...), " "), err)
		if exit, ok := errors.AsType[*exec.ExitError](err); ok {
			err = fmt.Errorf("%w%s", err, bytes.TrimRight(append([]byte("\n"), exit.Stderr...), "\n"))
		}
		return "", err
	}
	return strings.TrimSpace(string(out)), nil
}

// stateDir is the folder that stack/up keeps its state in.
func stateDir() (string, error) {
	if dir := os.Getenv("STACK_DIR"); dir != "" {
		if !filepath.IsAbs(dir) {
			return "", fmt.Errorf("STACK_DIR=%s is not an absolute path, and a test runs in the folder of its package", dir)
		}
		return dir, nil
	}
	cache, err := script(context.Background(), "cache")
	if err != nil {
		return "", err
	}
	return filepath.Join(cache, "stack", "default"), nil
}

// open reads the environment that stack/up left in its folder, and makes sure that every server listens but those that it is without.
func open(dir string, without ...string) (Stack, error) {
	file := filepath.Join(dir, "env")
	text, err := os.ReadFile(file) //nolint:gosec // The path comes from whoever runs the tests.
	if err != nil {
		return Stack{}, err
	}
	env := exports(string(text))
	s := Stack{
		MLflowURI:     env["MLFLOW_TRACKING_URI"],
		PrefectAPIURL: env["PREFECT_API_URL"],
		EvidentlyURL:  env["EVIDENTLY_URL"],
		S3Endpoint:    env["AWS_ENDPOINT_URL_S3"],
		S3AccessKey:   env["AWS_ACCESS_KEY_ID"],
		S3SecretKey:   env["AWS_SECRET_ACCESS_KEY"],
		PostgresURL:   env["MONITORING_DATABASE_URL"],
	}
	for _, server := range []struct{ name, address string }{ // in this order, so that it is the same one that is missed
		{"mlflow", s.MLflowURI}, {"prefect", s.PrefectAPIURL}, {"evidently", s.EvidentlyURL}, {"minio", s.S3Endpoint}, {"postgres", s.PostgresURL},
	} {
		if slices.Contains(without, server.name) {
			continue
		}
		if err := listens(server.address); err != nil {
			return Stack{}, fmt.Errorf("%s: %s: %w", file, server.name, err)
		}
	}
	return s, nil
}

// exports reads lines of the form export NAME='value', as stack/up writes them.
func exports(text string) map[string]string {
	values := map[string]string{}
	for line := range strings.Lines(text) {
		name, value, ok := strings.Cut(strings.TrimPrefix(strings.TrimSpace(line), "export "), "=")
		if ok {
			values[name] = strings.Trim(value, "'")
		}
	}
	return values
}

func listens(address string) error {
	u, err := url.Parse(address)
	if err != nil {
		return errors.New("an address in it is not a URL") // without the address, which may hold a password
	}
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", u.Host)
	if err != nil {
		return err
	}
	return conn.Close()
}

// required tells whether REQUIRE_STACK=1 promises that everything is there.
func required() bool { return os.Getenv("REQUIRE_STACK") == "1" }

// short leaves the test out under -short, which promises tests of Go alone; a run with REQUIRE_STACK=1 promises the opposite.
func short(tb testing.TB) {
	tb.Helper()
	if testing.Short() && !required() {
		tb.Skip("-short leaves out what needs a server or Python")
	}
}

// missing skips the test, or fails it under REQUIRE_STACK=1.
func missing(tb testing.TB, what, command string) {
	tb.Helper()
	if required() {
		tb.Fatalf("REQUIRE_STACK=1, but %s cannot be had; try: %s", what, command)
	}
	tb.Skipf("needs %s; run: %s", what, command)
}
