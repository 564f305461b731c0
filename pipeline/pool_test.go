package pipeline

import (
	"context"
	"crypto/rand"
	"errors"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"mlopsgo/internal/stack"
	"mlopsgo/mlflowclient"
	"mlopsgo/pipeline/forest"
	"mlopsgo/prefectclient"
)

// onPool is a study whose trials go to a pool of its own, and workers in this process.
type onPool struct {
	Study
	name    string
	mlflow  *mlflowclient.Client
	prefect *prefectclient.Client
}

func newOnPool(t *testing.T) *onPool {
	t.Helper()
	servers := stack.Get(t)
	p := &onPool{name: "pool-test-" + strings.ToLower(rand.Text()), mlflow: connect(t, servers.MLflowURI)}
	var err error
	if p.prefect, err = prefectclient.New(servers.PrefectAPIURL); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.prefect.Close)
	t.Cleanup(func() {
		ctx := context.Background()
		if made, err := p.prefect.Deployments.ReadByName(ctx, TrialFlow, p.name); err == nil {
			_ = p.prefect.Deployments.Delete(ctx, made.ID)
		}
		_ = p.prefect.WorkPools.Delete(ctx, p.name)
	})
	split, data, err := RedWine().Load(t.Context(), new(DataLoader), embeddedURI)
	if err != nil {
		t.Fatal(err)
	}
	p.Study = Study{
		Split: split, Origin: data.Origin(RedWine()), Space: smallSpace(), Trials: 12, Parallel: 4,
		Tracker: &Tracker{Client: p.mlflow, Experiment: p.name, Dataset: data.TrainingInput(p.mlflow)},
		Pool:    &Pool{Client: p.prefect, Name: p.name, Queue: "trials"},
	}
	return p
}

// begun carries the study out without a worker, and hands its flow runs over when there is one for each trial.
func (p *onPool) begun(t *testing.T, ctx context.Context, then func(study string, runs []*prefectclient.FlowRun)) error {
	t.Helper()
	started := make(chan string, 1)
	p.Tracker.OnStart = func(run mlflowclient.RunInfo) { started <- run.ID }
	ended := make(chan error, 1)
	go func() {
		_, err := p.Run(ctx)
		ended <- err
	}()
	select {
	case study := <-started:
		var runs []*prefectclient.FlowRun
		until(t, "each trial has a flow run", func() bool {
			runs = p.flowRuns(t)
			return len(runs) == p.Trials
		})
		then(study, runs)
	case err := <-ended:
		return err
	}
	return <-ended
}

// flowRuns are those of the pool.
func (p *onPool) flowRuns(t *testing.T) []*prefectclient.FlowRun {
	t.Helper()
	var runs []*prefectclient.FlowRun
	query := prefectclient.FlowRunQuery{Related: prefectclient.Related{
		WorkPools: &prefectclient.WorkPoolFilter{Name: &prefectclient.AnyFilter{Any: []string{p.name}}},
	}}
	for run, err := range p.prefect.FlowRuns.Filter(t.Context(), query) {
		if err != nil {
			t.Fatal(err)
		}
		runs = append(runs, run)
	}
	return runs
}

// states counts the states of the pool's flow runs, and of the runs in MLflow.
func (p *onPool) states(t *testing.T) map[string]int {
	t.Helper()
	states := map[string]int{}
	for _, run := range p.flowRuns(t) {
		states["flow run "+string(run.StateType)]++
	}
	for _, run := range runsOf(t, p.mlflow, p.name) {
		states["run "+string(run.Status)]++
	}
	return states
}

// worker serves the pool until stop is called.
func (p *onPool) worker(t *testing.T, name string) (stop func()) {
	t.Helper()
	flow, err := (&Trials{Client: p.mlflow}).Flow()
	if err != nil {
		t.Fatal(err)
	}
	worker, err := prefectclient.NewWorker(p.prefect, prefectclient.WorkerConfig{Pool: p.name, Queues: []string{"trials"}, Name: name, Limit: 2}, flow)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- worker.Run(ctx) }()
	return func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}
}

func TestAStudyOnAPoolFindsWhatItFindsHere(t *testing.T) {
	for name, change := range map[string]func(*Study){
		"exhaustive": func(s *Study) { s.Sampler = SamplerExhaustive },
		"random":     func(s *Study) { s.Sampler = SamplerRandom },
	} {
		t.Run(name, func(t *testing.T) {
			p := newOnPool(t)
			change(&p.Study)
			stop := p.worker(t, "one")
			defer stop()
			start := time.Now()
			there, err := p.Run(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			t.Logf("%d trials in %.1f s", len(there), time.Since(start).Seconds())
			local := p.Study
			local.Pool, local.Tracker = nil, nil
			here, err := local.Run(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(bySpace(here), bySpace(there)); diff != "" {
				t.Errorf("(-here +on the pool):\n%s", diff)
			}
			checkRuns(t, p.mlflow, p.name, len(here))
		})
	}
}

func TestACancelledStudyOnAPoolLeavesNothing(t *testing.T) {
	for name, through := range map[string]func(t *testing.T, p *onPool, cancel func()){
		"while a flow run is made": func(t *testing.T, p *onPool, cancel func()) {
			client, err := prefectclient.New(answered(t, stack.Get(t).PrefectAPIURL, after("/create_flow_run", 2, cancel)))
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(client.Close)
			p.Pool.Client = client
		},
		"while a run is made": func(t *testing.T, p *onPool, cancel func()) {
			p.Tracker.Client = connect(t, answered(t, stack.Get(t).MLflowURI, after("/runs/create", 2, cancel))) // the study's is the first
		},
	} {
		t.Run(name, func(t *testing.T) {
			p := newOnPool(t)
			ctx, cancel := context.WithCancel(t.Context())
			through(t, p, cancel)
			if _, err := p.Run(ctx); !errors.Is(err, context.Canceled) {
				t.Errorf("error %v, want context.Canceled", err)
			}
			states := p.states(t)
			if len(states) != 2 || states["flow run CANCELLED"] == 0 || states["run KILLED"] < 2 {
				t.Errorf("%v, want nothing but CANCELLED flow runs and KILLED runs", states)
			}
		})
	}
}

// TestAStudyOnAPoolIsLeftToWhoTookItUp has the second process take the study up while the first one does nothing but wait, and end the first then.
func TestAStudyOnAPoolIsLeftToWhoTookItUp(t *testing.T) {
	p := newOnPool(t)
	p.Trials = 3
	ctx, cancel := context.WithCancel(t.Context())
	err := p.begun(t, ctx, func(study string, _ []*prefectclient.FlowRun) {
		p.Resume = study
		if err := p.mlflow.Runs.SetTag(t.Context(), study, tagOwner, "another process"); err != nil {
			t.Error(err)
		}
		cancel()
	})
	if !errors.Is(err, errTakenOver) {
		t.Errorf("error %v, want %v", err, errTakenOver)
	}
	if diff := cmp.Diff(map[string]int{"flow run SCHEDULED": 3, "run RUNNING": 4}, p.states(t)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	stop := p.worker(t, "one")
	defer stop()
	p.Tracker.OnStart = nil
	if _, err := p.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	checkRuns(t, p.mlflow, p.name, 3)
	if runs := p.flowRuns(t); len(runs) != 3 {
		t.Errorf("%d flow runs, want no more than the three that there were", len(runs))
	}
}

// TestTrialsThatComeToNothing has a user cancel one trial's flow run and the worker of the other lost. That comes back in the end.
func TestTrialsThatComeToNothing(t *testing.T) {
	p := newOnPool(t)
	p.Trials, p.Pool.Attempts = 2, 1
	err := p.begun(t, t.Context(), func(_ string, runs []*prefectclient.FlowRun) {
		for i, state := range []prefectclient.StateType{prefectclient.StateCancelled, prefectclient.StateCrashed} {
			if _, err := p.prefect.FlowRuns.ForceState(t.Context(), runs[i].ID, prefectclient.State{Type: state}); err != nil {
				t.Error(err)
			}
		}
	})
	if err == nil || !strings.Contains(err.Error(), "no trial has a result") {
		t.Errorf("error %v, want one that says that no trial has a result", err)
	}
	trials := &Trials{Client: p.mlflow}
	for name, run := range runsOf(t, p.mlflow, p.name) {
		number, isTrial := run.Tags[tagTrial]
		if !isTrial {
			if run.Status != mlflowclient.StatusFailed {
				t.Errorf("the study is %s, want FAILED", run.Status)
			}
			continue
		}
		if run.Status != mlflowclient.StatusKilled || run.Tags[tagDropped] == "" {
			t.Errorf("%s is %s, dropped because %q", name, run.Status, run.Tags[tagDropped])
		}
		params := TrialParameters{Study: run.Tags[mlflowclient.TagParentRun], Run: run.ID, Attempt: 1, HyperParameters: namedMap(forest.DefaultParams())}
		if params.Trial, err = strconv.Atoi(number); err != nil {
			t.Fatal(err)
		}
		if _, err := trials.run(t.Context(), params); !errors.Is(err, prefectclient.ErrCancelled) {
			t.Errorf("the worker of %s came back: error %v, want %v", name, err, prefectclient.ErrCancelled)
		}
		if now, err := p.mlflow.Runs.Get(t.Context(), run.ID); err != nil || now.Status != mlflowclient.StatusKilled || len(now.Metrics) > 0 {
			t.Errorf("%s is %+v, %v after its worker came back", name, now, err)
		}
	}
}

// bySpace describes trials, best first, without the numbers that depend on what ran at once.
func bySpace(trials []Trial) []string {
	best := Best(trials)
	for i := range best {
		best[i].Number = 0
	}
	return seenTrials(best)
}
