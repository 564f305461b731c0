package prefectclient

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
)

// Future is the result of a task that was submitted.
type Future[O any] struct {
	done  chan struct{}
	value O
	err   error
	id    string
}

// Upstream is something that a task run can wait for: a [*Future] or [Futures].
type Upstream interface {
	// await waits for the end and gives the error.
	await(ctx context.Context) error
	// taskRunIDs are those of the task runs.
	taskRunIDs() []string
}

// ErrUpstream says that a task run was not started because one that it depends on did not complete.
var ErrUpstream = errors.New("a task run that it depends on did not complete")

// Result waits for the task run's end and gives its output or its error.
func (f *Future[O]) Result(ctx context.Context) (O, error) {
	err := f.await(ctx)
	if err != nil {
		var none O
		return none, err
	}
	return f.value, nil
}

// Done is closed when the task run has ended.
func (f *Future[O]) Done() <-chan struct{} { return f.done }

// TaskRunID is the task run's id.
func (f *Future[O]) TaskRunID() string { return f.id }

func (f *Future[O]) await(ctx context.Context) error {
	if f == nil {
		return nil
	}
	select {
	case <-f.done:
		return f.err
	default:
	}
	select {
	case <-f.done:
		return f.err
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func (f *Future[O]) taskRunIDs() []string {
	if f == nil || f.id == "" {
		return nil
	}
	return []string{f.id}
}

// Futures are the results of a mapped task, in the order of the inputs.
type Futures[O any] []*Future[O]

// Results waits for all and gives the outputs in the order of the inputs, and the errors of those that failed, joined.
func (fs Futures[O]) Results(ctx context.Context) ([]O, error) {
	out := make([]O, len(fs))
	var failed []error
	for i, f := range fs {
		value, err := f.Result(ctx)
		if err != nil {
			failed = append(failed, fmt.Errorf("[%d]: %w", i, err))
		}
		out[i] = value
	}
	return out, errors.Join(failed...)
}

func (fs Futures[O]) await(ctx context.Context) error {
	for _, f := range fs {
		if err := f.await(ctx); err != nil {
			return err
		}
	}
	return nil
}

func (fs Futures[O]) taskRunIDs() []string {
	var ids []string
	for _, f := range fs {
		ids = append(ids, f.taskRunIDs()...)
	}
	return ids
}

// MarshalJSON writes the output of a task run that has completed, and null before: inputs that hold a future can be
// written all the same.
func (f *Future[O]) MarshalJSON() ([]byte, error) {
	if f == nil {
		return []byte("null"), nil
	}
	select {
	case <-f.done:
		if f.err == nil {
			return json.Marshal(f.value)
		}
	default:
	}
	return []byte("null"), nil
}
