package pipeline

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"mlopsgo/internal/stack"
	"mlopsgo/mlflowclient"
	"mlopsgo/mlflowclient/mlmodel"
	"mlopsgo/pipeline/forest"
	"mlopsgo/prefectclient"
)

// recorded is a registration on the stack's servers, with a deployment on a pool of the test's own.
type recorded struct {
	Registration
	params     RegistrationParameters
	prefect    *prefectclient.Client
	flow       *prefectclient.Flow[RegistrationParameters, *Registered]
	deployment *prefectclient.Deployment
}

// onServers puts the data into a bucket and deploys the flow; the study is the caller's to log.
func onServers(t *testing.T) *recorded {
	t.Helper()
	loader, _, bucket := storage(t)
	if _, err := (Ingest{Bucket: bucket, Loader: loader}).Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	prefect, err := prefectclient.New(stack.Get(t).PrefectAPIURL, prefectclient.WithLogger(slog.New(slog.NewTextHandler(t.Output(), nil))))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(prefect.Close)
	r := &recorded{prefect: prefect}
	r.Registration, r.params = local(connect(t, stack.Get(t).MLflowURI), bucket)
	r.LocalData, r.Loader = false, loader
	r.params.BucketName, r.params.Filename = bucket, DefaultKey
	r.FlowName = "Registration of " + bucket
	if r.flow, err = r.Flow(); err != nil {
		t.Fatal(err)
	}
	r.deployment, err = Deployment{Flow: r.flow, Pool: bucket, Parameters: r.params, Block: bucket, Getenv: loader.Getenv}.Apply(t.Context(), prefect)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
		defer cancel()
		_ = prefect.Flows.Delete(ctx, r.deployment.FlowID)
		_ = prefect.WorkPools.Delete(ctx, bucket)
		if doc, err := prefect.BlockDocuments.ReadByName(ctx, prefectclient.RemoteFileSystem{}.BlockType(), bucket); err == nil {
			_ = prefect.BlockDocuments.Delete(ctx, doc.ID)
		}
	})
	return r
}

// serve runs a worker until the test ends.
func (r *recorded) serve(t *testing.T) {
	t.Helper()
	worker, err := prefectclient.NewWorker(r.prefect, prefectclient.WorkerConfig{
		Pool: r.deployment.WorkPoolName, Queues: []string{WorkQueue}, Name: r.deployment.WorkPoolName,
	}, r.flow)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() {
		if err := worker.Run(ctx); err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(func() { cancel(); running.Wait() })
}

// submit makes a run as the user interface does.
func (r *recorded) submit(t *testing.T) *prefectclient.FlowRun {
	t.Helper()
	run, err := r.prefect.Deployments.CreateFlowRun(t.Context(), r.deployment.ID, prefectclient.DeploymentRun{})
	if err != nil {
		t.Fatal(err)
	}
	return run
}

// until waits for a condition.
func until(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); !holds(); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("not within a minute: %s", what)
		}
	}
}

// ends waits for a flow run's end.
func (r *recorded) ends(t *testing.T, id string, as prefectclient.StateType) *prefectclient.FlowRun {
	t.Helper()
	var run *prefectclient.FlowRun
	until(t, fmt.Sprintf("flow run %s is %s", id, as), func() bool {
		var err error
		if run, err = r.prefect.FlowRuns.Read(t.Context(), id); err != nil {
			t.Fatal(err)
		}
		return run.StateType.Final()
	})
	if run.StateType != as {
		t.Fatalf("flow run %s is %s, want %s", id, run.State, as)
	}
	return run
}

// versions lists what is registered, as model ids.
func (r *recorded) versions(t *testing.T) []string {
	t.Helper()
	var ids []string
	for version, err := range r.Client.ModelVersions.Search(t.Context(), mlflowclient.SearchModelVersions{
		Filter: "name = '" + r.Model + "'", OrderBy: []string{"version_number ASC"},
	}) {
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, version.ModelID)
	}
	return ids
}

// made lists the runs of the production experiment by status.
func (r *recorded) made(t *testing.T) map[mlflowclient.RunStatus]int {
	t.Helper()
	experiment, err := r.Client.Experiments.GetOrCreate(t.Context(), r.Experiment)
	if err != nil {
		t.Fatal(err)
	}
	states := map[mlflowclient.RunStatus]int{}
	for run, err := range r.Client.Runs.Search(t.Context(), mlflowclient.SearchRuns{ExperimentIDs: []string{experiment.ID}}) {
		if err != nil {
			t.Fatal(err)
		}
		states[run.Status]++
	}
	return states
}

// taskCount is the number of the flow's tasks.
const taskCount = 4

// tasks gives the task runs of a flow run by name, once they are recorded.
func (r *recorded) tasks(t *testing.T, id string) map[string]*prefectclient.TaskRun {
	t.Helper()
	var tasks map[string]*prefectclient.TaskRun
	until(t, "all task runs are recorded", func() bool {
		tasks = map[string]*prefectclient.TaskRun{}
		for run, err := range r.prefect.TaskRuns.Filter(t.Context(), prefectclient.TaskRunQuery{Related: prefectclient.TaskRunsOf(id)}) {
			if err != nil {
				t.Fatal(err)
			}
			if run.StateType.Final() || run.StateName == "NotReady" {
				tasks[run.Name[:strings.LastIndexByte(run.Name, '-')]] = run
			}
		}
		return len(tasks) == taskCount
	})
	return tasks
}

func TestAWorkerRegistersWhatTheUISubmits(t *testing.T) {
	r := onServers(t)
	best := studied(t, r.Client, r.params.ExperimentName, 0.6, nil)
	r.serve(t)
	run := r.submit(t)
	run = r.ends(t, run.ID, prefectclient.StateCompleted)

	states, err := r.prefect.FlowRuns.States(t.Context(), run.ID)
	var names []string
	for _, state := range states {
		names = append(names, state.Name)
	}
	if !slices.Equal(names, []string{"Scheduled", "Pending", "Running", "Completed"}) || err != nil {
		t.Errorf("states %v, %v", names, err)
	}
	tasks := r.tasks(t, run.ID)
	for _, task := range []string{"Prepare Data", "Get Parameters", "Register Best Model", "Compare with Champion"} {
		if tasks[task] == nil || tasks[task].StateType != prefectclient.StateCompleted || tasks[task].RunCount != 1 {
			t.Errorf("task %s: %+v", task, tasks[task])
		}
	}
	if tasks["Prepare Data"].Policy.Retries != 3 {
		t.Errorf("policy of Prepare Data: %+v", tasks["Prepare Data"].Policy)
	}
	r.checkGraph(t, run.ID, tasks)
	r.checkLogs(t, run.ID, "the best run of experiment", "trained 10 trees", "registered "+r.Model+" version 1", "read 1599 rows of s3://")

	artifact, err := r.prefect.Artifacts.ReadLatest(t.Context(), artifactKey("registered-"+r.Model))
	if err != nil || artifact.Type != prefectclient.ArtifactMarkdown {
		t.Fatal(artifact, err)
	}
	champion, err := r.Client.ModelVersions.GetByAlias(t.Context(), r.Model, ChampionAlias)
	if err != nil || champion.Version != "1" {
		t.Fatal(champion, err)
	}
	if key := artifactKey("registered-SK rfc/model_2"); key != "registered-sk-rfc-model-2" {
		t.Error(key)
	}
	mine := 0
	for artifact, err := range r.prefect.Artifacts.Filter(t.Context(), prefectclient.ArtifactFilter{FlowRunID: &prefectclient.AnyFilter{Any: []string{run.ID}}}) {
		mine++
		link := "/#/models/" + r.Model + "/versions/1)"
		if err != nil || artifact.TaskRunID != tasks["Compare with Champion"].ID || !strings.Contains(string(artifact.Data), link) {
			t.Errorf("%+v, %v", artifact, err)
		}
	}
	if mine != 1 {
		t.Errorf("%d artifacts", mine)
	}
	model, err := r.Client.Runs.Get(t.Context(), champion.RunID)
	if err != nil || model.Tags[TagFlowRun] != run.ID || model.Tags[tagBestRun] != best || model.Name != run.Name ||
		!strings.Contains(model.Tags[mlflowclient.TagNote], "/runs/flow-run/"+run.ID) || model.Datasets[0].SourceType != "s3" {
		t.Errorf("%+v, %v", model, err)
	}

	// Somebody presses Retry: nothing is registered twice.
	r.again(t, run.ID)
	if versions, made := r.versions(t), r.made(t); len(versions) != 1 || len(made) != 1 || made[mlflowclient.StatusFinished] != 1 {
		t.Errorf("after a second execution: versions %v, runs %v", versions, made)
	}
	// Another run makes another version, and the first one's third execution leaves the alias there.
	other := r.submit(t)
	r.ends(t, other.ID, prefectclient.StateCompleted)
	r.again(t, run.ID)
	champion, err = r.Client.ModelVersions.GetByAlias(t.Context(), r.Model, ChampionAlias)
	if versions := r.versions(t); err != nil || len(versions) != 2 || champion.Version != "2" {
		t.Errorf("versions %v, champion %+v, %v", versions, champion, err)
	}
}

// again schedules a flow run that has ended, as Retry in the user interface does, and waits for its end.
func (r *recorded) again(t *testing.T, id string) {
	t.Helper()
	before, err := r.prefect.FlowRuns.Read(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := r.prefect.FlowRuns.SetState(t.Context(), id, prefectclient.State{Type: prefectclient.StateScheduled, Name: "AwaitingRetry"})
	if err != nil || answer.Err() != nil {
		t.Fatal(answer, err)
	}
	until(t, "the flow run is executed again", func() bool {
		now, err := r.prefect.FlowRuns.Read(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		return now.RunCount > before.RunCount && now.StateType.Final()
	})
	r.ends(t, id, prefectclient.StateCompleted)
}

func (r *recorded) checkGraph(t *testing.T, id string, tasks map[string]*prefectclient.TaskRun) {
	t.Helper()
	graph, err := r.prefect.FlowRuns.Graph(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	edges := map[string][]string{}
	for _, node := range graph.Nodes {
		edges[node.ID] = []string{}
		for _, parent := range node.Parents {
			edges[node.ID] = append(edges[node.ID], parent.ID)
		}
		slices.Sort(edges[node.ID])
	}
	parents := []string{tasks["Prepare Data"].ID, tasks["Get Parameters"].ID}
	slices.Sort(parents)
	compared := []string{tasks["Prepare Data"].ID, tasks["Register Best Model"].ID}
	slices.Sort(compared)
	want := map[string][]string{parents[0]: {}, parents[1]: {}, tasks["Register Best Model"].ID: parents, tasks["Compare with Champion"].ID: compared}
	if diff := cmp.Diff(want, edges); diff != "" {
		t.Errorf("parents of each task run (-want +graph):\n%s", diff)
	}
}

func (r *recorded) checkLogs(t *testing.T, id string, says ...string) {
	t.Helper()
	until(t, fmt.Sprintf("the log says %q", says), func() bool {
		var all strings.Builder
		for record, err := range r.prefect.Logs.Filter(t.Context(), prefectclient.LogFilter{FlowRunID: &prefectclient.AnyFilter{Any: []string{id}}}, false) {
			if err != nil {
				t.Fatal(err)
			}
			all.WriteString(record.Message + "\n")
		}
		return !slices.ContainsFunc(says, func(one string) bool { return !strings.Contains(all.String(), one) })
	})
}

// TestWhatAnEarlierAttemptLeft makes what a worker leaves that is killed at several moments, then executes the flow run.
func TestWhatAnEarlierAttemptLeft(t *testing.T) {
	r := onServers(t)
	studied(t, r.Client, r.params.ExperimentName, 0.6, nil)
	experiment, err := r.Client.Experiments.GetOrCreate(t.Context(), r.Experiment)
	if err != nil {
		t.Fatal(err)
	}
	leave := func(flowRun string) *mlflowclient.ActiveRun {
		t.Helper()
		run, err := r.Client.Start(t.Context(), mlflowclient.StartRun{ExperimentID: experiment.ID, Tags: map[string]string{TagRootFlowRun: flowRun, tagBestRun: "study"}})
		if err != nil {
			t.Fatal(err)
		}
		return run
	}
	model := func(run *mlflowclient.ActiveRun) *mlflowclient.LoggedModel {
		t.Helper()
		made, err := r.Client.LoggedModels.Create(t.Context(), mlflowclient.CreateLoggedModel{ExperimentID: experiment.ID, Name: LoggedModelName, SourceRunID: run.ID})
		if err != nil {
			t.Fatal(err)
		}
		if err := r.Client.Runs.LogOutputs(t.Context(), run.ID, []mlflowclient.ModelOutput{{ModelID: made.ID}}); err != nil {
			t.Fatal(err)
		}
		return made
	}
	// One was killed in training and one in uploading.
	half := r.submit(t)
	training, uploading := leave(half.ID), leave(half.ID)
	pending := model(uploading)
	// One was killed between the upload and the registration.
	whole := r.submit(t)
	uploaded := leave(whole.ID)
	if err := uploaded.LogBatch(t.Context(), mlflowclient.Batch{
		Params: allNamedMap(forestOf(t, r)), Metrics: []mlflowclient.Metric{{Key: "accuracy", Value: 0.55}},
	}); err != nil {
		t.Fatal(err)
	}
	ready := r.trained(t, uploaded)
	r.serve(t)
	r.ends(t, half.ID, prefectclient.StateCompleted)
	r.ends(t, whole.ID, prefectclient.StateCompleted)

	for id, want := range map[string]mlflowclient.RunStatus{
		training.ID: mlflowclient.StatusKilled, uploading.ID: mlflowclient.StatusKilled, uploaded.ID: mlflowclient.StatusFinished,
	} {
		run, err := r.Client.Runs.Get(t.Context(), id)
		if err != nil || run.Status != want || run.EndTime.IsZero() {
			t.Errorf("%+v, %v; want %s", run, err, want)
		}
	}
	if after, err := r.Client.LoggedModels.Get(t.Context(), pending.ID); err != nil || after.Status != mlflowclient.LoggedModelFailed {
		t.Errorf("%+v, %v", after, err)
	}
	versions := r.versions(t)
	if len(versions) != 2 || !slices.Contains(versions, ready.ID) || slices.Contains(versions, pending.ID) {
		t.Errorf("versions of the models %v, want %s and one that was trained", versions, ready.ID)
	}
	if made := r.made(t); made[mlflowclient.StatusFinished] != 2 || made[mlflowclient.StatusKilled] != 2 || len(made) != 2 {
		t.Errorf("runs %v", made)
	}
}

// trained logs a whole model to a run.
func (r *recorded) trained(t *testing.T, run *mlflowclient.ActiveRun) *mlflowclient.LoggedModel {
	t.Helper()
	a := attempt{Registration: r.Registration, data: &prepared{split: redWine(t)}}
	_, model, err := try(t.Context(), a.data.split, forestOf(t, r))
	if err != nil {
		t.Fatal(err)
	}
	logged, err := run.LogModel(t.Context(), mlflowclient.LogModel{Name: LoggedModelName, Files: func(id string) ([]mlmodel.File, error) {
		return a.files(t.Context(), model, run.ID, id)
	}})
	if err != nil {
		t.Fatal(err)
	}
	return logged
}

// A run that is cancelled in training stops at once and registers nothing.
func TestCancellationWhileTraining(t *testing.T) {
	r := onServers(t)
	studied(t, r.Client, r.params.ExperimentName, 0.6, map[string]string{"n_estimators": "200000", "max_depth": "2"})
	r.serve(t)
	run := r.submit(t)
	until(t, "the training is recorded", func() bool { return r.made(t)[mlflowclient.StatusRunning] == 1 })
	asked := time.Now()
	if _, err := r.prefect.FlowRuns.ForceState(t.Context(), run.ID, prefectclient.State{Type: prefectclient.StateCancelling}); err != nil {
		t.Fatal(err)
	}
	r.ends(t, run.ID, prefectclient.StateCancelled)
	t.Logf("cancelled in %v", time.Since(asked))
	until(t, "the run in MLflow is KILLED", func() bool { return r.made(t)[mlflowclient.StatusKilled] == 1 })
	tasks := r.tasks(t, run.ID)
	if got := tasks["Register Best Model"]; got.StateType != prefectclient.StateCancelled {
		t.Errorf("the task run is %s", got.State)
	}
	if made := r.made(t); len(made) != 1 || len(r.versions(t)) != 0 {
		t.Errorf("runs %v, versions %v", made, r.versions(t))
	}
}

// The flow run says which task's error ended it; data that is wrong is not read again.
func TestAFailedTaskEndsTheFlow(t *testing.T) {
	r := onServers(t)
	studied(t, r.Client, r.params.ExperimentName, 0.6, nil)
	r.serve(t)
	for says, params := range map[string]map[string]any{
		"no such object":           {"filename": "absent.csv"},
		`no such column: "colour"`: {"features": []string{"colour"}},
		"does not exist in MLflow": {"experiment_name": r.params.ExperimentName + "-absent"},
	} {
		run, err := r.prefect.Deployments.CreateFlowRun(t.Context(), r.deployment.ID, prefectclient.DeploymentRun{Parameters: params})
		if err != nil {
			t.Fatal(err)
		}
		run = r.ends(t, run.ID, prefectclient.StateFailed)
		if !strings.Contains(run.State.Message, says) || strings.Contains(run.State.Message, "depends on") {
			t.Errorf("the flow run says %q, want %s", run.State.Message, says)
		}
		tasks := r.tasks(t, run.ID)
		failed, other := tasks["Prepare Data"], tasks["Get Parameters"]
		if strings.Contains(says, "MLflow") {
			failed, other = other, failed
		}
		if failed.StateType != prefectclient.StateFailed || failed.RunCount != 1 || other.StateType != prefectclient.StateCompleted ||
			tasks["Register Best Model"].StateName != "NotReady" || tasks["Compare with Champion"].StateName != "NotReady" {
			t.Errorf("%s: %s is %s after %d attempts, %s is %s", says, failed.Name, failed.State, failed.RunCount, other.Name, other.State)
		}
	}
	if _, err := r.prefect.Deployments.CreateFlowRun(t.Context(), r.deployment.ID, prefectclient.DeploymentRun{
		Parameters: map[string]any{"features": "alcohol"},
	}); !errors.Is(err, prefectclient.ErrConflict) {
		t.Errorf("parameters that do not fit the form were taken: %v", err)
	}
	if len(r.versions(t)) != 0 {
		t.Error("a failed flow run registered a version")
	}
}

// A storage that does not answer for a while is asked again.
func TestPrepareDataIsRepeated(t *testing.T) {
	loader, _, bucket := storage(t)
	if _, err := (Ingest{Bucket: bucket, Loader: loader}).Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	address, err := url.Parse(stack.Get(t).S3Endpoint)
	if err != nil {
		t.Fatal(err)
	}
	var calls, refuse atomic.Int32
	proxy := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(address)
		r.Out.Host = r.In.Host // which is signed
	}}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if calls.Add(1) <= refuse.Load() {
			w.WriteHeader(http.StatusNotImplemented) // which is not repeated below the task
			return
		}
		proxy.ServeHTTP(w, r)
	}))
	defer server.Close()
	registration, params := local(connect(t, "sqlite:///"+filepath.Join(t.TempDir(), "mlflow.db")), "repeated")
	params.BucketName, params.Filename = bucket, DefaultKey
	registration.Loader = &DataLoader{Getenv: func(name string) string {
		if name == "AWS_ENDPOINT_URL_S3" {
			return server.URL
		}
		return loader.Getenv(name)
	}}
	studied(t, registration.Client, params.ExperimentName, 0.6, nil)
	refuse.Store(3)
	if done, err := register(t.Context(), registration, params); err != nil || done.Version != "1" || calls.Load() != 4 {
		t.Errorf("%+v, %v after %d calls", done, err, calls.Load())
	}
	calls.Store(0)
	refuse.Store(100)
	if _, err := register(t.Context(), registration, params); err == nil || calls.Load() != 4 {
		t.Errorf("%v after %d calls, want an error after 4", err, calls.Load())
	}
}

// forestOf gives the hyper-parameters that the flow takes.
func forestOf(t *testing.T, r *recorded) forest.Params {
	t.Helper()
	best, err := r.bestRun(t.Context(), bestRunInput{r.params.ExperimentName})
	if err != nil {
		t.Fatal(err)
	}
	return best.params
}
