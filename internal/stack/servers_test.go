package stack_test

import (
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
	port := strconv.Itoa(stack.FreePort(t))
	second := stack.StartOwn(t, "--mlflow-port", port)
	env := second.Up(t)

	t.Run("the port asked for", func(t *testing.T) {
		get(t, "http://127.0.0.1:"+port+"/health")
		if !strings.Contains(env, "MLFLOW_TRACKING_URI='http://127.0.0.1:"+port+"'") {
			t.Errorf("the environment does not name port %s:\n%s", port, env)
		}
	})
	t.Run("databases", func(t *testing.T) { testDatabases(t, second) })
	t.Run("buckets", func(t *testing.T) { testBuckets(t, second.Stack) })
	t.Run("passwords of its own", func(t *testing.T) {
		if second.Stack.S3SecretKey == first.S3SecretKey {
			t.Error("two stacks have one password")
		}
		for _, name := range []string{"env", "settings"} {
			info, err := os.Stat(filepath.Join(second.Dir, name))
			if err != nil {
				t.Fatal(err)
			}
			if info.Mode().Perm() != 0o600 {
				t.Errorf("%s has mode %v; it holds passwords", name, info.Mode())
			}
		}
	})
	t.Run("up again changes nothing", func(t *testing.T) {
		before := second.Processes(t)
		begin := time.Now()
		if again := second.Up(t); again != env {
			t.Errorf("it prints\n%s\ninstead of\n%s", again, env)
		}
		if took := time.Since(begin); took > 10*time.Second { // half a second on a machine that does nothing else
			t.Errorf("it takes %v", took)
		}
		if after := second.Processes(t); !slices.Equal(before, after) {
			t.Errorf("processes %v became %v", before, after)
		}
	})
	t.Run("a killed server is repaired", func(t *testing.T) {
		second.Kill(t, "minio")
		if _, err := second.Script(t, "up", "--check"); err == nil {
			t.Error("stack/up --check does not miss MinIO")
		}
		if again := second.Up(t); again != env {
			t.Errorf("the repaired stack has another environment:\n%s\ninstead of\n%s", again, env)
		}
		testBuckets(t, second.Stack)
	})
	t.Run("a taken port is refused", func(t *testing.T) {
		_, err := second.Script(t, "up", "--mlflow-port", portOf(t, first.MLflowURI))
		if err == nil || !strings.Contains(err.Error(), "taken by another program") {
			t.Errorf("error %v", err)
		}
	})
	t.Run("down", func(t *testing.T) {
		urls := second.Stack
		if _, err := second.Script(t, "down"); err != nil {
			t.Fatal(err)
		}
		for _, address := range []string{urls.MLflowURI, urls.PrefectAPIURL, urls.EvidentlyURL, urls.S3Endpoint, urls.PostgresURL} {
			if conn, err := net.DialTimeout("tcp", "127.0.0.1:"+portOf(t, address), time.Second); err == nil {
				conn.Close()
				t.Errorf("something still listens on port %s", portOf(t, address))
			}
		}
		if left := second.Processes(t); len(left) > 0 {
			t.Errorf("processes %v are left", left)
		}
		get(t, first.MLflowURI+"/health") // the other stack does not notice
	})
}

func testDatabases(t *testing.T, s *stack.Own) {
	bin, err := s.Script(t, "postgres")
	if err != nil {
		t.Fatal(err)
	}
	query := "SELECT string_agg(datname, ' ' ORDER BY datname) FROM pg_database WHERE NOT datistemplate"
	out, err := exec.CommandContext(t.Context(), filepath.Join(strings.TrimSpace(bin), "psql"), "-At", "-c", query, s.PostgresURL).CombinedOutput()
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

func portOf(t *testing.T, address string) string {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(fmt.Errorf("an address is not a URL: %w", err))
	}
	return u.Port()
}
