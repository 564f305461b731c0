package mlflowclient_test

import (
	"crypto/rand"
	"io"
	"slices"
	"strings"
	"testing"

	"mlopsgo/mlflowclient"
)

func TestWorkspaces(t *testing.T) {
	c, ctx := admin(t), t.Context()
	name := "team-" + strings.ToLower(rand.Text()[:10])
	made, err := c.Workspaces.Create(ctx, mlflowclient.Workspace{Name: name, Description: "a room", TraceRetention: "30d"})
	must(t, err)
	if want := (mlflowclient.Workspace{Name: name, Description: "a room", TraceRetention: "30d"}); *made != want {
		t.Errorf("made %+v, want %+v", *made, want)
	}
	denied(t, "a name that is taken", second(c.Workspaces.Create(ctx, mlflowclient.Workspace{Name: name})), mlflowclient.ErrAlreadyExists)
	denied(t, "a name with spaces", second(c.Workspaces.Create(ctx, mlflowclient.Workspace{Name: "a room"})), mlflowclient.ErrInvalidParameter)
	denied(t, "a name that is a path", second(c.Workspaces.Get(ctx, "..")), mlflowclient.ErrInvalidParameter)
	changed, err := c.Workspaces.Update(ctx, name, mlflowclient.UpdateWorkspace{Description: new("another"), TraceRetention: new("")})
	must(t, err)
	if want := (mlflowclient.Workspace{Name: name, Description: "another"}); *changed != want {
		t.Errorf("changed to %+v, want %+v", *changed, want)
	}
	if found, err := c.Workspaces.Get(ctx, name); err != nil || *found != *changed {
		t.Errorf("found %+v (%v)", found, err)
	}
	list, err := c.Workspaces.List(ctx)
	must(t, err)
	if !slices.ContainsFunc(list, func(w *mlflowclient.Workspace) bool { return *w == *changed }) || !slices.ContainsFunc(list, func(w *mlflowclient.Workspace) bool { return w.Name == mlflowclient.DefaultWorkspace }) {
		t.Errorf("list %+v", list)
	}

	inside := admin(t, mlflowclient.WithWorkspace(name))
	workIn(t, c, inside)
	denied(t, "a workspace that holds something", c.Workspaces.Delete(ctx, name, ""), mlflowclient.ErrInvalidState)
	must(t, c.Workspaces.Delete(ctx, name, mlflowclient.DeleteAll))
	denied(t, "a deleted workspace", second(c.Workspaces.Get(ctx, name)), mlflowclient.ErrNotFound)
	denied(t, "a second deletion", c.Workspaces.Delete(ctx, name, mlflowclient.DeleteAll), mlflowclient.ErrNotFound)
	denied(t, "to work in it", second(inside.Experiments.GetByName(ctx, "x")), mlflowclient.ErrNotFound)
}

// workIn makes things in a workspace that nobody outside of it sees.
func workIn(t *testing.T, outside, inside *mlflowclient.Client) {
	t.Helper()
	ctx := t.Context()
	name := unique("inside")
	id, err := inside.Experiments.Create(ctx, mlflowclient.CreateExperiment{Name: name})
	must(t, err)
	run, err := inside.Runs.Create(ctx, mlflowclient.CreateRun{ExperimentID: id})
	must(t, err)
	must(t, inside.Runs.LogMetric(ctx, run.ID, mlflowclient.Metric{Key: "m", Value: 1}))
	denied(t, "the experiment from outside", second(outside.Experiments.GetByName(ctx, name)), mlflowclient.ErrNotFound)
	denied(t, "the run from outside", second(outside.Runs.Get(ctx, run.ID)), mlflowclient.ErrNotFound)
	store, err := inside.Artifacts.ForRun(ctx, run.ID)
	must(t, err)
	must(t, store.Upload(ctx, "a/b.txt", strings.NewReader("text"), 4))
	r, err := store.Open(ctx, "a/b.txt")
	must(t, err)
	defer r.Close()
	if text, err := io.ReadAll(r); err != nil || string(text) != "text" {
		t.Errorf("the artifact is %q (%v)", text, err)
	}
	if files, err := store.List(ctx, "a"); err != nil || len(files) != 1 || files[0].Path != "a/b.txt" {
		t.Errorf("files %v (%v)", files, err)
	}
	must(t, second(inside.RegisteredModels.Create(ctx, mlflowclient.CreateRegisteredModel{Name: name})))
	denied(t, "the model from outside", second(outside.RegisteredModels.Get(ctx, name)), mlflowclient.ErrNotFound)
}
