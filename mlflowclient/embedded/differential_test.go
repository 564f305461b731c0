package embedded

import (
	"encoding/json"
	"fmt"
	"net/http"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// step is one request of a differential corpus. «name» in its path and body stands for a value that an earlier
// answer gave; save names such values by the path to them in the answer.
type step struct {
	method, path, body string
	save               map[string]string
}

func gets(path string) step        { return step{method: http.MethodGet, path: path} }
func posts(path, body string) step { return step{method: http.MethodPost, path: path, body: body} }
func (s step) saving(name, at string) step {
	s.save = map[string]string{name: at}
	return s
}

// end is one of the two that are compared.
type end struct {
	rt    http.RoundTripper
	root  string // where its artifacts are
	saved map[string]string
}

func (e *end) fill(text string) string {
	for name, value := range e.saved {
		text = strings.ReplaceAll(text, "«"+name+"»", value)
	}
	return text
}

func (e *end) do(t *testing.T, s step) (int, string) {
	t.Helper()
	url := "http://embedded" + e.fill(s.path)
	if !strings.HasPrefix(s.path, "/") {
		url = api + e.fill(s.path)
	}
	a := call(t, e.rt, s.method, url, e.fill(s.body))
	if a.kind != "application/json" {
		if a.status >= 400 {
			return a.status, "" // pages for people
		}
		return a.status, string(a.body)
	}
	var v any
	if err := json.Unmarshal(a.body, &v); err != nil {
		t.Fatalf("%s %s: %v in %s", s.method, s.path, err, a.body)
	}
	for name, at := range s.save {
		if a.status == http.StatusOK {
			e.saved[name] = pick(t, v, at)
		}
	}
	return a.status, e.normal(v)
}

func pick(t *testing.T, v any, at string) string {
	t.Helper()
	for part := range strings.SplitSeq(at, ".") {
		o, ok := v.(map[string]any)
		if !ok {
			t.Fatalf("no %s in %v", at, v)
		}
		v = o[part]
	}
	return v.(string)
}

var (
	pythonSetText = regexp.MustCompile(`\{[^{}]*\}`)
	sqliteDetail  = regexp.MustCompile(`(?s)(\(raised as|\(sqlite3|constraint failed:|runs/create needs).*`)
	timeFields    = map[string]bool{
		"creation_time": true, "last_update_time": true, "creation_timestamp": true, "last_updated_timestamp": true,
		"creation_timestamp_ms": true, "last_updated_timestamp_ms": true,
	}
)

// normal is the answer without what differs between any two servers: clocks, random ids and names, folders, the
// order of Python's sets, and the words of the database driver.
func (e *end) normal(v any) string {
	text, err := json.MarshalIndent(e.scrub(v), "", " ")
	if err != nil {
		return err.Error()
	}
	out := strings.ReplaceAll(string(text), e.root, "«root»")
	for name, value := range e.saved {
		if len(value) >= 32 { // random ids; those of experiments must be the same
			out = strings.ReplaceAll(out, value, "«"+name+"»")
		}
	}
	return anyID.ReplaceAllString(out, "«id»")
}

var anyID = regexp.MustCompile(`[0-9a-f]{32}`)

func (e *end) scrub(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for key, value := range v {
			switch text, _ := value.(string); {
			case timeFields[key]:
				v[key] = "T"
			case key == "message":
				text = pythonSetText.ReplaceAllStringFunc(text, sortedSet)
				text, _, _ = strings.Cut(text, "malformed node or string")
				v[key] = sqliteDetail.ReplaceAllString(text, "…")
			default:
				v[key] = e.scrub(value)
			}
		}
		if v["key"] == runNameTag && randomName.MatchString(fmt.Sprint(v["value"])) {
			v["value"] = "NAME"
		}
		for _, key := range []string{"run_name", "name"} {
			if name, ok := v[key].(string); ok && randomName.MatchString(name) {
				v[key] = "NAME"
			}
		}
		return v
	case []any:
		for i := range v {
			v[i] = e.scrub(v[i])
		}
		if len(v) > 0 {
			if o, ok := v[0].(map[string]any); ok && o["key"] != nil && o["run_id"] == nil && o["step"] == nil { // params, tags: no order
				slices.SortFunc(v, func(a, b any) int { return strings.Compare(fmt.Sprint(a), fmt.Sprint(b)) })
			} else if ok && o["key"] != nil && distinctKeys(v) { // latest metrics
				slices.SortFunc(v, func(a, b any) int { return strings.Compare(fmt.Sprint(a), fmt.Sprint(b)) })
			}
		}
		return v
	default:
		return v
	}
}

// distinctKeys tells a list of latest metrics from a history, whose order counts.
func distinctKeys(list []any) bool {
	seen := map[any]bool{}
	for _, item := range list {
		o, ok := item.(map[string]any)
		if !ok || seen[o["key"]] {
			return false
		}
		seen[o["key"]] = true
	}
	return true
}

var randomName = regexp.MustCompile(`^[a-z]+-[a-z]+-\d{1,3}$`)

func sortedSet(text string) string {
	items := strings.Split(text[1:len(text)-1], ", ")
	slices.Sort(items)
	return "{" + strings.Join(items, ", ") + "}"
}

// TestDifferential sends the same requests to a real server and to a store and compares status, error code, message
// and body.
func TestDifferential(t *testing.T) {
	compareEnds(t, slices.Concat(experimentSteps(), runSteps(), batchSteps(), inputSteps(), malformedSteps(), historySteps(), searchSteps()))
}

// TestDifferentialModels does so for logged models and the registry.
func TestDifferentialModels(t *testing.T) {
	compareEnds(t, slices.Concat(modelSteps(), stageSteps(), loggedModelSearchSteps()))
}

func compareEnds(t *testing.T, corpus []step) {
	t.Helper()
	dir := t.TempDir()
	root := filepath.Join(dir, "mlruns")
	base := startMLflow(t, dir, "server", "--backend-store-uri", "sqlite:///"+filepath.Join(dir, "mlflow.db"),
		"--default-artifact-root", root, "--no-serve-artifacts")
	goDir := t.TempDir()
	ends := [2]*end{
		{rt: newAtServer(t, base), root: root, saved: map[string]string{}},
		{rt: openAt(t, filepath.Join(goDir, "mlflow.db"), filepath.Join(goDir, "mlruns")), root: filepath.Join(goDir, "mlruns"), saved: map[string]string{}},
	}
	failures := 0
	for _, s := range corpus {
		wantStatus, want := ends[0].do(t, s)
		gotStatus, got := ends[1].do(t, s)
		if wantStatus != gotStatus || want != got {
			failures++
			t.Errorf("%s %s %.300s\nserver: %d %.1000s\nstore:  %d %.1000s", s.method, s.path, s.body, wantStatus, want, gotStatus, got)
		}
	}
	t.Logf("%d requests, %d answered differently", len(corpus), failures)
}
