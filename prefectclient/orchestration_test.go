package prefectclient

import (
	"context"
	"errors"
	"testing"
	"time"
)

// orchestrationCase is one row of the rules of set_state: a run is brought into a state by steps, then a state is
// proposed.
type orchestrationCase struct {
	name   string
	policy *RunPolicy
	// deployed makes it a deployment's run.
	deployed bool
	steps    []State
	propose  State
	want     SetStateStatus
	// state is the state's name after the proposal; empty when the answer holds none.
	state string
	// delayed says that the answer asks to wait.
	delayed bool
}

func in(minutes int) StateDetails {
	return StateDetails{ScheduledTime: time.Now().Add(time.Duration(minutes) * time.Minute).UTC()}
}

func TestOrchestrationRules(t *testing.T) {
	c := server(t)
	flow := must[*FlowEntry](t)(c.Flows.Create(t.Context(), unique(t), nil, nil))
	forget(t, c, flow.Name)
	pending, running := State{Type: StatePending}, State{Type: StateRunning}
	failed, completed := State{Type: StateFailed, Message: "no"}, State{Type: StateCompleted}
	cancelled, crashed := State{Type: StateCancelled}, State{Type: StateCrashed}
	later := State{Type: StateScheduled, Details: in(60)}
	const transition = "6f3c2f0e-57a5-4a4f-8d0c-0f6f2b6b1c11"
	for _, row := range []orchestrationCase{
		{
			name: "the same transition twice", steps: []State{pending, {Type: StateRunning, Details: StateDetails{TransitionID: transition}}},
			propose: State{Type: StateRunning, Details: StateDetails{TransitionID: transition}}, want: Rejected, state: "Running",
		},
		{
			name: "the same claim twice", steps: []State{{Type: StatePending, Details: StateDetails{TransitionID: transition}}},
			propose: State{Type: StatePending, Details: StateDetails{TransitionID: transition}}, want: Aborted,
		},
		{name: "the second claim", steps: []State{pending}, propose: pending, want: Aborted},
		{name: "submitting", steps: []State{pending}, propose: State{Type: StatePending, Name: "Submitting"}, want: Accepted, state: "Submitting"},
		{name: "running before its time", steps: []State{later}, propose: running, want: Waiting, delayed: true},
		{
			name: "a failure with retries left", policy: &RunPolicy{Retries: 1}, steps: []State{pending, running},
			propose: failed, want: Rejected, state: "AwaitingRetry",
		},
		{name: "a failure without retries", steps: []State{pending, running}, propose: failed, want: Accepted, state: "Failed"},
		{name: "cancelling what has no infrastructure", steps: []State{later}, propose: State{Type: StateCancelling}, want: Rejected, state: "Cancelled"},
		{
			name: "completing what is being cancelled", steps: []State{pending, running, {Type: StateCancelling}},
			propose: completed, want: Rejected, state: "Cancelling",
		},
		{
			name: "cancelled after cancelling", steps: []State{pending, running, {Type: StateCancelling}},
			propose: cancelled, want: Accepted, state: "Cancelled",
		},
		{name: "cancelling what has ended", steps: []State{pending, running, completed}, propose: State{Type: StateCancelling}, want: Aborted},
		{name: "crashing what has ended", steps: []State{pending, running, completed}, propose: crashed, want: Aborted},
		{name: "claiming what was cancelled", steps: []State{cancelled}, propose: pending, want: Aborted},
		{name: "scheduling what was cancelled, without a deployment", steps: []State{cancelled}, propose: State{Type: StateScheduled}, want: Aborted},
		{
			name: "scheduling what was cancelled", deployed: true, steps: []State{cancelled},
			propose: State{Type: StateScheduled}, want: Accepted, state: "Scheduled",
		},
		{name: "completed after crashed: the client must guard", steps: []State{pending, running, crashed}, propose: completed, want: Accepted, state: "Completed"},
		{name: "running after completed: the client must guard", steps: []State{pending, running, completed}, propose: running, want: Accepted, state: "Running"},
		{name: "running after failed: the client must guard", steps: []State{pending, running, failed}, propose: running, want: Accepted, state: "Running"},
		{name: "running while running: the client must guard", steps: []State{pending, running}, propose: running, want: Accepted, state: "Running"},
	} {
		t.Run(row.name, func(t *testing.T) {
			in := FlowRunCreate{FlowID: flow.ID, Policy: row.policy}
			if row.deployed {
				in.DeploymentID = must[*Deployment](t)(c.Deployments.Apply(t.Context(), DeploymentSpec{Name: "d", FlowID: flow.ID})).ID
			}
			run, created, err := c.FlowRuns.Create(t.Context(), in)
			if err != nil || !created {
				t.Fatal(created, err)
			}
			for _, step := range row.steps {
				must[*Orchestration](t)(c.FlowRuns.SetState(t.Context(), run.ID, step))
			}
			row.check(t, must[*Orchestration](t)(c.FlowRuns.SetState(t.Context(), run.ID, row.propose)))
		})
	}
}

func (row *orchestrationCase) check(t *testing.T, got *Orchestration) {
	if got.Status != row.want {
		t.Fatalf("%s, not %s: %v", got.Status, row.want, got.Err())
	}
	if row.state != "" && (got.State == nil || got.State.Name != row.state) {
		t.Errorf("the run is %v, not %s", got.State, row.state)
	}
	if row.delayed != (got.Delay > 0) {
		t.Errorf("the delay is %v", got.Delay)
	}
	for sentinel, status := range map[error]SetStateStatus{ErrRejected: Rejected, ErrAborted: Aborted, ErrWait: Waiting} {
		if errors.Is(got.Err(), sentinel) != (got.Status == status) {
			t.Errorf("%v is not told by %v", got.Status, got.Err())
		}
	}
	if got.Status == Accepted && got.Err() != nil {
		t.Errorf("an accepted state is the error %v", got.Err())
	}
}

func TestOrchestrationOfTaskRuns(t *testing.T) {
	c := server(t)
	flow := must[*FlowEntry](t)(c.Flows.Create(t.Context(), unique(t), nil, nil))
	forget(t, c, flow.Name)
	run, _, err := c.FlowRuns.Create(t.Context(), FlowRunCreate{FlowID: flow.ID})
	if err != nil {
		t.Fatal(err)
	}
	task := must[*TaskRun](t)(c.TaskRuns.Create(t.Context(), TaskRunCreate{FlowRunID: run.ID, TaskKey: "k", DynamicKey: "0"}))
	again := must[*TaskRun](t)(c.TaskRuns.Create(t.Context(), TaskRunCreate{FlowRunID: run.ID, TaskKey: "k", DynamicKey: "0"}))
	if again.ID != task.ID {
		t.Error("the same keys gave two task runs")
	}
	answer := must[*Orchestration](t)(c.TaskRuns.SetState(t.Context(), task.ID, State{Type: StateRunning}))
	if answer.Status != Aborted {
		t.Errorf("a task run started although its flow run does not run: %v", answer)
	}
}

func TestDeploymentConcurrencyLimit(t *testing.T) {
	c := server(t)
	for _, row := range []struct{ strategy, state string }{
		{"ENQUEUE", "AwaitingConcurrencySlot"}, {"CANCEL_NEW", "Cancelled"},
	} {
		t.Run(row.strategy, func(t *testing.T) {
			flow := NewFlow(unique(t), func(_ context.Context, _ struct{}) (int, error) { return 0, nil })
			d := deployed(t, c, flow, DeploymentSpec{ConcurrencyLimit: 1, CollisionStrategy: row.strategy})
			var ids []string
			for range 2 {
				ids = append(ids, must[*FlowRun](t)(c.Deployments.CreateFlowRun(t.Context(), d.ID, DeploymentRun{})).ID)
			}
			first := must[*Orchestration](t)(c.FlowRuns.SetState(t.Context(), ids[0], State{Type: StatePending}))
			if first.Status != Accepted || first.State.Details.DeploymentConcurrencyLeaseID == "" {
				t.Fatalf("the first run got %v with lease %q", first, first.State.Details.DeploymentConcurrencyLeaseID)
			}
			second := must[*Orchestration](t)(c.FlowRuns.SetState(t.Context(), ids[1], State{Type: StatePending}))
			if second.Status != Rejected || second.State.Name != row.state {
				t.Errorf("the second run got %v", second.Err())
			}
			running := must[*Orchestration](t)(c.FlowRuns.SetState(t.Context(), ids[0], State{Type: StateRunning}))
			if running.Status != Accepted || running.State.Details.DeploymentConcurrencyLeaseID == "" {
				t.Errorf("the first run is %v without its lease", running.State)
			}
		})
	}
}

func TestIdempotencyKey(t *testing.T) {
	c := server(t)
	flow := must[*FlowEntry](t)(c.Flows.Create(t.Context(), unique(t), nil, nil))
	forget(t, c, flow.Name)
	in := FlowRunCreate{FlowID: flow.ID, IdempotencyKey: unique(t)}
	first, created, err := c.FlowRuns.Create(t.Context(), in)
	if err != nil || !created {
		t.Fatal(created, err)
	}
	second, created, err := c.FlowRuns.Create(t.Context(), in)
	if err != nil || created || second.ID != first.ID {
		t.Errorf("the same key made another run: %v %v", created, err)
	}
}
