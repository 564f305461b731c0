package prefectclient

import (
	"bytes"
	"context"
	"log/slog"
	"slices"
	"strings"
)

// Logger gives the logger of the run that the context belongs to. Its records go to the client's own logger, and to
// the run's log on the server, where the UI shows them; writing never waits for the server. Outside of runs it is
// [slog.Default].
func Logger(ctx context.Context) *slog.Logger {
	if logger, ok := ctx.Value(loggerKey{}).(*slog.Logger); ok && logger != nil {
		return logger
	}
	if run := currentRun(ctx); run != nil {
		return engineLogger(ctx, runLogLevel(ctx))
	}
	return slog.Default()
}

type loggerKey struct{}

type levelKey struct{}

// withLogger keeps a run's logger; nil makes [Logger] build one.
func withLogger(ctx context.Context, logger *slog.Logger) context.Context {
	return context.WithValue(ctx, loggerKey{}, logger)
}

func runLogLevel(ctx context.Context) slog.Level {
	level, _ := ctx.Value(levelKey{}).(slog.Level)
	return level
}

// engineLogger makes the logger of the run that the context belongs to.
func engineLogger(ctx context.Context, level slog.Level) *slog.Logger {
	run := currentRun(ctx)
	local := slog.Default()
	if run == nil {
		return local
	}
	if run.session != nil {
		local = run.session.client.log
	}
	name, attrs := "prefect.flow_runs", []slog.Attr{}
	if run.flow != nil {
		attrs = append(attrs, slog.String("flow_run", run.flow.name))
	}
	if run.task != nil {
		name = "prefect.task_runs"
		attrs = append(attrs, slog.String("task_run", run.task.name))
	}
	h := &runHandler{local: local.Handler().WithAttrs(attrs), level: level}
	if run.session != nil {
		h.logs = run.session.logs
		h.record = Log{Name: name, FlowRunID: run.flowRunID(), TaskRunID: run.taskRunID()}
	}
	return slog.New(h)
}

// runHandler writes records to the local logger and to the server.
type runHandler struct {
	local  slog.Handler
	level  slog.Level
	logs   *logSender // nil without a server
	record Log
	// steps are the WithAttrs and WithGroup calls so far, for the text that the server gets.
	steps []func(slog.Handler) slog.Handler
}

// Enabled reports levels that either end takes.
func (h *runHandler) Enabled(ctx context.Context, level slog.Level) bool {
	return h.logs != nil && level >= h.level || h.local.Enabled(ctx, level)
}

// Handle writes one record.
func (h *runHandler) Handle(ctx context.Context, r slog.Record) error {
	if h.logs != nil && r.Level >= h.level {
		record := h.record
		record.Level, record.Timestamp, record.Message = levelOf(r.Level), r.Time.UTC(), h.text(ctx, r)
		h.logs.write(record)
	}
	if !h.local.Enabled(ctx, r.Level) {
		return nil
	}
	return h.local.Handle(ctx, r)
}

// text is the message with its attributes as key=value, because the server keeps texts only.
func (h *runHandler) text(ctx context.Context, r slog.Record) string {
	if r.NumAttrs() == 0 && len(h.steps) == 0 {
		return r.Message
	}
	var b bytes.Buffer
	var text slog.Handler = slog.NewTextHandler(&b, &slog.HandlerOptions{Level: slog.LevelDebug - 100, ReplaceAttr: dropBuiltins})
	for _, step := range h.steps {
		text = step(text)
	}
	if err := text.Handle(ctx, r); err != nil {
		return r.Message
	}
	attrs := strings.TrimSpace(b.String())
	if attrs == "" {
		return r.Message
	}
	return r.Message + " " + attrs
}

// dropBuiltins leaves the attributes only.
func dropBuiltins(groups []string, a slog.Attr) slog.Attr {
	if len(groups) == 0 && (a.Key == slog.TimeKey || a.Key == slog.LevelKey || a.Key == slog.MessageKey) {
		return slog.Attr{}
	}
	return a
}

// WithAttrs adds attributes.
func (h *runHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return h.with(func(x slog.Handler) slog.Handler { return x.WithAttrs(attrs) })
}

// WithGroup opens a group.
func (h *runHandler) WithGroup(name string) slog.Handler {
	return h.with(func(x slog.Handler) slog.Handler { return x.WithGroup(name) })
}

func (h *runHandler) with(step func(slog.Handler) slog.Handler) slog.Handler {
	clone := *h
	clone.local = step(h.local)
	clone.steps = append(slices.Clip(h.steps), step)
	return &clone
}
