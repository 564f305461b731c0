package prefectclient

import (
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"mlopsgo/internal/stack"
)

type grape struct {
	Name  string  `json:"name"`
	Share float64 `json:"share"`
}

// TestPythonReadsResults keeps results and lets Python's State.result() read them.
func TestPythonReadsResults(t *testing.T) {
	c, name := server(t), unique(t)
	forget(t, c, name)
	python := stack.Python(t, "prefect")
	storage := LocalResults(t.TempDir())
	calls := 0
	mix := NewTask("mix", func(_ context.Context, in []string) (map[string]grape, error) {
		calls++
		return map[string]grape{in[0]: {"Zweigelt <ö>", 0.5}}, nil
	}, KeepResult(storage), CacheInputs(time.Hour), RunName("mix"))
	var runID string
	flow := NewFlow(name, func(ctx context.Context, _ struct{}) (grape, error) {
		info, _ := Info(ctx)
		runID = info.FlowRunID
		first, err := mix.Run(ctx, []string{"a"})
		if err != nil {
			return grape{}, err
		}
		again, err := mix.Run(ctx, []string{"a"})
		if !reflect.DeepEqual(first, again) {
			t.Errorf("the cache gave %v, the task %v", again, first)
		}
		return again["a"], err
	}, KeepResult(storage))
	must[grape](t)(flow.Run(NewContext(t.Context(), c), struct{}{}))
	if calls != 1 {
		t.Errorf("the task was called %d times", calls)
	}
	eventually(t, 20*time.Second, "the task runs are recorded", func() bool {
		filter := TaskRunsOf(runID)
		filter.TaskRuns.State = StateIs(StateCompleted)
		return must[int](t)(c.TaskRuns.Count(t.Context(), filter)) == 2
	})
	script := exec.CommandContext(t.Context(), python, "testdata/result.py", runID)
	script.Env = append(os.Environ(), "PREFECT_API_URL="+c.APIURL(), "PREFECT_HOME="+t.TempDir(), "DO_NOT_TRACK=1")
	out, err := script.Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, stderr(err))
	}
	var got struct {
		Flow  grape                         `json:"flow"`
		Tasks map[string][2]json.RawMessage `json:"tasks"`
	}
	if err := json.Unmarshal(out, &got); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	want := `{"a": {"name": "Zweigelt <\u00f6>", "share": 0.5}}`
	if got.Flow != (grape{"Zweigelt <ö>", 0.5}) || string(got.Tasks["mix"][1]) != want {
		t.Errorf("Python reads %s", out)
	}
	states := map[string]int{}
	for run, err := range c.TaskRuns.Filter(t.Context(), TaskRunQuery{Related: TaskRunsOf(runID)}) {
		if err != nil {
			t.Fatal(err)
		}
		states[run.StateName]++
	}
	if states["Completed"] != 1 || states["Cached"] != 1 {
		t.Errorf("the states are %v", states)
	}
}

func stderr(err error) string {
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		return string(exit.Stderr)
	}
	return ""
}

func TestCache(t *testing.T) {
	dir := t.TempDir()
	storage := LocalResults(dir)
	calls := 0
	count := func(context.Context, int) (int, error) { calls++; return calls, nil }
	ctx := t.Context()
	expiring := NewTask("count", count, KeepResult(storage), CacheBy(func(int) string { return "short" }, 20*time.Millisecond))
	if first, second := must[int](t)(expiring.Run(ctx, 1)), must[int](t)(expiring.Run(ctx, 2)); first != 1 || second != 1 {
		t.Errorf("%d, %d", first, second)
	}
	time.Sleep(30 * time.Millisecond)
	if third := must[int](t)(expiring.Run(ctx, 1)); third != 2 {
		t.Errorf("after the expiry it gave %d", third)
	}
	calls = 0
	old := NewTask("count", count, KeepResult(storage), CacheInputs(0), Version("1"))
	changed := NewTask("count", count, KeepResult(storage), CacheInputs(0), Version("2"))
	got := []int{
		must[int](t)(old.Run(ctx, 1)), must[int](t)(old.Run(ctx, 2)), must[int](t)(old.Run(ctx, 1)),
		must[int](t)(changed.Run(ctx, 1)), must[int](t)(old.Run(ctx, 2)),
	}
	if !reflect.DeepEqual(got, []int{1, 2, 1, 3, 2}) {
		t.Errorf("outputs are %v", got)
	}
	none := NewTask("count", count, KeepResult(storage), CacheBy(func(int) string { return "" }, 0))
	if a, b := must[int](t)(none.Run(ctx, 1)), must[int](t)(none.Run(ctx, 1)); a == b {
		t.Error("an empty key was cached")
	}
	broken := filepath.Join(dir, "broken")
	if err := os.WriteFile(broken, []byte("no JSON"), 0o600); err != nil {
		t.Fatal(err)
	}
	calls = 0
	reading := NewTask("count", count, KeepResult(storage), CacheBy(func(int) string { return "broken" }, 0))
	if n := must[int](t)(reading.Run(ctx, 1)); n != 1 {
		t.Errorf("with a broken entry it gave %d", n)
	}
	if n := must[int](t)(reading.Run(ctx, 1)); n != 1 {
		t.Error("the broken entry was not replaced")
	}
	failing := NewTask("fail", func(context.Context, int) (int, error) { return 0, errors.New("no") }, KeepResult(storage), CacheBy(func(int) string { return "fail" }, 0))
	if _, err := failing.Run(ctx, 1); err == nil {
		t.Error("no error")
	}
	if _, err := storage.Read(ctx, "fail"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a failure was kept: %v", err)
	}
}

func TestCacheOfFutures(t *testing.T) {
	type input struct{ N *Future[int] }
	storage := LocalResults(t.TempDir())
	number := NewTask("number", func(_ context.Context, n int) (int, error) { return n, nil })
	double := NewTask("double", func(ctx context.Context, in input) (int, error) {
		n, err := in.N.Result(ctx)
		return 2 * n, err
	}, KeepResult(storage), CacheInputs(0))
	flow := NewFlow("flow", func(ctx context.Context, _ struct{}) ([]int, error) {
		return []int{
			must[int](t)(double.Run(ctx, input{number.Submit(ctx, 1)})),
			must[int](t)(double.Run(ctx, input{number.Submit(ctx, 2)})),
		}, nil
	})
	if got := must[[]int](t)(flow.Run(t.Context(), struct{}{})); !reflect.DeepEqual(got, []int{2, 4}) {
		t.Errorf("got %v", got)
	}
}

func TestWrongCachesAndResults(t *testing.T) {
	run := func(context.Context, int) (int, error) { return 0, nil }
	for what, opts := range map[string][]TaskOption{
		"no place for it":       {CacheInputs(0)},
		"KeepResult needs":      {KeepResult(nil)},
		"CacheBy needs":         {CacheBy[int](nil, 0)},
		"one cache":             {CacheInputs(0), CacheInputs(0)},
		"is negative":           {CacheInputs(-1)},
		"the task's input is":   {KeepResult(LocalResults(t.TempDir())), CacheBy(func(string) string { return "x" }, 0)},
		"a hook is nil":         {OnFailure(nil)},
		"cannot be written":     {KeepResult(LocalResults(t.TempDir()))},
		"could not be kept as ": {KeepResult(LocalResults("/dev/null/x"))},
	} {
		task := NewTask("t", run, opts...)
		_, err := task.Run(t.Context(), 1)
		if what == "cannot be written" {
			_, err = NewTask("t", func(context.Context, int) (chan int, error) { return nil, nil }, opts...).Run(t.Context(), 1)
		}
		if err == nil || !strings.Contains(err.Error(), what) {
			t.Errorf("%s: %v", what, err)
		}
	}
}
