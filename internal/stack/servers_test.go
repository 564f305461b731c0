package stack_test

import (
	"context"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"mlopsgo/internal/stack"
)

// TestServersLifeBesideAnotherStack starts a second stack beside the one that other tests use, breaks it, repairs it and takes it down.
func TestServersLifeBesideAnotherStack(t *testing.T) {
	first := stack.Get(t)
	if os.Getenv("REQUIRE_STACK") != "1" {
		stack.Skip(t, "half a minute to start a second stack", "REQUIRE_STACK=1 go test ./internal/stack")
	}
	second := &scripts{dir: t.TempDir()}
	t.Cleanup(func() {
		if out, err := second.run(context.WithoutCancel(t.Context()), "down", "--purge"); err != nil {
			t.Errorf("stack/down --purge: %v\n%s", err, out)
		}
	})
	port := strconv.Itoa(freePort(t))
	env := second.mustRun(t, "up", "--mlflow-port", port)

	t.Run("the port asked for", func(t *testing.T) {
		get(t, "http://127.0.0.1:"+port+"/health")
		if !strings.Contains(env, "MLFLOW_TRACKING_URI='http://127.0.0.1:"+port+"'") {
			t.Errorf("the environment does not name port %s:\n%s", port, env)
		}
	})
	t.Run("databases", func(t *testing.T) { testDatabases(t, second) })
	t.Run("buckets", func(t *testing.T) { testBuckets(t, second.stack(t)) })
	t.Run("passwords of its own", func(t *testing.T) {
		if second.stack(t).S3SecretKey == first.S3SecretKey {
			t.Error("two stacks have one password")
		}
		for _, name := range []string{"env", "settings"} {
			info, err := os.Stat(filepath.Join(second.dir, name))
			if err != nil {
				t.Fatal(err)
			}
			if info.Mode().Perm() != 0o600 {
				t.Errorf("%s has mode %v; it holds passwords", name, info.Mode())
			}
		}
	})
	t.Run("up again changes nothing", func(t *testing.T) {
		before := second.pids(t)
		begin := time.Now()
		if again := second.mustRun(t, "up"); again != env {
			t.Errorf("it prints\n%s\ninstead of\n%s", again, env)
		}
		if took := time.Since(begin); took > 10*time.Second { // half a second on a machine that does nothing else
			t.Errorf("it takes %v", took)
		}
		if after := second.pids(t); !slices.Equal(before, after) {
			t.Errorf("processes %v became %v", before, after)
		}
	})
	t.Run("a killed server is repaired", func(t *testing.T) {
		second.kill(t, "minio")
		if second.stackRuns(t) {
			t.Error("stack/up --check does not miss MinIO")
		}
		if again := second.mustRun(t, "up"); again != env {
			t.Errorf("the repaired stack has another environment:\n%s\ninstead of\n%s", again, env)
		}
		testBuckets(t, second.stack(t))
	})
	t.Run("a taken port is refused", func(t *testing.T) {
		out, err := second.run(t.Context(), "up", "--mlflow-port", portOf(t, first.MLflowURI))
		if err == nil || !strings.Contains(out, "taken by another program") {
			t.Errorf("error %v:\n%s", err, out)
		}
	})
	t.Run("down", func(t *testing.T) {
		urls := second.stack(t)
		second.mustRun(t, "down")
		for _, address := range []string{urls.MLflowURI, urls.PrefectAPIURL, urls.EvidentlyURL, urls.S3Endpoint, urls.PostgresURL} {
			if conn, err := net.DialTimeout("tcp", "127.0.0.1:"+portOf(t, address), time.Second); err == nil {
				conn.Close()
				t.Errorf("something still listens on port %s", portOf(t, address))
			}
		}
		if left := second.pids(t); len(left) > 0 {
			t.Errorf("processes %v are left", left)
		}
		get(t, first.MLflowURI+"/health") // the other stack does not notice
	})
}

// scripts are the programs of the folder stack, for the stack in dir.
type scripts struct{ dir string }

// run returns what the program prints on both its outputs.
func (s *scripts) run(ctx context.Context, name string, args ...string) (string, error) {
	out, err := s.command(ctx, name, args...).CombinedOutput()
	return string(out), err
}

func (s *scripts) command(ctx context.Context, name string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, filepath.Join("..", "..", "stack", name), args...)
	cmd.Env = append(os.Environ(), "STACK_DIR="+s.dir)
	return cmd
}

// mustRun returns what the program prints on standard output.
func (s *scripts) mustRun(t *testing.T, name string, args ...string) string {
	t.Helper()
	cmd := s.command(t.Context(), name, args...)
	var errors strings.Builder
	cmd.Stderr = &errors
	out, err := cmd.Output()
	t.Logf("stack/%s\n%s", name, &errors)
	if err != nil {
		t.Fatalf("stack/%s: %v", name, err)
	}
	return string(out)
}

func (s *scripts) stack(t *testing.T) stack.Stack {
	t.Helper()
	found, err := stack.Open(s.dir)
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func (s *scripts) stackRuns(t *testing.T) bool {
	t.Helper()
	_, err := s.run(t.Context(), "up", "--check")
	return err == nil
}

// pids are the processes that carry the mark of this stack in their environment.
func (s *scripts) pids(t *testing.T) []int {
	t.Helper()
	return s.marked(t, "STACK_SERVER="+s.dir+"/")
}

func (s *scripts) kill(t *testing.T, server string) {
	t.Helper()
	pids := s.marked(t, "STACK_SERVER="+s.dir+"/"+server+"\x00")
	if len(pids) == 0 {
		t.Fatalf("no process of %s", server)
	}
	for _, pid := range pids {
		process, err := os.FindProcess(pid)
		if err != nil {
			t.Fatal(err)
		}
		if err := process.Kill(); err != nil {
			t.Fatal(err)
		}
	}
}

func (s *scripts) marked(t *testing.T, mark string) []int {
	t.Helper()
	files, err := filepath.Glob("/proc/[0-9]*/environ")
	if err != nil {
		t.Fatal(err)
	}
	var pids []int
	for _, file := range files {
		environ, _ := os.ReadFile(file) // a process may end meanwhile
		if !strings.Contains("\x00"+string(environ), "\x00"+mark) {
			continue
		}
		pid, err := strconv.Atoi(filepath.Base(filepath.Dir(file)))
		if err != nil {
			t.Fatal(err)
		}
		pids = append(pids, pid)
	}
	slices.Sort(pids)
	return pids
}

func testDatabases(t *testing.T, s *scripts) {
	bin := strings.TrimSpace(s.mustRun(t, "postgres"))
	query := "SELECT string_agg(datname, ' ' ORDER BY datname) FROM pg_database WHERE NOT datistemplate"
	out, err := exec.CommandContext(t.Context(), filepath.Join(bin, "psql"), "-At", "-c", query, s.stack(t).PostgresURL).CombinedOutput()
	if err != nil {
		t.Fatalf("psql: %v\n%s", err, out)
	}
	if want := "evidently grafana mlflow monitoring postgres prefect\n"; string(out) != want {
		t.Errorf("databases %q, want %q", out, want)
	}
}

func testBuckets(t *testing.T, s stack.Stack) {
	t.Helper()
	client := s3.New(s3.Options{
		BaseEndpoint: aws.String(s.S3Endpoint),
		Region:       "us-east-1",
		UsePathStyle: true,
		Credentials:  credentials.NewStaticCredentialsProvider(s.S3AccessKey, s.S3SecretKey, ""),
	})
	answer, err := client.ListBuckets(t.Context(), &s3.ListBucketsInput{})
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, bucket := range answer.Buckets {
		names = append(names, *bucket.Name)
	}
	if want := []string{"datasets", "mlflow-artifacts"}; !slices.Equal(names, want) {
		t.Errorf("buckets %q, want %q", names, want)
	}
}

func freePort(t *testing.T) int {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().(*net.TCPAddr).Port
}

func portOf(t *testing.T, address string) string {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(fmt.Errorf("an address is not a URL: %w", err))
	}
	return u.Port()
}
