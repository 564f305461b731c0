package pipeline

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"

	"mlopsgo/internal/stack"
	"mlopsgo/mlflowclient"
	"mlopsgo/prefectclient"
)

// TestWineQualityRunsTheWholeLoop runs it on the real servers, from a bucket that does not exist to the champion. What it shows leads to where a
// browser finds the servers, and not to where the flow does.
func TestWineQualityRunsTheWholeLoop(t *testing.T) {
	loader, _, bucket := storage(t)
	settings := prefectclient.DefaultSettings()
	settings.APIURL, settings.UIURL = stack.Get(t).PrefectAPIURL, "http://prefect.example"
	prefect, err := prefectclient.NewFromSettings(settings, prefectclient.WithLogger(slog.New(slog.NewTextHandler(t.Output(), nil))))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(prefect.Close)
	mlflow, err := mlflowclient.New(t.Context(), stack.Get(t).MLflowURI, mlflowclient.WithUIURL("http://mlflow.example"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = mlflow.Close() })
	registration, _ := local(mlflow, bucket)
	registration.Loader, registration.LocalData = loader, false
	flows, err := NewFlows(registration)
	if err != nil {
		t.Fatal(err)
	}
	params := DefaultWineQualityParameters()
	params.BucketName, params.ExperimentName, params.Trials, params.Sampler = bucket, bucket+"-study", 1, SamplerRandom
	done, err := flows.WineQuality.Run(prefectclient.NewContext(t.Context(), prefect), params)
	if err != nil {
		t.Fatal(err)
	}
	if done.Version != "1" || done.Alias != ChampionAlias || done.Comparison.Outcome != OutcomeFirst || !(done.Accuracy > 0.5) {
		t.Errorf("%+v", done)
	}
	run, err := registration.Client.Runs.Get(t.Context(), done.RunID)
	if err != nil {
		t.Fatal(err)
	}
	root := run.Tags[TagRootFlowRun]
	if root == "" || root == run.Tags[TagFlowRun] {
		t.Fatalf("the run has the tags %v: the root is not the loop", run.Tags)
	}
	if want := "http://prefect.example/runs/flow-run/" + run.Tags[TagFlowRun]; run.Tags[TagFlowRunURL] != want {
		t.Errorf("the run leads to %s, not to %s", run.Tags[TagFlowRunURL], want)
	}
	var completed []string
	below := prefectclient.FlowRunQuery{Related: prefectclient.Related{FlowRuns: &prefectclient.FlowRunFilter{
		ParentFlowRunID: &prefectclient.AnyFilter{Any: []string{root}}, State: prefectclient.StateIs(prefectclient.StateCompleted),
	}}}
	names := map[string]string{}
	for one, err := range prefect.Flows.Filter(t.Context(), prefectclient.FlowQuery{Related: below.Related}) {
		if err != nil {
			t.Fatal(err)
		}
		names[one.ID] = one.Name
	}
	for one, err := range prefect.FlowRuns.Filter(t.Context(), below) {
		if err != nil {
			t.Fatal(err)
		}
		completed = append(completed, names[one.FlowID])
		shown, err := prefect.Artifacts.Count(t.Context(), prefectclient.ArtifactFilter{FlowRunID: &prefectclient.AnyFilter{Any: []string{one.ID}}})
		if err != nil || shown == 0 {
			t.Errorf("%s shows no artifact: %v", names[one.FlowID], err)
		}
	}
	slices.Sort(completed)
	want := []string{BaselinesFlow, ExplorationFlow, StudyFlow, IngestionFlow, flows.Registration.Name()}
	slices.Sort(want)
	if !slices.Equal(completed, want) {
		t.Errorf("subflows %q, want %q", completed, want)
	}
	page, err := prefect.Artifacts.ReadLatest(t.Context(), artifactKey("wine-quality-"+done.Model))
	if err != nil || !strings.Contains(string(page.Data), "is the champion") {
		t.Errorf("%+v, %v", page, err)
	}
	page, err = prefect.Artifacts.ReadLatest(t.Context(), artifactKey("registered-"+done.Model))
	if err != nil || !strings.Contains(string(page.Data), "(http://mlflow.example"+runPage(done.ExperimentID, done.RunID)+")") {
		t.Errorf("%+v, %v", page, err)
	}
	checkProgress(t, prefect, registration.Client, params.ExperimentName, 1)
}

// checkProgress reads back what a study that has ended shows: a full bar, and the trials with their figures in MLflow.
func checkProgress(t *testing.T, prefect *prefectclient.Client, mlflow *mlflowclient.Client, experiment string, trials int) {
	t.Helper()
	bar, err := prefect.Artifacts.ReadLatest(t.Context(), artifactKey("progress-"+experiment))
	if err != nil {
		t.Fatal(err)
	}
	if string(bar.Data) != "100" && string(bar.Data) != "100.0" {
		t.Errorf("the bar shows %s", bar.Data)
	}
	table, err := prefect.Artifacts.ReadLatest(t.Context(), artifactKey("best-trials-"+experiment))
	if err != nil {
		t.Fatal(err)
	}
	var text string
	var rows []trialRow
	if err := errors.Join(json.Unmarshal(table.Data, &text), json.Unmarshal([]byte(text), &rows)); err != nil {
		t.Fatalf("%s: %v", table.Data, err)
	}
	if len(rows) != trials {
		t.Errorf("%d rows of %d trials", len(rows), trials)
	}
	for _, row := range rows {
		id := row.Run[strings.LastIndex(row.Run, "/")+1 : len(row.Run)-1] // [id](…/runs/id)
		run, err := mlflow.Runs.Get(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		if run.Metrics["accuracy"].Value != row.Accuracy || run.Metrics["f1_macro"].Value != row.F1Macro || run.Name != fmt.Sprintf("trial-%d", row.Trial) {
			t.Errorf("%+v is not %s with %v", row, run.Name, run.Metrics)
		}
	}
}

// A worker reads none of its own files for whoever may start a run.
func TestIngestionOfAWorkerReadsNoFiles(t *testing.T) {
	registration, _ := local(connect(t, "sqlite:///"+t.TempDir()+"/mlflow.db"), "files")
	registration.LocalData = false
	flows, err := NewFlows(registration)
	if err != nil {
		t.Fatal(err)
	}
	for _, address := range []string{"/etc/passwd", "file:///etc/passwd"} {
		if _, err := flows.Ingestion.Run(t.Context(), IngestionParameters{Data: address, BucketName: "bucket", Filename: "a.csv"}); err == nil ||
			!strings.Contains(err.Error(), "a worker reads no files of its own machine") {
			t.Errorf("%s: %v", address, err)
		}
	}
}
