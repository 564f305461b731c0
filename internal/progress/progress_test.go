package progress

import (
	"bytes"
	"strings"
	"sync"
	"testing"
)

func TestALogGetsTheLinesAndNothingElse(t *testing.T) {
	var lines, decoration bytes.Buffer
	report := New(&lines, &decoration, 2, "trials")
	report.Line("trial %d", 1)
	report.Step(1, "best 0.5")
	report.Close()
	report.Line("done")
	if got, want := lines.String(), "trial 1\ndone\n"; got != want {
		t.Errorf("lines %q, want %q", got, want)
	}
	if decoration.Len() != 0 {
		t.Errorf("a writer that is no terminal got %q", decoration.String())
	}
}

func TestATerminalGetsABarWithTheNote(t *testing.T) {
	var lines, decoration bytes.Buffer
	report := withBar(&lines, &decoration, 2, "trials")
	report.Line("trial 1")
	report.Step(1, "best 0.66")
	report.Close()
	if got := decoration.String(); !strings.Contains(got, "best 0.66") || !strings.Contains(got, "1/2") {
		t.Errorf("the bar shows %q, want the note and 1/2", got)
	}
	if got, want := lines.String(), "trial 1\n"; got != want {
		t.Errorf("lines %q, want %q", got, want)
	}
}

func TestConcurrentUse(t *testing.T) {
	var lines, decoration bytes.Buffer
	report := withBar(&lines, &decoration, 50, "trials")
	var wait sync.WaitGroup
	for range 50 {
		wait.Go(func() {
			report.Line("line")
			report.Step(1, "note")
		})
	}
	wait.Wait()
	report.Close()
	if got := strings.Count(lines.String(), "line\n"); got != 50 {
		t.Errorf("%d whole lines, want 50", got)
	}
}
