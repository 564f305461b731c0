package s3_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"mlopsgo/internal/s3"
)

// isolate keeps the machine's own AWS settings, and the address where machines in Amazon find their role, out of a test.
func isolate(t *testing.T) {
	t.Helper()
	for _, name := range []string{
		"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE", "AWS_REGION", "AWS_DEFAULT_REGION",
		"AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3", "AWS_CA_BUNDLE",
	} {
		t.Setenv(name, "")
	}
	if os.Getenv("AWS_CONFIG_FILE") == "" {
		t.Setenv("AWS_CONFIG_FILE", os.DevNull)
		t.Setenv("AWS_SHARED_CREDENTIALS_FILE", os.DevNull)
	}
	t.Setenv("AWS_EC2_METADATA_DISABLED", "true")
}

func fakeServer(t *testing.T, handler http.HandlerFunc) s3.Config {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return s3.Config{Endpoint: server.URL, AccessKeyID: "key", SecretAccessKey: "hidden-secret", Stall: time.Second}
}

var object = s3.Address{Bucket: "bucket", Key: "key.csv"}

func TestBusyServerIsAskedAgain(t *testing.T) {
	var calls atomic.Int32
	client := newClient(t, fakeServer(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/bucket/key.csv" {
			t.Errorf("path %s", r.URL.Path)
		}
		if calls.Add(1) < 3 {
			w.WriteHeader(http.StatusServiceUnavailable)
			fmt.Fprint(w, "<Error><Code>SlowDown</Code><Message>slow down</Message></Error>")
			return
		}
		fmt.Fprint(w, "content")
	}))
	opened, err := client.Get(t.Context(), object, 100)
	if err != nil {
		t.Fatal(err)
	}
	defer opened.Close()
	if got, err := io.ReadAll(opened); string(got) != "content" || err != nil || calls.Load() != 3 {
		t.Errorf("%q, %v, %d calls", got, err, calls.Load())
	}
}

func TestAttemptsEnd(t *testing.T) {
	var calls atomic.Int32
	config := fakeServer(t, func(w http.ResponseWriter, _ *http.Request) {
		calls.Add(1)
		w.WriteHeader(http.StatusInternalServerError)
		fmt.Fprint(w, "<Error><Code>InternalError</Code><Message>we\nfailed</Message></Error>")
	})
	config.Attempts = 2
	_, err := newClient(t, config).Get(t.Context(), object, 0)
	const want = "get s3://bucket/key.csv: the server answered 500: we failed (InternalError)"
	if err == nil || err.Error() != want || calls.Load() != 2 {
		t.Errorf("%v after %d calls", err, calls.Load())
	}
	failure, ok := errors.AsType[*s3.Error](err)
	if !ok || failure.Status != 500 || failure.Code != "InternalError" || failure.Op != "get" {
		t.Errorf("%#v", err)
	}
}

func TestPutIsRepeatedWithTheSameBytes(t *testing.T) {
	var calls atomic.Int32
	client := newClient(t, fakeServer(t, func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if string(body) != "content" || err != nil {
			t.Errorf("body %q, %v", body, err)
		}
		// printf content | openssl dgst -sha256 -binary | base64
		if got := r.Header.Get("X-Amz-Checksum-Sha256"); got != "7XACtDnprIRfIjV9giusFERzD722AW0+yUMil7nsn3M=" {
			t.Errorf("checksum %q", got)
		}
		if calls.Add(1) == 1 {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	}))
	if _, err := client.Put(t.Context(), object, bytes.NewReader([]byte("content")), ""); err != nil || calls.Load() != 2 {
		t.Error(err, calls.Load())
	}
}

func TestCutBodyFailsTheRead(t *testing.T) {
	client := newClient(t, fakeServer(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "100")
		fmt.Fprint(w, "only this")
	}))
	opened, err := client.Get(t.Context(), object, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer opened.Close()
	if _, err := io.ReadAll(opened); !errors.Is(err, io.ErrUnexpectedEOF) || err.Error() != "read s3://bucket/key.csv: unexpected EOF" {
		t.Error(err)
	}
}

func TestWrongChecksumFailsTheRead(t *testing.T) {
	client := newClient(t, fakeServer(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X-Amz-Checksum-Crc32", "AAAAAA==")
		fmt.Fprint(w, "content")
	}))
	opened, err := client.Get(t.Context(), object, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer opened.Close()
	if _, err := io.ReadAll(opened); err == nil || !strings.Contains(err.Error(), "checksum") {
		t.Error(err)
	}
}

func TestStalledServer(t *testing.T) {
	release := make(chan struct{})
	config := fakeServer(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "100")
		fmt.Fprint(w, "start")
		w.(http.Flusher).Flush()
		<-release
	})
	defer close(release)
	config.Stall = 200 * time.Millisecond
	opened, err := newClient(t, config).Get(t.Context(), object, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer opened.Close()
	if _, err := io.ReadAll(opened); err == nil || !strings.HasPrefix(err.Error(), "read s3://bucket/key.csv: "+config.Endpoint+" does not answer: ") {
		t.Error(err)
	}
}

func TestContextEndsACall(t *testing.T) {
	config := fakeServer(t, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	config.Stall = time.Minute
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if _, err := newClient(t, config).Head(ctx, object); !errors.Is(err, context.DeadlineExceeded) {
		t.Error(err)
	}
}

func TestUnknownLengthIsRefusedUnderALimit(t *testing.T) {
	client := newClient(t, fakeServer(t, func(w http.ResponseWriter, _ *http.Request) {
		w.(http.Flusher).Flush() // chunked from here on
		fmt.Fprint(w, "content")
	}))
	if _, err := client.Get(t.Context(), object, 100); !errors.Is(err, s3.ErrTooBig) {
		t.Error(err)
	}
}

func TestUnreachableServer(t *testing.T) {
	server := httptest.NewServer(http.NotFoundHandler())
	server.Close()
	config := s3.Config{Endpoint: server.URL, AccessKeyID: "key", SecretAccessKey: "hidden-secret", Attempts: 1}
	_, err := newClient(t, config).Get(t.Context(), object, 0)
	if err == nil || !strings.HasPrefix(err.Error(), "get s3://bucket/key.csv: cannot reach "+server.URL+": dial tcp 127.0.0.1:") ||
		!strings.HasSuffix(err.Error(), "connection refused") {
		t.Error(err)
	}
}

func TestTLS(t *testing.T) {
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "content") }))
	server.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError) // the refused handshake
	server.StartTLS()
	defer server.Close()
	config := s3.Config{Endpoint: server.URL, AccessKeyID: "key", SecretAccessKey: "hidden-secret", Attempts: 1}
	if _, err := newClient(t, config).Head(t.Context(), object); err == nil || !strings.Contains(err.Error(), "certificate") {
		t.Error("an unknown certificate was taken:", err)
	}
	config.IgnoreTLS = true
	if _, err := newClient(t, config).Head(t.Context(), object); err != nil {
		t.Error(err)
	}
}

func TestOtherRegionAndNoCredentials(t *testing.T) {
	config := fakeServer(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusMovedPermanently) })
	_, err := newClient(t, config).Head(t.Context(), object)
	if err == nil || !strings.Contains(err.Error(), "the bucket is not in region us-east-1; set AWS_REGION") {
		t.Error(err)
	}
	_, err = newClient(t, s3.Config{Endpoint: config.Endpoint, Attempts: 1}).Head(t.Context(), object)
	if !errors.Is(err, s3.ErrNoCredentials) ||
		err.Error() != "head s3://bucket/key.csv: no credentials; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE" {
		t.Error(err)
	}
}

func TestProfile(t *testing.T) {
	var signature atomic.Value
	config := fakeServer(t, func(_ http.ResponseWriter, r *http.Request) { signature.Store(r.Header.Get("Authorization")) })
	file := filepath.Join(t.TempDir(), "config")
	text := fmt.Sprintf("[profile lab]\nregion = eu-central-1\nendpoint_url = %s\naws_access_key_id = LABKEY\naws_secret_access_key = s\n", config.Endpoint)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("AWS_CONFIG_FILE", file)
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", os.DevNull)
	if _, err := newClient(t, s3.Config{Profile: "lab"}).Head(t.Context(), object); err != nil {
		t.Fatal(err)
	}
	if got, _ := signature.Load().(string); !strings.Contains(got, "Credential=LABKEY/") || !strings.Contains(got, "/eu-central-1/s3/") {
		t.Errorf("signed by %q", got)
	}
	if _, err := s3.New(t.Context(), s3.Config{Profile: "absent"}); err == nil || !strings.Contains(err.Error(), "absent") {
		t.Error(err)
	}
}

func TestHolds(t *testing.T) {
	const content = "content"
	// printf content | openssl dgst -md5, and -sha256 -binary | base64
	const etag, sha = `"9a0364b9e99bb480dd25e1f0284c8555"`, "7XACtDnprIRfIjV9giusFERzD722AW0+yUMil7nsn3M="
	for name, test := range map[string]struct {
		info s3.Info
		want bool
	}{
		"the MD5":                           {s3.Info{Size: 7, ETag: etag}, true},
		"the SHA-256":                       {s3.Info{Size: 7, ETag: `"of an encrypted object"`, SHA256: sha}, true},
		"another SHA-256, whatever the MD5": {s3.Info{Size: 7, ETag: etag, SHA256: "AAAA"}, false},
		"another size":                      {s3.Info{Size: 8, ETag: etag, SHA256: sha}, false},
		"an ETag of parts":                  {s3.Info{Size: 7, ETag: `"9a0364b9e99bb480dd25e1f0284c8555-2"`}, false},
		"nothing":                           {s3.Info{Size: 7}, false},
	} {
		if got := test.info.Holds([]byte(content)); got != test.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}
