package evidently_test

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"

	"mlopsgo/internal/stack"
	"mlopsgo/monitoring/evidently"
)

var window = evidently.Key{Name: "window_id", Value: "w1"}

func TestPushReplacesTheSnapshotOfItsKey(t *testing.T) {
	client := connect(t, stack.Get(t).EvidentlyURL)
	project := newProject(t, client)
	var last string
	for _, alcohol := range []float64{0.5, 0.25, 0.125} {
		pushed := snapshot(noon, alcohol)
		id, err := client.PushSnapshot(t.Context(), project.ID, pushed, window)
		if err != nil {
			t.Fatal(err)
		}
		if _, changed := pushed.Metadata[window.Name]; changed {
			t.Error("the caller's metadata were changed")
		}
		last = id
	}
	if _, err := client.PushSnapshot(t.Context(), project.ID, snapshot(noon, 1), evidently.Key{Name: window.Name, Value: "w2"}); err != nil {
		t.Fatal(err)
	}
	list, err := client.Snapshots(t.Context(), project.ID)
	if err != nil || len(list) != 2 {
		t.Fatalf("%d snapshots for two keys, %v", len(list), err)
	}
	values := alcoholOf(t, client, project.ID)
	if values[last] != 0.125 || len(values) != 2 {
		t.Errorf("values %v, want 0.125 for %s", values, last)
	}
}

func TestPushSurvivesAnUnknownEnd(t *testing.T) {
	for name, test := range map[string]struct {
		fault fault
		posts int32
	}{
		"the answer is lost":              {fault{forward: true}, 1},
		"a gateway answers 502 instead":   {fault{forward: true, status: http.StatusBadGateway}, 1},
		"the body never arrives":          {fault{status: http.StatusInternalServerError}, 2},
		"the service keeps half of it":    {fault{forward: true, half: true, status: http.StatusInternalServerError}, 2},
		"the service asks for a pause":    {fault{status: http.StatusServiceUnavailable, retryAfter: "0"}, 2},
		"it breaks twice":                 {fault{forward: true, half: true, status: http.StatusInternalServerError, times: 2}, 3},
		"it breaks and an old one stands": {fault{forward: true, before: true}, 1},
	} {
		t.Run(name, func(t *testing.T) {
			direct := connect(t, stack.Get(t).EvidentlyURL)
			project := newProject(t, direct)
			test.fault.times = max(test.fault.times, 1)
			if test.fault.before {
				if _, err := direct.PushSnapshot(t.Context(), project.ID, snapshot(noon, 1), window); err != nil {
					t.Fatal(err)
				}
			}
			client, posts := throughFault(t, &test.fault)
			id, err := client.PushSnapshot(t.Context(), project.ID, snapshot(noon, 0.5), window)
			if err != nil {
				t.Fatal(err)
			}
			if posts.Load() != test.posts {
				t.Errorf("sent %d times, want %d", posts.Load(), test.posts)
			}
			list, err := direct.Snapshots(t.Context(), project.ID)
			if err != nil || len(list) != 1 || list[0].ID != id {
				t.Errorf("the service lists %+v, %v; want %s alone", list, err, id)
			}
			if values := alcoholOf(t, direct, project.ID); len(values) != 1 || values[id] != 0.5 {
				t.Errorf("values %v", values)
			}
		})
	}
}

func TestPushGivesUp(t *testing.T) {
	direct := connect(t, stack.Get(t).EvidentlyURL)
	project := newProject(t, direct)
	client, posts := throughFault(t, &fault{status: http.StatusInternalServerError, times: 100})
	if _, err := client.PushSnapshot(t.Context(), project.ID, snapshot(noon, 0.5), window); !errors.Is(err, evidently.ErrUnavailable) {
		t.Errorf("got %v", err)
	}
	if posts.Load() != 3 {
		t.Errorf("sent %d times, want 3", posts.Load())
	}
	posts.Store(0)
	refusing, posts := throughFault(t, &fault{status: http.StatusForbidden, times: 100})
	_, err := refusing.PushSnapshot(t.Context(), project.ID, snapshot(noon, 0.5), window)
	if !errors.Is(err, evidently.ErrForbidden) || !strings.Contains(err.Error(), "EVIDENTLY_SECRET") || posts.Load() != 1 {
		t.Errorf("sent %d times: %v", posts.Load(), err)
	}
}

func TestTheSecretIsSentAndNotTold(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("evidently-secret") != "s3cret" {
			w.WriteHeader(http.StatusForbidden)
		}
		w.WriteHeader(http.StatusTeapot)
	}))
	defer server.Close()
	_, err := connect(t, server.URL, evidently.WithSecret("s3cret")).Version(t.Context())
	if e, ok := errors.AsType[*evidently.Error](err); !ok || e.Status != http.StatusTeapot || strings.Contains(err.Error(), "s3cret") {
		t.Errorf("got %v", err)
	}
	if _, err := evidently.New(server.URL, evidently.WithSecret("a\nb")); err == nil || strings.Contains(err.Error(), "a\nb") {
		t.Errorf("a secret of two lines: %v", err)
	}
}

// alcoholOf gives the drift of alcohol by snapshot.
func alcoholOf(t *testing.T, client *evidently.Client, project string) map[string]float64 {
	t.Helper()
	series, err := client.Series(t.Context(), project, evidently.SeriesFilter{Metric: "ValueDrift", Labels: map[string]string{"column": "alcohol"}})
	if err != nil || len(series) != 1 {
		t.Fatalf("%d series of alcohol, %v", len(series), err)
	}
	values := map[string]float64{}
	for _, p := range series[0].Points {
		values[p.Snapshot] = p.Value
	}
	return values
}

// fault is what happens to the first snapshots on their way.
type fault struct {
	times      int32
	forward    bool // the service gets it
	half       bool // but without most of its results
	before     bool // another one is there already
	status     int  // the answer; 0 breaks the connection
	retryAfter string
}

// throughFault puts a proxy with a fault, under a path of its own, in front of the stack's Evidently, and counts the snapshots sent.
func throughFault(t *testing.T, f *fault) (*evidently.Client, *atomic.Int32) {
	t.Helper()
	target, err := url.Parse(stack.Get(t).EvidentlyURL)
	if err != nil {
		t.Fatal(err)
	}
	transport := &http.Transport{}
	proxy := &httputil.ReverseProxy{Transport: transport, Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(target) }}
	posts := new(atomic.Int32)
	server := httptest.NewServer(http.StripPrefix("/monitoring", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		adds := r.Method == http.MethodPost && strings.HasPrefix(r.URL.Path, "/api/v2/snapshots/") && !strings.HasSuffix(r.URL.Path, "batch")
		if !adds || posts.Add(1) > f.times {
			proxy.ServeHTTP(w, r)
			return
		}
		body, _ := io.ReadAll(r.Body)
		if f.half {
			body = bytes.Replace(body, []byte(`"metric_results":{`), []byte(`"metric_results":{},"ignored":{`), 1)
		}
		if f.forward {
			r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
			proxy.ServeHTTP(httptest.NewRecorder(), r)
		}
		if f.status == 0 {
			panic(http.ErrAbortHandler)
		}
		if f.retryAfter != "" {
			w.Header().Set("Retry-After", f.retryAfter)
		}
		w.WriteHeader(f.status)
	})))
	t.Cleanup(func() {
		server.Close()
		transport.CloseIdleConnections()
	})
	return connect(t, server.URL+"/monitoring"), posts
}
