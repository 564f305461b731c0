package mlflowclient_test

import (
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"mlopsgo/mlflowclient"
)

func TestArtifactURIs(t *testing.T) {
	c := fake(t, func(w http.ResponseWriter, _ *http.Request) { answer(w, 200, "{}") })
	host := strings.TrimSuffix(strings.TrimPrefix(c.TrackingURI(), "http://"), "/ml/flow")
	for uri, want := range map[string]error{
		"mlflow-artifacts:/1/r/artifacts":                    nil,
		"/abs/folder":                                        nil,
		"file:///abs/a%20b":                                  nil,
		"file://localhost/abs":                               nil,
		"mlflow-artifacts://elsewhere:5000/1/r/artifacts":    mlflowclient.ErrInvalidParameter,
		"mlflow-artifacts://" + host + ".evil.example/1/r/a": mlflowclient.ErrInvalidParameter,
		"file://elsewhere/abs":                               mlflowclient.ErrInvalidParameter,
		"s3://bucket/1":                                      nil,
		"s3://bucket":                                        nil,
		"s3://b/1":                                           mlflowclient.ErrInvalidParameter,
		"s3:///1":                                            mlflowclient.ErrInvalidParameter,
		c.TrackingURI() + "/api/2.0/mlflow-artifacts/artifacts/1/r":              nil,
		c.TrackingURI() + "/api/2.0/mlflow-artifacts/artifactsx":                 mlflowclient.ErrInvalidParameter,
		"http://elsewhere/ml/flow/api/2.0/mlflow-artifacts/artifacts/1/r":        mlflowclient.ErrInvalidParameter,
		"https://" + host + "/ml/flow/api/2.0/mlflow-artifacts/artifacts/1/r":    mlflowclient.ErrInvalidParameter,
		"http://u:p@" + host + "/ml/flow/api/2.0/mlflow-artifacts/artifacts/1/r": mlflowclient.ErrInvalidParameter,
		"gs://bucket/1":   mlflowclient.ErrNotImplemented,
		"relative/folder": mlflowclient.ErrNotImplemented,
		"":                mlflowclient.ErrNotImplemented,
		"http://%zz":      mlflowclient.ErrInvalidParameter,
	} {
		store, err := c.Artifacts.At(uri)
		if !errors.Is(err, want) || (err == nil) != (store != nil) {
			t.Errorf("%q: %v", uri, err)
		}
	}
}

func TestArtifactsOfAServerThatLies(t *testing.T) {
	for _, name := range []string{"../up", "/etc/passwd", "a/b", "..", "", "a\\b"} {
		c := fake(t, func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Query().Has("path") {
				answer(w, 200, `{"files":[{"path":"`+strings.ReplaceAll(name, `\`, `\\`)+`","is_dir":false,"file_size":"3"}]}`)
				return
			}
			answer(w, 200, "bad")
		})
		store, err := c.Artifacts.At("mlflow-artifacts:/1/r/artifacts")
		must(t, err)
		target := filepath.Join(t.TempDir(), "target")
		if err := store.DownloadDir(t.Context(), "", target); !errors.Is(err, mlflowclient.ErrInternal) {
			t.Errorf("%q: %v", name, err)
		}
		if entries, _ := os.ReadDir(target); len(entries) != 0 {
			t.Errorf("%q: left %v", name, entries)
		}
	}
}

func TestDownloadsStayInTheirFolder(t *testing.T) {
	c := fake(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Query().Get("path") {
		case "1/r/artifacts":
			answer(w, 200, `{"files":[{"path":"dir","is_dir":true}]}`)
		case "1/r/artifacts/dir":
			answer(w, 200, `{"files":[{"path":"file","file_size":3}]}`)
		default:
			answer(w, 200, "bad")
		}
	})
	store, err := c.Artifacts.At("mlflow-artifacts:/1/r/artifacts")
	must(t, err)
	target, outside := t.TempDir(), t.TempDir()
	must(t, os.Symlink(outside, filepath.Join(target, "dir")))
	if err := store.DownloadDir(t.Context(), "", target); err == nil {
		t.Error("a download went through a link")
	}
	if entries, _ := os.ReadDir(outside); len(entries) != 0 {
		t.Errorf("outside: %v", entries)
	}
}

func TestACutDownloadLeavesNothing(t *testing.T) {
	c := fake(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "1000")
		w.WriteHeader(http.StatusOK)
		_, _ = io.WriteString(w, "only this")
		w.(http.Flusher).Flush()
		cut(w)
	})
	store, err := c.Artifacts.At("mlflow-artifacts:/1/r/artifacts")
	must(t, err)
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	must(t, os.WriteFile(file, []byte("before"), 0o600))
	err = store.Download(t.Context(), "file", file)
	if !errors.Is(err, io.ErrUnexpectedEOF) || !errors.Is(err, mlflowclient.ErrUnreachable) {
		t.Errorf("error %v", err)
	}
	if got, _ := os.ReadFile(file); string(got) != "before" {
		t.Errorf("the file holds %q", got)
	}
	if entries, _ := os.ReadDir(dir); len(entries) != 1 {
		t.Errorf("left %v", entries)
	}
}

func TestUploadsAreRepeatedIfTheyCanBe(t *testing.T) {
	file := filepath.Join(t.TempDir(), "f")
	must(t, os.WriteFile(file, []byte("content"), 0o600))
	attempt := func(send func(*mlflowclient.ArtifactStore) error) (bodies []string, err error) {
		c := fake(t, func(w http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			if bodies = append(bodies, string(body)); len(bodies) == 1 {
				answer(w, 503, "")
			}
		})
		store, err := c.Artifacts.At("mlflow-artifacts:/1/r/artifacts")
		must(t, err)
		err = send(store)
		return bodies, err
	}
	bodies, err := attempt(func(s *mlflowclient.ArtifactStore) error { return s.UploadFile(t.Context(), file, "dir") })
	if err != nil || len(bodies) != 2 || bodies[0] != "content" || bodies[1] != "content" {
		t.Errorf("a file: %v, bodies %q", err, bodies)
	}
	bodies, err = attempt(func(s *mlflowclient.ArtifactStore) error {
		return s.Upload(t.Context(), "f", strings.NewReader("content"), 7)
	})
	if !errors.Is(err, mlflowclient.ErrUnavailable) || len(bodies) != 1 {
		t.Errorf("a reader can be read only once: %v, bodies %q", err, bodies)
	}
}
