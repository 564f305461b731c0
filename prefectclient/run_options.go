package prefectclient

import (
	"errors"
	"fmt"
	"log/slog"
	"time"
)

// FlowOption changes a [Flow] while it is made.
type FlowOption interface{ applyFlow(*flowSpec) error }

// TaskOption changes a [Task] while it is made.
type TaskOption interface{ applyTask(*taskSpec) error }

// RunOption changes a flow or a task.
type RunOption func(*runSpec) error

func (o RunOption) applyFlow(s *flowSpec) error { return o(&s.runSpec) }
func (o RunOption) applyTask(s *taskSpec) error { return o(&s.runSpec) }

// runSpec is what flows and tasks have in common.
type runSpec struct {
	name       string
	version    string
	tags       []string
	runName    string
	retries    int
	delays     []time.Duration
	timeout    time.Duration
	retryIf    func(error) bool
	jitter     float64
	hooks      hooks
	results    ResultStorage // nil keeps no results
	symbol     string        // the function's name, to tell tasks of the same name apart
	inputNames []string
}

// delay gives the wait before the given retry (from 1); the last delay is repeated.
func (s *runSpec) delay(retry int) time.Duration {
	if len(s.delays) == 0 {
		return 0
	}
	return s.delays[min(retry, len(s.delays))-1]
}

// retriable reports whether an error may be followed by another attempt.
func (s *runSpec) retriable(err error) bool {
	return s.retryIf == nil || s.retryIf(err)
}

// Retries repeats a run that failed up to n times, after the delays; the last delay is repeated, and none means at
// once. Flows take one delay, in whole seconds (rounded up), because the server keeps it so.
func Retries(n int, delays ...time.Duration) RunOption {
	return func(s *runSpec) error {
		if n < 0 {
			return fmt.Errorf("%d retries are less than none", n)
		}
		for _, d := range delays {
			if d < 0 {
				return fmt.Errorf("the retry delay %v is negative", d)
			}
		}
		s.retries, s.delays = n, delays
		return nil
	}
}

// RetryIf repeats a task only after errors that the function takes. (Flow runs are repeated by the server's rules, which
// know no errors.)
func RetryIf(take func(error) bool) TaskOption {
	return taskOption(func(s *taskSpec) error {
		if take == nil {
			return errors.New("RetryIf needs a function")
		}
		s.retryIf = take
		return nil
	})
}

// RetryJitter spreads the delays of a task's retries by up to the factor (0 to 1) to both sides, so that many that
// failed together do not come back together.
func RetryJitter(factor float64) TaskOption {
	return taskOption(func(s *taskSpec) error {
		if !(factor >= 0 && factor <= 1) {
			return fmt.Errorf("the jitter factor %v is not between 0 and 1", factor)
		}
		s.jitter = factor
		return nil
	})
}

// Timeout ends the run's context after the duration; a run that ends with an error then is Failed as "TimedOut". The
// function has to heed its context: Go cannot end it from outside.
func Timeout(d time.Duration) RunOption {
	return func(s *runSpec) error {
		if d <= 0 {
			return fmt.Errorf("the time-out %v is not positive", d)
		}
		s.timeout = d
		return nil
	}
}

// Tags are shown with each run, and can be filtered for.
func Tags(tags ...string) RunOption {
	return func(s *runSpec) error { s.tags = append(s.tags, tags...); return nil }
}

// Version is shown with each run. Flows without one show the revision that the program was built from, if Go knows it.
func Version(version string) RunOption {
	return func(s *runSpec) error { s.version = version; return nil }
}

// RunName names runs by a template: {x} stands for the parameter or input field x. The default is a name that the
// server makes up for flow runs, and the task's name with three digits for task runs.
func RunName(template string) RunOption {
	return func(s *runSpec) error {
		if template == "" {
			return errors.New("the run name's template is empty")
		}
		s.runName = template
		return nil
	}
}

type flowOption func(*flowSpec) error

func (o flowOption) applyFlow(s *flowSpec) error { return o(s) }

type taskOption func(*taskSpec) error

func (o taskOption) applyTask(s *taskSpec) error { return o(s) }

// Description describes a flow, in Markdown; deployments without one of their own show it.
func Description(text string) FlowOption {
	return flowOption(func(s *flowSpec) error { s.description = text; return nil })
}

// WithoutSlot leaves the flow's runs out of [WorkerConfig.Limit]. It is for flows that do little but wait for flow runs on the same pool: these
// would otherwise wait for the slot that the waiting one has.
func WithoutSlot() FlowOption {
	return flowOption(func(s *flowSpec) error { s.slotless = true; return nil })
}

// MinLogLevel is the lowest level of [Logger] that is sent to the server (default info).
func MinLogLevel(level slog.Level) FlowOption {
	return flowOption(func(s *flowSpec) error { s.logLevel = level; return nil })
}
