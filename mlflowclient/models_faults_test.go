package mlflowclient_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"mlopsgo/mlflowclient"
	"mlopsgo/mlflowclient/embedded"
	"mlopsgo/mlflowclient/mlmodel"
)

// fault may answer a call instead of the store, and says so.
type fault func(w http.ResponseWriter, call string, r *http.Request) bool

// faulty is an MLflow in the process with a fault.
type faulty struct {
	store http.RoundTripper
	mu    sync.Mutex
	fault fault
}

func (f *faulty) set(fault fault) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.fault = fault
}

func (f *faulty) get() fault {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.fault
}

func (f *faulty) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	call := r.Method + " " + strings.TrimPrefix(strings.TrimPrefix(r.URL.Path, "/api/2.0/mlflow/"), "/api/2.0/mlflow-artifacts/")
	if fault := f.get(); fault != nil && fault(w, call, r) {
		return
	}
	resp, err := f.store.RoundTrip(r)
	if err != nil {
		answer(w, 500, err.Error())
		return
	}
	defer resp.Body.Close()
	w.Header().Set("Content-Type", resp.Header.Get("Content-Type"))
	w.WriteHeader(resp.StatusCode)
	_, _ = io.Copy(w, resp.Body)
}

// withFaults is a client of such an MLflow behind a base path.
func withFaults(t *testing.T) (*faulty, *mlflowclient.Client) {
	t.Helper()
	dir := t.TempDir()
	store, err := embedded.Open(t.Context(), filepath.Join(dir, "mlflow.db"), filepath.Join(dir, "mlruns"))
	must(t, err)
	t.Cleanup(func() { must(t, store.Close()) })
	f := &faulty{store: store}
	return f, fake(t, f.ServeHTTP)
}

// lose carries a call out and loses its answer, once.
func (f *faulty) lose(name string) {
	f.set(func(w http.ResponseWriter, call string, r *http.Request) bool {
		if call != name {
			return false
		}
		f.set(nil)
		if resp, err := f.store.RoundTrip(r); err == nil {
			resp.Body.Close()
		}
		cut(w)
		return true
	})
}

// TestLogModelThatFails fails every step of LogModel in turn: the model must end as failed, never as ready.
func TestLogModelThatFails(t *testing.T) {
	broken := errors.New("broken")
	cancelled, cancel := context.WithCancel(t.Context())
	for name, tt := range map[string]struct {
		fail  string // the call that fails
		files func(string) ([]mlmodel.File, error)
		ctx   context.Context
		want  error // nil: any
	}{
		"outputs":        {fail: "POST runs/outputs", want: mlflowclient.ErrPermissionDenied},
		"metrics":        {fail: "POST runs/log-batch", want: mlflowclient.ErrPermissionDenied},
		"finalize":       {fail: "ready", want: mlflowclient.ErrPermissionDenied},
		"files":          {files: func(string) ([]mlmodel.File, error) { return nil, broken }, want: broken},
		"no MLmodel":     {files: func(string) ([]mlmodel.File, error) { return []mlmodel.File{{Name: "a"}}, nil }, want: mlflowclient.ErrInvalidParameter},
		"a name outside": {files: func(string) ([]mlmodel.File, error) { return []mlmodel.File{{Name: "MLmodel"}, {Name: "../a"}}, nil }, want: mlflowclient.ErrInvalidParameter},
		"a name twice":   {files: func(string) ([]mlmodel.File, error) { return []mlmodel.File{{Name: "MLmodel"}, {Name: "MLmodel"}}, nil }, want: mlflowclient.ErrInvalidParameter},
		"a folder in the way": {files: func(id string) ([]mlmodel.File, error) {
			files, err := someFiles(id)
			return append(files, mlmodel.File{Name: "data"}), err
		}},
		"the end": {ctx: cancelled, want: context.Canceled, files: func(id string) ([]mlmodel.File, error) {
			cancel()
			return someFiles(id)
		}},
	} {
		t.Run(name, func(t *testing.T) {
			f, c := withFaults(t)
			run := startRun(t, c)
			if tt.files == nil {
				tt.files = someFiles
			}
			if tt.ctx == nil {
				tt.ctx = t.Context()
			}
			f.set(func(w http.ResponseWriter, call string, r *http.Request) bool {
				fails := tt.fail == call
				if tt.fail == "ready" && r.Method == http.MethodPatch {
					body, _ := io.ReadAll(r.Body)
					r.Body = io.NopCloser(strings.NewReader(string(body)))
					fails = strings.Contains(string(body), "READY")
				}
				if fails {
					answer(w, 403, "no")
				}
				return fails
			})
			model, err := run.LogModel(tt.ctx, mlflowclient.LogModel{Name: "forest", Files: tt.files, Metrics: []mlflowclient.Metric{{Key: "m"}}})
			if model != nil || err == nil || tt.want != nil && !errors.Is(err, tt.want) {
				t.Fatalf("model %+v, error %v", model, err)
			}
			f.set(nil)
			found := collect(t, c.LoggedModels.Search(t.Context(), mlflowclient.SearchLoggedModels{ExperimentIDs: []string{run.ExperimentID}}))
			if len(found) != 1 || found[0].Status != mlflowclient.LoggedModelFailed || !strings.Contains(err.Error(), found[0].ID) {
				t.Errorf("error %v, models %+v", err, found[0])
			}
			if _, err := c.ResolveModel(t.Context(), "models:/"+found[0].ID); !errors.Is(err, mlflowclient.ErrInvalidState) {
				t.Errorf("resolved: %v", err)
			}
			if _, err := c.RegisterModel(t.Context(), mlflowclient.RegisterModel{Name: "n", ModelID: found[0].ID}); !errors.Is(err, mlflowclient.ErrInvalidState) {
				t.Errorf("registered: %v", err)
			}
		})
	}
}

func TestLogModelThatPanics(t *testing.T) {
	_, c := withFaults(t)
	run := startRun(t, c)
	func() {
		defer func() {
			if recover() != "at the disco" {
				t.Error("the panic did not go on")
			}
		}()
		_, _ = run.LogModel(t.Context(), mlflowclient.LogModel{Files: func(string) ([]mlmodel.File, error) { panic("at the disco") }})
	}()
	found := collect(t, c.LoggedModels.Search(t.Context(), mlflowclient.SearchLoggedModels{ExperimentIDs: []string{run.ExperimentID}}))
	if len(found) != 1 || found[0].Status != mlflowclient.LoggedModelFailed {
		t.Errorf("models %+v", found)
	}
	if _, err := run.LogModel(t.Context(), mlflowclient.LogModel{}); !errors.Is(err, mlflowclient.ErrInvalidParameter) {
		t.Errorf("without files: %v", err)
	}
}

// TestUploadOrder wants MLmodel to be the last file to arrive.
func TestUploadOrder(t *testing.T) {
	f, c := withFaults(t)
	run := startRun(t, c)
	var stored []string
	f.set(func(w http.ResponseWriter, call string, r *http.Request) bool {
		switch {
		case call == "POST logged-models":
			answer(w, 200, `{"model":{"info":{"model_id":"m-1","artifact_uri":"mlflow-artifacts:/1/m-1"}}}`)
		case strings.HasPrefix(call, "PUT "):
			f.mu.Lock()
			stored = append(stored, call)
			f.mu.Unlock()
			answer(w, 200, "{}")
		case r.Method == http.MethodPatch:
			answer(w, 200, `{"model":{"info":{"status":"LOGGED_MODEL_READY"}}}`)
		default:
			return false
		}
		return true
	})
	var seen []int64
	model, err := run.LogModel(t.Context(), mlflowclient.LogModel{Files: someFiles, Progress: func(stored, total int64) { seen = append(seen, stored, total) }})
	must(t, err)
	files, _ := someFiles("m-1")
	size := int64(0)
	for _, f := range files {
		size += int64(len(f.Data))
	}
	if len(seen) != 2*len(files) || seen[len(seen)-2] != size || seen[len(seen)-1] != size || seen[1] != size || seen[0] >= size {
		t.Errorf("progress %v of %d bytes", seen, size)
	}
	if model.Status != mlflowclient.LoggedModelReady || len(stored) != len(files) || stored[len(stored)-1] != "PUT artifacts/1/m-1/MLmodel" {
		t.Errorf("stored %q", stored)
	}
}

// TestWhatIsLostOnTheWay loses the answer of each creating call once: nothing may be there twice in the end.
func TestWhatIsLostOnTheWay(t *testing.T) {
	f, c := withFaults(t)
	ctx := t.Context()
	model := logModel(t, c, "forest")
	in := mlflowclient.RegisterModel{Name: "wine", ModelID: model.ID, Alias: "champion"}
	for _, lost := range []string{"POST registered-models/create", "POST model-versions/create", "POST registered-models/alias"} {
		f.lose(lost)
		version, err := c.RegisterModel(ctx, in)
		if err != nil || version.Version != "1" || !slices.Equal(version.Aliases, []string{"champion"}) {
			t.Errorf("%s is lost: %+v, %v", lost, version, err)
		}
		// The version is there since the first round.
		if called := f.get() == nil; called != (lost != "POST model-versions/create") {
			t.Errorf("%s was called: %v", lost, called)
		}
	}
	if n := len(collect(t, c.ModelVersions.Search(ctx, mlflowclient.SearchModelVersions{}))); n != 1 {
		t.Errorf("%d versions", n)
	}
	other := logModel(t, c, "forest")
	f.lose("POST model-versions/create")
	version, err := c.RegisterModel(ctx, mlflowclient.RegisterModel{Name: "wine", ModelID: other.ID})
	if err != nil || version.Version != "2" || f.get() != nil {
		t.Errorf("a lost version: %+v, %v", version, err)
	}
	f.lose("POST registered-models/rename")
	if renamed, err := c.RegisteredModels.Rename(ctx, "wine", "beer"); err != nil || renamed.Name != "beer" {
		t.Errorf("a lost renaming: %+v, %v", renamed, err)
	}
	f.lose("POST logged-models/" + model.ID + "/params")
	if err := c.LoggedModels.LogParams(ctx, model.ID, map[string]string{"k": "v"}); err != nil {
		t.Errorf("lost params: %v", err)
	}
	f.lose("POST runs/outputs")
	if err := c.Runs.LogOutputs(ctx, other.SourceRunID, []mlflowclient.ModelOutput{{ModelID: model.ID}}); err != nil {
		t.Errorf("lost outputs: %v", err)
	}
	f.lose("POST logged-models")
	if _, err := startRun(t, c).LogModel(ctx, mlflowclient.LogModel{Name: "once", Files: someFiles}); !errors.Is(err, mlflowclient.ErrUnreachable) {
		t.Errorf("a lost model: %v", err)
	}
	if n := len(collect(t, c.LoggedModels.Search(ctx, mlflowclient.SearchLoggedModels{ExperimentIDs: []string{"0", "1", "2", "3", "4"}, Filter: "name = 'once'"}))); n != 1 {
		t.Errorf("%d models for one that was lost", n)
	}
}

func TestRegisterModelAmends(t *testing.T) {
	_, c := withFaults(t)
	ctx := t.Context()
	model := logModel(t, c, "forest")
	in := mlflowclient.RegisterModel{Name: "wine", ModelID: model.ID, Description: "first", Tags: map[string]string{"a": "1", "b": "2"}}
	_, err := c.RegisterModel(ctx, in)
	must(t, err)
	in.Description, in.Tags, in.Alias = "second", map[string]string{"b": "3", "c": ""}, "champion"
	version, err := c.RegisterModel(ctx, in)
	must(t, err)
	if version.Version != "1" || version.Description != "second" || version.Tags["a"] != "1" || version.Tags["b"] != "3" || len(version.Tags) != 3 || len(version.Aliases) != 1 {
		t.Errorf("version %+v", version)
	}
	other, err := c.RegisterModel(ctx, mlflowclient.RegisterModel{Name: "beer", ModelID: model.ID})
	if err != nil || other.Version != "1" || other.Name != "beer" {
		t.Errorf("under another name %+v, %v", other, err)
	}
	for _, bad := range []mlflowclient.RegisterModel{{Name: "n"}, {ModelID: model.ID}} {
		if _, err := c.RegisterModel(ctx, bad); !errors.Is(err, mlflowclient.ErrInvalidParameter) {
			t.Errorf("%+v: %v", bad, err)
		}
	}
	if _, err := c.RegisterModel(ctx, mlflowclient.RegisterModel{Name: "n", ModelID: "m-none"}); !errors.Is(err, mlflowclient.ErrNotFound) {
		t.Errorf("no such model: %v", err)
	}
	in.Alias = "latest"
	if _, err := c.RegisterModel(ctx, in); !errors.Is(err, mlflowclient.ErrInvalidParameter) || !strings.Contains(err.Error(), "version 1 is there") {
		t.Errorf("a reserved alias: %v", err)
	}
}

// TestDownloadModelOfAServerThatLies wants nothing outside of the folder, and no folder at all.
func TestDownloadModelOfAServerThatLies(t *testing.T) {
	for _, name := range []string{"../up", "/etc/passwd", "a/b", "..", ".", "", `a\\b`, "nul\\u0000"} {
		c := fake(t, func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Query().Has("path") {
				answer(w, 200, `{"files":[{"path":"MLmodel","file_size":3},{"path":"`+name+`","is_dir":false,"file_size":"3"}]}`)
				return
			}
			answer(w, 200, "bad")
		})
		parent := t.TempDir()
		err := c.DownloadModel(t.Context(), &mlflowclient.ResolvedModel{URI: "x", ArtifactURI: "mlflow-artifacts:/1/m/artifacts"}, filepath.Join(parent, "model"))
		if !errors.Is(err, mlflowclient.ErrInternal) {
			t.Errorf("%q: %v", name, err)
		}
		if entries, _ := os.ReadDir(parent); len(entries) != 0 {
			t.Errorf("%q: left %v", name, entries)
		}
	}
}

// TestListsOfAServerThatLies: what is not directly in the folder is no name of a file.
func TestListsOfAServerThatLies(t *testing.T) {
	for _, name := range []string{"../up", "/etc/passwd", "a/b", "..", ".", "", "a/.", "dir/a/b", "dir"} {
		c := fake(t, func(w http.ResponseWriter, _ *http.Request) {
			answer(w, 200, `{"files":[{"path":"`+name+`","is_dir":false}]}`)
		})
		store, err := c.Artifacts.At("mlflow-artifacts:/1/r/artifacts")
		must(t, err)
		for what, list := range map[string]func(dir string) ([]*mlflowclient.FileInfo, error){
			"List":    func(dir string) ([]*mlflowclient.FileInfo, error) { return store.List(t.Context(), dir) },
			"ListRun": func(dir string) ([]*mlflowclient.FileInfo, error) { return c.Artifacts.ListRun(t.Context(), "r", dir) },
			"ListArtifacts": func(dir string) ([]*mlflowclient.FileInfo, error) {
				return c.LoggedModels.ListArtifacts(t.Context(), "m-1", dir)
			},
		} {
			for _, dir := range []string{"", "dir"} {
				if what == "List" && dir == "dir" && name == "dir" || dir == "" && name == "dir" {
					continue // which are names
				}
				if files, err := list(dir); !errors.Is(err, mlflowclient.ErrInternal) {
					t.Errorf("%s of %q takes %q: %v, %v", what, dir, name, files, err)
				}
			}
		}
	}
}

func TestDownloadModelThatBreaksOff(t *testing.T) {
	c := fake(t, func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.URL.Query().Has("path"):
			answer(w, 200, `{"files":[{"path":"MLmodel","file_size":3},{"path":"a","file_size":3},{"path":"b","file_size":3},{"path":"c","file_size":3},{"path":"d","file_size":3},{"path":"e","file_size":3}]}`)
		case strings.HasSuffix(r.URL.Path, "/d"):
			w.Header().Set("Content-Length", "1000")
			w.WriteHeader(http.StatusOK)
			_, _ = io.WriteString(w, "only this")
			w.(http.Flusher).Flush()
			cut(w)
		default:
			answer(w, 200, "abc")
		}
	})
	parent := t.TempDir()
	err := c.DownloadModel(t.Context(), &mlflowclient.ResolvedModel{URI: "x", ArtifactURI: "mlflow-artifacts:/1/m/artifacts"}, filepath.Join(parent, "model"))
	if !errors.Is(err, io.ErrUnexpectedEOF) || !strings.Contains(err.Error(), "artifact d") {
		t.Errorf("error %v", err)
	}
	if entries, _ := os.ReadDir(parent); len(entries) != 0 {
		t.Errorf("left %v", entries)
	}
}
