package monitoring_test

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"mlopsgo/internal/stack"
	"mlopsgo/monitoring"
	"mlopsgo/monitoring/drift"
)

func result(rows, outliers int) *monitoring.Result {
	r := &monitoring.Result{
		Window: monitoring.Window{Model: "wine", Version: "1", Start: noon, End: noon.Add(time.Hour)},
		Rows:   rows, ReferenceRows: 1000,
		Drift: &drift.Report{
			Columns: []drift.ColumnDrift{{Name: "alcohol", Method: drift.MethodKS, Score: 1e-30, Threshold: 0.05, Drifted: true}}, Drifted: 1, Share: 1, DatasetDrift: true,
		},
	}
	for i := range outliers {
		r.Outliers = append(r.Outliers, monitoring.Outlier{PredictionID: strings.Replace("00000000-0000-0000-0000-0000000000xx", "xx", string(rune('a'+i%6))+string(rune('0'+i/6)), 1), Score: -0.7})
	}
	return r
}

func TestManyStart(t *testing.T) {
	address := stack.Database(t)
	var wg sync.WaitGroup
	for range 6 {
		wg.Go(func() {
			store, err := monitoring.OpenStore(t.Context(), address)
			if err != nil {
				t.Error(err)
				return
			}
			defer store.Close()
			if err := store.Save(t.Context(), result(100, 5)); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	var windows, outliers int
	if err := connection(t, address).QueryRow(t.Context(), "SELECT (SELECT count(*) FROM drift_windows), (SELECT count(*) FROM outliers)").Scan(&windows, &outliers); err != nil || windows != 1 || outliers != 5 {
		t.Errorf("%d windows, %d outliers, %v; want 1 and 5", windows, outliers, err)
	}
}

func TestSaveIsAllOrNothing(t *testing.T) {
	w := newWorld(t)
	if err := w.store.Save(t.Context(), result(100, 5)); err != nil {
		t.Fatal(err)
	}
	bad := result(200, 3)
	bad.Outliers[2].PredictionID = "no uuid"
	if err := w.store.Save(t.Context(), bad); err == nil || !strings.Contains(err.Error(), "wine version 1, 2026-11-20 12:00:00") {
		t.Errorf("got %v", err)
	}
	var rows, outliers int
	if err := connection(t, w.address).QueryRow(t.Context(), "SELECT rows, (SELECT count(*) FROM outliers) FROM drift_windows").Scan(&rows, &outliers); err != nil || rows != 100 || outliers != 5 {
		t.Errorf("%d rows, %d outliers, %v; want what was saved first", rows, outliers, err)
	}
	if err := w.store.SetSnapshot(t.Context(), monitoring.Window{Model: "other"}, "x"); err == nil {
		t.Error("a snapshot is noted for a window that does not exist")
	}
}

func TestDatabasesAreRefused(t *testing.T) {
	address := stack.Database(t)
	store, err := monitoring.OpenStore(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	store.Close()
	stack.Execute(t, address, "UPDATE monitoring_version SET version = 99")
	if _, err := monitoring.OpenStore(t.Context(), address); err == nil || !strings.Contains(err.Error(), "newer program") {
		t.Errorf("tables of the future: %v", err)
	}
	for _, address := range []string{"postgres://user:s3cret@127.0.0.1:1/x", "postgres://user:s3cret@127.0.0.1:port/x", "host=127.0.0.1 port=1 password=s3cret"} {
		if _, err := monitoring.OpenStore(t.Context(), address); err == nil || strings.Contains(err.Error(), "s3cret") {
			t.Errorf("%s: %v", address, err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := monitoring.OpenStore(ctx, address); err == nil {
		t.Error("opened although it was cancelled")
	}
}
