package predictionlog_test

import (
	"testing"
	"time"

	"github.com/google/uuid"
	"go.uber.org/goleak"

	"mlopsgo/internal/predictionlog"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func open(t *testing.T, database string) *predictionlog.Store {
	t.Helper()
	store, err := predictionlog.Open(t.Context(), database)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(store.Close)
	return store
}

// noon is when the tests' first prediction was made.
var noon = time.Date(2026, 3, 1, 12, 0, 0, 123456000, time.UTC)

func prediction(after time.Duration) predictionlog.Prediction {
	return predictionlog.Prediction{
		ID: uuid.Must(uuid.NewV7()).String(), RequestID: "request-1", Row: 3, Time: noon.Add(after),
		Model: "sk-rfc-model", Version: "7", RunID: "0123456789abcdef",
		Features:   map[string]any{"alcohol": 9.4, "colour": "réd", "organic": true, "year": nil},
		Prediction: "5", Probabilities: map[string]float64{"5": 0.8, "6": 0.2}, Latency: 1234 * time.Microsecond,
	}
}

// between reads what the tests' model predicted.
func between(t *testing.T, store *predictionlog.Store, from, to time.Time) []predictionlog.Prediction {
	t.Helper()
	var all []predictionlog.Prediction
	for p, err := range store.Between(t.Context(), "sk-rfc-model", from, to) {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
	return all
}
