package predictsvc

import (
	"errors"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"mlopsgo/internal/spool"
)

// leave puts a frame into a spool, as an earlier process would.
func leave(t *testing.T, dir string, version byte) {
	t.Helper()
	f := filled(t)
	data := slices.Clone(f.data)
	data[0] = version
	s, err := spool.Open(dir, spool.Options{})
	must(t, err)
	must(t, s.Append(data, f.items))
	must(t, s.Close())
}

// TestFramesOfALaterVersionAreSetAside: they are counted row by row, and kept for the version that can read them.
func TestFramesOfALaterVersionAreSetAside(t *testing.T) {
	dir := t.TempDir()
	leave(t, dir, frameVersion+1)
	for _, want := range []int{6, 0} { // the second start finds them aside, and cannot read them either
		s, stop := recording(t, LogConfig{URL: nowhere, Spool: dir}, time.Minute)
		eventually(t, "the spool is empty", func() bool { return s.recorder.state().waiting == 0 })
		stop()
		if dropped := total(t, s.metrics.logDropped.WithLabelValues("invalid")); dropped != want || s.recorder.state().dropped != want {
			t.Errorf("%d rows counted, and %d in /health, want %d", dropped, s.recorder.state().dropped, want)
		}
		aside, err := spool.Open(filepath.Join(dir, "unreadable"), spool.Options{})
		must(t, err)
		if items := aside.Stats().Items; items != 6 {
			t.Errorf("%d rows are kept, want 6", items)
		}
		must(t, aside.Close())
	}
}

// TestFramesThatWereSetAsideAreTakenBack, which are those of the version before.
func TestFramesThatWereSetAsideAreTakenBack(t *testing.T) {
	database, dir := newDatabase(t), t.TempDir()
	leave(t, filepath.Join(dir, "unreadable"), 1)
	s, stop := recording(t, LogConfig{URL: database.String(), Spool: dir}, time.Minute)
	eventually(t, "they are written", func() bool { return total(t, s.metrics.logWritten) == 3 })
	stop()
	if rows := texts(t, database.String(), "SELECT count(*)::text FROM predictions"); rows[0] != "3" || s.recorder.state().dropped != 0 {
		t.Errorf("%s rows in Postgres, and %d dropped", rows[0], s.recorder.state().dropped)
	}
}

// TestSpoolThatCannotBeRead: that it can be written says nothing about it.
func TestSpoolThatCannotBeRead(t *testing.T) {
	logs := &logBuffer{}
	r := newRecorder(LogConfig{}, slog.New(slog.NewJSONHandler(logs, nil)), newMetrics())
	for range 3 {
		r.noteRead(errors.New("the disk is ill"))
		r.noteDisk(nil)
	}
	if err := r.state().err; err == nil || gauge(t, r.metrics.spoolFailing) != 1 {
		t.Errorf("error %v, metric %d", err, gauge(t, r.metrics.spoolFailing))
	}
	r.noteRead(nil)
	if err := r.state().err; err != nil || gauge(t, r.metrics.spoolFailing) != 0 {
		t.Errorf("error %v, metric %d", err, gauge(t, r.metrics.spoolFailing))
	}
	if text := logs.String(); strings.Count(text, "\n") != 2 || !strings.Contains(text, "the spool cannot be read") {
		t.Errorf("the log is\n%s", text)
	}
}
