package predictsvc

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
)

func TestPagesAreSelfContained(t *testing.T) {
	s := inProcess(t, tinyForest(5, 6), nil)
	elsewhere := regexp.MustCompile(`(src|href)="(https?:)?//|@import|url\(|style="|<script>|\son[a-z]+="`)
	for path, kind := range map[string]string{
		"/": "text/html; charset=utf-8", "/docs": "text/html; charset=utf-8", "/assets/page.css": "text/css; charset=utf-8",
		"/assets/page.js": "text/javascript; charset=utf-8", "/assets/ask.js": "text/javascript; charset=utf-8",
		"/assets/docs.js": "text/javascript; charset=utf-8", "/assets/icon.svg": "image/svg+xml",
	} {
		got := ask(s, http.MethodGet, path)
		header := got.Header()
		if got.Code != http.StatusOK || header.Get("Content-Type") != kind || header.Get("Content-Security-Policy") != pagePolicy ||
			header.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s: %d %v", path, got.Code, header)
		}
		if found := elsewhere.FindString(got.Body.String()); found != "" {
			t.Errorf("%s has %q, which is not the page's own file or which the policy forbids", path, found)
		}
		again := ask(s, http.MethodGet, path, "If-None-Match", header.Get("ETag"))
		if again.Code != http.StatusNotModified || again.Body.Len() != 0 {
			t.Errorf("%s again: %d", path, again.Code)
		}
	}
	for _, path := range []string{"/assets/", "/assets/nothing.js", "/assets/index.html", "/assets/openapi.json", "/assets/../http.go", "/assets/web"} {
		if got := ask(s, http.MethodGet, path); got.Code != http.StatusNotFound {
			t.Errorf("%s: %d", path, got.Code)
		}
	}
}

func TestPagesWithTokens(t *testing.T) {
	s := withAccess(t, AccessConfig{Tokens: []string{tokenOne}})
	for path, want := range map[string]int{"/": 200, "/docs": 200, "/assets/page.js": 200, "/model": 401, "/openapi.json": 401, "/assets/nothing.js": 404} {
		if got := ask(s, http.MethodGet, path); got.Code != want {
			t.Errorf("%s: %d, want %d", path, got.Code, want)
		}
	}
}

func TestAboutTheModelWithoutMLflow(t *testing.T) {
	s := inProcess(t, tinyForest(5, 6), nil)
	got := ask(s, http.MethodGet, "/model")
	var about struct {
		Name, Version, Target string
		Columns               []aboutColumn
		Example               map[string]float64
		Metrics               map[string]float64
		Error                 string `json:"mlflow_error"`
	}
	must(t, json.Unmarshal(got.Body.Bytes(), &about))
	if got.Code != http.StatusOK || about.Name != "sk-rfc-model" || about.Version != "3" || about.Target != "quality" || len(about.Columns) != 4 ||
		about.Columns[3] != (aboutColumn{"alcohol", "double", true}) || about.Example["alcohol"] != 9.4 || about.Metrics == nil ||
		!strings.Contains(about.Error, "127.0.0.1:1") {
		t.Errorf("%d %s", got.Code, got.Body)
	}
	if got := ask(newService(t, Config{}), http.MethodGet, "/model"); got.Code != http.StatusServiceUnavailable {
		t.Error(got.Code, got.Body)
	}
}

func TestRunURL(t *testing.T) {
	for tracking, want := range map[string]string{
		"http://127.0.0.1:5000":             "http://127.0.0.1:5000/#/experiments/7/runs/r",
		"https://u:secret@host/mlflow/":     "https://host/mlflow/#/experiments/7/runs/r",
		"sqlite:///mlflow.db":               "",
		"http://host/with space/and\x00bad": "",
	} {
		if got := runURL(tracking, "7", "r"); got != want {
			t.Errorf("%q gives %q, want %q", tracking, got, want)
		}
	}
}

// TestClientThatWentAwayIsNoFactAboutMLflow: the next one's question is asked.
func TestClientThatWentAwayIsNoFactAboutMLflow(t *testing.T) {
	var asked atomic.Int64
	arrived := make(chan struct{})
	mlflow := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if asked.Add(1) == 1 {
			close(arrived)
			<-r.Context().Done()
			return
		}
		http.Error(w, `{"error_code":"RESOURCE_DOES_NOT_EXIST","message":"the second answer"}`, http.StatusNotFound)
	}))
	defer mlflow.Close()
	facts := &registryFacts{client: newClient(t, mlflow.URL)}
	of := source{Name: "wine", Version: "1"}
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		<-arrived
		cancel()
	}()
	if known := facts.get(ctx, of); known.Error == "" {
		t.Errorf("%+v", known)
	}
	for range 2 {
		if known := facts.get(t.Context(), of); !strings.Contains(known.Error, "the second answer") {
			t.Errorf("%+v", known)
		}
	}
	if n := asked.Load(); n != 2 {
		t.Errorf("MLflow was asked %d times, want 2", n)
	}
}
