package mlflowclient_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"mlopsgo/mlflowclient"
)

// modelOperations are all calls of the registry and of logged models.
var modelOperations = []callable{
	{"registered-models/create", false, func(ctx context.Context, c *mlflowclient.Client) error {
		return second(c.RegisteredModels.Create(ctx, mlflowclient.CreateRegisteredModel{Name: "n"}))
	}},
	{"registered-models/get", true, func(ctx context.Context, c *mlflowclient.Client) error {
		return second(c.RegisteredModels.Get(ctx, "n"))
	}},
	{"registered-models/update", true, func(ctx context.Context, c *mlflowclient.Client) error {
		return second(c.RegisteredModels.Update(ctx, "n", "d"))
	}},
	{"registered-models/rename", true, func(ctx context.Context, c *mlflowclient.Client) error {
		return second(c.RegisteredModels.Rename(ctx, "n", "m"))
	}},
	{"registered-models/delete", true, func(ctx context.Context, c *mlflowclient.Client) error { return c.RegisteredModels.Delete(ctx, "n") }},
	{"registered-models/search", true, func(ctx context.Context, c *mlflowclient.Client) error {
		return second(c.RegisteredModels.SearchPage(ctx, mlflowclient.SearchRegisteredModels{}, ""))
	}},
	{"registered-models/get-latest-versions", true, func(ctx context.Context, c *mlflowclient.Client) error {
		return second(c.RegisteredModels.LatestVersions(ctx, "n"))
	}},
	{"registered-models/set-tag", true, func(ctx context.Context, c *mlflowclient.Client) error {
		return c.RegisteredModels.SetTag(ctx, "n", "k", "v")
	}},
	{"registered-models/delete-tag", true, func(ctx context.Context, c *mlflowclient.Client) error {
		return c.RegisteredModels.DeleteTag(ctx, "n", "k")
	}},
	{"registered-models/alias, POST", true, func(ctx context.Context, c *mlflowclient.Client) error {
		return c.RegisteredModels.SetAlias(ctx, "n", "a", "1")
	}},
	{"registered-models/alias, DELETE", true, func(ctx context.Context, c *mlflowclient.Client) error {
		return c.RegisteredModels.DeleteAlias(ctx, "n", "a")
	}},
	{"registered-models/alias, GET", true, func(ctx context.Context, c *mlflowclient.Client) error {
		return second(c.ModelVersions.GetByAlias(ctx, "n", "a"))
	}},
	{"model-versions/create", false, func(ctx context.Context, c *mlflowclient.Client) error {
		return second(c.ModelVersions.Create(ctx, mlflowclient.CreateModelVersion{Name: "n", ModelID: "m-1"}))
	}},
	{"model-versions/get", true, func(ctx context.Context, c *mlflowclient.Client) error {
		return second(c.ModelVersions.Get(ctx, "n", "1"))
	}},
	{"model-versions/update", true, func(ctx context.Context, c *mlflowclient.Client) error {
		return second(c.ModelVersions.Update(ctx, "n", "1", "d"))
	}},
	{"model-versions/transition-stage", true, func(ctx context.Context, c *mlflowclient.Client) error {
		return second(c.ModelVersions.TransitionStage(ctx, "n", "1", "Staging", true))
	}},
	{"model-versions/delete", true, func(ctx context.Context, c *mlflowclient.Client) error { return c.ModelVersions.Delete(ctx, "n", "1") }},
	{"model-versions/get-download-uri", true, func(ctx context.Context, c *mlflowclient.Client) error {
		return second(c.ModelVersions.DownloadURI(ctx, "n", "1"))
	}},
	{"model-versions/search", true, func(ctx context.Context, c *mlflowclient.Client) error {
		return second(c.ModelVersions.SearchPage(ctx, mlflowclient.SearchModelVersions{}, ""))
	}},
	{"model-versions/set-tag", true, func(ctx context.Context, c *mlflowclient.Client) error {
		return c.ModelVersions.SetTag(ctx, "n", "1", "k", "v")
	}},
	{"model-versions/delete-tag", true, func(ctx context.Context, c *mlflowclient.Client) error {
		return c.ModelVersions.DeleteTag(ctx, "n", "1", "k")
	}},
	{"logged-models, POST", false, func(ctx context.Context, c *mlflowclient.Client) error {
		return second(c.LoggedModels.Create(ctx, mlflowclient.CreateLoggedModel{}))
	}},
	{"logged-models, GET", true, func(ctx context.Context, c *mlflowclient.Client) error { return second(c.LoggedModels.Get(ctx, "m-1")) }},
	{"logged-models, PATCH", true, func(ctx context.Context, c *mlflowclient.Client) error {
		return second(c.LoggedModels.Finalize(ctx, "m-1", mlflowclient.LoggedModelReady))
	}},
	{"logged-models, DELETE", true, func(ctx context.Context, c *mlflowclient.Client) error { return c.LoggedModels.Delete(ctx, "m-1") }},
	{"logged-models/search", true, func(ctx context.Context, c *mlflowclient.Client) error {
		return second(c.LoggedModels.SearchPage(ctx, mlflowclient.SearchLoggedModels{ExperimentIDs: []string{"0"}}, ""))
	}},
	{"logged-models/tags, PATCH", true, func(ctx context.Context, c *mlflowclient.Client) error {
		return c.LoggedModels.SetTags(ctx, "m-1", map[string]string{"k": "v"})
	}},
	{"logged-models/tags, DELETE", true, func(ctx context.Context, c *mlflowclient.Client) error {
		return c.LoggedModels.DeleteTag(ctx, "m-1", "k")
	}},
	{"logged-models/params", true, func(ctx context.Context, c *mlflowclient.Client) error {
		return c.LoggedModels.LogParams(ctx, "m-1", map[string]string{"k": "v"})
	}},
	{"logged-models/artifacts/directories", true, func(ctx context.Context, c *mlflowclient.Client) error {
		return second(c.LoggedModels.ListArtifacts(ctx, "m-1", ""))
	}},
	{"runs/outputs", true, func(ctx context.Context, c *mlflowclient.Client) error {
		return c.Runs.LogOutputs(ctx, "r", []mlflowclient.ModelOutput{{ModelID: "m-1"}})
	}},
}

// TestOutputsThatAreThere sends again only what is missing, and believes a refusal that has another reason.
func TestOutputsThatAreThere(t *testing.T) {
	for _, tt := range []struct {
		has    string // outputs of the run
		want   string // the model ids of the calls
		failed bool
	}{
		{`{"model_id":"m-1"},{"model_id":"m-2"}`, "m-1 m-2", false},
		{`{"model_id":"m-1"}`, "m-1 m-2, m-2", false},
		{``, "m-1 m-2", true},
	} {
		var sent []string
		c := fake(t, func(w http.ResponseWriter, r *http.Request) {
			if r.Method == http.MethodGet {
				answer(w, 200, `{"run":{"outputs":{"model_outputs":[`+tt.has+`]}}}`)
				return
			}
			body, _ := io.ReadAll(r.Body)
			var ids []string
			for _, id := range []string{"m-1", "m-2"} {
				if strings.Contains(string(body), id) {
					ids = append(ids, id)
				}
			}
			if sent = append(sent, strings.Join(ids, " ")); len(sent) == 1 {
				answer(w, 400, `{"error_code":"BAD_REQUEST","message":"(psycopg2.errors.UniqueViolation)"}`)
				return
			}
			answer(w, 200, "{}")
		})
		err := c.Runs.LogOutputs(t.Context(), "r", []mlflowclient.ModelOutput{{ModelID: "m-1"}, {ModelID: "m-2", Step: 3}})
		if (err != nil) != tt.failed || tt.failed && !errors.Is(err, mlflowclient.ErrInvalidParameter) || strings.Join(sent, ", ") != tt.want {
			t.Errorf("with %s: sent %q, error %v", tt.has, sent, err)
		}
	}
}
