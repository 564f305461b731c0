package monitoring_test

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"mlopsgo/internal/dataset"
	"mlopsgo/internal/wine"
	"mlopsgo/monitoring"
	"mlopsgo/monitoring/drift"
	"mlopsgo/monitoring/outlier"
)

// reference makes one of a number, a count with few values, and labels, which are numbers when numeric.
func reference(t *testing.T, numeric bool) *monitoring.Reference {
	t.Helper()
	var b strings.Builder
	b.WriteString("size,rooms,price,prediction\n")
	for i := range 200 {
		label := []string{"low", "high"}[i%2]
		if numeric {
			label = fmt.Sprint(i % 2)
		}
		fmt.Fprintf(&b, "%d.5,%d,%d,%s\n", i, i%4, i, label)
	}
	r, err := monitoring.ReadReference(strings.NewReader(b.String()), "houses.csv", "price")
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func predictions(n int, label func(int) string, change func(int, map[string]any)) []monitoring.Prediction {
	list := make([]monitoring.Prediction, n)
	for i := range list {
		features := map[string]any{"size": float64(i) + 0.5, "rooms": float64(i % 4)}
		if change != nil {
			change(i, features)
		}
		list[i] = monitoring.Prediction{ID: fmt.Sprintf("%032d", i), Time: noon, Version: "1", Features: features, Label: label(i)}
	}
	return list
}

func compare(t *testing.T, r *monitoring.Reference, list []monitoring.Prediction) (*monitoring.Result, error) {
	t.Helper()
	comparer, err := monitoring.NewComparer(r, outlier.Config{Contamination: 0.01})
	if err != nil {
		t.Fatal(err)
	}
	return comparer.Compare(monitoring.Window{Model: "houses", Version: "1", Start: noon, End: noon.Add(time.Hour)}, list)
}

func TestTypesFollowTheReference(t *testing.T) {
	oneOrZero := func(i int) string { return fmt.Sprint(i % 2) }
	for name, test := range map[string]struct {
		numericReference bool
		label            func(int) string
		kind             drift.Kind
	}{
		"numbers":              {true, oneOrZero, drift.Categorical}, // integers of two values
		"whole numbers as 1.0": {true, func(i int) string { return fmt.Sprintf("%d.0", i%2) }, drift.Categorical},
		"a word among numbers": {true, func(i int) string { return []string{"0", "unknown"}[i%2] }, drift.Categorical},
		"words":                {false, func(i int) string { return []string{"low", "high"}[i%2] }, drift.Categorical},
		"numbers among words":  {false, oneOrZero, drift.Categorical},
	} {
		t.Run(name, func(t *testing.T) {
			result, err := compare(t, reference(t, test.numericReference), predictions(100, test.label, nil))
			if err != nil {
				t.Fatal(err)
			}
			kinds := map[string]drift.Kind{}
			for _, c := range result.Drift.Columns {
				kinds[c.Name] = c.Kind
			}
			if len(kinds) != 3 || kinds["size"] != drift.Numerical || kinds["rooms"] != drift.Categorical || kinds["prediction"] != test.kind {
				t.Errorf("kinds %v", kinds)
			}
			last := result.Drift.Columns[2]
			if same := name == "numbers" || name == "whole numbers as 1.0" || name == "words"; last.Drifted == same {
				t.Errorf("labels drifted: %t (%v by %s)", last.Drifted, last.Score, last.Method)
			}
		})
	}
}

func TestMissingFeaturesAreTold(t *testing.T) {
	label := func(int) string { return "1" }
	result, err := compare(t, reference(t, true), predictions(100, label, func(i int, f map[string]any) {
		switch i {
		case 0:
			delete(f, "size")
		case 1:
			f["size"] = "large"
		case 2:
			f["size"] = nil
		case 3:
			f["size"] = math.Inf(1)
		case 4:
			f["size"] = 1e9 // an outlier
		}
		f["garden"] = true
	}))
	if err != nil {
		t.Fatal(err)
	}
	if n := result.Drift.Columns[0].CurrentRows; n != 96 {
		t.Errorf("size was compared on %d predictions, want 96", n)
	}
	notes := strings.Join(result.Notes, "\n")
	for _, want := range []string{`4 of 100 predictions have no number as feature "size"`, `"garden"`, "4 of 100 predictions lack a feature"} {
		if !strings.Contains(notes, want) {
			t.Errorf("notes %q lack %q", notes, want)
		}
	}
	if len(result.Outliers) == 0 || result.Outliers[0].PredictionID != fmt.Sprintf("%032d", 4) {
		t.Errorf("outliers %+v, want prediction 4 first", result.Outliers)
	}
	_, err = compare(t, reference(t, true), predictions(100, label, func(_ int, f map[string]any) { delete(f, "rooms") }))
	if !errors.Is(err, monitoring.ErrNoColumn) || !strings.Contains(err.Error(), `"rooms"`) {
		t.Errorf("a column that all lack: %v", err)
	}
	if _, err := compare(t, reference(t, true), nil); err == nil {
		t.Error("no predictions give a result")
	}
}

func TestTheSameGivesTheSame(t *testing.T) {
	all := loadWines(t)
	r := func() *monitoring.Reference {
		file := all.rows(0, 1000).file(t, "reference.csv", true)
		r, err := monitoring.FileReference(file, wine.Target)(t.Context(), "1")
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	var list []monitoring.Prediction
	shifted := all.rows(1000, 1599).shifted(600)
	for i, features := range shifted.features {
		list = append(list, monitoring.Prediction{ID: fmt.Sprint(i), Time: noon, Features: features, Label: shifted.labels[i]})
	}
	first, err := compare(t, r(), list)
	if err != nil {
		t.Fatal(err)
	}
	again, err := compare(t, r(), list)
	if err != nil {
		t.Fatal(err)
	}
	if fmt.Sprint(first.Drift, first.Outliers) != fmt.Sprint(again.Drift, again.Outliers) || len(first.Outliers) == 0 {
		t.Errorf("%d and %d outliers; two runs differ", len(first.Outliers), len(again.Outliers))
	}
	if !first.Drift.DatasetDrift {
		t.Errorf("shifted wines have not drifted: %+v", first.Drift)
	}
	same, err := compare(t, r(), list[:0:0])
	if err == nil {
		t.Errorf("%+v", same)
	}
}

func TestReferencesAreRefused(t *testing.T) {
	for text, says := range map[string]string{
		"":                                "empty",
		"size,quality\n1,2\n":             `"prediction"`,
		"prediction,quality\n1,2\n":       "no feature",
		"size,prediction\n":               "no rows",
		"size,prediction\nlarge,1\n":      `"size"`,
		"size,prediction\nNaN,1\n":        `"size"`,
		"size,prediction\n1,2,3\n":        "3 values",
		"size,size,prediction\n1,2,3\n":   `"size"`,
		"size,Prediction\n1,5\n":          "names must match exactly",
		"size,quality,prediction\n1,,1\n": `"quality"`,
	} {
		if _, err := monitoring.ReadReference(strings.NewReader(text), "r.csv", "quality"); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%q: %v, want %q", text, err, says)
		}
	}
	one, err := monitoring.ReadReference(strings.NewReader("size,prediction\n1.5,a\n"), "r.csv", "quality")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := monitoring.NewComparer(one, outlier.Config{}); !errors.Is(err, outlier.ErrRows) {
		t.Errorf("one row: %v", err)
	}
	if _, err := monitoring.FileReference("nowhere.csv", "quality")(t.Context(), "1"); err == nil || !strings.Contains(err.Error(), "nowhere.csv") {
		t.Errorf("no file: %v", err)
	}
}

func FuzzReadReference(f *testing.F) {
	f.Add("size,quality,prediction\n1,2,3\n4,5,6\n")
	f.Add("size;prediction\n1.5;yes\n2.5;no\n")
	f.Fuzz(func(t *testing.T, text string) {
		r, err := monitoring.ReadReference(strings.NewReader(text), "fuzz", "quality")
		if err != nil {
			if e, ok := errors.AsType[*dataset.ReadError](err); !ok && !strings.HasPrefix(err.Error(), "reference") {
				t.Errorf("%v (%v)", err, e)
			}
			return
		}
		if r.Rows() == 0 || len(r.Features()) == 0 {
			t.Errorf("%q gives a reference of %d rows, %q", text, r.Rows(), r.Features())
		}
		if r.Rows() < 2 || r.Rows() > 100 {
			return
		}
		comparer, err := monitoring.NewComparer(r, outlier.Config{Trees: 2})
		if err != nil {
			t.Fatalf("%q: %v", text, err)
		}
		features := map[string]any{}
		for _, name := range r.Features() {
			features[name] = 1.0
		}
		// It may be refused, for numbers too large to compare, and must not panic.
		_, _ = comparer.Compare(monitoring.Window{}, []monitoring.Prediction{{Features: features, Label: "1"}, {Features: features, Label: "x"}})
	})
}
