package predictionlog_test

import (
	"context"
	"crypto/rand"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"go.uber.org/goleak"

	"mlopsgo/internal/predictionlog"
	"mlopsgo/internal/stack"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// newDatabase makes an empty database of the stack's Postgres, for one test, and returns its URL.
func newDatabase(t *testing.T) string {
	t.Helper()
	server := stack.Get(t).PostgresURL
	name := "predictionlog_test_" + strings.ToLower(rand.Text()[:10])
	execute(t, server, "CREATE DATABASE "+name)
	t.Cleanup(func() { execute(t, server, "DROP DATABASE "+name+" WITH (FORCE)") })
	address, err := url.Parse(server)
	if err != nil {
		t.Fatal("the stack's address is not a URL")
	}
	address.Path = "/" + name
	return address.String()
}

func execute(t *testing.T, database, sql string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	conn, err := pgx.Connect(ctx, database)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(ctx)
	if _, err := conn.Exec(ctx, sql); err != nil {
		t.Fatal(err)
	}
}

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
