package mlflowclient

import (
	"context"
	"time"

	"mlopsgo/mlflowclient/mlmodel"
)

// TagRecordedModels is the tag in which [RunService.RecordModel] keeps the models of a run, as a JSON list.
const TagRecordedModels = "mlflow.log-model.history"

// RecordModel describes a model folder among a run's artifacts.
type RecordModel struct {
	// ArtifactPath is the folder, relative to the run's artifacts.
	ArtifactPath string
	// UUID is the model_uuid of its MLmodel file; it may be empty.
	UUID string
	// Created is now when zero.
	Created time.Time
	// Flavors are those of the MLmodel file, by name. The server leaves the entry "config" of each out.
	Flavors map[string]map[string]any
}

// RecordModel notes a model among a run's artifacts in the run's tags, as MLflow did before version 3 and its older
// clients still read. New programs call [ActiveRun.LogModel]. It adds to what is there, so it is not sent again when its
// end is unknown.
func (s *RunService) RecordModel(ctx context.Context, runID string, in RecordModel) error {
	if in.Created.IsZero() {
		in.Created = time.Now()
	}
	model := map[string]any{
		"run_id": runID, "artifact_path": in.ArtifactPath, "utc_time_created": mlmodel.FormatTime(in.Created), "flavors": in.Flavors,
	}
	if in.Flavors == nil {
		model["flavors"] = map[string]any{}
	}
	if in.UUID != "" {
		model["model_uuid"] = in.UUID
	}
	text, err := marshal(model)
	if err != nil {
		return invalid("the flavors of model %s cannot be written as JSON: %v", in.ArtifactPath, err)
	}
	return s.api.call(ctx, creates("runs/log-model"), map[string]string{"run_id": runID, "model_json": string(text)}, nil)
}
