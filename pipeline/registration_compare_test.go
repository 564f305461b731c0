package pipeline

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"mlopsgo/internal/stack"
	"mlopsgo/internal/wine"
	"mlopsgo/mlflowclient"
)

// aliases gives the versions that a model's aliases point at.
func aliases(t *testing.T, client *mlflowclient.Client, model string) map[string]string {
	t.Helper()
	registered, err := client.RegisteredModels.Get(t.Context(), model)
	if err != nil {
		t.Fatal(err)
	}
	return registered.Aliases
}

func TestOnlyWhatIsNotWorseReplacesTheChampion(t *testing.T) {
	both(t, func(t *testing.T, client *mlflowclient.Client, name string) {
		registration, params := local(client, name)
		studied(t, client, params.ExperimentName, 0.6, nil)
		stump := map[string]string{"n_estimators": "1", "max_depth": "1"}
		next := func(rule Promotion, want map[string]string) *Registered {
			t.Helper()
			params.Promotion = rule
			done, err := register(t.Context(), registration, params)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, aliases(t, client, done.Model)); diff != "" || done.Alias == "" || want[done.Alias] != done.Version || !done.Moved {
				t.Errorf("version %s has alias %q, aliases (-want +got):\n%s", done.Version, done.Alias, diff)
			}
			checkRecorded(t, client, done)
			return done
		}
		first := next(PromoteIfNotWorse, map[string]string{"champion": "1"})
		if c := first.Comparison; c.Outcome != OutcomeFirst || c.New.Accuracy != first.Accuracy || c.Rows != 400 {
			t.Errorf("%+v", c)
		}
		studied(t, client, params.ExperimentName, 0.99, stump)
		worse := next(PromoteIfNotWorse, map[string]string{"champion": "1", "challenger": "2"})
		c := worse.Comparison
		if c.Outcome != OutcomeWorse || c.Champion.Version != "1" || c.New.Accuracy != worse.Accuracy || c.Champion.Accuracy != first.Accuracy ||
			math.Abs(c.Champion.Accuracy-float64(c.BothRight+c.OnlyChampion)/400) > 1e-12 || !(c.PValue < 1) || c.Champion.Digest != wine.Digest {
			t.Errorf("%+v, champion %+v", c, c.Champion)
		}
		next(PromoteAlways, map[string]string{"champion": "3", "challenger": "2"})
		equal := next(PromoteIfNotWorse, map[string]string{"champion": "4", "challenger": "2"})
		if equal.Comparison.Outcome != OutcomeEqual || equal.Comparison.PValue != 1 {
			t.Errorf("%+v", equal.Comparison)
		}
		next(PromoteNever, map[string]string{"champion": "4", "challenger": "5"})
	})
}

// TestAChampionThatIsReplacedMeanwhile promotes another version after the new one was compared with the champion and before the alias moves.
func TestAChampionThatIsReplacedMeanwhile(t *testing.T) {
	client := connect(t, stack.Get(t).MLflowURI)
	registration, params := local(client, fmt.Sprintf("meanwhile-test-%d", time.Now().UnixNano()))
	next := func(accuracy float64, forest map[string]string, promotion Promotion) *Registered {
		t.Helper()
		studied(t, client, params.ExperimentName, accuracy, forest)
		params.Promotion = promotion
		done, err := register(t.Context(), registration, params)
		if err != nil {
			t.Fatal(err)
		}
		return done
	}
	worst := next(0.6, map[string]string{"n_estimators": "1", "max_depth": "1"}, PromoteIfNotWorse)
	best := next(0.7, nil, PromoteNever)
	registration.Client = connect(t, answered(t, client.TrackingURI(), after("/"+ComparisonFile, 1, func() { // the model's comes before the run's
		if err := client.RegisteredModels.SetAlias(t.Context(), registration.Model, ChampionAlias, best.Version); err != nil {
			t.Error(err)
		}
	})))
	between := next(0.8, map[string]string{"n_estimators": "5", "max_depth": "2"}, PromoteIfNotWorse)
	if !(worst.Accuracy < between.Accuracy && between.Accuracy < best.Accuracy) {
		t.Fatalf("accuracies %v, %v, %v", worst.Accuracy, between.Accuracy, best.Accuracy)
	}
	want := map[string]string{ChampionAlias: best.Version, ChallengerAlias: between.Version}
	if diff := cmp.Diff(want, aliases(t, client, registration.Model)); diff != "" || between.Comparison.Champion.Version != best.Version {
		t.Errorf("compared with version %s; aliases (-want +got):\n%s", between.Comparison.Champion.Version, diff)
	}
	checkRecorded(t, client, between)
}

// checkRecorded reads what tells of a comparison in MLflow.
func checkRecorded(t *testing.T, client *mlflowclient.Client, done *Registered) {
	t.Helper()
	version, err := client.ModelVersions.Get(t.Context(), done.Model, done.Version)
	if err != nil {
		t.Fatal(err)
	}
	tags := version.Tags
	if tags["accuracy"] != fmt.Sprint(done.Accuracy) || tags["f1_macro"] == "" || tags["dataset_digest"] != wine.Digest || tags["run_id"] != done.RunID ||
		tags[tagBestRun] != done.BestRunID || tags["comparison"] != string(done.Comparison.Outcome) ||
		!strings.Contains(version.Description, done.Comparison.Verdict()) || !strings.Contains(version.Description, done.RunID) {
		t.Errorf("version %s has tags %v and description %q", version.Version, tags, version.Description)
	}
	if tags["git_commit"] != client.ContextTags()[mlflowclient.TagGitCommit] {
		t.Errorf("version %s is of commit %q", version.Version, tags["git_commit"])
	}
	run, err := client.Runs.Get(t.Context(), done.RunID)
	if err != nil || run.Tags["model_version"] != done.Model+"/"+done.Version {
		t.Errorf("%+v, %v", run, err)
	}
	model, err := client.LoggedModels.Get(t.Context(), done.ModelID)
	if err != nil {
		t.Fatal(err)
	}
	for _, place := range []string{run.ArtifactURI, model.ArtifactURI} {
		store, err := client.Artifacts.At(place)
		if err != nil {
			t.Fatal(err)
		}
		file, err := store.Open(t.Context(), ComparisonFile)
		if err != nil {
			t.Fatal(err)
		}
		var kept Comparison
		if err := errors.Join(json.NewDecoder(file).Decode(&kept), file.Close()); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(done.Comparison, &kept); diff != "" {
			t.Errorf("the comparison at %s:\n%s", place, diff)
		}
	}
}

// A champion that Python registered is evaluated where its form can be, on the columns that it takes; another is not replaced.
func TestChampionsOfPython(t *testing.T) {
	python := stack.Python(t, "mlflow")
	table, err := filepath.Abs("../internal/wine/winequality-red.csv")
	if err != nil {
		t.Fatal(err)
	}
	client := connect(t, stack.Get(t).MLflowURI)
	registration, params := local(client, fmt.Sprintf("champions-test-%d", time.Now().UnixNano()))
	command := exec.CommandContext(t.Context(), python, "testdata/champions.py", client.TrackingURI(), registration.Model, table)
	var stderr bytes.Buffer
	command.Stderr = &stderr
	output, err := command.Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, &stderr)
	}
	var figures map[string]struct {
		Accuracy float64
		F1Macro  float64 `json:"f1_macro"`
	}
	if err := json.Unmarshal(output, &figures); err != nil {
		t.Fatal(err)
	}
	studied(t, client, params.ExperimentName, 0.6, nil)
	prefix := registration.Model
	for _, kind := range []string{"onnx", "skops", "pickle"} {
		registration.Model = prefix + "-" + kind
		done, err := register(t.Context(), registration, params)
		if err != nil {
			t.Fatal(err)
		}
		c := done.Comparison
		t.Log(c.Verdict())
		theirs := figures[kind]
		if c.Champion.Accuracy != theirs.Accuracy || math.Abs(c.Champion.F1Macro-theirs.F1Macro) > 1e-12 || c.Champion.Version != "1" || done.Version != "2" {
			t.Errorf("%s: %+v, Python says %+v", kind, c.Champion, theirs)
		}
		if !strings.Contains(c.Markdown(), "trained on another data set") {
			t.Errorf("nothing warns of a champion whose data nobody knows:\n%s", c.Markdown())
		}
	}
}

// A champion that nobody can evaluate is not replaced, unless the rule says so.
func TestChampionThatCannotBeEvaluated(t *testing.T) {
	client := connect(t, stack.Get(t).MLflowURI)
	registration, params := local(client, fmt.Sprintf("unknown-test-%d", time.Now().UnixNano()))
	run, err := client.Runs.Get(t.Context(), studied(t, client, params.ExperimentName, 0.6, nil))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := client.RegisteredModels.GetOrCreate(t.Context(), registration.Model); err != nil {
		t.Fatal(err)
	}
	if _, err := client.ModelVersions.Create(t.Context(), mlflowclient.CreateModelVersion{
		Name: registration.Model, Source: run.ArtifactURI + "/nothing", RunID: run.ID,
	}); err != nil {
		t.Fatal(err)
	}
	if err := client.RegisteredModels.SetAlias(t.Context(), registration.Model, ChampionAlias, "1"); err != nil {
		t.Fatal(err)
	}
	for rule, alias := range map[Promotion]string{PromoteIfNotWorse: ChallengerAlias, PromoteAlways: ChampionAlias} {
		params.Promotion = rule
		if err := client.RegisteredModels.SetAlias(t.Context(), registration.Model, ChampionAlias, "1"); err != nil {
			t.Fatal(err)
		}
		done, err := register(t.Context(), registration, params)
		if err != nil {
			t.Fatal(err)
		}
		if c := done.Comparison; c.Outcome != OutcomeImpossible || c.Problem == "" || done.Alias != alias {
			t.Errorf("%s: alias %s, %s", rule, done.Alias, c.Verdict())
		}
	}
}
