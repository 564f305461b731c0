package mlflowclient_test

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"mlopsgo/internal/stack"
	"mlopsgo/mlflowclient"
)

// pyExperiment is what testdata/parity.py prints.
type pyExperiment struct {
	ID       string            `json:"id"`
	Name     string            `json:"name"`
	Location string            `json:"artifact_location"`
	Stage    string            `json:"stage"`
	Created  int64             `json:"creation_time"`
	Updated  int64             `json:"last_update_time"`
	Tags     map[string]string `json:"tags"`
	Runs     []pyRun           `json:"runs"`
}

type pyRun struct {
	ID           string            `json:"id"`
	Name         string            `json:"name"`
	ExperimentID string            `json:"experiment_id"`
	UserID       string            `json:"user_id"`
	Status       string            `json:"status"`
	Start        int64             `json:"start_time"`
	End          *int64            `json:"end_time"`
	Stage        string            `json:"stage"`
	ArtifactURI  string            `json:"artifact_uri"`
	Params       map[string]string `json:"params"`
	Tags         map[string]string `json:"tags"`
	Metrics      map[string]string `json:"metrics"`
	History      []pyMetric        `json:"history"`
	Datasets     []pyDataset       `json:"datasets"`
	Artifacts    map[string]string `json:"artifacts"`
}

type pyMetric struct {
	Key       string `json:"key"`
	Value     string `json:"value"`
	Timestamp int64  `json:"timestamp"`
	Step      int64  `json:"step"`
}

type pyDataset struct {
	Name       string            `json:"name"`
	Digest     string            `json:"digest"`
	SourceType string            `json:"source_type"`
	Source     string            `json:"source"`
	Schema     string            `json:"schema"`
	Profile    string            `json:"profile"`
	Tags       map[string]string `json:"tags"`
}

// bits writes a float so that only equal bits are equal texts. Python's client leaves an infinity as the largest
// finite number, which is how MLflow stores it.
func bits(f float64) string {
	switch {
	case math.IsNaN(f):
		return "nan"
	case math.IsInf(f, 0):
		f = math.Copysign(math.MaxFloat64, f)
	}
	return strconv.FormatFloat(f, 'x', -1, 64)
}

// normal brings Python's hexadecimal text into Go's form.
func normal(t *testing.T, hex string) string {
	t.Helper()
	f, err := strconv.ParseFloat(hex, 64)
	must(t, err)
	return bits(f)
}

// runPython runs a script of testdata and decodes what it prints.
func runPython(t *testing.T, out any, name string, args ...string) {
	t.Helper()
	script, err := filepath.Abs(filepath.Join("testdata", name))
	must(t, err)
	cmd := exec.CommandContext(t.Context(), stack.Python(t, "mlflow"), append([]string{script}, args...)...)
	cmd.Dir = t.TempDir() // where Python puts the artifacts of a database file
	cmd.Env = append(os.Environ(), "MLFLOW_DISABLE_TELEMETRY=true", "DO_NOT_TRACK=true", "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR=false", "PYTHONUTF8=1")
	var stderr strings.Builder
	cmd.Stderr = &stderr
	text, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s %v: %v\n%s", name, args, err, stderr.String())
	}
	must(t, json.Unmarshal(text, out))
}

func python(t *testing.T, args ...string) *pyExperiment {
	t.Helper()
	var e pyExperiment
	runPython(t, &e, "parity.py", args...)
	for i := range e.Runs {
		for key, value := range e.Runs[i].Metrics {
			e.Runs[i].Metrics[key] = normal(t, value)
		}
		for k := range e.Runs[i].History {
			e.Runs[i].History[k].Value = normal(t, e.Runs[i].History[k].Value)
		}
		sortHistory(e.Runs[i].History)
	}
	return &e
}

func sortHistory(h []pyMetric) {
	slices.SortFunc(h, func(a, b pyMetric) int {
		return strings.Compare(fmt.Sprintf("%s %020d %s", a.Key, a.Step+1e9, a.Value), fmt.Sprintf("%s %020d %s", b.Key, b.Step+1e9, b.Value))
	})
}

// seen is what our client sees of an experiment, in the form of Python's.
func seen(t *testing.T, c *mlflowclient.Client, id string) *pyExperiment {
	t.Helper()
	e, err := c.Experiments.Get(t.Context(), id)
	must(t, err)
	out := &pyExperiment{
		ID: e.ID, Name: e.Name, Location: e.ArtifactLocation, Stage: string(e.Stage),
		Created: e.CreatedAt.UnixMilli(), Updated: e.UpdatedAt.UnixMilli(), Tags: e.Tags,
	}
	q := mlflowclient.SearchRuns{ExperimentIDs: []string{id}, View: mlflowclient.All, OrderBy: []string{"attributes.start_time ASC"}, PageSize: 5}
	for _, r := range collect(t, c.Runs.Search(t.Context(), q)) {
		out.Runs = append(out.Runs, seenRun(t, c, r))
	}
	return out
}

func seenRun(t *testing.T, c *mlflowclient.Client, r *mlflowclient.Run) pyRun {
	t.Helper()
	out := pyRun{
		ID: r.ID, Name: r.Name, ExperimentID: r.ExperimentID, UserID: r.UserID, Status: string(r.Status), Start: r.StartTime.UnixMilli(),
		Stage: string(r.Stage), ArtifactURI: r.ArtifactURI, Params: r.Params, Tags: r.Tags,
		Metrics: map[string]string{}, History: []pyMetric{}, Datasets: []pyDataset{}, Artifacts: map[string]string{},
	}
	if !r.EndTime.IsZero() {
		out.End = new(r.EndTime.UnixMilli())
	}
	for _, key := range slices.Sorted(maps.Keys(r.Metrics)) {
		out.Metrics[key] = bits(r.Metrics[key].Value)
		for _, m := range collect(t, c.Metrics.History(t.Context(), mlflowclient.MetricHistory{RunID: r.ID, Key: key, PageSize: 3})) {
			out.History = append(out.History, pyMetric{m.Key, bits(m.Value), m.Timestamp.UnixMilli(), m.Step})
		}
	}
	sortHistory(out.History)
	for _, d := range r.Datasets {
		tags := map[string]string{}
		maps.Copy(tags, d.Tags)
		if d.Context != "" {
			tags["mlflow.data.context"] = d.Context
		}
		out.Datasets = append(out.Datasets, pyDataset{d.Name, d.Digest, d.SourceType, d.Source, d.Schema, d.Profile, tags})
	}
	slices.SortFunc(out.Datasets, func(a, b pyDataset) int { return strings.Compare(a.Name, b.Name) })
	store, err := c.Artifacts.At(r.ArtifactURI)
	must(t, err)
	files, err := store.List(t.Context(), "")
	must(t, err)
	for _, f := range files {
		body, err := store.Open(t.Context(), f.Path)
		must(t, err)
		content, err := io.ReadAll(body)
		must(t, err)
		must(t, body.Close())
		out.Artifacts[f.Path] = string(content)
	}
	return out
}

func compare(t *testing.T, what string, got, want *pyExperiment) {
	t.Helper()
	if len(got.Runs) != len(want.Runs) {
		t.Fatalf("%s: %d runs, want %d", what, len(got.Runs), len(want.Runs))
	}
	for i := range got.Runs {
		if !reflect.DeepEqual(got.Runs[i], want.Runs[i]) {
			t.Errorf("%s: run %d is\n%+v, want\n%+v", what, i, got.Runs[i], want.Runs[i])
		}
	}
	a, b := *got, *want
	a.Runs, b.Runs = nil, nil
	if !reflect.DeepEqual(a, b) {
		t.Errorf("%s: experiment\n%+v, want\n%+v", what, a, b)
	}
}

// written makes an experiment with what hurts, and returns what must be read back.
func written(t *testing.T, c *mlflowclient.Client) *pyExperiment {
	t.Helper()
	ctx := t.Context()
	tags := map[string]string{"nasty": nasty[7], "empty": ""}
	id, err := c.Experiments.Create(ctx, mlflowclient.CreateExperiment{Name: unique("from Go ü'\""), Tags: tags})
	must(t, err)
	want := seen(t, c, id)
	want.Tags = tags
	values := []float64{0, -0.1, 1.0 / 3, math.NaN(), math.Inf(1), math.Inf(-1), 1e-300, 5e-324, 123456789.123456789}
	for i, name := range nasty {
		run, err := c.Runs.Create(ctx, mlflowclient.CreateRun{
			ExperimentID: id, Name: name, UserID: "go", StartTime: time.UnixMilli(int64(1000 + i)), Tags: map[string]string{"mlflow.user": "go", "nasty": name},
		})
		must(t, err)
		w := pyRun{
			ID: run.ID, Name: name, ExperimentID: id, UserID: "go", Status: "RUNNING", Start: int64(1000 + i), Stage: "active", ArtifactURI: run.ArtifactURI,
			Params: map[string]string{"empty": ""}, Tags: map[string]string{"mlflow.user": "go", "nasty": name, "mlflow.runName": name},
			Metrics: map[string]string{}, History: []pyMetric{}, Artifacts: map[string]string{},
			Datasets: []pyDataset{{"wine " + name, "d1", "http", "{}", "{}", `{"num_rows":1}`, map[string]string{"mlflow.data.context": "training"}}},
		}
		b := mlflowclient.Batch{Params: w.Params, Tags: map[string]string{}}
		for k, v := range nasty {
			b.Params[fmt.Sprint("p ", k)] = v
			b.Tags[fmt.Sprint("t/", k)] = v
			w.Tags[fmt.Sprint("t/", k)] = v
		}
		for step, v := range values {
			b.Metrics = append(b.Metrics, mlflowclient.Metric{Key: "a/b c", Value: v, Step: int64(step), Timestamp: time.UnixMilli(5000)})
			w.History = append(w.History, pyMetric{"a/b c", bits(v), 5000, int64(step)})
			w.Metrics["a/b c"] = bits(v)
		}
		must(t, c.Runs.LogBatch(ctx, run.ID, b))
		single := values[i%len(values)]
		must(t, c.Runs.LogMetric(ctx, run.ID, mlflowclient.Metric{Key: "single", Value: single, Step: int64(-i), Timestamp: time.UnixMilli(6000)}))
		w.Metrics["single"] = bits(single)
		w.History = append(w.History, pyMetric{"single", bits(single), 6000, int64(-i)})
		sortHistory(w.History)
		must(t, c.Runs.LogInputs(ctx, run.ID, mlflowclient.Inputs{Datasets: []mlflowclient.DatasetInput{
			{Name: "wine " + name, Digest: "d1", SourceType: "http", Source: "{}", Schema: "{}", Profile: `{"num_rows":1}`, Context: "training"},
		}}))
		if i < 2 {
			store, err := c.Artifacts.ForRun(ctx, run.ID)
			must(t, err)
			must(t, store.Upload(ctx, "ünï note.txt", strings.NewReader(name), -1))
			w.Artifacts["ünï note.txt"] = name
		}
		if status := []mlflowclient.RunStatus{"FINISHED", "FAILED", "KILLED", ""}[i%4]; status != "" {
			_, err := c.Runs.Update(ctx, run.ID, mlflowclient.UpdateRun{Status: status, EndTime: time.UnixMilli(9000)})
			must(t, err)
			w.Status, w.End = string(status), new(int64(9000))
		}
		if i == 3 {
			must(t, c.Runs.Delete(ctx, run.ID))
			w.Stage = "deleted"
		}
		want.Runs = append(want.Runs, w)
	}
	return want
}

// TestPython: what Go wrote, MLflow's own Python client reads equal, and the other way round; through the real server, and
// through one database file that both have open.
func TestPython(t *testing.T) {
	both := func(t *testing.T, c *mlflowclient.Client, uri string) {
		t.Helper()
		want := written(t, c)
		compare(t, "Go of Go", seen(t, c, want.ID), want)
		compare(t, "Python of Go", python(t, "read", uri, want.ID), want)

		theirs := python(t, "write", uri, unique("from Python"))
		if len(theirs.Runs) < 10 {
			t.Fatalf("Python wrote %d runs", len(theirs.Runs))
		}
		compare(t, "Go of Python", seen(t, c, theirs.ID), theirs)
		sameTags(t, c, theirs)
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

// sameTags compares the tags of a run that Start made with those of Python's fluent interface.
func sameTags(t *testing.T, c *mlflowclient.Client, theirs *pyExperiment) {
	t.Helper()
	python := map[string]pyRun{}
	for _, r := range theirs.Runs {
		if r.Tags["mlflow.parentRunId"] != "" {
			python["child"] = r
		} else if r.Name == "fluent" {
			python["parent"] = r
		}
	}
	parent, err := c.Start(t.Context(), mlflowclient.StartRun{ExperimentID: theirs.ID, Name: "fluent"})
	must(t, err)
	child, err := c.Start(t.Context(), mlflowclient.StartRun{ExperimentID: theirs.ID, ParentID: parent.ID})
	must(t, err)
	for kind, ours := range map[string]*mlflowclient.ActiveRun{"parent": parent, "child": child} {
		must(t, ours.End(t.Context(), mlflowclient.StatusFinished))
		got, want := getRun(t, c, ours.ID), python[kind]
		keys, wanted := slices.Sorted(maps.Keys(got.Tags)), slices.Sorted(maps.Keys(want.Tags))
		git := func(tags map[string]string) string {
			return strings.Join([]string{tags[mlflowclient.TagGitCommit], tags[mlflowclient.TagGitBranch], tags[mlflowclient.TagGitRepoURL]}, " ")
		}
		if !slices.Equal(keys, wanted) || git(got.Tags) != git(want.Tags) || got.UserID != want.UserID || got.Tags["mlflow.user"] != want.Tags["mlflow.user"] ||
			got.Tags["mlflow.source.type"] != want.Tags["mlflow.source.type"] || string(got.Status) != want.Status {
			t.Errorf("%s: ours %+v\nPython's %+v", kind, got, want)
		}
	}
}
