package embedded

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"path/filepath"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// openStore opens a store in a new folder and closes it with the test.
func openStore(tb testing.TB) *Store {
	tb.Helper()
	dir := tb.TempDir()
	return openAt(tb, filepath.Join(dir, "mlflow.db"), filepath.Join(dir, "mlruns"))
}

func openAt(tb testing.TB, path, root string) *Store {
	tb.Helper()
	s, err := Open(tb.Context(), path, root)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := s.Close(); err != nil {
			tb.Error(err)
		}
	})
	return s
}

// answer is what came back of a call.
type answer struct {
	status int
	kind   string
	body   []byte
}

func (a answer) decode(tb testing.TB) map[string]any {
	tb.Helper()
	var v map[string]any
	if err := json.Unmarshal(a.body, &v); err != nil {
		tb.Fatalf("%s: %v", a.body, err)
	}
	return v
}

// call sends a request. body is JSON text, or a value to be marshalled, or nil.
func call(tb testing.TB, rt http.RoundTripper, method, url string, body any) answer {
	tb.Helper()
	var text []byte
	switch v := body.(type) {
	case nil:
	case string:
		text = []byte(v)
	default:
		var err error
		if text, err = json.Marshal(v); err != nil {
			tb.Fatal(err)
		}
	}
	req, err := http.NewRequestWithContext(context.WithoutCancel(tb.Context()), method, url, bytes.NewReader(text))
	if err != nil {
		tb.Fatal(err)
	}
	if method != http.MethodGet {
		req.Header.Set("Content-Type", "application/json")
	}
	resp, err := rt.RoundTrip(req)
	if err != nil {
		tb.Fatal(err)
	}
	defer resp.Body.Close()
	got, err := io.ReadAll(resp.Body)
	if err != nil {
		tb.Fatal(err)
	}
	return answer{resp.StatusCode, resp.Header.Get("Content-Type"), got}
}

const api = "http://embedded/api/2.0/mlflow/"

// post is call that must succeed.
func post(tb testing.TB, s *Store, path string, body any) map[string]any {
	tb.Helper()
	a := call(tb, s, http.MethodPost, api+path, body)
	if a.status != http.StatusOK {
		tb.Fatalf("%s: %d %s", path, a.status, a.body)
	}
	return a.decode(tb)
}

func get(tb testing.TB, s *Store, path string) map[string]any {
	tb.Helper()
	a := call(tb, s, http.MethodGet, api+path, nil)
	if a.status != http.StatusOK {
		tb.Fatalf("%s: %d %s", path, a.status, a.body)
	}
	return a.decode(tb)
}

type m = map[string]any

// newRun creates a run in experiment 0 and gives its id.
func newRun(tb testing.TB, s *Store) string {
	tb.Helper()
	created := post(tb, s, "runs/create", m{"experiment_id": "0", "start_time": 1})
	return created["run"].(m)["info"].(m)["run_id"].(string)
}

func TestRunRoundTrip(t *testing.T) {
	s := openStore(t)
	id := newRun(t, s)
	post(t, s, "runs/log-batch", m{
		"run_id":  id,
		"metrics": []m{{"key": "acc", "value": 0.5, "timestamp": 1, "step": 1}, {"key": "acc", "value": "NaN", "timestamp": 2, "step": 2}},
		"params":  []m{{"key": "depth", "value": "3"}},
		"tags":    []m{{"key": "who", "value": "me"}},
	})
	run := get(t, s, "runs/get?run_id="+id)["run"].(m)
	data := run["data"].(m)
	if v := data["metrics"].([]any)[0].(m)["value"]; v != "NaN" {
		t.Errorf("latest acc is %v, want NaN, the value of the highest step", v)
	}
	if v := data["params"].([]any)[0].(m)["value"]; v != "3" {
		t.Errorf("depth is %v", v)
	}
	if run["info"].(m)["status"] != "RUNNING" {
		t.Errorf("status %v", run["info"])
	}
}
