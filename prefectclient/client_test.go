package prefectclient

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

func TestErrorShapes(t *testing.T) {
	for _, row := range []struct {
		name     string
		status   int
		body     string
		sentinel error
		text     string
	}{
		{"detail as text", 404, `{"detail":"Flow not found"}`, ErrNotFound, "prefect: GET /flows/x: 404 Not Found: Flow not found"},
		{"exception message", 404, `{"exception_message":"The requested object was not found."}`, ErrNotFound, "The requested object was not found."},
		{
			"wrong fields", 422,
			`{"exception_message":"Invalid request received.","exception_detail":[{"type":"missing","loc":["body","name"],"msg":"Field required","input":{}}],"request_body":{}}`,
			ErrInvalid, "422 Unprocessable Entity: Invalid request received.; body.name: Field required",
		},
		{"FastAPI's own", 422, `{"detail":[{"type":"uuid_parsing","loc":["path","id"],"msg":"not a UUID"}]}`, ErrInvalid, "path.id: not a UUID"},
		{"detail as object", 409, `{"detail":{"reason":"taken"}}`, ErrConflict, `409 Conflict: {"reason":"taken"}`},
		{"a proxy's page", 401, "<html>\n  <b>who are you?</b>", ErrUnauthorized, "401 Unauthorized: <html> <b>who are you?</b>"},
		{"an empty body", 403, "", ErrForbidden, "403 Forbidden"},
		{"a lost lease", 410, `{"detail":"gone"}`, ErrGone, "410 Gone: gone"},
		{"a full limit", 423, `{"detail":"Locked"}`, ErrLocked, "423 Locked: Locked"},
		{"a broken server", 500, `{"exception_message":"Internal Server Error"}`, ErrUnavailable, "500 Internal Server Error"},
	} {
		t.Run(row.name, func(t *testing.T) {
			f := newFake(t)
			f.answer("GET /flows/x", row.status, row.body)
			_, err := f.client(t, WithMaxRetries(0)).Flows.Read(t.Context(), "x")
			if !errors.Is(err, row.sentinel) || !strings.Contains(err.Error(), row.text) {
				t.Errorf("got %v, want %v with %q", err, row.sentinel, row.text)
			}
			if e, ok := errors.AsType[*Error](err); !ok || e.Status != row.status || e.RequestID == "" {
				t.Errorf("the error is %+v", e)
			}
		})
	}
}

func TestRetryAfterOfALock(t *testing.T) {
	f := newFake(t)
	f.mux.HandleFunc("GET /flows/x", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", "0.75")
		w.WriteHeader(http.StatusLocked)
	})
	_, err := f.client(t).Flows.Read(t.Context(), "x")
	if e, ok := errors.AsType[*Error](err); !ok || e.RetryAfter != 750*time.Millisecond {
		t.Errorf("got %+v", err)
	}
}

func TestNoAnswer(t *testing.T) {
	f := newFake(t)
	c := f.client(t, WithMaxRetries(0))
	f.Close()
	_, err := c.Flows.Read(t.Context(), "x")
	if e, ok := errors.AsType[*Error](err); !ok || e.Status != 0 || !errors.Is(err, ErrUnavailable) {
		t.Errorf("got %v", err)
	}
}

// TestWhatIsRepeated pins which calls are sent again after an answer that leaves open whether they were carried out.
func TestWhatIsRepeated(t *testing.T) {
	for _, row := range []struct {
		name  string
		call  func(*Client) error
		again bool
	}{
		{"a read", func(c *Client) error { _, err := c.Flows.Read(t.Context(), "x"); return err }, true},
		{"a filter", func(c *Client) error { _, err := c.Flows.Count(t.Context(), Related{}); return err }, true},
		{"an upsert", func(c *Client) error { _, err := c.Flows.Create(t.Context(), "x", nil, nil); return err }, true},
		{"a state", func(c *Client) error {
			_, err := c.FlowRuns.SetState(t.Context(), "x", State{Type: StateRunning})
			return err
		}, true},
		{"a creation", func(c *Client) error { _, _, err := c.FlowRuns.Create(t.Context(), FlowRunCreate{}); return err }, false},
		{"a creation with a key", func(c *Client) error {
			_, _, err := c.FlowRuns.Create(t.Context(), FlowRunCreate{IdempotencyKey: "k"})
			return err
		}, true},
		{"a deployment's run with a key", func(c *Client) error {
			_, err := c.Deployments.CreateFlowRun(t.Context(), "x", DeploymentRun{IdempotencyKey: "k"})
			return err
		}, true},
		{"an artifact", func(c *Client) error { _, err := c.Artifacts.CreateMarkdown(t.Context(), "k", "m", ""); return err }, false},
		{"anything", func(c *Client) error { return c.Do(t.Context(), http.MethodPost, "/x", nil, nil) }, false},
	} {
		t.Run(row.name, func(t *testing.T) {
			f := newFake(t)
			f.answer("/", http.StatusBadGateway, "")
			err := row.call(f.client(t))
			if want := 1 + map[bool]int{true: 1}[row.again]; len(f.seen()) != want || !errors.Is(err, ErrUnavailable) {
				t.Errorf("%d calls, %v; want %d", len(f.seen()), err, want)
			}
		})
	}
}

// Prefect answers so when its database was busy, and has then stored nothing.
func TestBusyServersAreAskedAgain(t *testing.T) {
	for body, want := range map[string]int{
		`{"exception_message":"Service Unavailable"}`: 2,
		`<h1>503 Service Unavailable</h1>`:            1, // a proxy's: the server behind may have done it
	} {
		f := newFake(t)
		f.answer("/", http.StatusServiceUnavailable, body)
		err := f.client(t).Do(t.Context(), http.MethodPost, "/x", nil, nil)
		if len(f.seen()) != want || !errors.Is(err, ErrUnavailable) {
			t.Errorf("%s: %d calls, %v; want %d", body, len(f.seen()), err, want)
		}
	}
}

func TestExtraCodesAreRepeated(t *testing.T) {
	f := newFake(t)
	var calls atomic.Int32
	f.mux.HandleFunc("POST /x", func(w http.ResponseWriter, _ *http.Request) {
		if calls.Add(1) == 1 {
			w.Header().Set("Retry-After", "0.01")
			w.WriteHeader(http.StatusTeapot)
		}
	})
	settings := DefaultSettings()
	settings.APIURL, settings.CSRFSupportEnabled, settings.RetryExtraCodes = f.URL+"/behind/a/proxy/api", false, []int{http.StatusTeapot}
	c := must[*Client](t)(NewFromSettings(settings))
	defer c.Close()
	if err := c.Do(t.Context(), http.MethodPost, "/x", nil, nil); err != nil || calls.Load() != 2 {
		t.Errorf("%d calls, %v", calls.Load(), err)
	}
}

func TestCSRF(t *testing.T) {
	f := newFake(t)
	var tokens atomic.Int32
	f.mux.HandleFunc("GET /csrf-token", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, `{"client":%q,"token":"t%d","expiration":%q}`, r.URL.Query().Get("client"), tokens.Add(1), time.Now().Add(time.Hour).Format(time.RFC3339))
	})
	f.mux.HandleFunc("POST /x", func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get(csrfTokenHeader) != "t2" || r.Header.Get(csrfClientHeader) == "" {
			w.WriteHeader(http.StatusForbidden)
			_, _ = io.WriteString(w, `{"detail":"Invalid CSRF token or client identifier."}`)
		}
	})
	f.answer("GET /y", http.StatusOK, "{}")
	c := f.client(t)
	c.csrf.enabled = true
	if err := c.Do(t.Context(), http.MethodGet, "/y", nil, nil); err != nil || tokens.Load() != 0 {
		t.Errorf("a read asked for %d tokens: %v", tokens.Load(), err)
	}
	for range 3 {
		if err := c.Do(t.Context(), http.MethodPost, "/x", nil, nil); err != nil {
			t.Fatal(err)
		}
	}
	if tokens.Load() != 2 {
		t.Errorf("%d tokens were fetched, not one and its replacement", tokens.Load())
	}
}

func TestCSRFIsOff(t *testing.T) {
	f := newFake(t)
	f.answer("GET /csrf-token", http.StatusUnprocessableEntity, `{"detail":"CSRF protection is disabled."}`)
	f.answer("POST /x", http.StatusOK, "")
	c := f.client(t)
	c.csrf.enabled = true
	for range 2 {
		if err := c.Do(t.Context(), http.MethodPost, "/x", nil, nil); err != nil {
			t.Fatal(err)
		}
	}
	if want := []string{"GET /csrf-token", "POST /x", "POST /x"}; !reflect.DeepEqual(f.seen(), want) {
		t.Errorf("calls were %v", f.seen())
	}
}

func TestHeaders(t *testing.T) {
	f := newFake(t)
	var got http.Header
	f.mux.HandleFunc("GET /x", func(_ http.ResponseWriter, r *http.Request) { got = r.Header.Clone() })
	for _, row := range []struct {
		name string
		opts []Option
		auth string
	}{
		{"key", []Option{WithAPIKey("k")}, "Bearer k"},
		{"auth string", []Option{WithAPIKey("k"), WithAuthString("me:secret")}, "Basic bWU6c2VjcmV0"},
		{"own", []Option{WithHeader("Authorization", "Own"), WithHeader("X-One", "1"), WithHeader("user-agent", "no")}, "Own"},
	} {
		c := f.client(t, row.opts...)
		if err := c.Do(t.Context(), http.MethodGet, "/x", nil, nil); err != nil {
			t.Fatal(err)
		}
		if got.Get("Authorization") != row.auth || got.Get("X-Prefect-Api-Version") != APIVersion || strings.Contains(got.Get("User-Agent"), "no") {
			t.Errorf("%s: %v", row.name, got)
		}
	}
	if got.Get("X-One") != "1" {
		t.Error("a header is missing")
	}
	if _, err := New("http://x/api", WithAuthString("me")); err == nil {
		t.Error("an auth string without a colon was taken")
	}
	for _, url := range []string{"", "host/api", "ftp://host"} {
		if _, err := New(url); err == nil {
			t.Errorf("the address %q was taken", url)
		}
	}
}

func TestPages(t *testing.T) {
	f := newFake(t)
	f.mux.HandleFunc("POST /flows/filter", func(w http.ResponseWriter, r *http.Request) {
		var q struct{ Offset, Limit int }
		_ = json.NewDecoder(r.Body).Decode(&q)
		var items []string
		for i := q.Offset; i < min(q.Offset+q.Limit, 5); i++ {
			items = append(items, fmt.Sprintf(`{"id":"%d"}`, max(0, i-1))) // the first one slips onto the next page
		}
		_, _ = io.WriteString(w, "["+strings.Join(items, ",")+"]")
	})
	c := f.client(t)
	var ids []string
	for flow, err := range c.Flows.Filter(t.Context(), FlowQuery{PageSize: 2}) {
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, flow.ID)
	}
	if fmt.Sprint(ids) != "[0 0 1 2 3]" && fmt.Sprint(ids) != "[0 1 2 3]" {
		t.Errorf("got %v", ids)
	}
	if len(f.seen()) != 3 {
		t.Errorf("%d pages were fetched", len(f.seen()))
	}
	for _, err := range c.Flows.Filter(t.Context(), FlowQuery{PageSize: 2}) {
		if err != nil {
			t.Error(err)
		}
		break
	}
	if len(f.seen()) != 4 {
		t.Errorf("a break fetched %d pages", len(f.seen())-3)
	}
	for _, err := range c.Flows.Filter(t.Context(), FlowQuery{PageSize: 201}) {
		if err == nil || len(f.seen()) != 4 {
			t.Error("a page size of 201 was sent")
		}
	}
}

func TestPatch(t *testing.T) {
	update := FlowRunUpdate{Name: Set("x"), FlowVersion: Null[string](), Tags: Set([]string{})}
	if got := string(mustJSON(update)); got != `{"name":"x","flow_version":null,"tags":[]}` {
		t.Errorf("got %s", got)
	}
	if v, ok := update.Name.Value(); !ok || v != "x" {
		t.Error("the value is lost")
	}
	if _, ok := update.FlowVersion.Value(); ok {
		t.Error("null has a value")
	}
}
