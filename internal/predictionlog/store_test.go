package predictionlog_test

import (
	"context"
	"errors"
	"math"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"mlopsgo/internal/predictionlog"
	"mlopsgo/internal/stack"
)

func TestWhatWasWrittenComesBack(t *testing.T) {
	store := open(t, stack.Database(t))
	full := prediction(0)
	bare := predictionlog.Prediction{
		ID: prediction(0).ID, Time: noon.Add(time.Second), Model: "sk-rfc-model", Version: "8", Prediction: "rosé",
		Probabilities: map[string]float64{"5": math.NaN(), "6": math.Inf(1), "7": 1},
	}
	if err := store.Write(t.Context(), predictionlog.Batch{Predictions: []predictionlog.Prediction{bare, full}}); err != nil {
		t.Fatal(err)
	}
	bare.Features = map[string]any{}
	bare.Probabilities["6"] = math.NaN() // both are null there
	if diff := cmp.Diff([]predictionlog.Prediction{full, bare}, between(t, store, noon, noon.Add(time.Hour)), cmpopts.EquateNaNs()); diff != "" {
		t.Errorf("(-written +read):\n%s", diff)
	}
	if err := store.Write(t.Context(), predictionlog.Batch{}); err != nil {
		t.Error(err)
	}
}

func TestWriteIsIdempotent(t *testing.T) {
	store := open(t, stack.Database(t))
	first := []predictionlog.Prediction{prediction(0), prediction(time.Second), prediction(2 * time.Second)}
	again := slices.Clone(first[:2])
	again[0].Prediction = "changed" // what is there stays
	again = append(again, prediction(3*time.Second), first[1])
	for _, batch := range [][]predictionlog.Prediction{first, again, again} {
		if err := store.Write(t.Context(), predictionlog.Batch{Predictions: batch}); err != nil {
			t.Fatal(err)
		}
	}
	want := append(slices.Clone(first), again[2])
	if diff := cmp.Diff(want, between(t, store, noon, noon.Add(time.Hour))); diff != "" {
		t.Errorf("(-want +read):\n%s", diff)
	}
}

func TestEmptyURLTakesTheEnvironment(t *testing.T) {
	address, err := url.Parse(stack.Database(t))
	if err != nil {
		t.Fatal("the database's address is not a URL")
	}
	password, _ := address.User.Password()
	for name, value := range map[string]string{
		"PGHOST": address.Hostname(), "PGPORT": address.Port(), "PGUSER": address.User.Username(), "PGPASSWORD": password,
		"PGDATABASE": strings.TrimPrefix(address.Path, "/"),
	} {
		t.Setenv(name, value)
	}
	if err := open(t, "").Write(t.Context(), predictionlog.Batch{Predictions: []predictionlog.Prediction{prediction(0)}}); err != nil {
		t.Fatal(err)
	}
	if got := between(t, open(t, address.String()), noon, noon.Add(time.Second)); len(got) != 1 {
		t.Errorf("%d rows in the database that the environment names, want 1", len(got))
	}
}

func TestBetweenIsHalfOpenAndOfOneModel(t *testing.T) {
	store := open(t, stack.Database(t))
	batch := []predictionlog.Prediction{prediction(2 * time.Second), prediction(-time.Microsecond), prediction(0), prediction(time.Second), prediction(time.Second)}
	batch[4].Model = "another"
	if err := store.Write(t.Context(), predictionlog.Batch{Predictions: batch}); err != nil {
		t.Fatal(err)
	}
	got := between(t, store, noon, noon.Add(2*time.Second))
	if len(got) != 2 || got[0].ID != batch[2].ID || got[1].ID != batch[3].ID {
		t.Errorf("%+v", got)
	}
	for _, err := range store.Between(t.Context(), "sk-rfc-model", noon, noon.Add(time.Hour)) {
		if err != nil {
			t.Error(err)
		}
		break // gives its connection back: Close would wait for it
	}
}

func TestWhatNoDatabaseTakesIsNamedAndNothingIsWritten(t *testing.T) {
	store := open(t, stack.Database(t))
	for name, spoil := range map[string]func(*predictionlog.Prediction){
		"id":               func(p *predictionlog.Prediction) { p.ID = "7" },
		"NUL in a text":    func(p *predictionlog.Prediction) { p.RequestID = "a\x00b" },
		"not UTF-8":        func(p *predictionlog.Prediction) { p.Version = "\xff" },
		"NUL in a feature": func(p *predictionlog.Prediction) { p.Features = map[string]any{"a": "\x00"} },
		"NaN":              func(p *predictionlog.Prediction) { p.Features = map[string]any{"a": math.NaN()} },
		"year":             func(p *predictionlog.Prediction) { p.Time = time.Date(300000, 1, 1, 0, 0, 0, 0, time.UTC) },
	} {
		t.Run(name, func(t *testing.T) {
			bad := prediction(0)
			spoil(&bad)
			err := store.Write(t.Context(), predictionlog.Batch{Predictions: []predictionlog.Prediction{prediction(0), bad}})
			if !errors.Is(err, predictionlog.ErrInvalid) {
				t.Errorf("error %v, want one that wraps ErrInvalid", err)
			}
			if got := between(t, store, noon.Add(-time.Hour), noon.Add(time.Hour)); len(got) != 0 {
				t.Errorf("%d rows were written", len(got))
			}
		})
	}
}

func TestManyOpenAndWriteAtOnce(t *testing.T) {
	database := stack.Database(t)
	var group sync.WaitGroup
	for range 4 {
		group.Go(func() {
			store, err := predictionlog.Open(t.Context(), database)
			if err != nil {
				t.Error(err)
				return
			}
			defer store.Close()
			for range 5 {
				batch := make([]predictionlog.Prediction, 100)
				for i := range batch {
					batch[i] = prediction(time.Duration(i) * time.Second)
				}
				if err := store.Write(t.Context(), predictionlog.Batch{Predictions: batch}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	group.Wait()
	if got := between(t, open(t, database), noon, noon.Add(time.Hour)); len(got) != 4*5*100 {
		t.Errorf("%d rows, want 2000", len(got))
	}
}

func TestOpenRefuses(t *testing.T) {
	database := stack.Database(t)
	open(t, database)
	stack.Execute(t, database, "UPDATE predictions_version SET version = 99")
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	for name, test := range map[string]struct{ url, says string }{
		"a later version": {database, "version 99"},
		"not a URL":       {"postgres://user:hidden@host:port/x", "address"},
		"nobody listens":  {"postgres://user:hidden@127.0.0.1:1/x", "127.0.0.1"},
	} {
		t.Run(name, func(t *testing.T) {
			store, err := predictionlog.Open(ctx, test.url)
			if err == nil {
				store.Close()
				t.Fatal("no error")
			}
			if !strings.Contains(err.Error(), test.says) || strings.Contains(err.Error(), "hidden") || errors.Is(err, predictionlog.ErrInvalid) {
				t.Errorf("error %q: want one that says %q and no password", err, test.says)
			}
		})
	}
}

func TestEndedContextStopsBothWays(t *testing.T) {
	store := open(t, stack.Database(t))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := store.Write(ctx, predictionlog.Batch{Predictions: []predictionlog.Prediction{prediction(0)}}); !errors.Is(err, context.Canceled) {
		t.Errorf("write: %v", err)
	}
	for _, err := range store.Between(ctx, "sk-rfc-model", noon, noon.Add(time.Hour)) {
		if !errors.Is(err, context.Canceled) {
			t.Errorf("between: %v", err)
		}
	}
}
