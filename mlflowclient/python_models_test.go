package mlflowclient_test

import (
	"encoding/json"
	"maps"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"mlopsgo/internal/onnx"
	"mlopsgo/internal/stack"
	"mlopsgo/mlflowclient"
	"mlopsgo/mlflowclient/mlmodel"
)

// pyRegistered is what testdata/models.py prints.
type pyRegistered struct {
	Name        string            `json:"name"`
	Description string            `json:"description"`
	Created     int64             `json:"created"`
	Updated     int64             `json:"updated"`
	Tags        map[string]string `json:"tags"`
	Aliases     map[string]string `json:"aliases"`
	Versions    []pyVersion       `json:"versions"`
}

type pyVersion struct {
	Version     string            `json:"version"`
	Description string            `json:"description"`
	Source      string            `json:"source"`
	RunID       string            `json:"run_id"`
	Status      string            `json:"status"`
	Created     int64             `json:"created"`
	Updated     int64             `json:"updated"`
	Tags        map[string]string `json:"tags"`
	Aliases     []string          `json:"aliases"`
	Model       pyLogged          `json:"model"`
}

type pyLogged struct {
	ID           string            `json:"id"`
	Name         string            `json:"name"`
	ExperimentID string            `json:"experiment_id"`
	RunID        string            `json:"run_id"`
	ArtifactURI  string            `json:"artifact_uri"`
	Type         string            `json:"type"`
	Status       string            `json:"status"`
	Created      int64             `json:"created"`
	Updated      int64             `json:"updated"`
	Params       map[string]string `json:"params"`
	Tags         map[string]string `json:"tags"`
	Metrics      [][]any           `json:"metrics"`
	Outputs      []string          `json:"outputs"`
	Files        map[string][]byte `json:"files"`
}

// seenModel is what our client sees of a registered model, in the form of Python's.
func seenModel(t *testing.T, c *mlflowclient.Client, name string) *pyRegistered {
	t.Helper()
	ctx := t.Context()
	m, err := c.RegisteredModels.Get(ctx, name)
	must(t, err)
	out := &pyRegistered{
		Name: m.Name, Description: m.Description, Created: m.Created.UnixMilli(), Updated: m.Updated.UnixMilli(), Tags: m.Tags, Aliases: m.Aliases,
	}
	for _, found := range collect(t, c.ModelVersions.Search(ctx, mlflowclient.SearchModelVersions{OrderBy: []string{"version_number"}})) {
		if found.Name != name {
			continue
		}
		v, err := c.ModelVersions.Get(ctx, name, found.Version)
		must(t, err)
		slices.Sort(v.Aliases)
		out.Versions = append(out.Versions, pyVersion{
			Version: v.Version, Description: v.Description, Source: v.Source, RunID: v.RunID, Status: v.Status, Created: v.Created.UnixMilli(),
			Updated: v.Updated.UnixMilli(), Tags: v.Tags, Aliases: append([]string{}, v.Aliases...), Model: seenLogged(t, c, v.ModelID),
		})
	}
	return out
}

func seenLogged(t *testing.T, c *mlflowclient.Client, id string) pyLogged {
	t.Helper()
	m, err := c.LoggedModels.Get(t.Context(), id)
	must(t, err)
	out := pyLogged{
		ID: m.ID, Name: m.Name, ExperimentID: m.ExperimentID, RunID: m.SourceRunID, ArtifactURI: m.ArtifactURI, Type: m.Type, Status: string(m.Status),
		Created: m.Created.UnixMilli(), Updated: m.Updated.UnixMilli(), Params: m.Params, Tags: m.Tags, Metrics: [][]any{}, Files: map[string][]byte{},
	}
	for _, p := range m.Metrics {
		out.Metrics = append(out.Metrics, []any{
			p.Key, bits(p.Value), float64(p.Timestamp.UnixMilli()), float64(p.Step), p.DatasetName, p.DatasetDigest, p.RunID,
		})
	}
	slices.SortFunc(out.Metrics, func(a, b []any) int { return strings.Compare(a[0].(string), b[0].(string)) })
	for _, o := range getRun(t, c, m.SourceRunID).ModelOutputs {
		out.Outputs = append(out.Outputs, o.ModelID)
	}
	found, err := c.ResolveModel(t.Context(), "models:/"+id)
	must(t, err)
	dir := filepath.Join(t.TempDir(), "model")
	must(t, c.DownloadModel(t.Context(), found, dir))
	must(t, filepath.WalkDir(dir, func(path string, entry os.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		name, err := filepath.Rel(dir, path)
		must(t, err)
		out.Files[filepath.ToSlash(name)], err = os.ReadFile(path)
		return err
	}))
	return out
}

// pythonModel runs the script and brings its floats into Go's form.
func pythonModel(t *testing.T, args ...string) *pyRegistered {
	t.Helper()
	var out pyRegistered
	runPython(t, &out, "models.py", args...)
	for _, v := range out.Versions {
		for _, m := range v.Model.Metrics {
			m[1] = normal(t, m[1].(string))
		}
	}
	return &out
}

// stumps is a small forest on two features whose label is 5 or 6.
func stumps() *onnx.Forest {
	f := &onnx.Forest{Producer: "mlopsgo", Mean: []float64{0.5, 10}, Scale: []float64{0.25, 2}, IntClasses: []int64{5, 6}}
	for i := range 5 {
		f.Trees = append(f.Trees, onnx.Tree{
			Left: []int{1, -1, -1}, Right: []int{2, -1, -1}, Feature: []int{i % 2, -2, -2},
			Threshold: []float64{float64(i-2) / 4, -2, -2}, Values: []float64{0.5, 0.5, 0.9, 0.1, 0.2, 0.8},
		})
	}
	return f
}

func TestModelsInPython(t *testing.T) {
	graph, err := stumps().Model()
	must(t, err)
	both := func(t *testing.T, c *mlflowclient.Client, uri string) {
		t.Helper()
		name := unique("from Go ü '")
		written := writtenModel(t, c, name, graph.Encode())
		if diff := cmp.Diff(written, seenModel(t, c, name)); diff != "" {
			t.Errorf("Go of Go (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff(written, pythonModel(t, "read", uri, name)); diff != "" {
			t.Errorf("Python of Go (-want +got):\n%s", diff)
		}
		sameLabels(t, graph, uri, "models:/"+name+"@champion")

		path := filepath.Join(t.TempDir(), "model.onnx")
		must(t, os.WriteFile(path, graph.Encode(), 0o600))
		name = unique("from Python ü")
		theirs := pythonModel(t, "write", uri, name, path)
		if len(theirs.Versions) != 1 || theirs.Aliases["champion"] != "1" || len(theirs.Versions[0].Model.Files) < 5 {
			t.Fatalf("Python wrote %+v", theirs)
		}
		if diff := cmp.Diff(theirs, seenModel(t, c, name)); diff != "" {
			t.Errorf("Go of Python (-want +got):\n%s", diff)
		}
	}
	t.Run("server", func(t *testing.T) {
		t.Parallel()
		uri := stack.Get(t).MLflowURI
		both(t, open(t, uri), uri)
	})
	t.Run("file", func(t *testing.T) {
		t.Parallel()
		dir := t.TempDir()
		uri := "sqlite:///" + filepath.Join(dir, "mlflow.db")
		both(t, open(t, uri, mlflowclient.WithArtifactRoot(filepath.Join(dir, "mlruns"))), uri)
	})
}

// writtenModel logs and registers a model twice, and returns what must be read back.
func writtenModel(t *testing.T, c *mlflowclient.Client, name string, data []byte) *pyRegistered {
	t.Helper()
	ctx := t.Context()
	made, err := c.RegisteredModels.Create(ctx, mlflowclient.CreateRegisteredModel{Name: name, Description: "all of\nGo ü", Tags: map[string]string{"a b": nasty[4]}})
	must(t, err)
	want := &pyRegistered{Name: name, Description: made.Description, Created: made.Created.UnixMilli(), Tags: made.Tags, Aliases: map[string]string{"champion": "2", "old": "1"}}
	at := time.UnixMilli(1_700_000_000_123)
	for i, number := range []string{"1", "2"} {
		run := startRun(t, c)
		model := pyLogged{
			Name: "red wine ü", ExperimentID: run.ExperimentID, RunID: run.ID, Type: "classifier", Status: "LOGGED_MODEL_READY",
			Params: map[string]string{"depth": number, "empty": ""}, Tags: map[string]string{"team": nasty[7]}, Files: map[string][]byte{},
		}
		log := mlflowclient.LogModel{
			Name: model.Name, Type: model.Type, Params: maps.Clone(model.Params), Tags: maps.Clone(model.Tags),
			Dataset: &mlflowclient.DatasetInput{Name: "wine", Digest: "7e2d"},
			Metrics: []mlflowclient.Metric{{Key: "a/b c", Value: 1.0 / 3, Timestamp: at, Step: 7}, {Key: "big", Value: math.Inf(1), Timestamp: at}},
			Files: func(id string) ([]mlmodel.File, error) {
				files, err := mlmodel.ONNXModel{
					Data: data, ModelID: id, RunID: run.ID, ArtifactPath: "x",
					Signature: &mlmodel.Signature{Inputs: mlmodel.Columns(mlmodel.Double, "volatile acidity", "alcohol")},
					Example:   &mlmodel.Example{Columns: []string{"volatile acidity", "alcohol"}, Rows: [][]any{{0.7, 9.4}}},
				}.Files()
				files = append(files, mlmodel.File{Name: "reference ü.csv", Data: []byte("a,b\n\x00\xff")}, mlmodel.File{Name: "deep/er/empty"})
				for _, f := range files {
					model.Files[f.Name] = append([]byte{}, f.Data...)
				}
				return files, err
			},
		}
		logged, err := run.LogModel(ctx, log)
		must(t, err)
		must(t, run.End(ctx, mlflowclient.StatusFinished))
		version, err := c.RegisterModel(ctx, mlflowclient.RegisterModel{
			Name: name, ModelID: logged.ID, Alias: "champion", Description: "version ü " + number, Tags: map[string]string{"nasty": nasty[7]},
		})
		must(t, err)
		for _, m := range log.Metrics {
			model.Metrics = append(model.Metrics, []any{m.Key, bits(m.Value), float64(at.UnixMilli()), float64(m.Step), "wine", "7e2d", run.ID})
		}
		model.ID, model.ArtifactURI, model.Outputs = logged.ID, logged.ArtifactURI, []string{logged.ID}
		model.Created, model.Updated = logged.Created.UnixMilli(), logged.Updated.UnixMilli()
		model.Tags["mlflow.modelVersions"] = `[{"name": ` + pythonText(name) + `, "version": ` + number + `}]`
		want.Versions = append(want.Versions, pyVersion{
			Version: number, Description: "version ü " + number, Source: "models:/" + logged.ID, RunID: run.ID, Status: "READY",
			Created: version.Created.UnixMilli(), Updated: version.Updated.UnixMilli(), Tags: map[string]string{"nasty": nasty[7]},
			Aliases: [][]string{{"old"}, {"champion"}}[i], Model: model,
		})
	}
	must(t, c.RegisteredModels.SetAlias(ctx, name, "old", "1"))
	got, err := c.RegisteredModels.Get(ctx, name)
	must(t, err)
	want.Updated = got.Updated.UnixMilli()
	return want
}

// pythonText is a text as json.dumps writes it.
func pythonText(text string) string {
	quoted, err := json.Marshal(text)
	if err != nil {
		panic(err)
	}
	var b strings.Builder
	for _, r := range string(quoted) {
		if r < 128 {
			b.WriteRune(r)
			continue
		}
		b.WriteString(`\u00`)
		b.WriteByte("0123456789abcdef"[r>>4])
		b.WriteByte("0123456789abcdef"[r&15])
	}
	return b.String()
}

// sameLabels compares what Python's pyfunc predicts with the model of a URI with our evaluator.
func sameLabels(t *testing.T, graph *onnx.Model, trackingURI, modelURI string) {
	t.Helper()
	var rows struct {
		Columns []string    `json:"columns"`
		Data    [][]float64 `json:"data"`
	}
	rows.Columns = []string{"volatile acidity", "alcohol"}
	rng := rand.New(rand.NewPCG(1, 2))
	for range 100 {
		rows.Data = append(rows.Data, []float64{rng.Float64(), 8 + 5*rng.Float64()})
	}
	text, err := json.Marshal(rows)
	must(t, err)
	path := filepath.Join(t.TempDir(), "rows.json")
	must(t, os.WriteFile(path, text, 0o600))
	session, err := onnx.Load(graph)
	must(t, err)
	answers, err := session.NewRunner().Run(onnx.NewDoubles(slices.Concat(rows.Data...), int64(len(rows.Data)), 2))
	must(t, err)
	var got []int64
	runPython(t, &got, "models.py", "load", trackingURI, modelURI, path)
	if want := answers[0].I64; !slices.Equal(got, want) || len(slices.Compact(slices.Sorted(slices.Values(want)))) != 2 {
		t.Errorf("Python predicts\n%v, our evaluator\n%v", got, want)
	}
}
