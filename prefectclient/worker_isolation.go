package prefectclient

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"time"
)

// Isolation says where a worker runs flows.
type Isolation string

// The kinds of isolation.
const (
	// InProcess runs flows in the worker's own process: they start at once and cost almost nothing, and one that takes the
	// process down takes all down.
	InProcess Isolation = "in-process"
	// Subprocess runs each flow run in a process of its own: this program again, with the same arguments and environment,
	// whose [Worker.Run] runs that one flow run and returns. What goes wrong there is that run's alone. A subprocess outlives
	// a worker that is killed, and carries its run to the end.
	Subprocess Isolation = "subprocess"
)

// flowRunVariable makes a worker's program a subprocess for one flow run.
const flowRunVariable = "PREFECTCLIENT_FLOW_RUN_ID"

// memoryInterval is how often a subprocess's memory is looked at.
const memoryInterval = 200 * time.Millisecond

// child is the process of one flow run.
type child struct {
	cmd     *exec.Cmd
	process process
	ended   chan struct{}
	err     error  // of Wait
	reason  string // why the worker killed it; "" when it did not
}

// isolate runs a claimed run in a subprocess, and settles what that leaves behind.
func (s *service) isolate(ctx context.Context, flow AnyFlow, run *FlowRun) error {
	c, err := s.spawn(run)
	if err != nil {
		return s.crash(ctx, flow, run, s.session.process, fmt.Sprintf("The subprocess could not be started: %v", err))
	}
	s.watch(ctx, c)
	if c.err == nil {
		return nil
	}
	reason := c.reason
	if reason == "" {
		reason = fmt.Sprintf("The subprocess %d of the flow run ended with %v.", c.process.pid, c.err)
	}
	return s.crash(ctx, flow, run, c.process.String(), reason)
}

// spawn starts this program again, for one run.
func (s *service) spawn(run *FlowRun) (*child, error) {
	program, err := os.Executable()
	if err != nil {
		return nil, err
	}
	args := os.Args[1:]
	if len(s.config.Command) > 0 {
		program, args = s.config.Command[0], s.config.Command[1:]
	}
	cmd := exec.Command(program, args...) //nolint:noctx,gosec // It ends by watch, in steps; it is this program.
	cmd.Env = append(os.Environ(), flowRunVariable+"="+run.ID)
	if s.config.MemoryLimit > 0 && os.Getenv("GOMEMLIMIT") == "" {
		// The collector tries harder before the limit is reached.
		cmd.Env = append(cmd.Env, "GOMEMLIMIT="+strconv.FormatInt(s.config.MemoryLimit/10*9, 10))
	}
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	ownGroup(cmd)
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	c := &child{cmd: cmd, process: s.process, ended: make(chan struct{})}
	c.process.pid = cmd.Process.Pid
	c.process.start = processStart(cmd.Process.Pid)
	go func() {
		c.err = cmd.Wait()
		close(c.ended)
	}()
	return c, nil
}

// watch waits for the end of a subprocess. A cancelled run's subprocess hears of it from the server; one whose worker has
// to stop is told by SIGTERM. Both are killed when they take longer than the grace; so is one that is too big.
func (s *service) watch(ctx context.Context, c *child) {
	told := ctx.Done()
	var grace <-chan time.Time
	var memory <-chan time.Time
	if s.config.MemoryLimit > 0 {
		ticker := time.NewTicker(memoryInterval)
		defer ticker.Stop()
		memory = ticker.C
	}
	for {
		select {
		case <-c.ended:
			return
		case <-told:
			told = nil
			grace = time.After(s.config.CancelGrace)
			if !errors.Is(context.Cause(ctx), ErrCancelled) {
				terminate(c.cmd.Process)
			}
		case <-grace:
			c.kill("The subprocess did not end in time after it was told to.")
		case <-memory:
			if used, ok := residentMemory(c.process.pid); ok && used > s.config.MemoryLimit {
				c.kill(fmt.Sprintf("The subprocess had %d MiB of memory, over the limit of %d MiB.", used>>20, s.config.MemoryLimit>>20))
			}
		}
	}
}

func (c *child) kill(reason string) {
	c.reason = reason
	_ = c.cmd.Process.Kill() // it may have ended meanwhile
}

// crash settles a run whose process is gone: the run and its task runs become CRASHED, or CANCELLED when it was to be,
// and the flow's hooks are called. A run that reached its end, or another process, is left alone.
func (s *service) crash(ctx context.Context, flow AnyFlow, run *FlowRun, owner, reason string) error {
	// The context may be over because the run was cancelled.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.session.patience)
	defer cancel()
	var current *FlowRun
	err := s.session.insist(ctx, func() (err error) {
		current, err = s.client.FlowRuns.Read(ctx, run.ID)
		return err
	})
	if err != nil {
		return err
	}
	mine := current.InfrastructurePID == owner || current.StateType == StatePending
	if !mine || current.StateType.Final() || current.StateType == StatePaused || current.StateType == StateScheduled {
		return errors.New(reason)
	}
	state := State{Type: StateCrashed, Message: reason}
	if current.StateType == StateCancelling {
		state = State{Type: StateCancelled, Message: reason}
	}
	var answer *Orchestration
	err = s.session.insist(ctx, func() (err error) {
		answer, err = s.client.FlowRuns.SetState(ctx, run.ID, state)
		return err
	})
	if err != nil || answer.State == nil {
		return errors.Join(errors.New(reason), err)
	}
	s.lost.crash(ctx, current, reason)
	ctx = withRun(ctx, &runContext{session: s.session, flow: &flowRunState{
		id: run.ID, name: run.Name, flowID: run.FlowID, flowName: flow.Name(), deploymentID: run.DeploymentID,
		params: run.Parameters, runCount: current.RunCount,
	}})
	Logger(ctx).Error("Crash detected! " + reason)
	flow.definition().hooks.call(ctx, answer.State)
	return errors.New(reason)
}

// isSubprocess reports that this process was started for one flow run.
func (w *Worker) isSubprocess() bool {
	return w.config.Isolation == Subprocess && os.Getenv(flowRunVariable) != ""
}

// runOne is the life of a subprocess: it runs the one flow run that its parent claimed.
func (w *Worker) runOne(ctx context.Context, id string) error {
	s := newSession(w.client)
	s.process = w.process.String()
	service := newService(w, s)
	defer func() {
		if err := s.close(ctx); err != nil {
			w.log.Warn("the last records may not have reached the server", "error", err)
		}
	}()
	var run *FlowRun
	err := s.insist(ctx, func() (err error) {
		run, err = w.client.FlowRuns.Read(ctx, id)
		return err
	})
	if err != nil {
		return err
	}
	flow := service.flowOf(ctx, run)
	if flow == nil {
		return fmt.Errorf("prefect: the program has no flow for the flow run %s", id)
	}
	runCtx, cancel := context.WithCancelCause(context.WithoutCancel(ctx))
	defer cancel(nil)
	forget := context.AfterFunc(ctx, func() { cancel(errStopped) })
	defer forget()
	stop := service.heedCancellation(ctx, id, cancel)
	defer stop()
	service.carry(runCtx, flow, run, runNotices{})
	return nil
}

// heedCancellation listens for the cancellation of one run until it is stopped.
func (s *service) heedCancellation(ctx context.Context, id string, cancel context.CancelCauseFunc) (stop func()) {
	s.active[id] = &activeRun{cancel: cancel, done: make(chan struct{})}
	listening, end := context.WithCancel(context.WithoutCancel(ctx))
	s.runs.Go(func() { s.listen(listening) })
	s.runs.Go(func() { s.watchCancelling(listening) })
	return func() {
		close(s.active[id].done)
		end()
		s.runs.Wait()
	}
}
