package predictionlog_test

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"mlopsgo/internal/predictionlog"
	"mlopsgo/internal/stack"
)

// rows reads a query's rows as texts.
func rows(t *testing.T, database, sql string) [][]string {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), database)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	result, err := conn.Query(t.Context(), sql)
	if err != nil {
		t.Fatal(err)
	}
	all, err := pgx.CollectRows(result, func(row pgx.CollectableRow) ([]string, error) {
		texts := make([]string, len(row.FieldDescriptions()))
		into := make([]any, len(texts))
		for i := range texts {
			into[i] = &texts[i]
		}
		return texts, row.Scan(into...)
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestFeedbackIsJoinedAndTheLatestIsKept(t *testing.T) {
	database := stack.Database(t)
	store := open(t, database)
	on := func(row int, truth string, after time.Duration) predictionlog.Feedback {
		return predictionlog.Feedback{RequestID: "request-1", Row: row, Truth: truth, Received: noon.Add(after)}
	}
	batches := []predictionlog.Batch{
		{Feedback: []predictionlog.Feedback{on(3, "6", time.Minute), on(4, "7", 0)}}, // before the prediction
		{Predictions: []predictionlog.Prediction{prediction(0)}, Feedback: []predictionlog.Feedback{on(3, "4", 0), on(3, "5", 2*time.Minute), on(3, "8", time.Minute)}},
		{Feedback: []predictionlog.Feedback{on(3, "6", time.Minute)}}, // the first again
	}
	for _, batch := range append(batches, batches...) {
		if err := store.Write(t.Context(), batch); err != nil {
			t.Fatal(err)
		}
	}
	want := [][]string{{"request-1", "3", "5", "5", "true"}}
	if diff := cmp.Diff(want, rows(t, database, "SELECT request_id, row_number::text, prediction, truth, correct::text FROM judged_predictions")); diff != "" {
		t.Errorf("(-want +judged):\n%s", diff)
	}
	if got := between(t, store, noon, noon.Add(time.Hour)); len(got) != 1 || got[0].Truth != "5" {
		t.Errorf("read back: %+v", got)
	}
	want = [][]string{{"3", "5"}, {"4", "7"}}
	if diff := cmp.Diff(want, rows(t, database, "SELECT row_number::text, truth FROM feedback ORDER BY 1")); diff != "" {
		t.Errorf("(-want +feedback):\n%s", diff)
	}
}

func TestShadowsAreKeptApart(t *testing.T) {
	database := stack.Database(t)
	store := open(t, database)
	shadow := predictionlog.Shadow{Prediction: prediction(0), Answered: "6", AnsweredModel: "sk-rfc-model", AnsweredVersion: "6"}
	batch := predictionlog.Batch{Predictions: []predictionlog.Prediction{prediction(0)}, Shadows: []predictionlog.Shadow{shadow}}
	for range 2 {
		if err := store.Write(t.Context(), batch); err != nil {
			t.Fatal(err)
		}
	}
	want := [][]string{{shadow.ID, "request-1", "3", "sk-rfc-model", "7", "5", `{"5": 0.8, "6": 0.2}`, "1234", "6", "sk-rfc-model", "6"}}
	got := rows(t, database, `SELECT id::text, request_id, row_number::text, model_name, model_version, prediction, probabilities::text, latency_us::text,
		answered, answered_model, answered_version FROM shadow_predictions`)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +shadows):\n%s", diff)
	}
	if got := between(t, store, noon, noon.Add(time.Hour)); len(got) != 1 || got[0].ID != batch.Predictions[0].ID {
		t.Errorf("predictions: %+v", got)
	}
}

func TestABatchIsAllOrNothing(t *testing.T) {
	database := stack.Database(t)
	store := open(t, database)
	for name, spoil := range map[string]func(*predictionlog.Batch){
		"a shadow's id":    func(b *predictionlog.Batch) { b.Shadows[0].ID = "7" },
		"a shadow's label": func(b *predictionlog.Batch) { b.Shadows[0].Answered = "\x00" },
		"a truth":          func(b *predictionlog.Batch) { b.Feedback[0].Truth = "\xff" },
		"a year":           func(b *predictionlog.Batch) { b.Feedback[0].Received = time.Date(300000, 1, 1, 0, 0, 0, 0, time.UTC) },
	} {
		t.Run(name, func(t *testing.T) {
			batch := predictionlog.Batch{
				Predictions: []predictionlog.Prediction{prediction(0)},
				Shadows:     []predictionlog.Shadow{{Prediction: prediction(0)}},
				Feedback:    []predictionlog.Feedback{{RequestID: "request-1", Received: noon}},
			}
			spoil(&batch)
			if err := store.Write(t.Context(), batch); !errors.Is(err, predictionlog.ErrInvalid) {
				t.Errorf("error %v, want one that wraps ErrInvalid", err)
			}
		})
	}
	for _, table := range []string{"predictions", "shadow_predictions", "feedback"} {
		if got := rows(t, database, "SELECT 1::text FROM "+table); len(got) != 0 {
			t.Errorf("%d rows in %s", len(got), table)
		}
	}
}
