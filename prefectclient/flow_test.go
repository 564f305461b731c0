package prefectclient

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

func TestFlowsRunWithoutAServer(t *testing.T) {
	add := NewTask("add", func(_ context.Context, in [2]int) (int, error) { return in[0] + in[1], nil })
	child := NewFlow("child", func(ctx context.Context, p struct{ N int }) (int, error) { return add.Run(ctx, [2]int{p.N, p.N}) })
	flow := NewFlow("sum", func(ctx context.Context, p struct{ A, B int }) (int, error) {
		info, ok := Info(ctx)
		if !ok || info.FlowName != "sum" || info.FlowRunName != "sum of 1 and 2" || info.RunCount != 1 || info.FlowRunID != "" || string(info.Parameters["A"]) != "1" {
			t.Errorf("the run's information is %+v", info)
		}
		sums, err := add.Map(ctx, [][2]int{{p.A, p.B}, {3, 4}}).Results(ctx)
		if err != nil {
			return 0, err
		}
		doubled, err := child.Run(ctx, struct{ N int }{sums[1]})
		return sums[0] + doubled, err
	}, RunName("sum of {A} and {B}"))
	n, err := flow.Run(t.Context(), struct{ A, B int }{1, 2})
	if n != 17 || err != nil {
		t.Errorf("got %d, %v", n, err)
	}
	if _, ok := Info(t.Context()); ok {
		t.Error("a context outside of runs has a run")
	}
	if out, err := add.Run(t.Context(), [2]int{1, 1}); out != 2 || err != nil {
		t.Errorf("a task of its own gave %d, %v", out, err)
	}
}

func TestRetriesOfFlowsAndTasks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var flowCalls, taskCalls atomic.Int32
		task := NewTask("task", func(context.Context, int) (int, error) {
			if taskCalls.Add(1) < 4 {
				return 0, errors.New("not yet")
			}
			return 1, nil
		}, Retries(3, time.Second, 10*time.Second))
		flow := NewFlow("flow", func(ctx context.Context, _ struct{}) (int, error) {
			if flowCalls.Add(1) == 1 {
				panic("first")
			}
			return task.Run(ctx, 0)
		}, Retries(1, 5*time.Second))
		started := time.Now()
		if n, err := flow.Run(t.Context(), struct{}{}); n != 1 || err != nil {
			t.Errorf("got %d, %v", n, err)
		}
		if took := time.Since(started); took != 26*time.Second { // 5, then 1 + 10 + 10
			t.Errorf("the waits took %v", took)
		}
	})
}

func TestRetryIf(t *testing.T) {
	hopeless := errors.New("hopeless")
	calls := 0
	task := NewTask("task", func(context.Context, int) (int, error) { calls++; return 0, hopeless },
		Retries(3), RetryIf(func(err error) bool { return !errors.Is(err, hopeless) }))
	if _, err := task.Run(t.Context(), 0); !errors.Is(err, hopeless) || calls != 1 {
		t.Errorf("%d calls, %v", calls, err)
	}
}

func TestTimeouts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		endless := func(ctx context.Context, _ struct{}) (int, error) { <-ctx.Done(); return 0, ctx.Err() }
		if _, err := NewTask("task", endless, Timeout(time.Minute)).Run(t.Context(), struct{}{}); !errors.Is(err, errTimedOut) {
			t.Errorf("the task gave %v", err)
		}
		if _, err := NewFlow("flow", endless, Timeout(time.Minute)).Run(t.Context(), struct{}{}); !errors.Is(err, errTimedOut) {
			t.Errorf("the flow gave %v", err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := NewFlow("flow", endless, Timeout(time.Minute), Retries(5)).Run(ctx, struct{}{}); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("the caller's end gave %v", err)
		}
	})
}

func TestPanics(t *testing.T) {
	cause := errors.New("cause")
	flow := NewFlow("flow", func(context.Context, struct{}) (int, error) { panic(fmt.Errorf("wrapped: %w", cause)) })
	_, err := flow.Run(t.Context(), struct{}{})
	var panicked *PanicError
	if !errors.As(err, &panicked) || !errors.Is(err, cause) || !strings.Contains(panicked.Stack, "TestPanics") {
		t.Errorf("got %v", err)
	}
}

func TestDependencies(t *testing.T) {
	type input struct {
		After *Future[int] `json:"after"`
		N     int          `json:"n"`
	}
	release := make(chan struct{})
	slow := NewTask("slow", func(context.Context, int) (int, error) { <-release; return 5, nil })
	var ran atomic.Bool
	next := NewTask("next", func(ctx context.Context, in input) (int, error) {
		ran.Store(true)
		n, err := in.After.Result(ctx)
		return n + in.N, err
	})
	broken := NewTask("broken", func(context.Context, int) (int, error) { return 0, errors.New("broken") })
	flow := NewFlow("flow", func(ctx context.Context, _ struct{}) (int, error) {
		result := next.Submit(ctx, input{slow.Submit(ctx, 0), 1})
		select {
		case <-result.Done():
			t.Error("a task run did not wait for its input")
		case <-time.After(20 * time.Millisecond):
		}
		close(release)
		n, err := result.Result(ctx)
		if err != nil || n != 6 {
			t.Errorf("got %d, %v", n, err)
		}
		ran.Store(false)
		failed := broken.Submit(ctx, 0)
		if _, err := next.Run(ctx, input{failed, 1}); !errors.Is(err, ErrUpstream) || ran.Load() {
			t.Errorf("a task ran after a failed one: %v", err)
		}
		_, err = next.Run(ctx, input{result, 1}, Futures[int]{result, failed})
		return 0, err
	})
	if _, err := flow.Run(t.Context(), struct{}{}); !errors.Is(err, ErrUpstream) || !strings.Contains(err.Error(), "broken") {
		t.Errorf("got %v", err)
	}
}

func TestFlowsWaitForWhatTheySubmit(t *testing.T) {
	var done atomic.Int32
	task := NewTask("task", func(context.Context, int) (int, error) {
		time.Sleep(10 * time.Millisecond)
		done.Add(1)
		return 0, nil
	})
	flow := NewFlow("flow", func(ctx context.Context, _ struct{}) (int, error) {
		task.Map(ctx, []int{1, 2, 3})
		return 0, nil
	})
	if _, err := flow.Run(t.Context(), struct{}{}); err != nil || done.Load() != 3 {
		t.Errorf("%d task runs had ended, %v", done.Load(), err)
	}
}

func TestWrongFlowsAndTasks(t *testing.T) {
	body := func(context.Context, struct{}) (int, error) { return 0, nil }
	for _, row := range []struct {
		name string
		run  func() error
		want string
	}{
		{"no name", func() error { _, err := NewFlow("", body).Run(t.Context(), struct{}{}); return err }, "needs a name"},
		{"no function", func() error { _, err := NewFlow[struct{}, int]("f", nil).Run(t.Context(), struct{}{}); return err }, "has no function"},
		{"no struct", func() error {
			_, err := NewFlow("f", func(context.Context, int) (int, error) { return 0, nil }).Run(t.Context(), 1)
			return err
		}, "int is not a struct"},
		{"retries", func() error { _, err := NewFlow("f", body, Retries(-1)).Run(t.Context(), struct{}{}); return err }, "less than none"},
		{"two delays", func() error {
			_, err := NewFlow("f", body, Retries(2, 1, 2)).Run(t.Context(), struct{}{})
			return err
		}, "one retry delay"},
		{"time-out", func() error { _, err := NewTask("t", body, Timeout(0)).Run(t.Context(), struct{}{}); return err }, "not positive"},
		{"jitter", func() error {
			_, err := NewTask("t", body, RetryJitter(2)).Submit(t.Context(), struct{}{}).Result(t.Context())
			return err
		}, "not between 0 and 1"},
		{"worker without flows", func() error { _, err := NewWorker(newFake(t).client(t), WorkerConfig{Pool: "p"}); return err }, "needs flows"},
		{"worker without a pool", func() error {
			_, err := NewWorker(newFake(t).client(t), WorkerConfig{}, NewFlow("f", body))
			return err
		}, "needs a work pool"},
		{"worker with two of a name", func() error {
			_, err := NewWorker(newFake(t).client(t), WorkerConfig{Pool: "p"}, NewFlow("f", body), NewFlow("f", body))
			return err
		}, "two flows named"},
		{"worker with a wrong flow", func() error {
			_, err := NewWorker(newFake(t).client(t), WorkerConfig{Pool: "p"}, NewFlow("", body))
			return err
		}, "needs a name"},
		{"worker with a negative interval", func() error {
			_, err := NewWorker(newFake(t).client(t), WorkerConfig{Pool: "p", PollInterval: -1}, NewFlow("f", body))
			return err
		}, "PollInterval"},
	} {
		if err := row.run(); err == nil || !strings.Contains(err.Error(), row.want) {
			t.Errorf("%s: got %v, want %q", row.name, err, row.want)
		}
	}
}

func TestTemplates(t *testing.T) {
	fields := parameterMap{"a": []byte(`"x"`), "n": []byte("3")}
	for template, want := range map[string]string{"": "", "plain": "plain", "{a}-{n}": "x-3", "{b} {": "{b} {", "}{a}": "}x"} {
		if got := fillTemplate(template, fields); got != want {
			t.Errorf("%q gave %q, not %q", template, got, want)
		}
	}
}
