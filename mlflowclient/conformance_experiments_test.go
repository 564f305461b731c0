package mlflowclient_test

import (
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"mlopsgo/mlflowclient"
)

// nasty are names and values that must come back as they went.
var nasty = []string{
	"plain", "two words", " blank around ", "a/b/c", `quote " and '`, "back\\slash", "tab\tand\nline", "üñï ☃ 日本語 🍷",
	"<a href='x'>&amp;</a>", "%20+?#&=", "NaN", "null", "0", "e\u0301 combined", "'; DROP TABLE runs; --",
}

func TestExperimentLife(t *testing.T) {
	eachEnd(t, func(t *testing.T, c *mlflowclient.Client) {
		ctx := t.Context()
		before := time.Now().Add(-time.Minute)
		name := unique("life")
		tags := map[string]string{"team": "wine", "mlflow.note.content": "# text\n\nmore"}
		id, err := c.Experiments.Create(ctx, mlflowclient.CreateExperiment{Name: name, Tags: tags})
		must(t, err)
		e, err := c.Experiments.Get(ctx, id)
		must(t, err)
		if e.ID != id || e.Name != name || e.Stage != mlflowclient.StageActive || len(e.Tags) != 2 || e.Tags["team"] != "wine" ||
			e.Tags["mlflow.note.content"] != "# text\n\nmore" || e.ArtifactLocation == "" || e.Workspace != "default" {
			t.Errorf("experiment %+v", e)
		}
		if e.CreatedAt.Before(before) || !e.UpdatedAt.Equal(e.CreatedAt) {
			t.Errorf("created at %v, updated at %v", e.CreatedAt, e.UpdatedAt)
		}

		renamed := unique("life after")
		must(t, c.Experiments.Rename(ctx, id, renamed))
		must(t, c.Experiments.SetTag(ctx, id, "team", "beer"))
		must(t, c.Experiments.SetTag(ctx, id, "empty", ""))
		must(t, c.Experiments.DeleteTag(ctx, id, "mlflow.note.content"))
		e, err = c.Experiments.GetByName(ctx, renamed)
		must(t, err)
		if empty, ok := e.Tags["empty"]; e.ID != id || e.Name != renamed || e.Tags["team"] != "beer" || !ok || empty != "" || len(e.Tags) != 2 {
			t.Errorf("experiment %+v", e)
		}
		_, err = c.Experiments.GetByName(ctx, name)
		wantError(t, err, mlflowclient.ErrNotFound, 404, mlflowclient.CodeDoesNotExist)

		run := newRun(t, c, mlflowclient.CreateRun{ExperimentID: id})
		must(t, c.Experiments.Delete(ctx, id))
		e, err = c.Experiments.Get(ctx, id)
		must(t, err)
		if e.Stage != mlflowclient.StageDeleted || getRun(t, c, run.ID).Stage != mlflowclient.StageDeleted {
			t.Errorf("experiment %s and run %s after the deletion", e.Stage, getRun(t, c, run.ID).Stage)
		}
		_, err = c.Experiments.Create(ctx, mlflowclient.CreateExperiment{Name: renamed})
		wantError(t, err, mlflowclient.ErrAlreadyExists, 400, mlflowclient.CodeAlreadyExists)
		_, err = c.Experiments.GetOrCreate(ctx, renamed)
		wantError(t, err, mlflowclient.ErrInvalidState, 0, mlflowclient.CodeInvalidState)
		must(t, c.Experiments.Restore(ctx, id))
		e, err = c.Experiments.GetOrCreate(ctx, renamed)
		must(t, err)
		if e.ID != id || e.Stage != mlflowclient.StageActive || getRun(t, c, run.ID).Stage != mlflowclient.StageActive {
			t.Errorf("after the restoring: experiment %+v, run %s", e, getRun(t, c, run.ID).Stage)
		}
	})
}

func TestExperimentNames(t *testing.T) {
	eachEnd(t, func(t *testing.T, c *mlflowclient.Client) {
		ctx := t.Context()
		// Postgres keeps 256 characters of a name, SQLite 500.
		names := append(slices.Clone(nasty), strings.Repeat("ü", 240))
		for _, name := range names {
			name = unique(name)
			id, err := c.Experiments.Create(ctx, mlflowclient.CreateExperiment{Name: name, Tags: map[string]string{"t": name}})
			if err != nil {
				t.Errorf("%q: %v", name, err)
				continue
			}
			e, err := c.Experiments.GetByName(ctx, name)
			if err != nil || e.ID != id || e.Name != name || e.Tags["t"] != name {
				t.Errorf("%q: %+v %v", name, e, err)
			}
		}
	})
}

func TestExperimentGetOrCreateAtOnce(t *testing.T) {
	eachEnd(t, func(t *testing.T, c *mlflowclient.Client) {
		name := unique("at once")
		ids := make([]string, 8)
		var wg sync.WaitGroup
		for i := range ids {
			wg.Go(func() {
				e, err := c.Experiments.GetOrCreate(t.Context(), name)
				if err != nil {
					t.Error(err)
					return
				}
				ids[i] = e.ID
			})
		}
		wg.Wait()
		if slices.Sort(ids); ids[0] == "" || ids[0] != ids[len(ids)-1] {
			t.Errorf("ids %v", ids)
		}
	})
}

func TestExperimentSearch(t *testing.T) {
	eachEnd(t, func(t *testing.T, c *mlflowclient.Client) {
		ctx := t.Context()
		mark := unique("mark")
		ids := map[string]string{}
		for _, name := range []string{"b", "a", "d", "c"} {
			id, err := c.Experiments.Create(ctx, mlflowclient.CreateExperiment{
				Name: name + " " + mark, Tags: map[string]string{"mark": mark, "own key": name},
			})
			must(t, err)
			ids[name] = id
			time.Sleep(5 * time.Millisecond) // creation times in ms decide the default order
		}
		must(t, c.Experiments.Delete(ctx, ids["d"]))
		find := func(q mlflowclient.SearchExperiments) string {
			t.Helper()
			var names []string
			for _, e := range collect(t, c.Experiments.Search(ctx, q)) {
				names = append(names, strings.TrimSuffix(e.Name, " "+mark))
			}
			return strings.Join(names, "")
		}
		own := "tags.mark = '" + mark + "'"
		tests := []struct {
			q    mlflowclient.SearchExperiments
			want string
		}{
			{mlflowclient.SearchExperiments{Filter: own}, "cab"},
			{mlflowclient.SearchExperiments{Filter: own, View: mlflowclient.All}, "cdab"},
			{mlflowclient.SearchExperiments{Filter: own, View: mlflowclient.DeletedOnly}, "d"},
			{mlflowclient.SearchExperiments{Filter: own, OrderBy: []string{"name ASC"}}, "abc"},
			{mlflowclient.SearchExperiments{Filter: own, OrderBy: []string{"name DESC"}}, "cba"},
			{mlflowclient.SearchExperiments{Filter: own, OrderBy: []string{"creation_time ASC"}}, "bac"},
			{mlflowclient.SearchExperiments{Filter: own, OrderBy: []string{"name"}, PageSize: 1}, "abc"},
			{mlflowclient.SearchExperiments{Filter: own + " AND name LIKE 'a%'"}, "a"},
			{mlflowclient.SearchExperiments{Filter: own + " AND name ILIKE 'A%'"}, "a"},
			{mlflowclient.SearchExperiments{Filter: own + " AND name != 'a " + mark + "'", OrderBy: []string{"name"}}, "bc"},
			{mlflowclient.SearchExperiments{Filter: own + " AND tags.`own key` = 'b'"}, "b"},
			{mlflowclient.SearchExperiments{Filter: own + " AND creation_time > 0 AND name = 'nothing'"}, ""},
			{mlflowclient.SearchExperiments{Filter: "tags.mark = 'nothing'"}, ""},
		}
		for _, tt := range tests {
			if got := find(tt.q); got != tt.want {
				t.Errorf("%+v: %q, want %q", tt.q, got, tt.want)
			}
		}
		page, err := c.Experiments.SearchPage(ctx, mlflowclient.SearchExperiments{Filter: own, PageSize: 2}, "")
		must(t, err)
		if len(page.Items) != 2 || page.NextToken == "" {
			t.Fatalf("first page %+v", page)
		}
		page, err = c.Experiments.SearchPage(ctx, mlflowclient.SearchExperiments{Filter: own, PageSize: 2}, page.NextToken)
		must(t, err)
		if len(page.Items) != 1 || page.NextToken != "" {
			t.Errorf("last page %+v", page)
		}
	})
}

func TestDefaultExperiment(t *testing.T) {
	eachEnd(t, func(t *testing.T, c *mlflowclient.Client) {
		e, err := c.Experiments.Get(t.Context(), mlflowclient.DefaultExperimentID)
		must(t, err)
		if e.Name != "Default" {
			t.Errorf("experiment 0 is %+v", e)
		}
		run := newRun(t, c, mlflowclient.CreateRun{ExperimentID: mlflowclient.DefaultExperimentID})
		if run.ExperimentID != "0" {
			t.Errorf("run %+v", run)
		}
		must(t, c.Runs.Delete(t.Context(), run.ID))
	})
}
