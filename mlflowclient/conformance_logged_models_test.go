package mlflowclient_test

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"mlopsgo/mlflowclient"
)

func TestLoggedModelLife(t *testing.T) {
	eachEnd(t, func(t *testing.T, c *mlflowclient.Client) {
		ctx := t.Context()
		run := newRun(t, c, mlflowclient.CreateRun{})
		nastyMap := map[string]string{"empty": ""}
		for i, value := range nasty {
			nastyMap[fmt.Sprint("k ", i)] = value
		}
		model, err := c.LoggedModels.Create(ctx, mlflowclient.CreateLoggedModel{
			ExperimentID: run.ExperimentID, Name: "ünï 日本 #?&+", SourceRunID: run.ID, Type: "type ü", Params: nastyMap, Tags: nastyMap,
		})
		must(t, err)
		if model.Name != "ünï 日本 #?&+" || model.Type != "type ü" || model.Status != mlflowclient.LoggedModelPending || !maps.Equal(model.Params, nastyMap) ||
			!maps.Equal(model.Tags, nastyMap) || model.SourceRunID != run.ID || model.ExperimentID != run.ExperimentID || len(model.Metrics) != 0 {
			t.Errorf("made %+v", model)
		}
		invented, err := c.LoggedModels.Create(ctx, mlflowclient.CreateLoggedModel{ExperimentID: run.ExperimentID})
		must(t, err)
		if invented.Name == "" || invented.SourceRunID != "" {
			t.Errorf("without a name %+v", invented)
		}

		must(t, c.LoggedModels.LogParams(ctx, model.ID, map[string]string{"later": "1"}))
		must(t, c.LoggedModels.LogParams(ctx, model.ID, map[string]string{"later": "1"}))
		must(t, c.LoggedModels.LogParams(ctx, model.ID, map[string]string{"later": "1", "latest": "2"}))
		err = c.LoggedModels.LogParams(ctx, model.ID, map[string]string{"later": "3", "never": "4"})
		wantError(t, err, mlflowclient.ErrInvalidParameter, 0, mlflowclient.CodeInvalidParameterValue)
		must(t, c.LoggedModels.SetTags(ctx, model.ID, map[string]string{"empty": "full", "more tags": "ü"}))
		must(t, c.LoggedModels.DeleteTag(ctx, model.ID, "more tags"))
		wantError(t, c.LoggedModels.DeleteTag(ctx, model.ID, "more tags"), mlflowclient.ErrNotFound, 404, mlflowclient.CodeDoesNotExist)
		wantError(t, c.LoggedModels.DeleteTag(ctx, model.ID, "a/b"), mlflowclient.ErrInvalidParameter, 0, mlflowclient.CodeInvalidParameterValue)
		ready, err := c.LoggedModels.Finalize(ctx, model.ID, mlflowclient.LoggedModelReady)
		must(t, err)
		_, err = c.LoggedModels.Finalize(ctx, model.ID, "GOOD")
		wantError(t, err, mlflowclient.ErrInvalidParameter, 0, mlflowclient.CodeInvalidParameterValue)
		nastyMap["later"], nastyMap["latest"] = "1", "2"
		if ready.Status != mlflowclient.LoggedModelReady || !maps.Equal(ready.Params, nastyMap) || ready.Tags["empty"] != "full" || ready.Updated.Before(ready.Created) {
			t.Errorf("ready %+v", ready)
		}

		outputs := []mlflowclient.ModelOutput{{ModelID: model.ID, Step: 4}}
		must(t, c.Runs.LogOutputs(ctx, run.ID, outputs))
		must(t, c.Runs.LogOutputs(ctx, run.ID, outputs))
		must(t, c.Runs.LogOutputs(ctx, run.ID, append(outputs, mlflowclient.ModelOutput{ModelID: invented.ID})))
		must(t, c.Runs.LogOutputs(ctx, run.ID, nil))
		must(t, c.Runs.LogInputs(ctx, run.ID, mlflowclient.Inputs{Models: []string{invented.ID}}))
		got := getRun(t, c, run.ID)
		slices.SortFunc(got.ModelOutputs, func(a, b mlflowclient.ModelOutput) int { return int(b.Step - a.Step) })
		if !slices.Equal(got.ModelOutputs, append(outputs, mlflowclient.ModelOutput{ModelID: invented.ID})) || !slices.Equal(got.ModelInputs, []string{invented.ID}) {
			t.Errorf("outputs %+v, inputs %v", got.ModelOutputs, got.ModelInputs)
		}

		must(t, c.LoggedModels.Delete(ctx, model.ID))
		must(t, c.LoggedModels.Delete(ctx, model.ID))
		_, err = c.LoggedModels.Get(ctx, model.ID)
		wantError(t, err, mlflowclient.ErrNotFound, 404, mlflowclient.CodeDoesNotExist)
	})
}

func TestMetricsOfAModel(t *testing.T) {
	eachEnd(t, func(t *testing.T, c *mlflowclient.Client) {
		ctx := t.Context()
		run := newRun(t, c, mlflowclient.CreateRun{})
		model, err := c.LoggedModels.Create(ctx, mlflowclient.CreateLoggedModel{ExperimentID: run.ExperimentID, SourceRunID: run.ID})
		must(t, err)
		at := time.UnixMilli(1_700_000_000_000)
		points := []mlflowclient.Metric{
			{Key: "a/b c", Value: 0.1, Timestamp: at, Step: 0, ModelID: model.ID},
			{Key: "a/b c", Value: 1.0 / 3, Timestamp: at, Step: 1, ModelID: model.ID, DatasetName: "wine", DatasetDigest: "d"},
			{Key: "inf", Value: math.Inf(-1), Timestamp: at, Step: -2, ModelID: model.ID},
			{Key: "plain", Value: 1, Timestamp: at},
		}
		must(t, c.Runs.LogBatch(ctx, run.ID, mlflowclient.Batch{Metrics: points}))
		must(t, c.Runs.LogBatch(ctx, run.ID, mlflowclient.Batch{Metrics: points}))
		must(t, c.Runs.LogMetric(ctx, run.ID, points[0]))
		got, err := c.LoggedModels.Get(ctx, model.ID)
		must(t, err)
		slices.SortFunc(got.Metrics, func(a, b mlflowclient.Metric) int {
			return strings.Compare(fmt.Sprint(a.Key, a.Step), fmt.Sprint(b.Key, b.Step))
		})
		want := points[:3]
		for i := range want {
			want[i].RunID = run.ID
		}
		if !slices.Equal(got.Metrics, want) {
			t.Errorf("metrics\n%+v, want\n%+v", got.Metrics, want)
		}
		if len(getRun(t, c, run.ID).Metrics) != 3 {
			t.Errorf("the run's metrics are %+v", getRun(t, c, run.ID).Metrics)
		}
	})
}

func TestLoggedModelSearch(t *testing.T) {
	eachEnd(t, func(t *testing.T, c *mlflowclient.Client) {
		ctx := t.Context()
		run := newRun(t, c, mlflowclient.CreateRun{})
		ids := map[string]string{}
		for i, name := range []string{"b", "a", "d", "c"} {
			model, err := c.LoggedModels.Create(ctx, mlflowclient.CreateLoggedModel{
				ExperimentID: run.ExperimentID, Name: name, SourceRunID: run.ID, Type: fmt.Sprint("t", i%2),
				Params: map[string]string{"max depth": fmt.Sprint(i)}, Tags: map[string]string{"team": "T" + name},
			})
			must(t, err)
			ids[name] = model.ID
			if name != "d" {
				must(t, c.Runs.LogBatch(ctx, run.ID, mlflowclient.Batch{Metrics: []mlflowclient.Metric{
					{Key: "acc", Value: float64(i) / 10, ModelID: model.ID, DatasetName: "wine", DatasetDigest: "d" + fmt.Sprint(i%2)},
				}}))
			}
			time.Sleep(5 * time.Millisecond) // creation times in ms decide the default order
		}
		gone, err := c.LoggedModels.Create(ctx, mlflowclient.CreateLoggedModel{ExperimentID: run.ExperimentID, Name: "gone"})
		must(t, err)
		must(t, c.LoggedModels.Delete(ctx, gone.ID))
		by := func(field string, descending bool) []mlflowclient.LoggedModelOrder {
			return []mlflowclient.LoggedModelOrder{{Field: field, Descending: descending}}
		}
		for _, tt := range []struct {
			q    mlflowclient.SearchLoggedModels
			want string
		}{
			{mlflowclient.SearchLoggedModels{}, "cdab"},
			{mlflowclient.SearchLoggedModels{PageSize: 1}, "cdab"},
			{mlflowclient.SearchLoggedModels{PageSize: 3, Filter: "source_run_id = '" + run.ID + "'", OrderBy: by("name", false)}, "abcd"},
			{mlflowclient.SearchLoggedModels{OrderBy: by("name", true)}, "dcba"},
			{mlflowclient.SearchLoggedModels{OrderBy: by("creation_timestamp", false)}, "badc"},
			{mlflowclient.SearchLoggedModels{OrderBy: by("metrics.acc", true)}, "cabd"},
			{mlflowclient.SearchLoggedModels{OrderBy: []mlflowclient.LoggedModelOrder{{Field: "metrics.acc", Dataset: mlflowclient.DatasetRef{Name: "wine", Digest: "d1"}}, {Field: "name"}}}, "acbd"},
			{mlflowclient.SearchLoggedModels{Filter: "name = 'a'"}, "a"},
			{mlflowclient.SearchLoggedModels{Filter: "name IN ('a', 'c')"}, "ca"},
			{mlflowclient.SearchLoggedModels{Filter: "metrics.acc > 0.05 AND metrics.acc < 0.25"}, "a"},
			{mlflowclient.SearchLoggedModels{Filter: "params.`max depth` = '2'"}, "d"},
			{mlflowclient.SearchLoggedModels{Filter: "tags.team LIKE 'T%' AND model_type = 't1'"}, "ca"},
			{mlflowclient.SearchLoggedModels{Datasets: []mlflowclient.DatasetRef{{Name: "wine", Digest: "d1"}}}, "ca"},
			{mlflowclient.SearchLoggedModels{Filter: "metrics.acc > 0.2", Datasets: []mlflowclient.DatasetRef{{Name: "wine", Digest: "d1"}, {Name: "wine", Digest: "d0"}}}, "c"},
			{mlflowclient.SearchLoggedModels{Filter: "name = 'nothing'"}, ""},
		} {
			tt.q.ExperimentIDs = []string{run.ExperimentID}
			var got strings.Builder
			for _, m := range collect(t, c.LoggedModels.Search(ctx, tt.q)) {
				got.WriteString(m.Name)
				if m.ID != ids[m.Name] || m.Tags["team"] != "T"+m.Name {
					t.Errorf("found %+v", m)
				}
			}
			if got.String() != tt.want {
				t.Errorf("%+v: %q, want %q", tt.q, got.String(), tt.want)
			}
		}
		if n := len(collect(t, c.LoggedModels.Search(ctx, mlflowclient.SearchLoggedModels{}))); n != 0 {
			t.Errorf("%d models in no experiment", n)
		}
	})
}

func TestLoggedModelArtifacts(t *testing.T) {
	eachEnd(t, func(t *testing.T, c *mlflowclient.Client) {
		model := logModel(t, c, "listed")
		for dir, want := range map[string]string{
			"": "MLmodel conda.yaml data/ empty model.onnx python_env.yaml requirements.txt", "data": "data/ünï cödé.txt", "none": "",
		} {
			files, err := c.LoggedModels.ListArtifacts(t.Context(), model.ID, dir)
			must(t, err)
			var names []string
			for _, f := range files {
				name := f.Path
				if f.IsDir {
					name += "/"
				}
				names = append(names, name)
			}
			if slices.Sort(names); strings.Join(names, " ") != want {
				t.Errorf("in %q are %q", dir, names)
			}
		}
		if _, err := c.LoggedModels.ListArtifacts(t.Context(), model.ID, "../up"); !errors.Is(err, mlflowclient.ErrInvalidParameter) {
			t.Errorf("above the model: %v", err)
		}
		if _, err := c.LoggedModels.ListArtifacts(t.Context(), "m-none", ""); !errors.Is(err, mlflowclient.ErrNotFound) {
			t.Errorf("of no model: %v", err)
		}
	})
}
