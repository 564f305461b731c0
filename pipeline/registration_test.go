package pipeline

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"mlopsgo/internal/dataset"
	"mlopsgo/internal/stack"
	"mlopsgo/internal/wine"
	"mlopsgo/mlflowclient"
	"mlopsgo/mlflowclient/mlmodel"
	"mlopsgo/pipeline/forest"
)

// studied logs a run as a trial of a study would and returns its id.
func studied(t *testing.T, client *mlflowclient.Client, experiment string, accuracy float64, params map[string]string) string {
	t.Helper()
	all := namedMap(forest.DefaultParams())
	all["n_estimators"] = "10"
	maps.Copy(all, params)
	maps.DeleteFunc(all, func(_, value string) bool { return value == "" })
	found, err := client.Experiments.GetOrCreate(t.Context(), experiment)
	if err != nil {
		t.Fatal(err)
	}
	var id string
	err = client.Track(t.Context(), mlflowclient.StartRun{ExperimentID: found.ID}, func(ctx context.Context, run *mlflowclient.ActiveRun) error {
		id = run.ID
		return run.LogBatch(ctx, mlflowclient.Batch{Params: all, Metrics: []mlflowclient.Metric{{Key: "accuracy", Value: accuracy}}})
	})
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// local is a registration under names of the test's own, with the data in the binary; the parameters go with it.
func local(client *mlflowclient.Client, name string) (Registration, RegistrationParameters) {
	params := DefaultRegistrationParameters()
	params.BucketName, params.Filename, params.ExperimentName = "", "embedded:", name+"-study"
	return Registration{
		Client: client, Experiment: name + "-production", Model: name + "-model", LocalData: true, retryDelays: []time.Duration{time.Millisecond},
	}, params
}

func register(ctx context.Context, r Registration, params RegistrationParameters) (*Registered, error) {
	flow, err := r.Flow()
	if err != nil {
		return nil, err
	}
	return flow.Run(ctx, params)
}

func TestRegistrationWithoutPrefect(t *testing.T) {
	both(t, func(t *testing.T, client *mlflowclient.Client, name string) {
		registration, params := local(client, name)
		best := studied(t, client, params.ExperimentName, 0.6, map[string]string{"max_depth": "5"})
		first, err := register(t.Context(), registration, params)
		if err != nil {
			t.Fatal(err)
		}
		if first.Version != "1" || first.BestRunID != best || !first.Moved || first.Found || first.Params.MaxDepth != 5 || first.Params.NEstimators != 10 {
			t.Errorf("%+v", first)
		}
		checkRegistered(t, client, first)

		second, err := register(t.Context(), registration, params)
		if err != nil || second.Version != "2" || second.ModelID == first.ModelID {
			t.Fatalf("%+v, %v", second, err)
		}
		champion, err := client.ModelVersions.GetByAlias(t.Context(), first.Model, ChampionAlias)
		if err != nil || champion.Version != "2" || champion.ModelID != second.ModelID || champion.RunID != second.RunID {
			t.Errorf("%+v, %v", champion, err)
		}
	})
}

// checkRegistered reads back what a registration of the red wine data made.
func checkRegistered(t *testing.T, client *mlflowclient.Client, done *Registered) {
	t.Helper()
	run, err := client.Runs.Get(t.Context(), done.RunID)
	if err != nil {
		t.Fatal(err)
	}
	if run.Status != mlflowclient.StatusFinished || run.Tags["model"] != modelTag || run.Tags[tagBestRun] != done.BestRunID || len(run.Datasets) != 1 ||
		run.Datasets[0].Context != "training" || run.Datasets[0].Digest != wine.Digest || run.Metrics["accuracy"].Value != done.Accuracy {
		t.Errorf("%+v", run)
	}
	if diff := cmp.Diff(allNamedMap(done.Params), run.Params); diff != "" {
		t.Errorf("params:\n%s", diff)
	}
	model, err := client.LoggedModels.Get(t.Context(), done.ModelID)
	if err != nil {
		t.Fatal(err)
	}
	if model.Name != "red-wine-model" || model.Status != mlflowclient.LoggedModelReady || model.SourceRunID != run.ID || len(model.Metrics) < 4 {
		t.Errorf("%+v", model)
	}
	resolved, err := client.ResolveModel(t.Context(), "models:/"+done.Model+"@"+done.Alias)
	if err != nil || resolved.ModelID != done.ModelID {
		t.Fatal(resolved, err)
	}
	folder := filepath.Join(t.TempDir(), "model")
	if err := client.DownloadModel(t.Context(), resolved, folder); err != nil {
		t.Fatal(err)
	}
	opened, err := mlmodel.OpenFolder(folder)
	if err != nil || opened.Model.ModelID != done.ModelID || opened.Model.RunID != run.ID || opened.Model.ArtifactPath != model.ArtifactURI {
		t.Errorf("%+v, %v", opened, err)
	}
	var names []string
	entries, err := os.ReadDir(folder)
	for _, entry := range entries {
		names = append(names, entry.Name())
	}
	want := []string{
		"MLmodel", "comparison.json", "comparison.md", "conda.yaml", "input_example.json", "model.onnx", "model.skops", "python_env.yaml", "reference.csv", "requirements.txt", "serving_input_example.json",
	}
	if !slices.Equal(names, want) || err != nil {
		t.Errorf("files %v, %v", names, err)
	}
	checkReference(t, folder, done.Params)
}

// checkReference compares the reference with the training rows and what the same forest says of them.
func checkReference(t *testing.T, folder string, params forest.Params) {
	t.Helper()
	split := redWine(t)
	_, model, err := try(t.Context(), split, params)
	if err != nil {
		t.Fatal(err)
	}
	predicted, err := model.Predict(t.Context(), split.TrainX)
	if err != nil {
		t.Fatal(err)
	}
	file, err := os.Open(filepath.Join(folder, ReferenceFile))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	table, err := dataset.ReadCSV(file, ReferenceFile, dataset.ReadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	values, err := table.Matrix(append(slices.Clone(split.Features), "quality", PredictionColumn)...)
	if err != nil || table.Rows() != 1199 || len(table.Columns()) != 6 {
		t.Fatalf("%d rows of %v, %v", table.Rows(), table.Names(), err)
	}
	for r := range table.Rows() {
		want := append(slices.Clone(split.RawTrainX.Row(r)), float64(split.TrainY[r]), float64(predicted[r]))
		if !slices.Equal(values[6*r:6*r+6], want) {
			t.Fatalf("row %d is %v, want %v", r, values[6*r:6*r+6], want)
		}
	}
}

func TestPythonLoadsWhatWasRegistered(t *testing.T) {
	python := stack.Python(t, "mlflow")
	table, err := filepath.Abs("../internal/wine/winequality-red.csv")
	if err != nil {
		t.Fatal(err)
	}
	client := connect(t, stack.Get(t).MLflowURI)
	registration, params := local(client, fmt.Sprintf("registration-test-%d", time.Now().UnixNano()))
	// The best of the original's first trials.
	studied(t, client, params.ExperimentName, 0.66, map[string]string{
		"n_estimators": "50", "max_depth": "90", "min_samples_leaf": "2", "min_samples_split": "9",
	})
	done, err := register(t.Context(), registration, params)
	if err != nil || done.Accuracy != 0.66 {
		t.Fatal(done, err)
	}
	output, err := exec.CommandContext(t.Context(), python, "testdata/registered.py",
		client.TrackingURI(), "models:/"+done.Model+"@champion", table, registration.Experiment+"-evaluated").Output()
	if err != nil {
		if exit, ok := errors.AsType[*exec.ExitError](err); ok {
			t.Logf("%s", exit.Stderr)
		}
		t.Fatal(err)
	}
	var read struct {
		Features, Flavors     []string
		Labels, Sklearn       []int
		ONNX, Command         []int
		Evaluated             map[string]float64
		Wine, Example, Points int
		Status                string
		Metrics               map[string][]any
		ModelID               string `json:"model_id"`
		ArtifactPath          string `json:"artifact_path"`
		ArtifactLocation      string `json:"artifact_location"`
	}
	if err := json.Unmarshal(output, &read); err != nil {
		t.Fatal(err)
	}
	want := labels(t, done.Params)
	for way, got := range map[string][]int{
		"mlflow.pyfunc": read.Labels, "mlflow.sklearn": read.Sklearn, "mlflow.onnx": read.ONNX, "mlflow models predict": append(read.Command, want[100:]...),
	} {
		if diff := cmp.Diff(want, got); diff != "" || len(got) != wine.Rows {
			t.Errorf("%s: %d labels (-Go's forest +Python):\n%s", way, len(got), diff)
		}
	}
	if right := rightOf(t, want); read.Evaluated["accuracy_score"] != right || read.Evaluated["example_count"] != wine.Rows || !(read.Evaluated["log_loss"] > 0) {
		t.Errorf("mlflow.models.evaluate finds %v, the accuracy is %v", read.Evaluated, right)
	}
	if read.Wine != 5 {
		t.Errorf("the original's test wine is %d, want 5", read.Wine)
	}
	if !slices.Equal(read.Features, RedWine().Features) || !slices.Equal(read.Flavors, []string{"onnx", "python_function", "sklearn"}) || read.Example != 5 ||
		read.ModelID != done.ModelID || !strings.Contains(read.Status, "READY") || read.ArtifactPath != read.ArtifactLocation || read.ArtifactPath == "" {
		t.Errorf("%+v", read)
	}
	if got := read.Metrics["accuracy"]; len(got) != 2 || got[0] != 0.66 || got[1] != wine.Digest || read.Points != 1 {
		t.Errorf("metrics of the model %v, %d points of its run's accuracy", read.Metrics, read.Points)
	}
}

// rightOf is the share of labels that are those of the table.
func rightOf(t *testing.T, labels []int) float64 {
	t.Helper()
	table, err := dataset.ReadCSV(wine.Open(), wine.Name, dataset.ReadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	column, err := table.Column(wine.Target)
	if err != nil {
		t.Fatal(err)
	}
	right := 0
	for row, quality := range column.Ints() {
		if labels[row] == int(quality) {
			right++
		}
	}
	return float64(right) / float64(len(labels))
}

// labels are those that the forest with these params gives to every wine, in the order of the file.
func labels(t *testing.T, params forest.Params) []int {
	t.Helper()
	split := redWine(t)
	_, model, err := try(t.Context(), split, params)
	if err != nil {
		t.Fatal(err)
	}
	data, err := LoadTable(t.Context(), "", dataset.ReadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	values, err := data.Table.Matrix(split.Features...)
	if err != nil {
		t.Fatal(err)
	}
	scaled, err := split.Scaler.Transform(forest.Matrix{Data: values, Rows: data.Table.Rows(), Cols: len(split.Features)})
	if err != nil {
		t.Fatal(err)
	}
	predicted, err := model.Predict(t.Context(), scaled)
	if err != nil {
		t.Fatal(err)
	}
	return predicted
}

func TestGetParametersTakesTheBestFinishedRun(t *testing.T) {
	both(t, func(t *testing.T, client *mlflowclient.Client, name string) {
		registration, params := local(client, name)
		get := func() string {
			t.Helper()
			best, err := registration.bestRun(t.Context(), bestRunInput{params.ExperimentName})
			if err != nil {
				t.Fatal(err)
			}
			return best.ID
		}
		first := studied(t, client, params.ExperimentName, 0.5, nil)
		if get() != first {
			t.Error("the only run is not the best")
		}
		studied(t, client, params.ExperimentName, math.NaN(), nil)
		unfinished := studied(t, client, params.ExperimentName, 0.99, nil)
		if _, err := client.Runs.Update(t.Context(), unfinished, mlflowclient.UpdateRun{Status: mlflowclient.StatusFailed}); err != nil {
			t.Fatal(err)
		}
		deleted := studied(t, client, params.ExperimentName, 0.99, nil)
		if err := client.Runs.Delete(t.Context(), deleted); err != nil {
			t.Fatal(err)
		}
		if get() != first {
			t.Error("a run without accuracy, a failed or a deleted one is the best")
		}
		// Of equal ones, the first by the text of n_estimators, as the original takes it.
		studied(t, client, params.ExperimentName, 0.6, map[string]string{"n_estimators": "50"})
		equal := studied(t, client, params.ExperimentName, 0.6, map[string]string{"n_estimators": "1000"})
		if get() != equal {
			t.Error("of two equal runs the other is taken")
		}
	})
}

func TestGetParametersSaysWhatIsMissing(t *testing.T) {
	both(t, func(t *testing.T, client *mlflowclient.Client, name string) {
		registration, params := local(client, name)
		refused := func(says ...string) {
			t.Helper()
			_, err := register(t.Context(), registration, params)
			for _, one := range append(says, params.ExperimentName) {
				if err == nil || !strings.Contains(err.Error(), one) {
					t.Errorf("error %v, want one that says %q", err, one)
				}
			}
		}
		refused("does not exist in MLflow at "+client.TrackingURI(), "run go run ./pipeline/hpo first")
		made, err := client.Experiments.GetOrCreate(t.Context(), params.ExperimentName)
		if err != nil {
			t.Fatal(err)
		}
		refused("has no run that is FINISHED and has a metric accuracy")
		studied(t, client, params.ExperimentName, math.NaN(), nil)
		refused("has no run that is FINISHED and has a metric accuracy")
		lacking := studied(t, client, params.ExperimentName, 0.6, map[string]string{"min_samples_leaf": ""})
		refused("the best run is "+lacking, "it has no param min_samples_leaf")
		wrong := studied(t, client, params.ExperimentName, 0.7, map[string]string{"max_depth": "deep"})
		refused("the best run is "+wrong, "parameter max_depth=deep: neither None nor a whole number")
		if err := client.Experiments.Delete(t.Context(), made.ID); err != nil {
			t.Fatal(err)
		}
		refused("(" + made.ID + ") is deleted in MLflow: restore it")
		if _, err := client.Experiments.GetByName(t.Context(), registration.Experiment); !errors.Is(err, mlflowclient.ErrNotFound) {
			t.Errorf("a refused registration made its experiment: %v", err)
		}
	})
}

func TestRegistrationRefuses(t *testing.T) {
	if _, err := (Registration{}).Flow(); err == nil {
		t.Error("a registration without a client was taken")
	}
	client := connect(t, "sqlite:///"+filepath.Join(t.TempDir(), "mlflow.db"))
	registration, params := local(client, "refuses")
	studied(t, client, params.ExperimentName, 0.6, nil)
	noLocal := registration
	noLocal.LocalData = false
	named := writeData(t, map[string]string{"named.csv": "prediction,quality\n1,5\n2,6\n3,5\n4,6\n5,5\n"})
	for says, test := range map[string]struct {
		registration Registration
		change       func(*RegistrationParameters)
	}{
		"bucket_name is empty":             {noLocal, func(*RegistrationParameters) {}},
		"features is empty":                {registration, func(p *RegistrationParameters) { p.Features = nil }},
		`no such column: "colour"`:         {registration, func(p *RegistrationParameters) { p.Features = []string{"colour"} }},
		`the target "quality" is among`:    {registration, func(p *RegistrationParameters) { p.Features = []string{"quality"} }},
		"no credentials; set AWS_ACCESS":   {registration, func(p *RegistrationParameters) { p.BucketName, p.Filename = "bucket", "a.csv" }},
		`"No_Bucket" is not a bucket name`: {registration, func(p *RegistrationParameters) { p.BucketName, p.Filename = "No_Bucket", "a.csv" }},
		`is named "prediction"`: {registration, func(p *RegistrationParameters) {
			p.Filename, p.Features = filepath.Join(named, "named.csv"), []string{"prediction"}
		}},
	} {
		s3Loader(t, nil) // keeps the machine's settings out
		changed := params
		test.change(&changed)
		if _, err := register(t.Context(), test.registration, changed); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("error %v, want one that says %s", err, says)
		}
	}
	for name, run := range runsOf(t, client, registration.Experiment) {
		if run.Status != mlflowclient.StatusFailed {
			t.Errorf("run %s is %s", name, run.Status)
		}
	}
	if _, err := client.RegisteredModels.Get(t.Context(), registration.Model); !errors.Is(err, mlflowclient.ErrNotFound) {
		t.Errorf("a refused registration made a model: %v", err)
	}
}

func TestTheFormHasTheOriginalsDefaults(t *testing.T) {
	flow, err := Registration{Client: connect(t, "sqlite:///"+filepath.Join(t.TempDir(), "mlflow.db"))}.Flow()
	if err != nil {
		t.Fatal(err)
	}
	schema, err := flow.ParameterSchema()
	if err != nil {
		t.Fatal(err)
	}
	want, err := json.Marshal(DefaultRegistrationParameters())
	if err != nil {
		t.Fatal(err)
	}
	defaults := map[string]json.RawMessage{}
	for name, property := range schema.Properties {
		defaults[name] = property.Default
		if property.Description == "" || property.Title == "" || property.Title == name {
			t.Errorf("%s: title %q, description %q", name, property.Title, property.Description)
		}
	}
	got, err := json.Marshal(defaults)
	if err != nil {
		t.Fatal(err)
	}
	var a, b map[string]any
	if err := errors.Join(json.Unmarshal(want, &a), json.Unmarshal(got, &b)); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(a, b); diff != "" || flow.Name() != "Main Registration Flow" || len(schema.Required) != 0 {
		t.Errorf("flow %q, required %v, defaults (-struct +form):\n%s", flow.Name(), schema.Required, diff)
	}
	if text := fmt.Sprint(a); text != "map[bucket_name:mlflow-artifacts experiment_name:red-wine-quality-hyperopt "+
		"features:[volatile acidity citric acid sulphates alcohol] filename:winequality-red.csv promotion:if_not_worse target:quality]" {
		t.Error(text)
	}
}
