package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"mlopsgo/internal/stack"
	"mlopsgo/mlflowclient"
	"mlopsgo/pipeline"
	"mlopsgo/pipeline/forest"
	"mlopsgo/pipeline/tpe"
	"mlopsgo/prefectclient"
)

// killedSpace takes 24 forests that train for some tenths of a second each, so that a kill finds a trial under way.
func killedSpace() pipeline.ForestSpace {
	return pipeline.ForestSpace{
		NEstimators:     tpe.IntRange{Low: 400, High: 800, Step: 400},
		MaxFeatures:     []forest.MaxFeatures{forest.MaxFeaturesSqrt},
		MaxDepth:        tpe.IntRange{Low: 8, High: 12, Step: 2},
		Bootstrap:       []bool{true, false},
		MinSamplesLeaf:  tpe.IntRange{Low: 1, High: 2},
		MinSamplesSplit: tpe.IntRange{Low: 5, High: 8, Step: 3},
	}
}

// poolStudy is a study on a pool of its own, and the worker processes that serve it.
type poolStudy struct {
	pipeline.Study
	name    string
	env     []string
	mlflow  *mlflowclient.Client
	prefect *prefectclient.Client
}

func newPoolStudy(t *testing.T) *poolStudy {
	t.Helper()
	servers := stack.Get(t)
	s := &poolStudy{name: "pool-" + strings.ToLower(rand.Text()), env: []string{
		"MLFLOW_TRACKING_URI=" + servers.MLflowURI, "PREFECT_API_URL=" + servers.PrefectAPIURL, "GOMAXPROCS=1",
	}}
	var err error
	if s.mlflow, err = mlflowclient.New(t.Context(), servers.MLflowURI); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.mlflow.Close() })
	if s.prefect, err = prefectclient.New(servers.PrefectAPIURL); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.prefect.Close)
	t.Cleanup(func() {
		ctx := context.Background()
		if made, err := s.prefect.Deployments.ReadByName(ctx, pipeline.TrialFlow, s.name); err == nil {
			_ = s.prefect.Deployments.Delete(ctx, made.ID)
		}
		_ = s.prefect.WorkPools.Delete(ctx, s.name)
	})
	problem := pipeline.RedWine()
	split, data, err := problem.Load(t.Context(), new(pipeline.DataLoader), "embedded:")
	if err != nil {
		t.Fatal(err)
	}
	s.Study = pipeline.Study{
		Split: split, Origin: data.Origin(problem), Space: killedSpace(), Sampler: pipeline.SamplerExhaustive, Parallel: 8,
		Tracker: &pipeline.Tracker{Client: s.mlflow, Experiment: s.name, Dataset: data.TrainingInput(s.mlflow)},
		Pool:    &pipeline.Pool{Client: s.prefect, Name: s.name},
	}
	return s
}

// worker starts a worker process, which is killed when the test ends.
func (s *poolStudy) worker(t *testing.T, name string) *exec.Cmd {
	t.Helper()
	process := program.Command(context.Background(), t, t.TempDir(), s.env, "--pool", s.name, "--name", name, "--heartbeat", "1s")
	process.Stdout, process.Stderr = t.Output(), t.Output()
	if err := process.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { kill(process) })
	return process
}

// kill ends a process as kill -9 does.
func kill(process *exec.Cmd) {
	if process.ProcessState == nil {
		_ = process.Process.Kill()
		_ = process.Wait()
	}
}

// TestAStudySurvivesTheLossOfWorkers kills one of four workers every few seconds while a study is under way. Some come back under their
// names and settle what they left; the others never do, and the study finds by their heartbeats that they are gone.
func TestAStudySurvivesTheLossOfWorkers(t *testing.T) {
	s := newPoolStudy(t)
	here := s.Study
	here.Pool, here.Tracker = nil, nil
	want, err := here.Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	workers := make([]*exec.Cmd, 4)
	for i := range workers {
		workers[i] = s.worker(t, fmt.Sprintf("%s-%d", s.name, i))
	}
	ended := make(chan struct{})
	kills := 0
	var killer sync.WaitGroup
	killer.Go(func() {
		for {
			select {
			case <-ended:
				return
			case <-time.After(3 * time.Second):
			}
			i, name := kills%4, fmt.Sprintf("%s-%d", s.name, kills%4)
			if kills%2 == 0 {
				name += fmt.Sprintf("-after-%d", kills)
			}
			kill(workers[i])
			workers[i] = s.worker(t, name)
			kills++
		}
	})
	start := time.Now()
	got, err := s.Run(t.Context())
	took := time.Since(start)
	close(ended)
	killer.Wait()
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(described(want), described(got)); diff != "" || kills == 0 {
		t.Errorf("%d kills; (-undisturbed +with kills):\n%s", kills, diff)
	}
	again := s.checkRuns(t, len(want))
	t.Logf("%d trials in %.1f s with %d kills, %d attempts more than trials", len(got), took.Seconds(), kills, again)
}

// described gives trials, best first, without the numbers that depend on who was faster.
func described(trials []pipeline.Trial) []string {
	var all []string
	for _, trial := range pipeline.Best(trials) {
		all = append(all, fmt.Sprint(trial.Points, trial.Report.Accuracy, trial.Report.Confusion, pipeline.Named(trial.Params)))
	}
	return all
}

// checkRuns makes sure that each trial has one finished run with one accuracy. It gives the number of attempts beyond the first of each.
func (s *poolStudy) checkRuns(t *testing.T, trials int) (again int) {
	t.Helper()
	experiment, err := s.mlflow.Experiments.GetByName(t.Context(), s.name)
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for run, err := range s.mlflow.Runs.Search(t.Context(), mlflowclient.SearchRuns{ExperimentIDs: []string{experiment.ID}}) {
		if err != nil {
			t.Fatal(err)
		}
		if run.Status != mlflowclient.StatusFinished {
			t.Errorf("%s is %s", run.Name, run.Status)
		}
		if run.Tags[mlflowclient.TagParentRun] == "" {
			continue
		}
		points := 0
		for _, err := range s.mlflow.Metrics.History(t.Context(), mlflowclient.MetricHistory{RunID: run.ID, Key: "accuracy"}) {
			if err != nil {
				t.Fatal(err)
			}
			points++
		}
		if points != 1 || seen[run.Name] {
			t.Errorf("%s has %d accuracies; seen before: %t", run.Name, points, seen[run.Name])
		}
		seen[run.Name] = true
		if run.Tags["study.attempt"] != "1" {
			again++
		}
	}
	if len(seen) != trials {
		t.Errorf("%d trials have runs, want %d", len(seen), trials)
	}
	return again
}
