package prefectclient

import (
	"bytes"
	"fmt"
	"log/slog"
	"strings"
	"testing"
)

func TestLogWriter(t *testing.T) {
	var out bytes.Buffer
	ctx := withLogger(t.Context(), slog.New(slog.NewTextHandler(&out, nil)))
	w := LogWriter(ctx, slog.LevelWarn)
	for _, part := range []string{"one\ntw", "o\r\n", "", "\nthree ", "and no end"} {
		if n, err := w.Write([]byte(part)); n != len(part) || err != nil {
			t.Errorf("%q: %d, %v", part, n, err)
		}
	}
	fmt.Fprint(w, strings.Repeat("x", maxLogLine+10))
	if err := w.Close(); err != nil {
		t.Error(err)
	}
	var lines []string
	for line := range strings.Lines(out.String()) {
		_, text, _ := strings.Cut(strings.TrimSpace(line), "level=WARN msg=")
		lines = append(lines, strings.Trim(text, `"`))
	}
	if len(lines) != 4 || lines[0] != "one" || lines[1] != "two" || lines[2] != "" || !strings.HasPrefix(lines[3], "three and no endxxx") {
		t.Errorf("%d lines: %.100q", len(lines), lines)
	}
}
