package prefectclient

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"reflect"
	"strings"
	"time"
)

// Task is a step of a flow: a function with an input of type I and an output of type O. Make it with [NewTask]; it is
// immutable and safe for concurrent use.
//
// Called within a flow run, each call is a task run: a node of the run's graph with states, retries and logs of its
// own. Called anywhere else, the task simply runs.
type Task[I, O any] struct {
	spec taskSpec
	fn   func(context.Context, I) (O, error)
	err  error
}

// taskSpec is what does not depend on the types.
type taskSpec struct {
	runSpec
	key string
	// futures are the fields of the input that are futures, by index; -1 is the input itself.
	futures []inputFuture
	// cache makes the key of an input; nil without a cache.
	cache       func(input any) (string, error)
	cacheExpiry time.Duration
}

// inputFuture is a place in a task's input where a future may stand.
type inputFuture struct {
	name  string
	index int
}

// NewTask makes a task of a function. When I is a struct, its fields are the inputs that the graph names. A field of
// type *[Future] (or I itself) makes the task run wait for that future and draws an edge from it. Wrong options are
// reported by Run, Submit and Map, so that a task can be a package's variable.
func NewTask[I, O any](name string, fn func(ctx context.Context, in I) (O, error), opts ...TaskOption) *Task[I, O] {
	t := &Task[I, O]{fn: fn}
	t.spec.name = name
	t.err = t.prepare(opts)
	return t
}

func (t *Task[I, O]) prepare(opts []TaskOption) error {
	if t.spec.name == "" {
		return fmt.Errorf("prefect: a task needs a name")
	}
	if t.fn == nil {
		return fmt.Errorf("prefect: task %q has no function", t.spec.name)
	}
	for _, opt := range opts {
		if err := opt.applyTask(&t.spec); err != nil {
			return fmt.Errorf("prefect: task %q: %w", t.spec.name, err)
		}
	}
	if t.spec.cache != nil && t.spec.results == nil {
		return fmt.Errorf("prefect: task %q has a cache, but no place for it: add KeepResult", t.spec.name)
	}
	t.spec.symbol = symbolOf(t.fn)
	t.spec.key = taskKey(t.spec.name, t.spec.symbol)
	t.spec.inputNames, t.spec.futures = inputsOf(reflect.TypeFor[I]())
	return nil
}

// Name is the task's name.
func (t *Task[I, O]) Name() string { return t.spec.name }

// Run runs the task and waits for its end. After names task runs that it depends on in the graph, and that have to be
// completed first.
func (t *Task[I, O]) Run(ctx context.Context, in I, after ...Upstream) (O, error) {
	var out O
	if t.err != nil {
		return out, t.err
	}
	err := t.engine(ctx, in, &out, after).run(ctx)
	return out, err
}

// Submit starts the task beside its caller. The flow run does not end before the task run does. A future that is
// passed on, in a field of the input or in after, is waited for.
func (t *Task[I, O]) Submit(ctx context.Context, in I, after ...Upstream) *Future[O] {
	f := &Future[O]{done: make(chan struct{})}
	if t.err != nil {
		f.err = t.err
		close(f.done)
		return f
	}
	engine := t.engine(ctx, in, &f.value, after)
	f.id = engine.task.id
	if run := currentRun(ctx); run != nil {
		run.flow.tasks.Add(1)
	}
	go func() {
		if run := currentRun(ctx); run != nil {
			defer run.flow.tasks.Done()
		}
		defer close(f.done)
		f.err = engine.run(ctx)
	}()
	return f
}

// Map submits the task once for each input.
func (t *Task[I, O]) Map(ctx context.Context, inputs []I, after ...Upstream) Futures[O] {
	futures := make(Futures[O], len(inputs))
	for i, in := range inputs {
		futures[i] = t.Submit(ctx, in, after...)
	}
	return futures
}

func (t *Task[I, O]) engine(ctx context.Context, in I, out *O, after []Upstream) *taskEngine {
	e := newTaskEngine(ctx, &t.spec, after)
	e.addInputs(reflect.ValueOf(&in).Elem())
	e.input, e.output = in, out
	e.body = func(ctx context.Context) error {
		value, err := t.fn(ctx, in)
		if err == nil {
			*out = value
		}
		return err
	}
	if t.spec.runName != "" {
		e.task.name = fillTemplate(t.spec.runName, templateFields(in))
	}
	e.announce()
	return e
}

// inputsOf gives the names that the graph shows for an input, and where futures stand in it.
func inputsOf(t reflect.Type) (names []string, futures []inputFuture) {
	upstream := reflect.TypeFor[Upstream]()
	if t.Implements(upstream) {
		return []string{"input"}, []inputFuture{{"input", -1}}
	}
	if t.Kind() != reflect.Struct {
		return []string{"input"}, nil
	}
	for i := range t.NumField() {
		field := t.Field(i)
		if !field.IsExported() {
			continue
		}
		name := fieldName(field)
		if name == "" {
			continue
		}
		names = append(names, name)
		if field.Type.Implements(upstream) {
			futures = append(futures, inputFuture{name, i})
		}
	}
	return names, futures
}

// taskKey identifies a task over runs: its name with a digest of the name and the function's, as Python makes it.
func taskKey(name, symbol string) string {
	sum := sha256.Sum256([]byte(name + "\x00" + symbol))
	slug := strings.Map(func(r rune) rune {
		if r == ' ' || r == '/' {
			return '-'
		}
		return r
	}, name)
	return slug + "-" + hex.EncodeToString(sum[:4])
}
