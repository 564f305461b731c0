package examples_test

import (
	"regexp"
	"strings"
	"testing"

	"mlopsgo/internal/stack"
	"mlopsgo/mlflowclient"
)

// TestTrackingAndSearchExamples runs both, one after the other: without a server, in one folder, and against the real one.
func TestTrackingAndSearchExamples(t *testing.T) {
	tracking, search := built(t, "tracking"), built(t, "search")
	t.Run("file", func(t *testing.T) {
		uri := "sqlite:///" + t.TempDir() + "/mlflow.db"
		trackAndSearch(t, tracking, search, uri)
	})
	t.Run("server", func(t *testing.T) { trackAndSearch(t, tracking, search, stack.Get(t).MLflowURI) })
}

func trackAndSearch(t *testing.T, tracking, search, uri string) {
	t.Helper()
	env := []string{"MLFLOW_TRACKING_URI=" + uri, "HOME=" + t.TempDir()}
	out := example(t, tracking, env...)
	parts := regexp.MustCompile(`run ([0-9a-f]{32}) in experiment (\d+) of `).FindStringSubmatch(out)
	if parts == nil {
		t.Fatalf("it printed %s", out)
	}
	c, err := mlflowclient.New(t.Context(), uri)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	study, err := c.Runs.Get(t.Context(), parts[1])
	if err != nil {
		t.Fatal(err)
	}
	if study.Status != mlflowclient.StatusFinished || !strings.Contains(study.Tags[mlflowclient.TagLoggedArtifacts], "rates.json") {
		t.Errorf("run %+v", study)
	}
	children := 0
	for child, err := range c.Runs.Search(t.Context(), mlflowclient.SearchRuns{
		ExperimentIDs: []string{parts[2]}, Filter: "tags.mlflow.parentRunId = '" + parts[1] + "'",
	}) {
		if err != nil {
			t.Fatal(err)
		}
		children++
		points := 0
		for _, err := range c.Metrics.History(t.Context(), mlflowclient.MetricHistory{RunID: child.ID, Key: "loss"}) {
			if err != nil {
				t.Fatal(err)
			}
			points++
		}
		if child.Status != mlflowclient.StatusFinished || points != 1000 || child.Tags[mlflowclient.TagLoggedImages] != "True" {
			t.Errorf("%d points, run %+v", points, child)
		}
	}
	if children != 3 {
		t.Errorf("%d children", children)
	}
	if out := example(t, search, env...); !strings.Contains(out, "run rate 0.2 is best; its loss fell below 0.5 at step 35") {
		t.Errorf("search printed %s", out)
	}
}
