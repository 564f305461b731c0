package mlflowclient

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"mlopsgo/mlflowclient/mlmodel"
)

// LogModel is a model to log; see [ActiveRun.LogModel].
type LogModel struct {
	// Name is shown in lists; without / : . % and quotes. Empty lets the server invent one.
	Name string
	// Type is free, such as "classifier".
	Type   string
	Params map[string]string
	Tags   map[string]string
	// Metrics are logged to the run, tied to the model, so that they stand on its page. A point that the run has already
	// is not doubled when it has the same Timestamp, Step and Value.
	Metrics []Metric
	// Dataset is what Metrics were computed on, unless they say so themselves; nil for none. It is not logged as the run's
	// input: [ActiveRun.LogInputs] does that.
	Dataset *DatasetInput
	// Files makes the model's folder, given the id that belongs into its MLmodel, such as [mlmodel.ONNXModel] does.
	Files func(modelID string) ([]mlmodel.File, error)
	// Progress, unless nil, is called after each file that was stored, by one goroutine at a time, with the bytes stored
	// so far and those of all files.
	Progress func(stored, total int64)
}

// LogModel logs a model of the run: it makes a logged model, notes it as the run's output, logs its metrics, uploads its
// files, and says that it is complete. When anything fails or panics on the way, also when the context ends, the logged
// model is marked LoggedModelFailed; the error says so when even that fails, and the model stays LoggedModelPending.
func (r *ActiveRun) LogModel(ctx context.Context, in LogModel) (_ *LoggedModel, err error) {
	if in.Files == nil {
		return nil, invalid("a model without files: set LogModel.Files")
	}
	models := &LoggedModelService{r.runs.api}
	model, err := models.Create(ctx, CreateLoggedModel{
		ExperimentID: r.ExperimentID, Name: in.Name, SourceRunID: r.ID, Type: in.Type, Params: in.Params, Tags: in.Tags,
	})
	if err != nil {
		return nil, err
	}
	complete := false
	defer func() {
		if complete {
			return
		}
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), endTimeout)
		defer cancel()
		if _, failErr := models.Finalize(ctx, model.ID, LoggedModelFailed); failErr != nil {
			err = errors.Join(err, fmt.Errorf("model %s stays %s: %w", model.ID, LoggedModelPending, failErr))
		}
	}()
	if err := r.fill(ctx, model, in); err != nil {
		return nil, fmt.Errorf("logging model %s (%s) of run %s: %w", model.Name, model.ID, r.ID, err)
	}
	ready, err := models.Finalize(ctx, model.ID, LoggedModelReady)
	if err != nil {
		return nil, fmt.Errorf("model %s (%s) of run %s is uploaded and could not be marked as complete: %w", model.Name, model.ID, r.ID, err)
	}
	complete = true
	return ready, nil
}

// fill gives a new logged model all that belongs to it.
func (r *ActiveRun) fill(ctx context.Context, model *LoggedModel, in LogModel) error {
	if err := r.runs.LogOutputs(ctx, r.ID, []ModelOutput{{ModelID: model.ID}}); err != nil {
		return err
	}
	if err := r.runs.LogBatch(ctx, r.ID, Batch{Metrics: in.metricsOf(model.ID)}); err != nil {
		return err
	}
	files, err := in.Files(model.ID)
	if err != nil {
		return err
	}
	if err := checkModelFiles(files); err != nil {
		return err
	}
	store, err := (&ArtifactService{r.runs.api}).At(model.ArtifactURI)
	if err != nil {
		return err
	}
	return uploadModel(ctx, store, files, in.Progress)
}

// metricsOf ties the metrics to the model and the data set.
func (in *LogModel) metricsOf(modelID string) []Metric {
	metrics := make([]Metric, len(in.Metrics))
	for i, m := range in.Metrics {
		m.ModelID = modelID
		if in.Dataset != nil && m.DatasetName == "" {
			m.DatasetName, m.DatasetDigest = in.Dataset.Name, in.Dataset.Digest
		}
		metrics[i] = m
	}
	return metrics
}

// checkModelFiles finds what would make the folder unreadable before anything of it is sent.
func checkModelFiles(files []mlmodel.File) error {
	seen := make(map[string]bool, len(files))
	for _, f := range files {
		if err := checkArtifactName(f.Name); err != nil {
			return err
		}
		if seen[f.Name] {
			return invalid("the model has two files %s", quote(f.Name))
		}
		seen[f.Name] = true
	}
	if !seen[mlmodel.FileName] {
		return invalid("the model has no file %s, without which nothing can load it", mlmodel.FileName)
	}
	return nil
}

// uploadModel stores MLmodel last, so that a folder that is being filled is no model before it is complete.
func uploadModel(ctx context.Context, store *ArtifactStore, files []mlmodel.File, progress func(stored, total int64)) error {
	var mu sync.Mutex
	var stored, total int64
	upload := func(ctx context.Context, f mlmodel.File) error {
		if err := store.put(ctx, f.Name, contentOf(f.Data), store.begin(1, int64(len(f.Data)))); err != nil || progress == nil {
			return err
		}
		mu.Lock()
		defer mu.Unlock()
		stored += int64(len(f.Data))
		progress(stored, total)
		return nil
	}
	var last mlmodel.File
	rest := make([]mlmodel.File, 0, len(files))
	for _, f := range files {
		total += int64(len(f.Data))
		if f.Name == mlmodel.FileName {
			last = f
		} else {
			rest = append(rest, f)
		}
	}
	if err := several(ctx, store.options.Files, rest, upload); err != nil {
		return err
	}
	return upload(ctx, last)
}
