package predictsvc

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"mlopsgo/internal/predictionlog"
)

// filled is a frame with rows of a request, their shadows, and feedback.
func filled(tb testing.TB) *frame {
	tb.Helper()
	m, err := folderModel(tb, modelFiles(tb, tinyForest(5, 6), nil))
	must(tb, err)
	sc := m.scorer()
	if err := m.columns.decode(&sc.table, []byte("["+wine+`,{"volatile acidity":1,"citric acid":2,"sulphates":3,"alcohol":12}]`), 2); err != nil {
		tb.Fatal(err)
	}
	must(tb, sc.score())
	f := &frame{}
	f.reset()
	at := time.UnixMicro(1_780_000_000_123_456)
	f.rows(sc, "first", at, 1234*time.Microsecond, 0, 2)
	f.rows(sc, "second", at, time.Hour, 1, 2)
	f.shadows(sc, &shadowJob{model: m, requestID: "first", at: at, labels: []string{"5", "5"}}, time.Millisecond, 0, 2)
	f.feedback(&predictionlog.Feedback{RequestID: "first", Row: 1, Truth: "6", Received: at})
	return f
}

func TestFrame(t *testing.T) {
	f := filled(t)
	batch, err := readFrame(f.data)
	must(t, err)
	if f.items != 6 || batch.Len() != 6 || len(f.models) != 1 {
		t.Errorf("%d items, %d read, %d models", f.items, batch.Len(), len(f.models))
	}
	again, err := readFrame(f.data)
	must(t, err)
	if diff := cmp.Diff(batch, again); diff != "" {
		t.Errorf("the same frame gives other rows:\n%s", diff)
	}
	ids := map[string]bool{}
	for _, p := range batch.Predictions {
		ids[p.ID] = true
	}
	for _, s := range batch.Shadows {
		ids[s.ID] = true
	}
	for id := range ids {
		if parsed, err := uuid.Parse(id); err != nil || parsed.Version() != 7 || parsed.Variant() != uuid.RFC4122 {
			t.Errorf("id %s: version %d, %v", id, parsed.Version(), err)
		} else if seconds, nanos := parsed.Time().UnixTime(); time.Unix(seconds, nanos).UnixMilli() != 1_780_000_000_123 {
			t.Errorf("id %s is of %v", id, time.Unix(seconds, nanos))
		}
	}
	if len(ids) != 5 {
		t.Errorf("%d ids, want 5", len(ids))
	}
	want := predictionlog.Prediction{
		ID: batch.Predictions[1].ID, RequestID: "first", Row: 1, Time: time.UnixMicro(1_780_000_000_123_456), Model: "sk-rfc-model", Version: "3",
		RunID: "run-7", Features: map[string]any{"volatile acidity": 1.0, "citric acid": 2.0, "sulphates": 3.0, "alcohol": 12.0}, Prediction: "6",
		Probabilities: map[string]float64{"5": 0.25, "6": 0.75}, Latency: 1234 * time.Microsecond,
	}
	if diff := cmp.Diff(want, batch.Predictions[1]); diff != "" {
		t.Errorf("(-want +read):\n%s", diff)
	}
	want.ID, want.Features, want.Latency = batch.Shadows[1].ID, nil, time.Millisecond
	shadow := predictionlog.Shadow{Prediction: want, Answered: "5", AnsweredModel: "sk-rfc-model", AnsweredVersion: "3"}
	if diff := cmp.Diff(shadow, batch.Shadows[1]); diff != "" {
		t.Errorf("(-want +read):\n%s", diff)
	}
	if got := batch.Feedback[0]; got.RequestID != "first" || got.Row != 1 || got.Truth != "6" || !got.Received.Equal(want.Time) {
		t.Errorf("%+v", got)
	}
	for n := range f.data { // the entries begin somewhere: what is cut there is whole
		if batch, err := readFrame(f.data[:n]); err != nil && !errors.Is(err, errFrame) || err == nil && batch.Len() == 6 {
			t.Errorf("%d of %d bytes: %d rows, %v", n, len(f.data), batch.Len(), err)
		}
	}
}

// FuzzFrame reads frames of any content: they end with rows or an error, and need memory in proportion.
func FuzzFrame(f *testing.F) {
	data := filled(f).data
	f.Add(data)
	f.Add(data[:len(data)/2])
	f.Add([]byte("\x011234567P\x00\x01a\x00\x00\x00\xff\xff\xff\xff\x07"))
	f.Fuzz(func(t *testing.T, data []byte) {
		batch, err := readFrame(data)
		if err != nil && !errors.Is(err, errFrame) {
			t.Errorf("error %v", err)
		}
		if batch.Len() > len(data) {
			t.Errorf("%d rows of %d bytes", batch.Len(), len(data))
		}
	})
}
