package embedded

import (
	"encoding/json"
	"net/http"
	"path/filepath"
	"reflect"
	"testing"
)

// readAll gives all experiments and runs in the form of testdata/interop.py.
func readAll(t *testing.T, s *Store) map[string]any {
	t.Helper()
	all := m{}
	found := post(t, s, "experiments/search", m{"max_results": 1000, "view_type": "ALL"})
	for _, item := range list(found["experiments"]) {
		e := item.(m)
		runs := m{}
		results := post(t, s, "runs/search", m{"experiment_ids": []any{e["experiment_id"]}, "run_view_type": "ALL"})
		for _, item := range list(results["runs"]) {
			r := item.(m)
			info, data := r["info"].(m), r["data"].(m)
			metrics, history := m{}, m{}
			for _, item := range list(data["metrics"]) {
				key := item.(m)["key"].(string)
				metrics[key] = item.(m)["value"]
				points := []any{}
				for _, item := range list(get(t, s, "metrics/get-history?run_id="+info["run_id"].(string)+"&metric_key="+key)["metrics"]) {
					p := item.(m)
					points = append(points, []any{p["value"], p["timestamp"], p["step"]})
				}
				history[key] = points
			}
			datasets := []any{}
			for _, item := range list(r["inputs"].(m)["dataset_inputs"]) {
				d := item.(m)["dataset"].(m)
				datasets = append(datasets, []any{d["name"], d["digest"], pairs(item.(m)["tags"])})
			}
			runs[info["run_id"].(string)] = m{
				"name": info["run_name"], "status": info["status"], "start": info["start_time"], "end": info["end_time"],
				"stage": info["lifecycle_stage"], "user": info["user_id"], "artifacts": info["artifact_uri"], "metrics": metrics,
				"history": history, "params": pairs(data["params"]), "tags": pairs(data["tags"]), "datasets": datasets,
			}
		}
		all[e["name"].(string)] = m{"id": e["experiment_id"], "location": e["artifact_location"], "stage": e["lifecycle_stage"], "tags": pairs(e["tags"]), "runs": runs}
	}
	return all
}

func list(v any) []any {
	l, _ := v.([]any)
	return l
}

func pairs(v any) m {
	out := m{}
	for _, item := range list(v) {
		out[item.(m)["key"].(string)] = item.(m)["value"]
	}
	return out
}

func readPython(t *testing.T, dir, mode, uri string) map[string]any {
	t.Helper()
	var v map[string]any
	if err := json.Unmarshal([]byte(runPython(t, dir, "interop.py", mode, uri)), &v); err != nil {
		t.Fatal(err)
	}
	return v
}

// writeSample logs runs of every kind.
func writeSample(t *testing.T, s *Store) {
	t.Helper()
	e := post(t, s, "experiments/create", m{"name": "from go", "tags": []m{{"key": "who", "value": "go"}}})["experiment_id"].(string)
	var id string
	for i, status := range []string{"FINISHED", "FAILED", "KILLED"} {
		created := post(t, s, "runs/create", m{"experiment_id": e, "run_name": "g" + status, "start_time": 100 + i, "user_id": "me"})
		id = created["run"].(m)["info"].(m)["run_id"].(string)
		post(t, s, "runs/log-batch", m{
			"run_id":  id,
			"metrics": []m{{"key": "acc", "value": 0.1, "timestamp": 1}, {"key": "acc", "value": "NaN", "timestamp": 2, "step": 1}, {"key": "acc", "value": "-Infinity", "timestamp": 3, "step": 2}, {"key": "n", "value": "NaN", "timestamp": 3, "step": 2}},
			"params":  []m{{"key": "depth", "value": "3"}, {"key": "text", "value": "ünï 'x' \"y\""}}, "tags": []m{{"key": "t", "value": "v"}},
		})
		post(t, s, "runs/log-inputs", m{"run_id": id, "datasets": []m{{"tags": []m{{"key": "mlflow.data.context", "value": "training"}}, "dataset": m{"name": "wine", "digest": "d1", "source_type": "http", "source": "{}"}}}})
		post(t, s, "runs/update", m{"run_id": id, "status": status, "end_time": 200 + i})
	}
	post(t, s, "runs/delete", m{"run_id": id})
}

// TestPythonReadsAndWrites lets MLflow's Python client read a file that Go made, write to it while Go has it open,
// and Go read that.
func TestPythonReadsAndWrites(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "mlflow.db")
	s := openAt(t, path, filepath.Join(dir, "mlruns"))
	writeSample(t, s)
	if got, want := readPython(t, dir, "read", "sqlite:///"+path), readAll(t, s); !reflect.DeepEqual(got, want) {
		t.Errorf("Python reads\n%v\nGo wrote\n%v", got, want)
	}
	want := readPython(t, dir, "write", "sqlite:///"+path)
	if got := readAll(t, s); !reflect.DeepEqual(got, want) {
		t.Errorf("Go reads\n%v\nPython wrote\n%v", got, want)
	}
	if len(want) != 4 {
		t.Errorf("%d experiments", len(want))
	}
}

// TestPythonFile opens a file that Python's client made by itself, with its default places.
func TestPythonFile(t *testing.T) {
	dir := t.TempDir()
	want := readPython(t, dir, "write", "sqlite:///mlflow.db")
	s := openAt(t, filepath.Join(dir, "mlflow.db"), filepath.Join(dir, "mlruns"))
	if got := readAll(t, s); !reflect.DeepEqual(got, want) {
		t.Errorf("Go reads\n%v\nPython wrote\n%v", got, want)
	}
	writeSample(t, s)
	if got, want := readPython(t, dir, "read", "sqlite:///mlflow.db"), readAll(t, s); !reflect.DeepEqual(got, want) {
		t.Errorf("Python reads\n%v\nGo wrote\n%v", got, want)
	}
}

// TestRealUI starts `mlflow ui` in a folder where Go is logging, and compares what both answer, before and after more
// is logged. It also lets Go go on after the UI has opened a file of an older schema, which it migrates.
func TestRealUI(t *testing.T) {
	for _, revision := range []string{schemaRevision, "6953534de441"} {
		t.Run(revision, func(t *testing.T) {
			dir := t.TempDir()
			path := filepath.Join(dir, "mlflow.db")
			if revision != schemaRevision {
				oldSchema(t, dir, path, revision)
			}
			s := openAt(t, path, filepath.Join(dir, "mlruns"))
			writeSample(t, s)
			ui := newAtServer(t, startMLflow(t, dir, "ui"))
			for range 2 {
				search := m{"experiment_ids": []string{"1"}, "run_view_type": "ALL", "order_by": []string{"start_time"}}
				theirs := call(t, ui, http.MethodPost, api+"runs/search", search)
				if theirs.status != http.StatusOK {
					t.Fatalf("the UI answers %d %s", theirs.status, theirs.body)
				}
				e := &end{saved: map[string]string{}, root: dir}
				if got, want := e.normal(post(t, s, "runs/search", search)), e.normal(any(theirs.decode(t))); got != want {
					t.Errorf("Go\n%s\nUI\n%s", got, want)
				}
				if n := len(list(theirs.decode(t)["runs"])); n < 3 {
					t.Errorf("the UI shows %d runs", n)
				}
				created := post(t, s, "runs/create", m{"experiment_id": "1", "start_time": 999, "run_name": "later"})
				post(t, s, "runs/log-metric", m{"run_id": created["run"].(m)["info"].(m)["run_id"], "key": "x", "value": 1, "timestamp": 1})
			}
		})
	}
}

func oldSchema(t *testing.T, dir, path, revision string) {
	t.Helper()
	runPython(t, dir, "schema.py", "upgrade", path, revision)
}
