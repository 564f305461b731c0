package predictsvc

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"
)

// postTo sends a body to a path through the handler.
func postTo(s *Service, path, body string, header ...string) *httptest.ResponseRecorder {
	request := httptest.NewRequestWithContext(context.Background(), http.MethodPost, path, strings.NewReader(body))
	request.Header.Set("Content-Type", "application/json")
	for i := 0; i+1 < len(header); i += 2 {
		request.Header.Set(header[i], header[i+1])
	}
	response := httptest.NewRecorder()
	s.Handler().ServeHTTP(response, request)
	return response
}

// texts reads a query's rows, each as one text.
func texts(t *testing.T, database, sql string) []string {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), database)
	must(t, err)
	defer conn.Close(t.Context())
	rows, err := conn.Query(t.Context(), sql)
	must(t, err)
	all, err := pgx.CollectRows(rows, pgx.RowTo[string])
	must(t, err)
	return all
}

func TestFeedbackComesToItsPrediction(t *testing.T) {
	database := newDatabase(t)
	s, stop := recording(t, LogConfig{URL: database.String(), Flush: time.Hour}, 0)
	for _, body := range []string{ // the first two before their predictions are asked for
		`{"request_id":"a","quality":7}`,
		`[{"row":1,"quality":6.0,"request_id":"b"},{"request_id":"b","row":0,"quality":"6"}]`,
		`{"request_id":"b","row":0,"quality":5}`,                                                         // a later word
		`[{"request_id":"c","quality":4},{"request_id":"c","quality":8},{"request_id":"c","quality":3}]`, // the last word of three
		`[]`,
	} {
		for range 2 {
			if got := postTo(s, "/feedback", body); got.Code != http.StatusAccepted || got.Body.String() != fmt.Sprintf(`{"accepted":%d}`, strings.Count(body, "request_id")) {
				t.Errorf("%d %s", got.Code, got.Body)
			}
		}
	}
	post(s, wine, headerRequestID, "a")
	post(s, wine, headerRequestID, "c")
	post(s, "["+wine+","+strings.ReplaceAll(wine, "9.4", "13")+"]", headerRequestID, "b")
	stop()
	want := []string{"a 0: 5, 7", "b 0: 5, 5", "b 1: 6, 6", "c 0: 5, 3"}
	got := texts(t, database.String(), "SELECT format('%s %s: %s, %s', request_id, row_number, prediction, truth) FROM judged_predictions ORDER BY 1")
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +judged):\n%s", diff)
	}
	if counted := total(t, s.metrics.feedback); counted != 14 {
		t.Errorf("%d counted", counted)
	}
}

// TestFeedbackIsOnTheDiskWhenItIsAccepted has no Postgres, and an interval that does not pass.
func TestFeedbackIsOnTheDiskWhenItIsAccepted(t *testing.T) {
	s, _ := recording(t, LogConfig{URL: nowhere, Flush: time.Hour}, time.Millisecond)
	if got := postTo(s, "/feedback", `{"request_id":"a","quality":7}`); got.Code != http.StatusAccepted {
		t.Errorf("%d %s", got.Code, got.Body)
	}
	if state := s.recorder.state(); state.spooled != 1 {
		t.Errorf("%+v", state)
	}
	full, _ := recording(t, LogConfig{URL: nowhere, SpoolBytes: 10, Flush: time.Hour}, time.Millisecond)
	if got := postTo(full, "/feedback", `{"request_id":"a","quality":7}`); got.Code != http.StatusServiceUnavailable || got.Header().Get("Retry-After") == "" {
		t.Errorf("%d %s", got.Code, got.Body)
	}
	if dropped := full.recorder.state().dropped; dropped != 0 {
		t.Errorf("refused feedback counts as %d lost predictions", dropped)
	}
}

func TestFeedbackIsRefused(t *testing.T) {
	s, _ := recording(t, LogConfig{URL: nowhere}, time.Millisecond)
	for body, says := range map[string]string{
		``:                                                `no JSON object; expected {"request_id":"…","row":0,"quality":…}`,
		`[1]`:                                             "object 0: it is no JSON object",
		`[{"request_id":"a","quality":5}`:                 "array",
		`{"quality":5}`:                                   `"request_id" is missing`,
		`{"request_id":"a"}`:                              `"quality" is missing`,
		`{"request_id":"a","quality":null}`:               "expected a number",
		`{"request_id":"a","quality":[5]}`:                "expected a number",
		`{"request_id":"a","quality":""}`:                 "no label",
		`{"request_id":"a","quality":1e999}`:              "no number",
		`{"request_id":"ä","quality":5}`:                  "no id of a request",
		`{"request_id":"a","quality":5,"row":-1}`:         "row -1",
		`{"request_id":"a","quality":5,"row":10}`:         "row 10",
		`{"request_id":"a","quality":5,"row":"x"}`:        `"row"`,
		`{"request_id":"a","quality":5,"colour":"red"}`:   `"colour" is not known`,
		`[` + strings.Repeat(`{},`, 10) + `{}]`:           "10 are the most",
		`[{"request_id":"a","quality":5},{"quality":5}]`:  "object 1",
		`{"request_id":"a","quality":5} {"request_id":1}`: "no JSON object",
	} {
		got := postTo(s, "/feedback", body)
		if got.Code != http.StatusBadRequest || !strings.Contains(strings.ReplaceAll(got.Body.String(), `\"`, `"`), says) {
			t.Errorf("%s: %d %s, want 400 that says %s", body, got.Code, got.Body, says)
		}
	}
	if got := postTo(s, "/feedback", "", "Content-Type", "text/csv"); got.Code != http.StatusUnsupportedMediaType {
		t.Error(got.Code, got.Body)
	}
	if got := postTo(inProcess(t, tinyForest(5, 6), nil), "/feedback", `{"request_id":"a","quality":5}`); got.Code != http.StatusNotImplemented {
		t.Error(got.Code, got.Body)
	}
	if state := s.recorder.state(); state.waiting != 0 {
		t.Errorf("%+v", state)
	}
}
