package prefectclient

import (
	"context"
	"encoding/json"
	"strconv"
	"sync"
)

// runContext is what a context knows of the run it belongs to.
type runContext struct {
	session *session // nil without a server
	flow    *flowRunState
	task    *taskRunState // nil outside of tasks
}

type runKey struct{}

func currentRun(ctx context.Context) *runContext {
	run, _ := ctx.Value(runKey{}).(*runContext)
	return run
}

func withRun(ctx context.Context, run *runContext) context.Context {
	return context.WithValue(ctx, runKey{}, run)
}

func (r *runContext) flowRunID() string {
	if r == nil || r.flow == nil {
		return ""
	}
	return r.flow.id
}

func (r *runContext) taskRunID() string {
	if r == nil || r.task == nil {
		return ""
	}
	return r.task.id
}

// RunInfo says which run a context belongs to.
type RunInfo struct {
	FlowName string
	// FlowRunID is empty without a server.
	FlowRunID    string
	FlowRunName  string
	DeploymentID string
	// RunCount is 1 at the first attempt.
	RunCount int
	// TaskRunID and TaskRunName are empty outside of tasks.
	TaskRunID   string
	TaskRunName string
	// Parameters are the flow run's, as JSON.
	Parameters map[string]json.RawMessage
}

// Info says which run the context belongs to, and false outside of runs.
func Info(ctx context.Context) (RunInfo, bool) {
	run := currentRun(ctx)
	if run == nil {
		return RunInfo{}, false
	}
	var info RunInfo
	if f := run.flow; f != nil {
		info = RunInfo{
			FlowName: f.flowName, FlowRunID: f.id, FlowRunName: f.name, DeploymentID: f.deploymentID,
			RunCount: f.attempts(), Parameters: f.params,
		}
	}
	if t := run.task; t != nil {
		info.TaskRunID, info.TaskRunName = t.id, t.name
	}
	return info, true
}

// flowRunState is a flow run while it runs.
type flowRunState struct {
	id           string // empty without a server
	name         string
	flowID       string
	flowName     string
	deploymentID string
	params       parameterMap
	// related is what the events of its task runs refer to.
	related []Resource
	// released gives the run's slot back to its worker; nil where it has none.
	released func()

	tasks sync.WaitGroup // task runs that were submitted and have not ended

	mu        sync.Mutex
	runCount  int
	suspended bool              // Suspend was called and took effect
	pauses    int               // the pauses that have no key of their own, so far
	children  map[string]int    // subflow runs by task key
	ended     map[string][]byte // the final event of each task run, until the server is seen to have it
}

func (f *flowRunState) attempts() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.runCount
}

func (f *flowRunState) setAttempts(n int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.runCount = n
}

// childKey numbers the subflow runs of a flow within a run: 0, 1, …
func (f *flowRunState) childKey(taskKey string) string {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.children == nil {
		f.children = map[string]int{}
	}
	n := f.children[taskKey]
	f.children[taskKey]++
	return strconv.Itoa(n)
}

// remember keeps a task run's final event for the check at the end.
func (f *flowRunState) remember(taskRunID string, event []byte) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.ended == nil {
		f.ended = map[string][]byte{}
	}
	f.ended[taskRunID] = event
}
