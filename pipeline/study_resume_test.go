package pipeline

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mlopsgo/mlflowclient"
)

// seenTrials describes trials by what must be equal, however they came about.
func seenTrials(trials []Trial) []string {
	var seen []string
	for _, trial := range trials {
		seen = append(seen, fmt.Sprint(trial.Number, trial.Points, trial.Stopped, trial.Report.Confusion, trial.Report.PerClass, Named(trial.Params)))
	}
	return seen
}

// interrupted begins a study and cancels it after some trials.
func interrupted(t *testing.T, study Study, after int) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	study.OnTrial = func(trial Trial) {
		if trial.Number == after {
			cancel()
		}
	}
	if _, err := study.Run(ctx); !errors.Is(err, context.Canceled) {
		t.Fatalf("error %v, want context.Canceled", err)
	}
}

// TestAStudyThatIsTakenUpEndsAsIfItHadNotBeenInterrupted interrupts studies of every kind twice.
func TestAStudyThatIsTakenUpEndsAsIfItHadNotBeenInterrupted(t *testing.T) {
	split := redWine(t)
	for name, study := range map[string]Study{
		"tpe":        {Trials: 20, Seed: 2, Parallel: 3},
		"random":     {Trials: 20, Sampler: SamplerRandom, Parallel: 4},
		"halving":    {Trials: 20, Seed: 1, Halving: &Halving{MinTrees: 2, Factor: 2}},
		"exhaustive": {Sampler: SamplerExhaustive},
	} {
		t.Run(name, func(t *testing.T) {
			study.Split, study.Space = split, smallSpace()
			whole, err := study.Run(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			client := connect(t, "sqlite:///"+filepath.Join(t.TempDir(), "mlflow.db"))
			study.Tracker = tracker(client, "resumed")
			study.Tracker.OnStart = func(run mlflowclient.RunInfo) { study.Resume = run.ID }
			interrupted(t, study, 3)
			interrupted(t, study, 12)
			restored := 0
			study.OnTrial = func(trial Trial) {
				if trial.Restored {
					restored++
				}
			}
			again, err := study.Run(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(seenTrials(whole), seenTrials(again)); diff != "" {
				t.Errorf("(-at once +in three parts):\n%s", diff)
			}
			if restored < 12 {
				t.Errorf("%d trials were restored, want the 12 that were finished", restored)
			}
			checkRuns(t, client, "resumed", len(whole))
		})
	}
}

// checkRuns makes sure that every trial has one run, which is finished and has one accuracy.
func checkRuns(t *testing.T, client *mlflowclient.Client, experiment string, trials int) {
	t.Helper()
	found, err := client.Experiments.GetByName(t.Context(), experiment)
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for run, err := range client.Runs.Search(t.Context(), mlflowclient.SearchRuns{ExperimentIDs: []string{found.ID}}) {
		if err != nil {
			t.Fatal(err)
		}
		if run.Status != mlflowclient.StatusFinished {
			t.Errorf("%s (%s) is %s", run.Name, run.ID, run.Status)
		}
		if run.Tags[mlflowclient.TagParentRun] == "" {
			continue
		}
		points := 0
		for _, err := range client.Metrics.History(t.Context(), mlflowclient.MetricHistory{RunID: run.ID, Key: "accuracy"}) {
			if err != nil {
				t.Fatal(err)
			}
			points++
		}
		if points != 1 || seen[run.Tags[tagTrial]] {
			t.Errorf("%s has %d accuracies; seen before: %t", run.Name, points, seen[run.Tags[tagTrial]])
		}
		seen[run.Tags[tagTrial]] = true
	}
	if len(seen) != trials {
		t.Errorf("%d trials have runs, want %d", len(seen), trials)
	}
}

func TestAFinishedStudyGrows(t *testing.T) {
	split := redWine(t)
	both(t, func(t *testing.T, client *mlflowclient.Client, experiment string) {
		study := Study{Split: split, Space: smallSpace(), Trials: 12, Tracker: tracker(client, experiment)}
		study.Tracker.OnStart = func(run mlflowclient.RunInfo) { study.Resume = run.ID }
		if _, err := study.Run(t.Context()); err != nil {
			t.Fatal(err)
		}
		study.Trials = 15
		grown, err := study.Run(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		whole, err := Study{Split: split, Space: smallSpace(), Trials: 15}.Run(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(seenTrials(whole), seenTrials(grown)); diff != "" {
			t.Errorf("(-15 at once +12 and 3):\n%s", diff)
		}
		checkRuns(t, client, experiment, 15)
		spec, err := LoadStudy(t.Context(), client, study.Resume)
		if err != nil || spec.Trials != 15 || spec.RunID != study.Resume {
			t.Errorf("spec %+v, %v", spec, err)
		}
		if diff := cmp.Diff(smallSpace(), spec.Space); diff != "" {
			t.Errorf("space (-given +read back):\n%s", diff)
		}
	})
}

// TestAnInterruptedTrialWithoutAnEndIsRunAgain leaves runs as kill -9 does.
func TestAnInterruptedTrialWithoutAnEndIsRunAgain(t *testing.T) {
	split := redWine(t)
	client := connect(t, "sqlite:///"+filepath.Join(t.TempDir(), "mlflow.db"))
	study := Study{Split: split, Space: smallSpace(), Trials: 14, Tracker: tracker(client, "killed")}
	study.Tracker.OnStart = func(run mlflowclient.RunInfo) { study.Resume = run.ID }
	interrupted(t, study, 12)
	for name, run := range runsOf(t, client, "killed") {
		if run.Status == mlflowclient.StatusKilled {
			if _, err := client.Runs.Update(t.Context(), run.ID, mlflowclient.UpdateRun{Status: mlflowclient.StatusRunning}); err != nil {
				t.Fatal(name, err)
			}
		}
	}
	if _, err := study.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	checkRuns(t, client, "killed", 14)
}

func TestTheLastToTakeUpAStudyHasIt(t *testing.T) {
	split := redWine(t)
	client := connect(t, "sqlite:///"+filepath.Join(t.TempDir(), "mlflow.db"))
	study := Study{Split: split, Space: smallSpace(), Trials: 14, Tracker: tracker(client, "taken")}
	var run string
	study.Tracker.OnStart = func(info mlflowclient.RunInfo) { run = info.ID }
	first := study
	first.OnTrial = func(trial Trial) {
		if trial.Number != 12 {
			return
		}
		second := study
		second.Resume = run
		if trials, err := second.Run(t.Context()); err != nil || len(trials) != 14 {
			t.Errorf("the second process: %d trials, %v", len(trials), err)
		}
	}
	if _, err := first.Run(t.Context()); !errors.Is(err, errTakenOver) {
		t.Errorf("the first process: error %v, want %v", err, errTakenOver)
	}
	checkRuns(t, client, "taken", 14)
}

// TestAStudyThatWasTakenUpIsLeftAlone interrupts the first process when all that it had to write is written, so that it has not noticed.
func TestAStudyThatWasTakenUpIsLeftAlone(t *testing.T) {
	client := connect(t, "sqlite:///"+filepath.Join(t.TempDir(), "mlflow.db"))
	study := Study{Split: redWine(t), Space: smallSpace(), Sampler: SamplerRandom, Trials: 30, Parallel: 2, Tracker: tracker(client, "left")}
	id := ""
	study.Tracker.OnStart = func(run mlflowclient.RunInfo) { id = run.ID }
	ctx, cancel := context.WithCancel(t.Context())
	study.OnTrial = func(trial Trial) {
		if trial.Number != 3 {
			return
		}
		until(t, "trial 3 is written", func() bool {
			run := runsOf(t, client, "left")["trial-3"]
			return run != nil && run.Status == mlflowclient.StatusFinished
		})
		if err := client.Runs.SetTag(t.Context(), id, tagOwner, "another process"); err != nil {
			t.Error(err)
		}
		cancel()
	}
	if _, err := study.Run(ctx); !errors.Is(err, errTakenOver) {
		t.Errorf("error %v, want %v", err, errTakenOver)
	}
	states := statuses(t, client, "left")
	if states[mlflowclient.StatusRunning] < 2 || len(states) != 2 || states[mlflowclient.StatusFinished] != 3 {
		t.Errorf("runs by status %v, want three FINISHED and the study's and a trial's RUNNING", states)
	}
}

// statuses counts the runs of an experiment.
func statuses(t *testing.T, client *mlflowclient.Client, experiment string) map[mlflowclient.RunStatus]int {
	t.Helper()
	count := map[mlflowclient.RunStatus]int{}
	for _, run := range runsOf(t, client, experiment) {
		count[run.Status]++
	}
	return count
}

// leftOpen carries a study of three trials out, and leaves the last one as kill -9 does.
func leftOpen(t *testing.T, study *Study, client *mlflowclient.Client) []Trial {
	t.Helper()
	study.Tracker.OnStart = func(run mlflowclient.RunInfo) { study.Resume = run.ID }
	trials, err := study.Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	reopen(t, client, trials[2].RunID)
	return trials
}

func reopen(t *testing.T, client *mlflowclient.Client, run string) {
	t.Helper()
	if _, err := client.Runs.Update(t.Context(), run, mlflowclient.UpdateRun{Status: mlflowclient.StatusRunning}); err != nil {
		t.Fatal(err)
	}
}

func TestAStudyThatCannotBeTakenUpLeavesNoRunRunning(t *testing.T) {
	split := redWine(t)
	for name, test := range map[string]struct {
		harm func(t *testing.T, study *Study, client *mlflowclient.Client, trials []Trial) context.Context
		want mlflowclient.RunStatus
	}{
		"another program": {
			func(t *testing.T, study *Study, _ *mlflowclient.Client, _ []Trial) context.Context {
				study.Seed = 7
				return t.Context()
			},
			mlflowclient.StatusFailed,
		},
		"a trial is gone": {
			func(t *testing.T, _ *Study, client *mlflowclient.Client, trials []Trial) context.Context {
				if err := client.Runs.Delete(t.Context(), trials[0].RunID); err != nil {
					t.Fatal(err)
				}
				return t.Context()
			},
			mlflowclient.StatusFailed,
		},
		"interrupted while it is handed over": {
			func(t *testing.T, study *Study, client *mlflowclient.Client, _ []Trial) context.Context {
				reopen(t, client, study.Resume) // so that another process may have it
				ctx, cancel := context.WithTimeout(t.Context(), handover/4)
				t.Cleanup(cancel)
				return ctx
			},
			mlflowclient.StatusKilled,
		},
	} {
		t.Run(name, func(t *testing.T) {
			client := connect(t, "sqlite:///"+filepath.Join(t.TempDir(), "mlflow.db"))
			study := Study{Split: split, Space: smallSpace(), Trials: 3, Tracker: tracker(client, "refused")}
			trials := leftOpen(t, &study, client)
			if _, err := study.Run(test.harm(t, &study, client, trials)); err == nil {
				t.Fatal("the study was taken up")
			}
			states := statuses(t, client, "refused")
			if states[mlflowclient.StatusRunning] != 0 || states[test.want] != 2 {
				t.Errorf("runs by status %v, want the study and its open trial %s", states, test.want)
			}
		})
	}
}

func TestResumeRefuses(t *testing.T) {
	split := redWine(t)
	client := connect(t, "sqlite:///"+filepath.Join(t.TempDir(), "mlflow.db"))
	study := Study{Split: split, Space: smallSpace(), Trials: 3, Tracker: tracker(client, "refused")}
	study.Tracker.OnStart = func(run mlflowclient.RunInfo) { study.Resume = run.ID }
	trials, err := study.Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	other := study
	other.Seed = 7
	if _, err := other.Run(t.Context()); err == nil {
		t.Error("a study was taken up with another seed")
	}
	if _, err := LoadStudy(t.Context(), client, trials[0].RunID); err == nil {
		t.Error("a trial was taken for a study")
	}
	if _, err := LoadStudy(t.Context(), client, "0123456789abcdef0123456789abcdef"); !errors.Is(err, mlflowclient.ErrNotFound) {
		t.Errorf("error %v, want ErrNotFound", err)
	}
	if err := client.Runs.Delete(t.Context(), trials[0].RunID); err != nil {
		t.Fatal(err)
	}
	if _, err := study.Run(t.Context()); err == nil {
		t.Error("a study was taken up without its first trial")
	}
	untracked := study
	untracked.Tracker = nil
	if _, err := untracked.Run(t.Context()); err == nil {
		t.Error("a study was taken up without MLflow")
	}
}

func TestNumberSetsAreReadBackEqual(t *testing.T) {
	for text, set := range map[string]numberSet{"": {}, "1": {1: true}, "1-3": {1: true, 2: true, 3: true}, "2,4-5,9": {2: true, 4: true, 5: true, 9: true}} {
		got, err := parseNumbers(text, 10)
		if diff := cmp.Diff(set, got); diff != "" || err != nil || set.String() != text {
			t.Errorf("%q is written %q, read with %v:\n%s", text, set.String(), err, diff)
		}
	}
	for _, text := range []string{",", "0", "2-1", "1-11", "a", "1-", "-2", "1 "} {
		if got, err := parseNumbers(text, 10); err == nil {
			t.Errorf("%q is read as %v", text, got)
		}
	}
}
