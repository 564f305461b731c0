package monitoring

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

var midnight = time.Date(2026, 11, 20, 0, 0, 0, 0, time.UTC)

// cutText cuts predictions given as "version@minute" and tells the windows as "version start-end: rows", in minutes.
func cutText(c *cutter, predictions string) (closed, left []string) {
	minutes := func(t time.Time) string { return fmt.Sprint(t.Sub(midnight).Minutes()) }
	show := func(w Window, rows int) string {
		return fmt.Sprintf("%s %s-%s: %d", w.Version, minutes(w.Start), minutes(w.End), rows)
	}
	for p := range strings.FieldsSeq(predictions) {
		version, minute, _ := strings.Cut(p, "@")
		offset, err := time.ParseDuration(minute + "m")
		if err != nil {
			panic(err)
		}
		if b := c.add(Prediction{Version: version, Time: midnight.Add(offset)}); b != nil {
			closed = append(closed, show(b.Window, len(b.predictions)))
		}
	}
	rest, few := c.finish()
	for _, b := range rest {
		closed = append(closed, show(b.Window, len(b.predictions)))
	}
	for _, l := range few {
		text := show(l.Window, l.Rows)
		if l.Lost {
			text += " lost"
		}
		left = append(left, text)
	}
	return closed, left
}

func TestPredictionsAreCutIntoWindows(t *testing.T) {
	for name, test := range map[string]struct {
		predictions  string
		step         int // minutes
		minRows      int
		maxSteps     int
		from         int
		until        map[string]int
		closed, left []string
	}{
		"two hours":                   {predictions: "1@0 1@59.9 1@60 1@119", closed: []string{"1 0-60: 2", "1 60-120: 2"}},
		"an hour without any":         {predictions: "1@1 1@2 1@130 1@131", closed: []string{"1 0-60: 2", "1 120-180: 2"}},
		"too few grow":                {predictions: "1@1 1@70 1@80", minRows: 3, closed: []string{"1 0-120: 3"}},
		"too few grow over a gap":     {predictions: "1@1 1@130", closed: []string{"1 0-180: 2"}},
		"too few at the end are left": {predictions: "1@1 1@2 1@61", closed: []string{"1 0-60: 2"}, left: []string{"1 60-120: 1"}},
		"two versions":                {predictions: "1@1 2@2 1@3 2@65 2@66 1@70", closed: []string{"1 0-60: 2", "2 0-120: 3"}, left: []string{"1 60-120: 1"}},
		"waited for too long":         {predictions: "1@1 1@601 1@602", maxSteps: 10, closed: []string{"1 600-660: 2"}, left: []string{"1 0-60: 1 lost"}},
		"waits until the end":         {predictions: "1@1", maxSteps: 10, left: []string{"1 0-60: 1 lost"}},
		"waits not long enough":       {predictions: "1@1", maxSteps: 11, left: []string{"1 0-60: 1"}},
		"begins inside a window":      {predictions: "1@10 1@30 1@40 1@61 1@62", until: map[string]int{"1": 25}, closed: []string{"1 25-60: 2", "1 60-120: 2"}},
		"a whole range":               {predictions: "1@11 1@300 2@20", step: -1, from: 10, closed: []string{"1 10-600: 2"}, left: []string{"2 10-600: 1"}},
		"nothing":                     {},
	} {
		t.Run(name, func(t *testing.T) {
			at := func(minutes int) time.Time { return midnight.Add(time.Duration(minutes) * time.Minute) }
			c := &cutter{step: time.Hour, from: at(test.from), to: at(600), minRows: 2, maxSteps: test.maxSteps, open: map[string]*batch{}}
			if test.maxSteps == 10 && strings.Contains(test.predictions, "601") {
				c.to = at(660)
			}
			if test.step < 0 {
				c.step = 0
			}
			if test.minRows > 0 {
				c.minRows = test.minRows
			}
			c.start = func(version string) time.Time { return at(max(test.until[version], test.from)) }
			closed, left := cutText(c, test.predictions)
			if !slices.Equal(closed, test.closed) || !slices.Equal(left, test.left) {
				t.Errorf("closed %q, left %q; want %q, %q", closed, left, test.closed, test.left)
			}
		})
	}
}

func TestWindowIdentity(t *testing.T) {
	w := Window{"wine", "1", midnight, midnight.Add(time.Hour)}
	same := Window{"wine", "1", midnight.In(time.FixedZone("CET", 3600)), midnight.Add(time.Hour)}
	if w.ID() != same.ID() {
		t.Error("the time zone changes the identity")
	}
	for _, other := range []Window{
		{"wine1", "", w.Start, w.End},
		{"wine", "2", w.Start, w.End},
		{"wine", "1", w.Start.Add(time.Microsecond), w.End},
		{"wine", "1", w.Start, w.End.Add(time.Microsecond)},
	} {
		if other.ID() == w.ID() {
			t.Errorf("%s has the identity of %s", other, w)
		}
	}
}

func TestModelNames(t *testing.T) {
	for uri, want := range map[string][2]string{
		"models:/sk-rfc-model@champion": {"sk-rfc-model", ""},
		"models:/sk-rfc-model/latest":   {"sk-rfc-model", ""},
		"models:/sk-rfc-model/12":       {"sk-rfc-model", "12"},
	} {
		name, version, err := ModelName(uri)
		if err != nil || name != want[0] || version != want[1] {
			t.Errorf("%s: %q, %q, %v", uri, name, version, err)
		}
	}
	for _, uri := range []string{
		"", "sk-rfc-model", "models:/", "models:/@champion", "models:/name", "models:/name@", "models:/a/b/c", "models:/m-0123456789abcdef0123456789abcdef",
		"runs:/x/model", "models:/name@a/1",
	} {
		if name, version, err := ModelName(uri); err == nil {
			t.Errorf("%q is taken for %q, %q", uri, name, version)
		}
	}
}
