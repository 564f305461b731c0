package mlflowclient_test

import (
	"errors"
	"io"
	"net/http"
	"testing"

	"mlopsgo/mlflowclient"
)

// TestModelsOnTheWire pins what is easily wrong: a version is a text, and a model's id goes with its status.
func TestModelsOnTheWire(t *testing.T) {
	var sent string
	c := fake(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		sent = r.Method + " " + r.URL.EscapedPath() + " " + r.URL.RawQuery + " " + r.Header.Get("Content-Type") + " " + string(body)
		answer(w, 200, "{}")
	})
	ctx := t.Context()
	for _, tt := range []struct {
		call func() error
		want string
	}{
		{
			func() error { return c.RegisteredModels.SetAlias(ctx, "wine", "champion", "1") },
			`POST /api/2.0/mlflow/registered-models/alias  application/json {"alias":"champion","name":"wine","version":"1"}`,
		},
		{
			func() error { return c.RegisteredModels.DeleteAlias(ctx, "wine", "champion") },
			`DELETE /api/2.0/mlflow/registered-models/alias  application/json {"alias":"champion","name":"wine"}`,
		},
		{
			func() error { return second(c.LoggedModels.Finalize(ctx, "m-1", mlflowclient.LoggedModelReady)) },
			`PATCH /api/2.0/mlflow/logged-models/m-1  application/json {"model_id":"m-1","status":"LOGGED_MODEL_READY"}`,
		},
		{
			func() error {
				return second(c.ModelVersions.Create(ctx, mlflowclient.CreateModelVersion{Name: "wine", ModelID: "m-1", RunID: "r"}))
			},
			`POST /api/2.0/mlflow/model-versions/create  application/json {"name":"wine","source":"models:/m-1","run_id":"r","model_id":"m-1"}`,
		},
		{
			func() error { return second(c.ModelVersions.Get(ctx, "a&b #?", "1")) },
			`GET /api/2.0/mlflow/model-versions/get name=a%26b+%23%3F&version=1  `,
		},
		{
			func() error { return c.LoggedModels.DeleteTag(ctx, "m-1", "a b?#%") },
			`DELETE /api/2.0/mlflow/logged-models/m-1/tags/a%20b%3F%23%25   `,
		},
		{
			func() error {
				return second(c.RegisteredModels.SearchPage(ctx, mlflowclient.SearchRegisteredModels{OrderBy: []string{"name DESC", "timestamp"}, PageSize: 7}, "t"))
			},
			`GET /api/2.0/mlflow/registered-models/search max_results=7&order_by=name+DESC&order_by=timestamp&page_token=t  `,
		},
	} {
		if err := tt.call(); err != nil || sent != tt.want {
			t.Errorf("sent\n%s, want\n%s (%v)", sent, tt.want, err)
		}
	}
	sent = ""
	for _, err := range []error{
		second(c.LoggedModels.Get(ctx, "")), c.LoggedModels.Delete(ctx, ""), c.LoggedModels.SetTags(ctx, "", nil), c.LoggedModels.LogParams(ctx, "", nil),
		second(c.RegisteredModels.SearchPage(ctx, mlflowclient.SearchRegisteredModels{PageSize: 1001}, "")),
		second(c.ModelVersions.SearchPage(ctx, mlflowclient.SearchModelVersions{PageSize: -1}, "")),
		second(c.LoggedModels.SearchPage(ctx, mlflowclient.SearchLoggedModels{PageSize: -1, ExperimentIDs: []string{"0"}}, "")),
	} {
		if !errors.Is(err, mlflowclient.ErrInvalidParameter) {
			t.Errorf("error %v", err)
		}
	}
	if sent != "" {
		t.Errorf("what is wrong was sent: %s", sent)
	}
}

// FuzzResolveModel gives any text for a model's URI: it must lead somewhere or be refused, and send no path outside of
// what it names.
func FuzzResolveModel(f *testing.F) {
	for _, uri := range []string{
		"models:/a/1", "models:/a@b", "models:/m-1", "models:///a/latest", "runs:/r/p/q", "runs:/r", "mlflow-artifacts:/1/m", "file:///x", "a b", "models:/a/../1", "runs:/r/..", "m:", "://", "models:/%2e%2e/1",
	} {
		f.Add(uri)
	}
	c := open(f, "sqlite:///"+f.TempDir()+"/mlflow.db", mlflowclient.WithArtifactRoot(f.TempDir()))
	f.Fuzz(func(t *testing.T, uri string) {
		found, err := c.ResolveModel(t.Context(), uri)
		if err == nil {
			t.Fatalf("%q leads to %+v in an empty store", uri, found)
		}
		if found != nil {
			t.Fatalf("%q leads to %+v in spite of %v", uri, found, err)
		}
	})
}
