package mlflowclient_test

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"time"

	"mlopsgo/mlflowclient"
)

// A server that follows an alias reloads its model when MLflow calls. The call here is one that MLflow's server made.
func ExampleWebhookReceiver() {
	receiver := httptest.NewServer(&mlflowclient.WebhookReceiver{
		Secret: "the webhook's secret",
		Handle: func(_ context.Context, d *mlflowclient.WebhookDelivery) error {
			if d.Event == mlflowclient.EventModelVersionAliasCreated && d.Data.Alias == "champion" {
				fmt.Printf("load version %s of %s\n", d.Data.Version, d.Data.Name)
			}
			return nil
		},
	})
	defer receiver.Close()

	call := `{"entity": "model_version_alias", "action": "created", "data": {"name": "wine", "alias": "champion", "version": "3"}}`
	for _, secret := range []string{"a guess", "the webhook's secret"} {
		req, err := http.NewRequestWithContext(context.Background(), http.MethodPost, receiver.URL, bytes.NewBufferString(call))
		check(err)
		req.Header = signed(secret, call, time.Now())
		resp, err := http.DefaultClient.Do(req)
		check(err)
		check(resp.Body.Close())
		fmt.Println(resp.StatusCode)
	}
	http.DefaultClient.CloseIdleConnections()
	// Output:
	// 401
	// load version 3 of wine
	// 204
}

// The server is to call https://models.example.com/mlflow when an alias is set.
func ExampleWebhookService_Create() { //nolint:testableexamples // the server has to reach the URL; TestServerCallsWebhook does it
	ctx := context.Background()
	client, err := mlflowclient.FromEnv(ctx)
	check(err)
	defer client.Close()
	hook, err := client.Webhooks.Create(ctx, mlflowclient.CreateWebhook{
		Name: "reload", URL: "https://models.example.com/mlflow", Secret: os.Getenv("WEBHOOK_SECRET"),
		Events: []mlflowclient.WebhookEvent{mlflowclient.EventModelVersionAliasCreated},
	})
	check(err)
	result, err := client.Webhooks.Test(ctx, hook.ID, mlflowclient.EventModelVersionAliasCreated)
	check(err)
	fmt.Println(result.Success, result.Status, result.Error)
}

// An admin gives a team a workspace, and one of its members a role in it.
func ExampleWorkspaceService_Create() { //nolint:testableexamples // it takes a server with accounts and workspaces; workspaces_test.go has one
	ctx := context.Background()
	admin, err := mlflowclient.New(ctx, "https://mlflow.example.com", mlflowclient.WithBasicAuth("admin", os.Getenv("MLFLOW_TRACKING_PASSWORD")))
	check(err)
	defer admin.Close()
	_, err = admin.Workspaces.Create(ctx, mlflowclient.Workspace{Name: "wine-team"})
	check(err)
	roles, err := admin.Roles.List(ctx, "wine-team") // admin and user, which every workspace has
	check(err)
	for _, role := range roles {
		if role.Name == "user" {
			check(admin.Roles.Assign(ctx, role.ID, "zoe"))
		}
	}
	zoe, err := mlflowclient.New(ctx, "https://mlflow.example.com",
		mlflowclient.WithWorkspace("wine-team"), mlflowclient.WithBasicAuth("zoe", os.Getenv("ZOES_PASSWORD")))
	check(err)
	defer zoe.Close()
	_, err = zoe.Experiments.Create(ctx, mlflowclient.CreateExperiment{Name: "red wine"})
	check(err)
}

// A user may read one experiment, and nothing else that the server does not allow everybody.
func ExamplePermissionService_Grant() { //nolint:testableexamples // it takes a server with accounts; permissions_test.go has one
	ctx := context.Background()
	client, err := mlflowclient.FromEnv(ctx)
	check(err)
	defer client.Close()
	user, err := client.Users.Create(ctx, "auditor", os.Getenv("AUDITORS_PASSWORD"))
	check(err)
	experiment := mlflowclient.Resource{Type: mlflowclient.ResourceExperiment, ID: "1"}
	check(client.Permissions.Grant(ctx, user.Name, experiment, mlflowclient.PermissionRead))
	has, err := client.Permissions.Get(ctx, user.Name, experiment)
	check(err)
	fmt.Println(has.Includes(mlflowclient.PermissionRead), has.Includes(mlflowclient.PermissionEdit))
}
