package pipeline

import (
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mlopsgo/internal/stack"
	"mlopsgo/prefectclient"
)

func TestDeploymentAndBlockAreMadeOnce(t *testing.T) {
	python := stack.Python(t, "prefect")
	r := onServers(t)
	first := r.deployment
	if first.Name != "rfc-red-wine" || first.WorkQueueName != "red-wine" || first.Version == "" || first.Description == "" || len(first.Tags) == 0 ||
		len(first.Schedules) != 1 || first.Schedules[0].Schedule.Cron != "0 0 * * *" || !first.Schedules[0].Active || !first.EnforceParameterSchema {
		t.Errorf("%+v", first)
	}
	pool, err := r.prefect.WorkPools.Read(t.Context(), first.WorkPoolName)
	if err != nil || pool.Type != "go" {
		t.Errorf("%+v, %v", pool, err)
	}
	deployment := Deployment{Flow: r.flow, Pool: first.WorkPoolName, Parameters: r.params, Block: r.params.BucketName, Getenv: r.Loader.Getenv}
	second, err := deployment.Apply(t.Context(), r.prefect)
	if err != nil {
		t.Fatal(err)
	}
	if second.ID != first.ID || second.Schedules[0].ID != first.Schedules[0].ID || !second.Updated.Equal(first.Updated) {
		t.Errorf("the second time: %+v\nafter: %+v", second, first)
	}
	deployment.Cron, deployment.WithoutKeys = "30 1 * * *", true
	third, err := deployment.Apply(t.Context(), r.prefect)
	if err != nil || third.ID != first.ID || len(third.Schedules) != 1 || third.Schedules[0].Schedule.Cron != "30 1 * * *" {
		t.Errorf("another time: %+v, %v", third, err)
	}

	var block map[string]any
	if err := r.prefect.BlockDocuments.Load(t.Context(), prefectclient.RemoteFileSystem{}.BlockType(), r.params.BucketName, &block); err != nil {
		t.Fatal(err)
	}
	settings := map[string]any{"use_ssl": false, "client_kwargs": map[string]any{"endpoint_url": stack.Get(t).S3Endpoint}}
	want := map[string]any{"basepath": "s3://" + r.params.BucketName, "settings": settings}
	if diff := cmp.Diff(want, block); diff != "" {
		t.Errorf("the block without keys (-want +there):\n%s", diff)
	}
	deployment.WithoutKeys = false
	if _, err := deployment.Apply(t.Context(), r.prefect); err != nil {
		t.Fatal(err)
	}
	command := exec.CommandContext(t.Context(), python, "testdata/block.py", r.params.BucketName)
	command.Env = append(os.Environ(), "PREFECT_API_URL="+r.prefect.APIURL())
	output, err := command.Output()
	if err != nil {
		t.Fatal(err)
	}
	block = nil
	if err := json.Unmarshal(output, &block); err != nil {
		t.Fatalf("%v\n%s", err, output)
	}
	settings["key"], settings["secret"] = stack.Get(t).S3AccessKey, stack.Get(t).S3SecretKey
	if diff := cmp.Diff(want, block); diff != "" {
		t.Errorf("the block with keys (-want +Python's):\n%s", diff)
	}
}

func TestDeploymentRefuses(t *testing.T) {
	r := onServers(t)
	for name, deployment := range map[string]Deployment{
		"no cron":        {Flow: r.flow, Pool: r.deployment.WorkPoolName, Parameters: r.params, Block: r.params.BucketName, Cron: "each night"},
		"bad S3 address": {Flow: r.flow, Pool: r.deployment.WorkPoolName, Parameters: r.params, Getenv: func(string) string { return "x" }},
	} {
		if _, err := deployment.Apply(t.Context(), r.prefect); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	after, err := r.prefect.Deployments.Read(t.Context(), r.deployment.ID)
	if err != nil || len(after.Schedules) != 1 || after.Schedules[0].Schedule.Cron != DeploymentCron {
		t.Errorf("a refused deployment changed it: %+v, %v", after, err)
	}
	process := prefectclient.WorkPoolCreate{Name: r.params.BucketName + "-process", Type: "process"}
	if _, err := r.prefect.WorkPools.Create(t.Context(), process); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.prefect.WorkPools.Delete(context.Background(), process.Name) })
	if _, err := (Deployment{Flow: r.flow, Pool: process.Name, Parameters: r.params}).Apply(t.Context(), r.prefect); err == nil {
		t.Error("a pool of another type was taken")
	}
}
