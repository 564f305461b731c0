package predictsvc

import (
	"context"
	"fmt"
	"math"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"mlopsgo/internal/onnx"
	"mlopsgo/internal/stack"
	"mlopsgo/mlflowclient/mlmodel"
	"mlopsgo/predictsvc/internal/scoring"
)

// TestShadow follows a second alias of a model on the real server: what it says is counted and kept, and never answered.
func TestShadow(t *testing.T) {
	t.Parallel()
	database := newDatabase(t)
	client := newClient(t, stack.Get(t).MLflowURI)
	name := unique("predictsvc-shadow")
	registered(t, client, name, "champion", modelFiles(t, tinyForest(5, 6), nil))
	registered(t, client, name, "challenger", modelFiles(t, tinyForest(5, 7), nil)) // other wines of more than 10 %
	s := serve(t, Config{
		Client: client, ModelURI: "models:/" + name + "@champion", ShadowModelURI: "models:/" + name + "@challenger", Poll: soon,
		CacheDir: t.TempDir(), Log: LogConfig{Enabled: true, URL: database.String(), Flush: time.Millisecond},
	})
	web := httpClient(t)
	eventually(t, "both models", func() bool {
		code, report := healthOf(t, web, s.url)
		return code == http.StatusOK && report.Shadow != nil && report.Shadow.Model != nil
	})
	for i, body := range []string{wine, "[" + wine + "," + strings.ReplaceAll(wine, "9.4", "13") + "]"} {
		got := post(s.Service, body, headerRequestID, fmt.Sprint(i))
		if strings.Contains(got.Body.String(), "7") && !strings.Contains(name, "7") || got.Header().Get(headerModelVersion) != "1" {
			t.Errorf("answered %s by version %s", got.Body, got.Header().Get(headerModelVersion))
		}
	}
	eventually(t, "three rows are scored", func() bool {
		_, report := healthOf(t, web, s.url)
		return report.Shadow.Agreed == 2 && report.Shadow.Disagreed == 1
	})
	if agreed := total(t, s.shadow.rows.WithLabelValues("agreed")); agreed != 2 {
		t.Errorf("%d counted", agreed)
	}
	must(t, s.stop())
	want := []string{"0 0: 2 5, 1 5 0.75", "1 0: 2 5, 1 5 0.75", "1 1: 2 7, 1 6 0.75"}
	got := texts(t, database.String(), `SELECT format('%s %s: %s %s, %s %s %s', request_id, row_number, model_version, prediction, answered_version, answered,
		probabilities->>prediction) FROM shadow_predictions ORDER BY 1`)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +shadows):\n%s", diff)
	}
	if n := texts(t, database.String(), "SELECT count(*)::text FROM predictions"); n[0] != "3" {
		t.Errorf("%s predictions, want 3", n[0])
	}
}

// withShadow is a service in the process with a shadow model, which scores when the test says so.
func withShadow(t *testing.T, forest *onnx.Forest, change func(*mlmodel.ONNXModel)) *Service {
	t.Helper()
	s := newService(t, Config{ShadowModelURI: "models:/shadow/1"})
	m, err := folderModel(t, modelFiles(t, tinyForest(5, 6), nil))
	must(t, err)
	s.follower.swap(m)
	m, err = folderModel(t, modelFiles(t, forest, change))
	must(t, err)
	s.shadow.follower.swap(m)
	return s
}

func columnsOf(columns *mlmodel.Schema) func(*mlmodel.ONNXModel) {
	return func(m *mlmodel.ONNXModel) {
		m.Signature = &mlmodel.Signature{Inputs: columns}
		m.Example = nil
	}
}

func TestShadowTakesItsColumnsByName(t *testing.T) {
	alcoholIsVolatile := mlmodel.Columns(mlmodel.Double, "alcohol", "citric acid", "sulphates", "volatile acidity") // 0.7 is low, 9.4 is not looked at
	for name, test := range map[string]struct {
		columns *mlmodel.Schema
		body    string
		outcome int
		says    string
	}{
		"the same":          {mlmodel.Columns(mlmodel.Double, wineColumns...), wine, shadowAgreed, ""},
		"another order":     {alcoholIsVolatile, strings.ReplaceAll(wine, "9.4", "13"), shadowDisagreed, ""},
		"float":             {mlmodel.Columns(mlmodel.Float, wineColumns...), wine, shadowAgreed, ""},
		"whole numbers":     {mlmodel.Columns(mlmodel.Long, wineColumns...), wine, shadowFailed, `column "volatile acidity": expected long, got 0.7`},
		"a column too many": {mlmodel.Columns(mlmodel.Double, "volatile acidity", "citric acid", "sulphates", "density"), wine, shadowFailed, `"density" is not one of those`},
	} {
		t.Run(name, func(t *testing.T) {
			s := withShadow(t, tinyForest(5, 6), columnsOf(test.columns))
			if got := post(s, test.body); got.Code != http.StatusOK {
				t.Fatal(got.Code, got.Body)
			}
			job := <-s.shadow.queue
			s.shadow.note(t.Context(), s.shadow.score(t.Context(), job), 1)
			report := s.shadow.report()
			counts := [...]int64{report.Agreed, report.Disagreed, report.Dropped, report.Failed}
			want := [len(counts)]int64{}
			want[test.outcome] = 1
			if counts != want || !strings.Contains(report.LastError, test.says) || (test.says == "") != (report.LastError == "") {
				t.Errorf("%+v", report)
			}
		})
	}
}

// TestShadowNeverHoldsARequestUp has a shadow that scores nothing: requests are answered, and what does not fit is dropped and counted.
func TestShadowNeverHoldsARequestUp(t *testing.T) {
	s := withShadow(t, tinyForest(5, 6), nil)
	for range shadowJobs + 10 {
		if got := post(s, wine); got.Code != http.StatusOK {
			t.Fatal(got.Code, got.Body)
		}
	}
	if dropped := s.shadow.report().Dropped; dropped != 10 {
		t.Errorf("%d dropped, want 10", dropped)
	}
	// A model that panics costs its own rows only.
	job := <-s.shadow.queue
	job.values = nil
	if err := s.shadow.score(t.Context(), job); err == nil || !strings.Contains(err.Error(), "panic") {
		t.Errorf("error %v", err)
	}
}

// TestShadowScoresWhileRequestsComeIn has more requests than the shadow may work on, without a pause.
func TestShadowScoresWhileRequestsComeIn(t *testing.T) {
	s := withShadow(t, tinyForest(5, 6), nil)
	var group sync.WaitGroup
	ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
	defer cancel()
	stop := s.shadow.start(t.Context(), ended(t), &group)
	rows := int64(0)
	for ; ctx.Err() == nil; rows++ {
		post(s, wine)
	}
	stop()
	group.Wait()
	report := s.shadow.report()
	if report.Agreed == 0 || report.Failed != 0 || report.Disagreed != 0 || report.Agreed+report.Dropped != rows || s.shadow.bytes.Load() != 0 {
		t.Errorf("%+v of %d rows", report, rows)
	}
}

// ended is a context that has ended.
func ended(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	return ctx
}

// TestShadowCountsTexts: of rows with long texts few wait.
func TestShadowCountsTexts(t *testing.T) {
	s := withShadow(t, tinyForest(5, 6), nil)
	sc := s.follower.current.Load().scorer()
	sc.table.rows, sc.table.values, sc.table.texts = 1, []float64{1, 1, 1, 1}, []string{strings.Repeat("x", shadowBytes/4)}
	must(t, sc.score())
	for range 10 {
		s.shadow.offer(sc, "id", time.Now())
	}
	if waiting, dropped := len(s.shadow.queue), s.shadow.report().Dropped; waiting != 3 || dropped != 7 {
		t.Errorf("%d wait and %d were dropped, want 3 and 7", waiting, dropped)
	}
}

func TestConverted(t *testing.T) {
	for _, test := range []struct {
		column column
		in     float64
		want   float64
		ok     bool
	}{
		{column{Column: scoring.Column{Kind: mlmodel.Double}}, 0.1, 0.1, true},
		{column{Column: scoring.Column{Kind: mlmodel.Float}}, 0.1, float64(float32(0.1)), true},
		{column{Column: scoring.Column{Kind: mlmodel.Float}}, 1e300, 0, false},
		{column{Column: scoring.Column{Kind: mlmodel.Integer}}, 3, 3, true},
		{column{Column: scoring.Column{Kind: mlmodel.Integer}}, 3.5, 0, false},
		{column{Column: scoring.Column{Kind: mlmodel.Double}}, math.NaN(), 0, false},
		{column{Column: scoring.Column{Kind: mlmodel.Double, Optional: true}}, math.NaN(), math.NaN(), true},
		{column{Column: scoring.Column{Kind: mlmodel.Boolean}}, 1, 1, true},
	} {
		got, err := test.column.converted(test.in)
		if (err == nil) != test.ok || test.ok && got != test.want && !math.IsNaN(test.want) {
			t.Errorf("%v as %v: %v, %v", test.in, test.column.Kind, got, err)
		}
	}
}
