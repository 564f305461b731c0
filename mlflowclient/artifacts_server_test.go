package mlflowclient_test

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"mlopsgo/mlflowclient"
)

func readAll(t *testing.T, body io.ReadCloser, err error) string {
	t.Helper()
	must(t, err)
	defer body.Close()
	content, err := io.ReadAll(body)
	must(t, err)
	return string(content)
}

const unruly = "dir/ünï & co?%.txt"

func TestListOfARun(t *testing.T) {
	eachEnd(t, func(t *testing.T, c *mlflowclient.Client) {
		ctx, run := t.Context(), newRun(t, c, mlflowclient.CreateRun{})
		store, err := c.Artifacts.At(run.ArtifactURI)
		must(t, err)
		must(t, store.Upload(ctx, unruly, strings.NewReader("content"), 7))
		for dir, want := range map[string]mlflowclient.FileInfo{"": {Path: "dir", IsDir: true}, "dir": {Path: unruly, Size: 7}} {
			files, err := c.Artifacts.ListRun(ctx, run.ID, dir)
			if err != nil || len(files) != 1 || *files[0] != want {
				t.Errorf("%q: %v, %v", dir, files, err)
			}
		}
		if files, err := c.Artifacts.ListRun(ctx, run.ID, "none"); err != nil || len(files) != 0 {
			t.Errorf("%v, %v", files, err)
		}
		if _, err := c.Artifacts.ListRun(ctx, run.ID, "../x"); !errors.Is(err, mlflowclient.ErrInvalidParameter) {
			t.Error(err)
		}
		if _, err := c.Artifacts.ListRun(ctx, missing, ""); !errors.Is(err, mlflowclient.ErrNotFound) {
			t.Error(err)
		}
	})
}

func TestFilesThroughTheServer(t *testing.T) {
	eachEnd(t, func(t *testing.T, c *mlflowclient.Client) {
		ctx := t.Context()
		run := newRun(t, c, mlflowclient.CreateRun{})
		must(t, c.Artifacts.UploadRun(ctx, run.ID, unruly, []byte("content")))
		body, err := c.Artifacts.OpenRun(ctx, run.ID, unruly)
		if got := readAll(t, body, err); got != "content" {
			t.Errorf("%q", got)
		}
		for _, size := range []int{0, 10<<20 + 1} {
			if err := c.Artifacts.UploadRun(ctx, run.ID, "x", make([]byte, size)); !errors.Is(err, mlflowclient.ErrInvalidParameter) {
				t.Errorf("%d bytes: %v", size, err)
			}
		}
		if _, err := c.Artifacts.OpenRun(ctx, missing, "x"); !errors.Is(err, mlflowclient.ErrNotFound) {
			t.Error(err)
		}

		model, err := c.LoggedModels.Create(ctx, mlflowclient.CreateLoggedModel{ExperimentID: run.ExperimentID, Name: "m", SourceRunID: run.ID})
		must(t, err)
		store, err := c.Artifacts.At(model.ArtifactURI)
		must(t, err)
		must(t, store.Upload(ctx, unruly, strings.NewReader("of a model"), -1))
		body, err = c.Artifacts.OpenLoggedModel(ctx, model.ID, unruly)
		if got := readAll(t, body, err); got != "of a model" {
			t.Errorf("%q", got)
		}
		must(t, second(c.LoggedModels.Finalize(ctx, model.ID, mlflowclient.LoggedModelReady)))
		name := unique("files")
		must(t, second(c.RegisteredModels.Create(ctx, mlflowclient.CreateRegisteredModel{Name: name})))
		version, err := c.ModelVersions.Create(ctx, mlflowclient.CreateModelVersion{Name: name, Source: model.ArtifactURI, ModelID: model.ID, RunID: run.ID})
		must(t, err)
		body, err = c.Artifacts.OpenModelVersion(ctx, name, version.Version, unruly)
		if got := readAll(t, body, err); got != "of a model" {
			t.Errorf("%q", got)
		}
	})
}

func TestPresignedURLs(t *testing.T) {
	store, c, ctx := onS3(t), serverEnd(t), t.Context()
	runID, _, _ := strings.Cut(strings.TrimPrefix(store.URI, "s3://mlflow-artifacts/direct/"), "/")
	up, err := c.Artifacts.PresignUpload(ctx, mlflowclient.PresignUpload{RunID: runID, Path: unruly, Expires: time.Minute})
	must(t, err)
	request := func(method string, at *mlflowclient.PresignedURL, content string) string {
		t.Helper()
		r, err := http.NewRequestWithContext(ctx, method, at.URL, bytes.NewReader([]byte(content)))
		must(t, err)
		r.Header, r.Close = at.Header, true
		resp, err := http.DefaultClient.Do(r)
		must(t, err)
		defer resp.Body.Close()
		got := readAll(t, resp.Body, nil)
		if resp.StatusCode != http.StatusOK {
			t.Errorf("%s: %s %s", method, resp.Status, got)
		}
		return got
	}
	request(http.MethodPut, up, "presigned")
	if got := readArtifact(t, store, unruly); got != "presigned" {
		t.Errorf("stored %q", got)
	}
	down, err := c.Artifacts.PresignDownload(ctx, mlflowclient.PresignDownload{RunID: runID, Path: unruly})
	must(t, err)
	if got := request(http.MethodGet, down, ""); got != "presigned" || down.Size != 9 {
		t.Errorf("%q, size %d", got, down.Size)
	}
	for _, in := range []mlflowclient.PresignUpload{
		{Path: "x"}, {RunID: runID, ModelID: "m-1", Path: "x"}, {RunID: runID, Path: "../x"}, {RunID: runID, Path: "x", Expires: time.Millisecond},
	} {
		if _, err := c.Artifacts.PresignUpload(ctx, in); !errors.Is(err, mlflowclient.ErrInvalidParameter) {
			t.Errorf("%+v: %v", in, err)
		}
	}
	proxied := newRun(t, c, mlflowclient.CreateRun{})
	if _, err := c.Artifacts.PresignDownload(ctx, mlflowclient.PresignDownload{RunID: proxied.ID, Path: "x"}); !errors.Is(err, mlflowclient.ErrInvalidParameter) {
		t.Error(err)
	}
}

// TestFilesOfADatabaseFile is what only local folders have.
func TestFilesOfADatabaseFile(t *testing.T) {
	c, ctx := embeddedEnd(t), t.Context()
	run := newRun(t, c, mlflowclient.CreateRun{})
	must(t, c.Artifacts.UploadRun(ctx, run.ID, "dir/f.html", []byte("<html>")))
	body, err := c.Artifacts.OpenRun(ctx, run.ID, "dir/f.html")
	if got := readAll(t, body, err); got != "<html>" {
		t.Errorf("%q", got)
	}
	must(t, second(c.RegisteredModels.Create(ctx, mlflowclient.CreateRegisteredModel{Name: "m"})))
	must(t, second(c.ModelVersions.Create(ctx, mlflowclient.CreateModelVersion{Name: "m", Source: "runs:/" + run.ID + "/dir", RunID: run.ID})))
	body, err = c.Artifacts.OpenModelVersion(ctx, "m", "1", "f.html") // which a server fails at: it looks for the run at its database
	if got := readAll(t, body, err); got != "<html>" {
		t.Errorf("%q", got)
	}
	must(t, os.WriteFile(filepath.Join(filepath.Dir(run.ArtifactURI), "secret"), nil, 0o600))
	must(t, os.Symlink("../secret", filepath.Join(run.ArtifactURI, "link")))
	must(t, os.Symlink("..", filepath.Join(run.ArtifactURI, "up")))
	for name, want := range map[string]error{
		"none": mlflowclient.ErrNotFound, "dir/none": mlflowclient.ErrNotFound, "dir": mlflowclient.ErrInvalidParameter,
		"link": mlflowclient.ErrInternal, "up/secret": mlflowclient.ErrInternal, "%2e%2e/secret": mlflowclient.ErrInvalidParameter,
	} {
		if _, err := c.Artifacts.OpenRun(ctx, run.ID, name); !errors.Is(err, want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := c.Artifacts.UploadRun(ctx, run.ID, "up/written", []byte("x")); !errors.Is(err, mlflowclient.ErrInternal) {
		t.Error(err)
	}
	if entries, _ := os.ReadDir(filepath.Dir(run.ArtifactURI)); len(entries) != 2 {
		t.Errorf("beside the artifacts there are %v", entries)
	}
	if err := c.Artifacts.UploadRun(ctx, missing, "f", []byte("x")); !errors.Is(err, mlflowclient.ErrNotFound) {
		t.Error(err)
	}
}
