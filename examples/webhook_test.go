package examples_test

import (
	"bufio"
	"os"
	"os/exec"
	"strings"
	"testing"

	"mlopsgo/internal/stack"
	"mlopsgo/mlflowclient"
)

// TestWebhook runs the program beside a server that may call this machine, and looks at what it prints and leaves.
func TestWebhook(t *testing.T) {
	dir := t.TempDir()
	uri, stop := stack.StartMLflow(t, dir, []string{"server", "--backend-store-uri", "sqlite:///" + dir + "/mlflow.db", "--artifacts-destination", dir},
		[]string{"MLFLOW_WEBHOOK_ALLOWED_SCHEMES=http", "MLFLOW_WEBHOOK_ALLOW_PRIVATE_IPS=true", "MLFLOW_WEBHOOK_CACHE_TTL=0"})
	t.Cleanup(stop)
	cmd := exec.CommandContext(t.Context(), built(t, "webhook"))
	cmd.Env = append(os.Environ(), "MLFLOW_TRACKING_URI="+uri)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	says := func(want string) {
		t.Helper()
		if !lines.Scan() || !strings.Contains(lines.Text(), want) {
			t.Fatalf("the program says %q, want %q", lines.Text(), want)
		}
	}
	says(uri + " calls http://127.0.0.1:")

	client, err := mlflowclient.New(t.Context(), uri)
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	if _, err := client.RegisteredModels.Create(t.Context(), mlflowclient.CreateRegisteredModel{Name: "wine"}); err != nil {
		t.Fatal(err)
	}
	says("registered_model.created wine")
	if _, err := client.ModelVersions.Create(t.Context(), mlflowclient.CreateModelVersion{Name: "wine", Source: "s3://bucket/model"}); err != nil {
		t.Fatal(err)
	}
	says("model_version.created wine 1")
	if err := client.RegisteredModels.SetAlias(t.Context(), "wine", "champion", "1"); err != nil {
		t.Fatal(err)
	}
	says("model_version_alias.created wine 1 champion")

	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Errorf("the program ends with %v", err)
	}
	for hook, err := range client.Webhooks.List(t.Context(), mlflowclient.ListWebhooks{}) {
		t.Errorf("the program leaves the webhook %+v (%v)", hook, err)
	}
}
