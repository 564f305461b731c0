package pipeline

import (
	"log/slog"
	"slices"
	"strings"
	"testing"

	"mlopsgo/internal/stack"
	"mlopsgo/prefectclient"
)

// TestWineQualityRunsTheWholeLoop runs it on the real servers, from a bucket that does not exist to the champion.
func TestWineQualityRunsTheWholeLoop(t *testing.T) {
	loader, _, bucket := storage(t)
	prefect, err := prefectclient.New(stack.Get(t).PrefectAPIURL, prefectclient.WithLogger(slog.New(slog.NewTextHandler(t.Output(), nil))))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(prefect.Close)
	registration, _ := local(connect(t, stack.Get(t).MLflowURI), bucket)
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
