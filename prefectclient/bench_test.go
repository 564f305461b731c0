package prefectclient

import (
	"context"
	"log/slog"
	"testing"
	"time"
)

// BenchmarkTasks runs 1,000 trivial tasks in one recorded flow run: the rate on the client's side, then that with
// everything sent. Python's client makes about 200 a second on the same server.
func BenchmarkTasks(b *testing.B) {
	const tasks = 1000
	c := server(b, WithLogger(slog.New(slog.DiscardHandler)))
	name := unique(b)
	forget(b, c, name)
	task := NewTask("trivial", func(_ context.Context, n int) (int, error) { return n, nil })
	var inside time.Duration
	flow := NewFlow(name, func(ctx context.Context, _ struct{}) (int, error) {
		started := time.Now()
		for i := range tasks {
			if _, err := task.Run(ctx, i); err != nil {
				return 0, err
			}
		}
		inside += time.Since(started)
		return 0, nil
	})
	s := newSession(c)
	defer func() { _ = s.close(context.Background()) }()
	for b.Loop() {
		run := &flowEngine{spec: &flow.spec, params: parameterMap{}, session: s, body: func(ctx context.Context) error {
			_, err := flow.fn(ctx, struct{}{})
			return err
		}}
		entry := must[*FlowEntry](b)(c.Flows.Create(b.Context(), name, nil, nil))
		created, _, err := c.FlowRuns.Create(b.Context(), FlowRunCreate{FlowID: entry.ID, State: &State{Type: StatePending}})
		if err != nil {
			b.Fatal(err)
		}
		run.run = &flowRunState{id: created.ID, name: created.Name, flowName: name, related: relatedResources(created, name)}
		if err := run.attempts(b.Context()); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N*tasks)/inside.Seconds(), "tasks/s-client")
	b.ReportMetric(float64(b.N*tasks)/b.Elapsed().Seconds(), "tasks/s-sent")
}
