package mlflowclient_test

import (
	"errors"
	"maps"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"mlopsgo/mlflowclient"
)

func newModel(t *testing.T, c *mlflowclient.Client, name string, tags map[string]string) *mlflowclient.RegisteredModel {
	t.Helper()
	model, err := c.RegisteredModels.Create(t.Context(), mlflowclient.CreateRegisteredModel{Name: name, Tags: tags})
	must(t, err)
	return model
}

// newVersion makes a version of a place that needs not exist.
func newVersion(t *testing.T, c *mlflowclient.Client, name string) *mlflowclient.ModelVersion {
	t.Helper()
	version, err := c.ModelVersions.Create(t.Context(), mlflowclient.CreateModelVersion{Name: name, Source: "s3://bucket/model"})
	must(t, err)
	return version
}

func TestRegisteredModelLife(t *testing.T) {
	eachEnd(t, func(t *testing.T, c *mlflowclient.Client) {
		ctx := t.Context()
		before := time.Now().Add(-time.Minute)
		name := unique("life")
		made, err := c.RegisteredModels.Create(ctx, mlflowclient.CreateRegisteredModel{Name: name, Description: "# text", Tags: map[string]string{"team": "wine"}})
		must(t, err)
		if made.Name != name || made.Description != "# text" || !maps.Equal(made.Tags, map[string]string{"team": "wine"}) || len(made.Aliases) != 0 ||
			len(made.Latest) != 0 || made.Created.Before(before) || !made.Updated.Equal(made.Created) {
			t.Errorf("made %+v", made)
		}
		_, err = c.RegisteredModels.Create(ctx, mlflowclient.CreateRegisteredModel{Name: name})
		wantError(t, err, mlflowclient.ErrAlreadyExists, 400, mlflowclient.CodeAlreadyExists)
		_, err = c.ModelVersions.Latest(ctx, name)
		wantError(t, err, mlflowclient.ErrNotFound, 404, mlflowclient.CodeDoesNotExist)

		newVersion(t, c, name)
		newVersion(t, c, name)
		must(t, c.RegisteredModels.SetAlias(ctx, name, "champion", "1"))
		must(t, c.RegisteredModels.SetAlias(ctx, name, "challenger", "2"))
		must(t, c.RegisteredModels.SetAlias(ctx, name, "Ünï_-1", "2"))
		must(t, c.RegisteredModels.SetAlias(ctx, name, "champion", "2"))
		must(t, c.RegisteredModels.DeleteAlias(ctx, name, "challenger"))
		must(t, c.RegisteredModels.DeleteAlias(ctx, name, "challenger"))
		must(t, c.RegisteredModels.SetTag(ctx, name, "team", "beer"))
		must(t, c.RegisteredModels.SetTag(ctx, name, "empty", ""))
		must(t, c.RegisteredModels.SetTag(ctx, name, "gone", "x"))
		must(t, c.RegisteredModels.DeleteTag(ctx, name, "gone"))
		must(t, c.RegisteredModels.DeleteTag(ctx, name, "gone"))
		_, err = c.RegisteredModels.Update(ctx, name, "other")
		must(t, err)
		renamed := unique("life after")
		_, err = c.RegisteredModels.Rename(ctx, name, renamed)
		must(t, err)

		got, err := c.RegisteredModels.GetOrCreate(ctx, renamed)
		must(t, err)
		if got.Name != renamed || got.Description != "other" || !maps.Equal(got.Tags, map[string]string{"team": "beer", "empty": ""}) ||
			!maps.Equal(got.Aliases, map[string]string{"champion": "2", "Ünï_-1": "2"}) || len(got.Latest) != 1 || got.Latest[0].Version != "2" {
			t.Errorf("after all %+v", got)
		}
		_, err = c.RegisteredModels.Get(ctx, name)
		wantError(t, err, mlflowclient.ErrNotFound, 404, mlflowclient.CodeDoesNotExist)
		_, err = c.ModelVersions.GetByAlias(ctx, renamed, "challenger")
		wantError(t, err, mlflowclient.ErrNotFound, 400, mlflowclient.CodeDoesNotExist)
		_, err = c.ModelVersions.GetByAlias(ctx, name, "champion")
		wantError(t, err, mlflowclient.ErrNotFound, 404, mlflowclient.CodeDoesNotExist)

		must(t, c.RegisteredModels.Delete(ctx, renamed))
		wantError(t, c.RegisteredModels.Delete(ctx, renamed), mlflowclient.ErrNotFound, 404, mlflowclient.CodeDoesNotExist)
		_, err = c.ModelVersions.Get(ctx, renamed, "1")
		wantError(t, err, mlflowclient.ErrNotFound, 404, mlflowclient.CodeDoesNotExist)
	})
}

func TestRegisteredModelGetOrCreateAtOnce(t *testing.T) {
	eachEnd(t, func(t *testing.T, c *mlflowclient.Client) {
		name := unique("at once")
		var wg sync.WaitGroup
		for range 6 {
			wg.Go(func() {
				if m, err := c.RegisteredModels.GetOrCreate(t.Context(), name); err != nil || m.Name != name {
					t.Errorf("%+v %v", m, err)
				}
			})
		}
		wg.Wait()
	})
}

func TestRegistryNames(t *testing.T) {
	eachEnd(t, func(t *testing.T, c *mlflowclient.Client) {
		ctx := t.Context()
		model := logModel(t, c, "forest")
		for _, name := range append(slices.Clone(nasty), strings.Repeat("ü", 200), "a@b", "m-like", "100%", "%zz") {
			if name = unique(name); strings.ContainsAny(name, "/:") {
				_, err := c.RegisteredModels.Create(ctx, mlflowclient.CreateRegisteredModel{Name: name})
				wantError(t, err, mlflowclient.ErrInvalidParameter, 400, mlflowclient.CodeInvalidParameterValue)
				continue
			}
			version, err := c.RegisterModel(ctx, mlflowclient.RegisterModel{
				Name: name, ModelID: model.ID, Alias: "champion", Description: name, Tags: map[string]string{"nasty": name},
			})
			if err != nil || version.Name != name || version.Description != name || version.Tags["nasty"] != name {
				t.Errorf("%q: %+v %v", name, version, err)
				continue
			}
			must(t, c.RegisteredModels.SetTag(ctx, name, "nasty", name))
			got, err := c.RegisteredModels.Get(ctx, name)
			if err != nil || got.Name != name || got.Tags["nasty"] != name || got.Aliases["champion"] != "1" {
				t.Errorf("%q: %+v %v", name, got, err)
			}
			for _, suffix := range []string{"/1", "/latest", "@champion"} {
				found, err := c.ResolveModel(ctx, "models:/"+name+suffix)
				if err != nil || found.Name != name || found.Version != "1" || found.ModelID != model.ID {
					t.Errorf("%q%s: %+v %v", name, suffix, found, err)
				}
			}
			value, err := mlflowclient.Quote(name)
			if err != nil {
				continue // both kinds of quotes cannot be asked for
			}
			if n := len(collect(t, c.RegisteredModels.Search(ctx, mlflowclient.SearchRegisteredModels{Filter: "name = " + value}))); n != 1 {
				t.Errorf("%q is found %d times", name, n)
			}
			must(t, c.RegisteredModels.Delete(ctx, name))
		}
	})
}

// TestRegistryLimits goes to each limit and one past it.
func TestRegistryLimits(t *testing.T) {
	eachEnd(t, func(t *testing.T, c *mlflowclient.Client) {
		ctx := t.Context()
		name := unique("")
		name += strings.Repeat("ü", 256-len(name)) // unique gives ASCII
		longest := newModel(t, c, name, nil)
		newVersion(t, c, name)
		_, err := c.RegisteredModels.Create(ctx, mlflowclient.CreateRegisteredModel{Name: name + "y"})
		sqlite := strings.HasPrefix(c.TrackingURI(), "sqlite:")
		if sqlite != (err == nil) { // which has no limit; Postgres has
			t.Errorf("a name of 257 characters: %v", err)
		}
		key, alias, value := strings.Repeat("k", 250), strings.Repeat("a", 255), strings.Repeat("ü", 100_000)
		ofModel := value
		if !sqlite { // Postgres keeps 5000 characters of a model's tag, and all of a version's
			ofModel = strings.Repeat("ü", 5000)
			wantError(t, c.RegisteredModels.SetTag(ctx, name, key, ofModel+"y"), mlflowclient.ErrInvalidParameter, 400, mlflowclient.CodeBadRequest)
		}
		must(t, c.RegisteredModels.SetAlias(ctx, name, alias, "1"))
		must(t, c.RegisteredModels.SetTag(ctx, name, key, ofModel))
		must(t, c.ModelVersions.SetTag(ctx, name, "1", key, value))
		for what, err := range map[string]error{
			"an alias":               c.RegisteredModels.SetAlias(ctx, name, alias+"a", "1"),
			"a key":                  c.RegisteredModels.SetTag(ctx, name, key+"k", "v"),
			"a value":                c.RegisteredModels.SetTag(ctx, name, "k", value+"y"),
			"a value of a version":   c.ModelVersions.SetTag(ctx, name, "1", "k", value+"y"),
			"a value from the start": second(c.RegisteredModels.Create(ctx, mlflowclient.CreateRegisteredModel{Name: unique("v"), Tags: map[string]string{"k": value + "y"}})),
		} {
			if !errors.Is(err, mlflowclient.ErrInvalidParameter) || !strings.Contains(err.Error(), "exceeds the maximum length of ") {
				t.Errorf("%s one past the limit: %v", what, err)
			}
		}
		model, err := c.RegisteredModels.Get(ctx, name)
		must(t, err)
		version, err := c.ModelVersions.GetByAlias(ctx, name, alias)
		must(t, err)
		if longest.Name != name || model.Name != name || len(model.Tags) != 1 || model.Tags[key] != ofModel || len(model.Aliases) != 1 ||
			version.Version != "1" || len(version.Tags) != 1 || version.Tags[key] != value {
			t.Error("not what was written came back")
		}
	})
}

func TestRegisteredModelSearch(t *testing.T) {
	eachEnd(t, func(t *testing.T, c *mlflowclient.Client) {
		ctx := t.Context()
		mark := unique("mark")
		for _, name := range []string{"b", "a", "d", "c"} {
			newModel(t, c, name+" "+mark, map[string]string{"mark": mark, "own key": name})
			time.Sleep(5 * time.Millisecond) // times in ms decide an order
		}
		newModel(t, c, "prompt "+mark, map[string]string{"mark": mark, "mlflow.prompt.is_prompt": "true"})
		newVersion(t, c, "a "+mark)
		own := "tags.mark = '" + mark + "'"
		for _, tt := range []struct {
			q    mlflowclient.SearchRegisteredModels
			want string
		}{
			{mlflowclient.SearchRegisteredModels{Filter: own}, "abcd"},
			{mlflowclient.SearchRegisteredModels{Filter: own, PageSize: 1}, "abcd"},
			{mlflowclient.SearchRegisteredModels{Filter: own, PageSize: 3, OrderBy: []string{"name DESC"}}, "dcba"},
			{mlflowclient.SearchRegisteredModels{Filter: own, OrderBy: []string{"last_updated_timestamp DESC"}}, "acdb"},
			{mlflowclient.SearchRegisteredModels{Filter: own, OrderBy: []string{"timestamp", "name"}}, "bdca"},
			{mlflowclient.SearchRegisteredModels{Filter: own + " AND name LIKE 'a%'"}, "a"},
			{mlflowclient.SearchRegisteredModels{Filter: own + " AND name ILIKE 'B%'"}, "b"},
			{mlflowclient.SearchRegisteredModels{Filter: own + " AND name != 'a " + mark + "'"}, "bcd"},
			{mlflowclient.SearchRegisteredModels{Filter: own + " AND tags.`own key` = 'c'"}, "c"},
			{mlflowclient.SearchRegisteredModels{Filter: own + " AND tags.`own key` != 'c'"}, "abd"},
			{mlflowclient.SearchRegisteredModels{Filter: own + " AND tags.`mlflow.prompt.is_prompt` = 'true'"}, "prompt"},
			{mlflowclient.SearchRegisteredModels{Filter: "tags.mark = 'nothing'"}, ""},
		} {
			var got strings.Builder
			for _, m := range collect(t, c.RegisteredModels.Search(ctx, tt.q)) {
				got.WriteString(strings.TrimSuffix(m.Name, " "+mark))
			}
			if got.String() != tt.want {
				t.Errorf("%+v: %q, want %q", tt.q, got.String(), tt.want)
			}
		}
		page, err := c.RegisteredModels.SearchPage(ctx, mlflowclient.SearchRegisteredModels{Filter: own + " AND name LIKE 'a%'"}, "")
		must(t, err)
		if len(page.Items) != 1 || page.NextToken != "" || len(page.Items[0].Latest) != 1 || page.Items[0].Tags["mark"] != mark {
			t.Errorf("page %+v", page)
		}
	})
}

func TestModelVersionLife(t *testing.T) {
	eachEnd(t, func(t *testing.T, c *mlflowclient.Client) {
		ctx := t.Context()
		name := unique("versions")
		newModel(t, c, name, nil)
		model := logModel(t, c, "forest")
		first, err := c.ModelVersions.Create(ctx, mlflowclient.CreateModelVersion{
			Name: name, ModelID: model.ID, Description: "first", Tags: map[string]string{"k": "v", "ü": ""},
		})
		must(t, err)
		if first.Name != name || first.Version != "1" || first.Source != "models:/"+model.ID || first.ModelID != model.ID || first.RunID != model.SourceRunID ||
			first.Description != "first" || first.Status != mlflowclient.VersionReady || first.Stage != "None" || !maps.Equal(first.Tags, map[string]string{"k": "v", "ü": ""}) {
			t.Errorf("first %+v", first)
		}
		location, err := c.ModelVersions.DownloadURI(ctx, name, "1")
		must(t, err)
		if location != model.ArtifactURI {
			t.Errorf("the files are at %s, those of the model at %s", location, model.ArtifactURI)
		}
		second := newVersion(t, c, name)
		if second.Version != "2" || second.ModelID != "" || second.RunID != "" {
			t.Errorf("second %+v", second)
		}
		copied, err := c.ModelVersions.Create(ctx, mlflowclient.CreateModelVersion{Name: name, Source: "models:/" + name + "/1"})
		must(t, err)
		if copied.Version != "3" || copied.RunID != model.SourceRunID || copied.ModelID != "" {
			t.Errorf("copied %+v", copied)
		}
		found, err := c.ResolveModel(ctx, "models:/"+name+"/3")
		if err != nil || found.ArtifactURI != model.ArtifactURI {
			t.Errorf("the copy leads to %+v, %v", found, err)
		}

		must(t, c.ModelVersions.SetTag(ctx, name, "1", "k", "w"))
		must(t, c.ModelVersions.DeleteTag(ctx, name, "1", "ü"))
		must(t, c.ModelVersions.DeleteTag(ctx, name, "1", "ü"))
		_, err = c.ModelVersions.Update(ctx, name, "1", "")
		must(t, err)
		must(t, c.RegisteredModels.SetAlias(ctx, name, "b", "1"))
		must(t, c.RegisteredModels.SetAlias(ctx, name, "a", "1"))
		got, err := c.ModelVersions.Get(ctx, name, "1")
		must(t, err)
		slices.Sort(got.Aliases)
		if got.Description != "" || !maps.Equal(got.Tags, map[string]string{"k": "w"}) || !slices.Equal(got.Aliases, []string{"a", "b"}) || got.Updated.Before(got.Created) {
			t.Errorf("changed %+v", got)
		}
		byAlias, err := c.ModelVersions.GetByAlias(ctx, name, "a")
		must(t, err)
		slices.Sort(byAlias.Aliases)
		if !reflect.DeepEqual(byAlias, got) {
			t.Errorf("by alias %+v", byAlias)
		}

		_, err = c.ModelVersions.TransitionStage(ctx, name, "1", "Production", false)
		must(t, err)
		moved, err := c.ModelVersions.TransitionStage(ctx, name, "2", "Production", true)
		must(t, err)
		latest, err := c.RegisteredModels.LatestVersions(ctx, name, "Archived")
		must(t, err)
		if moved.Stage != "Production" || len(latest) != 1 || latest[0].Version != "1" {
			t.Errorf("moved %+v, archived %+v", moved, latest)
		}
		if found, err := c.ResolveModel(ctx, "models:/"+name+"/archived"); err != nil || found.Version != "1" {
			t.Errorf("by stage %+v %v", found, err)
		}

		must(t, c.ModelVersions.Delete(ctx, name, "1"))
		wantError(t, c.ModelVersions.Delete(ctx, name, "1"), mlflowclient.ErrNotFound, 404, mlflowclient.CodeDoesNotExist)
		_, err = c.ModelVersions.GetByAlias(ctx, name, "a")
		if !errors.Is(err, mlflowclient.ErrNotFound) {
			t.Errorf("the alias of a deleted version: %v", err)
		}
		must(t, c.ModelVersions.Delete(ctx, name, "3"))
		if fourth := newVersion(t, c, name); fourth.Version != "4" {
			t.Errorf("after a deletion the next is %s", fourth.Version)
		}
		last, err := c.ModelVersions.Latest(ctx, name)
		if err != nil || last.Version != "4" {
			t.Errorf("latest %+v %v", last, err)
		}
	})
}

func TestModelVersionSearch(t *testing.T) {
	eachEnd(t, func(t *testing.T, c *mlflowclient.Client) {
		ctx := t.Context()
		name := unique("searched")
		newModel(t, c, name, nil)
		model := logModel(t, c, "forest")
		for _, in := range []mlflowclient.CreateModelVersion{
			{Source: "s3://bucket/a", Tags: map[string]string{"own key": "x"}}, {ModelID: model.ID}, {Source: "s3://bucket/b"}, {Source: "s3://bucket/c", RunID: model.SourceRunID},
		} {
			in.Name = name
			_, err := c.ModelVersions.Create(ctx, in)
			must(t, err)
			time.Sleep(5 * time.Millisecond) // times in ms decide the default order
		}
		_, err := c.ModelVersions.Update(ctx, name, "2", "changed")
		must(t, err)
		own := "name = '" + name + "'"
		for _, tt := range []struct {
			q    mlflowclient.SearchModelVersions
			want string
		}{
			{mlflowclient.SearchModelVersions{Filter: own}, "2431"},
			{mlflowclient.SearchModelVersions{Filter: own, OrderBy: []string{"version_number ASC"}, PageSize: 1}, "1234"},
			{mlflowclient.SearchModelVersions{Filter: own, OrderBy: []string{"creation_timestamp DESC"}, PageSize: 3}, "4321"},
			{mlflowclient.SearchModelVersions{Filter: own + " AND version_number >= 3", OrderBy: []string{"version_number"}}, "34"},
			{mlflowclient.SearchModelVersions{Filter: own + " AND source_path LIKE 's3:%'", OrderBy: []string{"version_number"}}, "134"},
			{mlflowclient.SearchModelVersions{Filter: own + " AND run_id = '" + model.SourceRunID + "'", OrderBy: []string{"version_number"}}, "24"},
			{mlflowclient.SearchModelVersions{Filter: own + " AND tags.`own key` = 'x'"}, "1"},
			{mlflowclient.SearchModelVersions{Filter: "source_path = 'models:/" + model.ID + "'"}, "2"},
			{mlflowclient.SearchModelVersions{Filter: "name = 'nothing'"}, ""},
		} {
			var got strings.Builder
			for _, v := range collect(t, c.ModelVersions.Search(ctx, tt.q)) {
				got.WriteString(v.Version)
			}
			if got.String() != tt.want {
				t.Errorf("%+v: %q, want %q", tt.q, got.String(), tt.want)
			}
		}
	})
}
