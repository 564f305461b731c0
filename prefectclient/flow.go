package prefectclient

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"reflect"
	"runtime"
	"runtime/debug"
	"time"
)

// Flow is a function that Prefect can run, with parameters of type P (a struct) and a result of type R. Make it with
// [NewFlow]; it is immutable and safe for concurrent use.
type Flow[P, R any] struct {
	spec   flowSpec
	fn     func(context.Context, P) (R, error)
	params *parameterType
	err    error
}

// flowSpec is what does not depend on the types.
type flowSpec struct {
	runSpec
	description string
	logLevel    slog.Level
	slotless    bool
}

// AnyFlow is a [Flow] of any types, for a [Worker] and for [Deploy].
type AnyFlow interface {
	// Name is the flow's name.
	Name() string
	// ParameterSchema is the schema that the UI draws the form from.
	ParameterSchema() (*Schema, error)
	// runClaimed runs a flow run that exists on the server and that the caller has claimed.
	runClaimed(ctx context.Context, s *session, run *FlowRun, tell runNotices) error
	definition() *flowSpec
}

// NewFlow makes a flow of a function. P is a struct, whose fields are the parameters: see [SchemaOf] for the tags that
// describe them; struct{} is for none. Wrong options and types are reported by Run, Deploy and NewWorker, so that a
// flow can be a package's variable.
func NewFlow[P, R any](name string, fn func(ctx context.Context, params P) (R, error), opts ...FlowOption) *Flow[P, R] {
	f := &Flow[P, R]{fn: fn}
	f.spec.name = name
	f.err = f.prepare(opts)
	return f
}

func (f *Flow[P, R]) prepare(opts []FlowOption) error {
	if f.spec.name == "" {
		return fmt.Errorf("prefect: a flow needs a name")
	}
	if f.fn == nil {
		return fmt.Errorf("prefect: flow %q has no function", f.spec.name)
	}
	for _, opt := range opts {
		if err := opt.applyFlow(&f.spec); err != nil {
			return fmt.Errorf("prefect: flow %q: %w", f.spec.name, err)
		}
	}
	if len(f.spec.delays) > 1 {
		return fmt.Errorf("prefect: flow %q: a flow has one retry delay", f.spec.name)
	}
	if f.spec.version == "" {
		f.spec.version = buildRevision()
	}
	f.spec.symbol = symbolOf(f.fn)
	params, err := newParameterType(reflect.TypeFor[P]())
	if err != nil {
		return fmt.Errorf("prefect: flow %q: %w", f.spec.name, err)
	}
	f.params = params
	f.spec.inputNames = params.names()
	return nil
}

// Name is the flow's name.
func (f *Flow[P, R]) Name() string { return f.spec.name }

// ParameterSchema is the schema that the UI draws the form from.
func (f *Flow[P, R]) ParameterSchema() (*Schema, error) {
	if f.err != nil {
		return nil, f.err
	}
	return f.params.schema, nil
}

func (f *Flow[P, R]) definition() *flowSpec { return &f.spec }

// Run runs the flow here and now and gives its result. Where the run is recorded depends on the context: within
// another flow as its subflow, under a client ([NewContext]) as a run of its own, and otherwise nowhere: then the flow
// simply runs, with its retries and time-outs.
//
// The error is the function's own after the last attempt; a panic is a [*PanicError].
func (f *Flow[P, R]) Run(ctx context.Context, params P) (R, error) {
	var result R
	if f.err != nil {
		return result, f.err
	}
	data, err := f.params.encode(params)
	if err != nil {
		return result, fmt.Errorf("prefect: flow %q: %w", f.spec.name, err)
	}
	engine := &flowEngine{spec: &f.spec, params: data, body: func(ctx context.Context) (err error) {
		result, err = f.fn(ctx, params)
		return err
	}, result: func() any { return result }}
	err = runLocally(ctx, engine)
	return result, err
}

func (f *Flow[P, R]) runClaimed(ctx context.Context, s *session, run *FlowRun, tell runNotices) error {
	if f.err != nil {
		return f.err
	}
	var params P
	var result R
	engine := &flowEngine{spec: &f.spec, params: run.Parameters, session: s, notices: tell, body: func(ctx context.Context) (err error) {
		result, err = f.fn(ctx, params)
		return err
	}, result: func() any { return result }}
	engine.check = func() error { return f.params.decode(run.Parameters, &params) }
	return engine.resume(ctx, run)
}

// parameterMap is a flow run's parameters by name.
type parameterMap = map[string]json.RawMessage

// callSafely runs a function and turns a panic into an error.
func callSafely(ctx context.Context, fn func(context.Context) error) (err error) {
	defer func() {
		if value := recover(); value != nil {
			err = &PanicError{Value: value, Stack: string(debug.Stack())}
		}
	}()
	return fn(ctx)
}

// PanicError is a panic of a flow or a task.
type PanicError struct {
	Value any
	// Stack is the goroutine's trace.
	Stack string
}

func (e *PanicError) Error() string { return fmt.Sprintf("panic: %v", e.Value) }

// Unwrap gives the value of the panic when it is an error.
func (e *PanicError) Unwrap() error {
	err, _ := e.Value.(error)
	return err
}

// symbolOf is a function's name in the program.
func symbolOf(fn any) string {
	if f := runtime.FuncForPC(reflect.ValueOf(fn).Pointer()); f != nil {
		return f.Name()
	}
	return ""
}

// buildRevision is the version control's revision that the program was built from.
func buildRevision() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return ""
	}
	revision, dirty := "", ""
	for _, s := range info.Settings {
		switch {
		case s.Key == "vcs.revision":
			revision = s.Value[:min(len(s.Value), 12)]
		case s.Key == "vcs.modified" && s.Value == "true":
			dirty = "+dirty"
		}
	}
	if revision == "" {
		return ""
	}
	return revision + dirty
}

// wholeSeconds rounds up.
func wholeSeconds(d time.Duration) int { return int((d + time.Second - 1) / time.Second) }
