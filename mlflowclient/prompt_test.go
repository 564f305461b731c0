package mlflowclient_test

import (
	"errors"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	"mlopsgo/mlflowclient"
)

func promptName(name string) string { return strings.ReplaceAll(unique(name), " ", "-") }

func TestPromptLife(t *testing.T) {
	eachEnd(t, func(t *testing.T, c *mlflowclient.Client) {
		ctx, name := t.Context(), promptName("life")
		experiment, other := newExperiment(t, c), newExperiment(t, c)
		first, err := c.Prompts.Register(ctx, mlflowclient.RegisterPrompt{
			Name: name, Template: "Hello {{ name }}, " + nasty[7] + nasty[4], CommitMessage: "first", Tags: map[string]string{"team": "wine"},
			ResponseFormat: map[string]any{"type": "object"}, ModelConfig: map[string]any{"model_name": "gpt", "temperature": 0.5}, ExperimentID: experiment,
		})
		must(t, err)
		if first.Name != name || first.Version != "1" || first.Template != "Hello {{ name }}, "+nasty[7]+nasty[4] || first.CommitMessage != "first" ||
			!maps.Equal(first.Tags, map[string]string{"team": "wine"}) || string(first.ResponseFormat) != `{"type":"object"}` || len(first.ModelConfig) == 0 ||
			first.URI() != "prompts:/"+name+"/1" || !slices.Equal(first.Variables(), []string{"name"}) {
			t.Errorf("first %+v", first)
		}
		messages := []mlflowclient.PromptMessage{
			{Role: "system", Content: "Be {{ style }}. " + nasty[4]},
			{Role: "user", Content: nasty[7], Other: map[string]any{"name": "{{ kept }}"}},
			{Role: "assistant", Other: map[string]any{"content": []any{map[string]any{"type": "text", "text": "x"}}}},
		}
		second, err := c.Prompts.Register(ctx, mlflowclient.RegisterPrompt{Name: name, Messages: messages, Tags: map[string]string{"team": "beer"}, ExperimentID: other})
		must(t, err)
		if second.Version != "2" || second.Template != "" || !reflect.DeepEqual(second.Messages, messages) {
			t.Errorf("second %+v", second)
		}
		must(t, c.Prompts.LinkToExperiment(ctx, name, other))
		must(t, c.Prompts.SetAlias(ctx, name, "champion", "1"))
		must(t, c.Prompts.SetAlias(ctx, name, "gone", "1"))
		must(t, c.Prompts.DeleteAlias(ctx, name, "gone"))
		must(t, c.Prompts.SetTag(ctx, name, "k", "v"))
		must(t, c.Prompts.SetTag(ctx, name, "gone", "v"))
		must(t, c.Prompts.DeleteTag(ctx, name, "gone"))
		must(t, c.Prompts.SetVersionTag(ctx, name, "1", "k", nasty[7]))
		must(t, c.Prompts.SetVersionTag(ctx, name, "1", "gone", ""))
		must(t, c.Prompts.DeleteVersionTag(ctx, name, "1", "gone"))

		prompt, err := c.Prompts.Get(ctx, name)
		must(t, err)
		if prompt.Name != name || prompt.Description != "first" || !maps.Equal(prompt.Tags, map[string]string{"team": "beer", "k": "v"}) ||
			!maps.Equal(prompt.Aliases, map[string]string{"champion": "1"}) || !slices.Equal(prompt.ExperimentIDs, []string{experiment, other}) {
			t.Errorf("prompt %+v", prompt)
		}
		for uri, version := range map[string]string{
			"prompts:/" + name + "/1": "1", "prompts:/" + name + "/2": "2", "prompts:/" + name + "@champion": "1", "prompts:/" + name + "@latest": "2", name: "2",
		} {
			loaded, err := c.Prompts.Load(ctx, uri)
			if err != nil || loaded.Version != version {
				t.Errorf("%s is %+v, %v", uri, loaded, err)
			}
		}
		loaded, err := c.Prompts.Load(ctx, "prompts:/"+name+"@champion")
		must(t, err)
		if !slices.Equal(loaded.Aliases, []string{"champion"}) || loaded.Tags["k"] != nasty[7] || loaded.Template != first.Template {
			t.Errorf("loaded %+v", loaded)
		}
		versions := collect(t, c.Prompts.Versions(ctx, name))
		if len(versions) != 2 || versions[0].Version != "2" || !reflect.DeepEqual(versions[0].Messages, messages) {
			t.Errorf("versions %+v", versions)
		}
		must(t, c.Prompts.DeleteVersion(ctx, name, "1"))
		_, err = c.Prompts.Load(ctx, "prompts:/"+name+"/1")
		wantError(t, err, mlflowclient.ErrNotFound, 404, mlflowclient.CodeDoesNotExist)
		_, err = c.Prompts.Load(ctx, "prompts:/"+name+"@champion")
		if !errors.Is(err, mlflowclient.ErrNotFound) {
			t.Error(err)
		}
		must(t, c.Prompts.Delete(ctx, name))
		_, err = c.Prompts.Get(ctx, name)
		wantError(t, err, mlflowclient.ErrNotFound, 404, mlflowclient.CodeDoesNotExist)
	})
}

func TestPromptSearch(t *testing.T) {
	eachEnd(t, func(t *testing.T, c *mlflowclient.Client) {
		ctx, mark := t.Context(), promptName("mark")
		for _, name := range []string{"b", "a", "c"} {
			must(t, second(c.Prompts.Register(ctx, mlflowclient.RegisterPrompt{Name: name + "." + mark, Template: "x", Tags: map[string]string{"mark": mark}})))
		}
		newModel(t, c, "model."+mark, map[string]string{"mark": mark})
		own := "tags.mark = '" + mark + "'"
		for _, tt := range []struct {
			q    mlflowclient.SearchPrompts
			want string
		}{
			{mlflowclient.SearchPrompts{Filter: own}, "abc"},
			{mlflowclient.SearchPrompts{Filter: own, PageSize: 2, OrderBy: []string{"name DESC"}}, "cba"},
			{mlflowclient.SearchPrompts{Filter: "name LIKE 'b." + mark + "'"}, "b"},
			{mlflowclient.SearchPrompts{Filter: "name LIKE 'model." + mark + "'"}, ""},
		} {
			var got strings.Builder
			for _, prompt := range collect(t, c.Prompts.Search(ctx, tt.q)) {
				got.WriteString(prompt.Name[:1])
			}
			if got.String() != tt.want {
				t.Errorf("%+v finds %q, want %q", tt.q, got.String(), tt.want)
			}
		}
		models := collect(t, c.RegisteredModels.Search(ctx, mlflowclient.SearchRegisteredModels{Filter: own}))
		if len(models) != 1 || models[0].Name != "model."+mark {
			t.Errorf("%d models", len(models))
		}
		_, err := c.Prompts.Get(ctx, "model."+mark)
		wantError(t, err, mlflowclient.ErrInvalidParameter, 0, mlflowclient.CodeInvalidParameterValue)
		_, err = c.Prompts.Register(ctx, mlflowclient.RegisterPrompt{Name: "model." + mark, Template: "x"})
		wantError(t, err, mlflowclient.ErrInvalidParameter, 0, mlflowclient.CodeInvalidParameterValue)
		wantError(t, c.Prompts.Delete(ctx, "model."+mark), mlflowclient.ErrInvalidParameter, 0, mlflowclient.CodeInvalidParameterValue)
	})
}

// TestPromptWithoutVersionLeavesNothing: the server refuses the text, and no prompt is left behind.
func TestPromptWithoutVersionLeavesNothing(t *testing.T) {
	t.Parallel()
	c, name := serverEnd(t), promptName("long")
	_, err := c.Prompts.Register(t.Context(), mlflowclient.RegisterPrompt{Name: name, Template: strings.Repeat("x", 200_000)})
	wantError(t, err, mlflowclient.ErrInvalidParameter, 400, mlflowclient.CodeInvalidParameterValue)
	_, err = c.Prompts.Get(t.Context(), name)
	wantError(t, err, mlflowclient.ErrNotFound, 404, mlflowclient.CodeDoesNotExist)
}

func TestPromptRefusals(t *testing.T) {
	c, ctx := embeddedEnd(t), t.Context()
	for _, in := range []mlflowclient.RegisterPrompt{
		{Template: "x"},
		{Name: "a b", Template: "x"},
		{Name: "a"},
		{Name: "a", Template: "x", Messages: []mlflowclient.PromptMessage{{Role: "user"}}},
		{Name: "a", Template: "x", Tags: map[string]string{"mlflow.prompt.text": "y"}},
		{Name: "a", Template: "x", Tags: map[string]string{"_mlflow_experiment_ids": ",1,"}},
		{Name: "a", Template: "x", ModelConfig: func() {}},
	} {
		_, err := c.Prompts.Register(ctx, in)
		wantError(t, err, mlflowclient.ErrInvalidParameter, 0, mlflowclient.CodeInvalidParameterValue)
	}
	for _, uri := range []string{"", "prompts:/", "prompts:/a/", "prompts:/a/x", "prompts:/a/1/2", "prompts:/a@", "a@b", "models:/a/1", "prompts:/a b/1", "a/1", "prompts:/a@b@c"} {
		_, err := c.Prompts.Load(ctx, uri)
		wantError(t, err, mlflowclient.ErrInvalidParameter, 0, mlflowclient.CodeInvalidParameterValue)
	}
	wantError(t, c.Prompts.SetTag(ctx, "a", "mlflow.prompt.is_prompt", "x"), mlflowclient.ErrInvalidParameter, 0, mlflowclient.CodeInvalidParameterValue)
	for version, err := range c.Prompts.Versions(ctx, "a' OR") {
		if version != nil || !errors.Is(err, mlflowclient.ErrInvalidParameter) {
			t.Error(version, err)
		}
	}
}

func TestPromptFormat(t *testing.T) {
	values := map[string]any{"name": "{{ b }} \\1 $1 ü", "b": 2, "a.b": true, "unused": nil}
	for template, want := range map[string]string{
		"Hello {{name}}!": "Hello {{ b }} \\1 $1 ü!", "{{ b }}{{\n\tb\u00a0}}": "22", "{{a.b}}": "true", "{ b } {{1}} {{ü}} {{}} {{ b": "{ b } {{1}} {{ü}} {{}} {{ b", "": "",
	} {
		version := mlflowclient.PromptVersion{Name: "p", Version: "1", Template: template}
		if got, err := version.Format(values); err != nil || got != want {
			t.Errorf("%q becomes %q, %v, want %q", template, got, err, want)
		}
	}
	chat := mlflowclient.PromptVersion{Name: "p", Version: "1", Messages: []mlflowclient.PromptMessage{{Role: "system", Content: "{{ b }}"}, {Role: "user", Content: "{{ c }} {{ b }}"}}}
	if got := chat.Variables(); !slices.Equal(got, []string{"b", "c"}) {
		t.Errorf("variables %v", got)
	}
	_, err := chat.FormatMessages(values)
	wantError(t, err, mlflowclient.ErrInvalidParameter, 0, mlflowclient.CodeInvalidParameterValue)
	if !strings.Contains(err.Error(), "value for c") {
		t.Error(err)
	}
	part := chat.FormatPartly(values)
	if part.Messages[1].Content != "{{ c }} 2" || chat.Messages[1].Content != "{{ c }} {{ b }}" {
		t.Errorf("partly %+v of %+v", part, chat)
	}
	full, err := part.FormatMessages(map[string]any{"c": 3})
	if err != nil || !reflect.DeepEqual(full, []mlflowclient.PromptMessage{{Role: "system", Content: "2"}, {Role: "user", Content: "3 2"}}) {
		t.Errorf("full %+v, %v", full, err)
	}
	_, err = chat.Format(values)
	wantError(t, err, mlflowclient.ErrInvalidParameter, 0, mlflowclient.CodeInvalidParameterValue)
	jinja := mlflowclient.PromptVersion{Template: "{% if a %}x{% endif %}"}
	if _, err := jinja.Format(nil); !errors.Is(err, mlflowclient.ErrNotImplemented) {
		t.Error(err)
	}
}

func FuzzPromptMessage(f *testing.F) {
	f.Add(`{"role":"user","content":"x"}`)
	f.Add(`{"role":"user","content":[{"type":"text"}],"name":null,"n":NaN}`)
	f.Add(`[]`)
	f.Fuzz(func(t *testing.T, text string) {
		var m, again mlflowclient.PromptMessage
		if m.UnmarshalJSON([]byte(text)) != nil {
			return
		}
		data, err := m.MarshalJSON()
		if err != nil {
			return // NaN, which is read and cannot be written
		}
		if err := again.UnmarshalJSON(data); err != nil {
			t.Fatalf("%q is written as %q: %v", text, data, err)
		}
		if canon(m.Other) != canon(again.Other) || m.Role != again.Role || m.Content != again.Content {
			t.Errorf("%+v becomes %+v", m, again)
		}
	})
}
