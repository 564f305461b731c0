package mlflowclient_test

import (
	"encoding/json"
	"math"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"mlopsgo/mlflowclient"
)

func TestRecordModel(t *testing.T) {
	eachEnd(t, func(t *testing.T, c *mlflowclient.Client) {
		ctx := t.Context()
		run := newRun(t, c, mlflowclient.CreateRun{})
		at := time.Date(2026, 11, 25, 18, 0, 0, 1000, time.UTC)
		flavors := map[string]map[string]any{"onnx": {"data": "für.onnx", "n": 1.5, "config": "left out", "none": nil, "list": []any{"a", true}}}
		must(t, c.Runs.RecordModel(ctx, run.ID, mlflowclient.RecordModel{ArtifactPath: "model", UUID: "u-1", Created: at, Flavors: flavors}))
		must(t, c.Runs.RecordModel(ctx, run.ID, mlflowclient.RecordModel{ArtifactPath: "other model", Created: at}))
		var got []any
		must(t, json.Unmarshal([]byte(getRun(t, c, run.ID).Tags[mlflowclient.TagRecordedModels]), &got))
		want := []any{
			map[string]any{
				"run_id": run.ID, "artifact_path": "model", "utc_time_created": "2026-11-25 18:00:00.000001", "model_uuid": "u-1",
				"flavors": map[string]any{"onnx": map[string]any{"data": "für.onnx", "n": 1.5, "none": nil, "list": []any{"a", true}}},
			},
			map[string]any{
				"run_id": run.ID, "artifact_path": "other model", "utc_time_created": "2026-11-25 18:00:00.000001", "model_uuid": nil, "flavors": map[string]any{},
			},
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("recorded (-want +got):\n%s", diff)
		}
		denied(t, "no such run", c.Runs.RecordModel(ctx, "0123456789abcdef0123456789abcdef", mlflowclient.RecordModel{ArtifactPath: "m"}), mlflowclient.ErrNotFound)
		denied(t, "no JSON", c.Runs.RecordModel(ctx, run.ID, mlflowclient.RecordModel{Flavors: map[string]map[string]any{"x": {"nan": math.NaN()}}}), mlflowclient.ErrInvalidParameter)
		for what, text := range map[string]string{"not JSON": "{", "without fields": `{"run_id":"r"}`} {
			denied(t, what, c.Do(ctx, mlflowclient.Call{
				Method: "POST", Path: "/api/2.0/mlflow/runs/log-model", In: map[string]string{"run_id": run.ID, "model_json": text},
			}), mlflowclient.ErrInvalidParameter)
		}
		must(t, c.Runs.Delete(ctx, run.ID))
		denied(t, "a deleted run", c.Runs.RecordModel(ctx, run.ID, mlflowclient.RecordModel{ArtifactPath: "m"}), mlflowclient.ErrInvalidParameter)
	})
}
