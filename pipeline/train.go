package pipeline

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"mlopsgo/mlflowclient"
	"mlopsgo/mlflowclient/mlmodel"
	"mlopsgo/pipeline/forest"
)

// TrainingFile is the file of a trained model's folder that tells how the model came about, as JSON.
const TrainingFile = "training.json"

// artifactPath is the folder of the model among its run's artifacts.
const artifactPath = "model"

// Training is one forest with given hyper-parameters, kept as a folder and as a run in MLflow.
type Training struct {
	Split   *Split
	Params  forest.Params
	Dataset mlflowclient.DatasetInput
	// Out is the folder to write, an MLflow model with flavors onnx, sklearn and python_function; it must not exist yet. It appears whole or not
	// at all.
	Out string
	// Client and Experiment say where the run is recorded; the experiment is made when missing.
	Client     *mlflowclient.Client
	Experiment string
	// OnTree is called with the number of trees that are done. Nil is fine.
	OnTree func(done, total int)
}

// Trained is what a training made.
type Trained struct {
	Trial Trial
	Run   mlflowclient.RunInfo
}

// record is the content of [TrainingFile].
type record struct {
	RunID    string             `json:"run_id"`
	Features []string           `json:"features"`
	Target   string             `json:"target"`
	Classes  []string           `json:"classes"`
	Params   map[string]string  `json:"params"`
	Metrics  map[string]float64 `json:"metrics"`
	Dataset  struct {
		Name   string `json:"name"`
		Digest string `json:"digest"`
	} `json:"dataset"`
}

// Train carries the training out. The run ends FINISHED only when the folder stands and its files are in MLflow too.
func (t Training) Train(ctx context.Context) (*Trained, error) {
	if err := t.Params.Validate(); err != nil {
		return nil, err
	}
	if err := refuseExisting(t.Out); err != nil {
		return nil, err
	}
	experiment, err := t.Client.Experiments.GetOrCreate(ctx, t.Experiment)
	if err != nil {
		return nil, fmt.Errorf("experiment %q: %w", t.Experiment, err)
	}
	var made *Trained
	start := mlflowclient.StartRun{ExperimentID: experiment.ID, Tags: map[string]string{"model": modelTag}}
	err = t.Client.Track(ctx, start, func(ctx context.Context, run *mlflowclient.ActiveRun) (err error) {
		made, err = t.inRun(ctx, run)
		return err
	})
	if err != nil {
		return nil, err
	}
	return made, nil
}

// inRun trains, logs and writes the folder.
func (t Training) inRun(ctx context.Context, run *mlflowclient.ActiveRun) (*Trained, error) {
	trial, model, err := t.logged(ctx, run)
	if err != nil {
		return nil, err
	}
	params := allNamedMap(t.Params)
	description := record{RunID: run.ID, Features: t.Split.Features, Target: t.Split.Target, Params: params, Metrics: map[string]float64{}}
	description.Dataset.Name, description.Dataset.Digest = t.Dataset.Name, t.Dataset.Digest
	for _, class := range model.Classes() {
		description.Classes = append(description.Classes, t.Split.Classes.Text(class))
	}
	for _, metric := range trial.metrics() {
		description.Metrics[metric.Key] = metric.Value
	}
	return &Trained{Trial: trial, Run: run.RunInfo}, t.keep(ctx, run, model, description)
}

// logged trains, and logs params, data set and figures to the run.
func (t Training) logged(ctx context.Context, run *mlflowclient.ActiveRun) (Trial, *forest.Classifier, error) {
	var trial Trial
	if err := run.LogBatch(ctx, mlflowclient.Batch{Params: allNamedMap(t.Params)}); err != nil {
		return trial, nil, err
	}
	if err := run.LogInputs(ctx, mlflowclient.Inputs{Datasets: []mlflowclient.DatasetInput{t.Dataset}}); err != nil {
		return trial, nil, err
	}
	trial, model, err := try(ctx, t.Split, t.Params, forest.WithProgress(func(done, total int) {
		if t.OnTree != nil {
			t.OnTree(done, total)
		}
	}))
	if err != nil {
		return trial, nil, err
	}
	trial.RunID = run.ID
	return trial, model, run.LogBatch(ctx, mlflowclient.Batch{Metrics: trial.metrics()})
}

func allNamedMap(p forest.Params) map[string]string {
	params := map[string]string{}
	for _, one := range AllNamed(p) {
		params[one[0]] = one[1]
	}
	return params
}

// keep uploads the model's files and writes its folder.
func (t Training) keep(ctx context.Context, run *mlflowclient.ActiveRun, model *forest.Classifier, description record) error {
	export, err := t.Split.Model(model).Export(ctx)
	if err != nil {
		return err
	}
	export.ArtifactPath, export.RunID = artifactPath, run.ID
	files, err := export.Files()
	if err != nil {
		return err
	}
	text, err := json.MarshalIndent(description, "", "  ")
	if err != nil {
		return err
	}
	files = append([]mlmodel.File{{Name: TrainingFile, Data: append(text, '\n')}}, files...)
	store, err := t.Client.Artifacts.At(run.ArtifactURI)
	if err != nil {
		return err
	}
	for _, file := range files {
		if err := store.Upload(ctx, artifactPath+"/"+file.Name, bytes.NewReader(file.Data), int64(len(file.Data))); err != nil {
			return fmt.Errorf("upload the model: %w", err)
		}
	}
	if err := os.MkdirAll(filepath.Dir(t.Out), 0o755); err != nil {
		return err
	}
	return mlmodel.WriteFolder(t.Out, files)
}

// refuseExisting keeps a training from replacing anything.
func refuseExisting(folder string) error {
	if strings.TrimSpace(folder) == "" {
		return fmt.Errorf("the folder for the model has no name")
	}
	switch _, err := os.Lstat(folder); {
	case err == nil:
		return fmt.Errorf("%s exists already: name another folder, or remove it first", folder)
	case errors.Is(err, os.ErrNotExist):
		return nil
	default:
		return err
	}
}
