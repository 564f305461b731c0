package monitoring

import (
	"fmt"
	"time"

	"github.com/google/uuid"

	"mlopsgo/monitoring/drift"
)

// Window is what is looked at together: the predictions of one model version from Start, up to and without End.
type Window struct {
	Model, Version string
	Start, End     time.Time
}

// windows is the name space of their identities.
var windows = uuid.NewSHA1(uuid.NameSpaceOID, []byte("mlopsgo/monitoring/window"))

// ID is the window's identity, a UUID made from its four fields: the same window has the same one, whoever looks at it and however often.
func (w Window) ID() string {
	text := fmt.Sprintf("%q %q %d %d", w.Model, w.Version, w.Start.UnixMicro(), w.End.UnixMicro())
	return uuid.NewSHA1(windows, []byte(text)).String()
}

// String names the window in messages.
func (w Window) String() string {
	return fmt.Sprintf("%s version %s, %s to %s", w.Model, w.Version, clock(w.Start), clock(w.End))
}

// clock writes a time as short as it is exact.
func clock(t time.Time) string {
	return t.UTC().Format("2006-01-02 15:04:05.999999")
}

// Result is what the predictions of a window gave.
type Result struct {
	Window
	// Rows are predictions, ReferenceRows those that they were compared with.
	Rows, ReferenceRows int
	// Drift is the verdict on every column.
	Drift *drift.Report
	// Outliers are predictions on unusual features, the most unusual first.
	Outliers []Outlier
	// Judged are the predictions whose truth was known when the window was looked at, Correct those of them that were right.
	Judged, Correct int
	// Notes say what was left out, and why; for people.
	Notes []string

	columns []drift.Column // for pictures
}

// Outlier is a prediction whose features are unlike the reference. Score is that of an isolation forest, from -1 (an outlier) to 0.
type Outlier struct {
	PredictionID string
	Score        float64

	prediction Prediction // for the report
}

// OutlierShare is the share of the window's predictions that are outliers.
func (r *Result) OutlierShare() float64 { return float64(len(r.Outliers)) / float64(r.Rows) }
