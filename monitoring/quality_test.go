package monitoring_test

import (
	"math"
	"testing"
	"time"

	"github.com/google/uuid"

	"mlopsgo/internal/predictionlog"
	"mlopsgo/internal/stack"
	"mlopsgo/monitoring"
)

// TestAccuracyOfWhatFeedbackHasTold goes from the predictor's tables to the monitor's.
func TestAccuracyOfWhatFeedbackHasTold(t *testing.T) {
	address := stack.Database(t)
	log, err := predictionlog.Open(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	var batch predictionlog.Batch
	for i, p := range predictions(40, func(int) string { return "1" }, nil) {
		batch.Predictions = append(batch.Predictions, predictionlog.Prediction{
			ID: uuid.Must(uuid.NewV7()).String(), RequestID: "r", Row: i, Time: noon, Model: "houses", Version: "1", Features: p.Features, Prediction: p.Label,
		})
		if i < 20 {
			batch.Feedback = append(batch.Feedback, predictionlog.Feedback{RequestID: "r", Row: i, Truth: []string{"0", "1", "1", "1"}[i%4], Received: noon})
		}
	}
	if err := log.Write(t.Context(), batch); err != nil {
		t.Fatal(err)
	}
	reader, err := monitoring.OpenLog(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	var read []monitoring.Prediction
	for p, err := range reader.Predictions(t.Context(), "houses", noon, noon.Add(time.Hour)) {
		if err != nil {
			t.Fatal(err)
		}
		read = append(read, p)
	}
	result, err := compare(t, reference(t, true), read)
	if err != nil {
		t.Fatal(err)
	}
	if result.Judged != 20 || result.Correct != 15 || result.Accuracy() != 0.75 {
		t.Errorf("%d judged, %d correct, accuracy %v", result.Judged, result.Correct, result.Accuracy())
	}
	if !math.IsNaN((&monitoring.Result{}).Accuracy()) {
		t.Error("an accuracy of nothing")
	}
	store, err := monitoring.OpenStore(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	for range 2 {
		if err := store.Save(t.Context(), result); err != nil {
			t.Fatal(err)
		}
	}
	var judged, correct int
	if err := connection(t, address).QueryRow(t.Context(), "SELECT judged, correct FROM drift_windows").Scan(&judged, &correct); err != nil || judged != 20 || correct != 15 {
		t.Errorf("%d judged, %d correct in the table, %v", judged, correct, err)
	}
}
