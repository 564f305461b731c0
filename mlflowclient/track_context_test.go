package mlflowclient_test

import (
	"context"
	"testing"

	"mlopsgo/mlflowclient"
)

func TestTagsOfTheContext(t *testing.T) { eachEnd(t, testTagsOfTheContext) }

func testTagsOfTheContext(t *testing.T, c *mlflowclient.Client) {
	experiment := newExperiment(t, c)
	outer := mlflowclient.ContextWithTags(t.Context(), map[string]string{"flow": "a", "attempt": "1", mlflowclient.TagSourceName: "flow.go"})
	inner := mlflowclient.ContextWithTags(outer, map[string]string{"attempt": "2"})
	var parent, child string
	err := c.Track(inner, mlflowclient.StartRun{ExperimentID: experiment}, func(ctx context.Context, run *mlflowclient.ActiveRun) error {
		parent = run.ID
		return run.Track(ctx, mlflowclient.StartRun{Tags: map[string]string{"flow": "own"}}, func(_ context.Context, run *mlflowclient.ActiveRun) error {
			child = run.ID
			return nil
		})
	})
	if err != nil {
		t.Fatal(err)
	}
	for id, flow := range map[string]string{parent: "a", child: "own"} {
		if tags := getRun(t, c, id).Tags; tags["flow"] != flow || tags["attempt"] != "2" || tags[mlflowclient.TagSourceName] != "flow.go" {
			t.Errorf("run %s has the tags %v, want flow %s", id, tags, flow)
		}
	}
	other, err := c.Start(outer, mlflowclient.StartRun{ExperimentID: experiment})
	must(t, err)
	must(t, other.End(t.Context(), mlflowclient.StatusFinished))
	if tags := getRun(t, c, other.ID).Tags; tags["attempt"] != "1" {
		t.Errorf("the outer context's tags became %v", tags)
	}
}
