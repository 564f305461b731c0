package prefectclient

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"sync"
)

// maxLogLine is how long a line without an end may grow before it is logged all the same.
const maxLogLine = 64 << 10

// LogWriter gives a writer whose lines become log records of the run that the context belongs to, for what writes text:
// the output of a command, or a library's progress. Close logs a last line that has no end.
func LogWriter(ctx context.Context, level slog.Level) io.WriteCloser {
	return &logWriter{ctx: ctx, log: Logger(ctx), level: level}
}

type logWriter struct {
	ctx   context.Context //nolint:containedctx // a writer has none of its own
	log   *slog.Logger
	level slog.Level

	mu   sync.Mutex
	rest []byte
}

// Write logs the lines that are complete.
func (w *logWriter) Write(data []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.rest = append(w.rest, data...)
	for {
		line, rest, found := bytes.Cut(w.rest, []byte("\n"))
		if !found && len(line) <= maxLogLine {
			return len(data), nil
		}
		w.emit(line)
		w.rest = append(w.rest[:0], rest...)
	}
}

// Close logs what is left.
func (w *logWriter) Close() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.rest) > 0 {
		w.emit(w.rest)
		w.rest = nil
	}
	return nil
}

func (w *logWriter) emit(line []byte) {
	w.log.Log(w.ctx, w.level, string(bytes.TrimRight(line, "\r")))
}
