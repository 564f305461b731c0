package prefectclient

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestServer(t *testing.T) {
	c := server(t)
	ctx := t.Context()
	if settings := must[json.RawMessage](t)(c.Admin.Settings(ctx)); !strings.Contains(string(settings), `"api"`) {
		t.Errorf("the settings are %.200s", settings)
	}
	if view := must[json.RawMessage](t)(c.Admin.CollectionView(ctx, "aggregate-worker-metadata")); !strings.Contains(string(view), "process") {
		t.Errorf("the view is %.200s", view)
	}
	must[[]*TaskWorker](t)(c.Admin.TaskWorkers(ctx))
	must[[]*TaskWorker](t)(c.Admin.TaskWorkers(ctx, "none"))
	schema := must[*Schema](t)(SchemaOf[struct {
		Trials int      `json:"trials" minimum:"1"`
		Names  []string `json:"names"`
	}]())
	if wrong := must[[]SchemaError](t)(c.Admin.ValidateParameters(ctx, schema, map[string]any{"trials": 5, "names": []string{"a"}})); len(wrong) != 0 {
		t.Errorf("right values gave %+v", wrong)
	}
	wrong := must[[]SchemaError](t)(c.Admin.ValidateParameters(ctx, schema, map[string]any{"trials": "x", "names": []any{"a", 1}}))
	slices.SortFunc(wrong, func(a, b SchemaError) int { return strings.Compare(b.Property, a.Property) })
	if len(wrong) != 2 || wrong[0].Property != "trials" || wrong[0].Errors[0].Message == "" || wrong[1].Errors[0].Index == nil || *wrong[1].Errors[0].Index != 1 {
		t.Errorf("wrong values gave %+v", wrong)
	}
}

func TestDefaultResultStorage(t *testing.T) {
	c, name := server(t), unique(t)
	ctx := t.Context()
	before := must[string](t)(c.Admin.DefaultResultStorage(ctx))
	doc := must[*BlockDocument](t)(c.BlockDocuments.Save(ctx, "local-file-system", name, map[string]string{"basepath": t.TempDir()}))
	t.Cleanup(func() { _ = c.BlockDocuments.Delete(deadline(t, 5*time.Second), doc.ID) })
	if err := c.Admin.SetDefaultResultStorage(ctx, doc.ID); err != nil {
		t.Fatal(err)
	}
	if got := must[string](t)(c.Admin.DefaultResultStorage(ctx)); got != doc.ID {
		t.Errorf("the storage is %q", got)
	}
	if err := c.Admin.ClearDefaultResultStorage(ctx); err != nil {
		t.Fatal(err)
	}
	if got := must[string](t)(c.Admin.DefaultResultStorage(ctx)); got != "" || before != "" {
		t.Errorf("the storage is %q, it was %q", got, before)
	}
}

func TestMoreOfBlocks(t *testing.T) {
	c, name := server(t), unique(t)
	ctx := t.Context()
	if err := c.BlockTypes.InstallSystemTypes(ctx); err != nil {
		t.Error(err)
	}
	if caps := must[[]string](t)(c.BlockTypes.Capabilities(ctx)); !slices.Contains(caps, "write-path") {
		t.Errorf("the capabilities are %v", caps)
	}
	blockType := must[*BlockType](t)(c.BlockTypes.Create(ctx, BlockType{Name: name, Slug: name}))
	t.Cleanup(func() { _ = c.BlockTypes.Delete(deadline(t, 5*time.Second), blockType.ID) })
	if err := c.BlockTypes.Update(ctx, blockType.ID, BlockTypeUpdate{Description: Set("changed")}); err != nil {
		t.Fatal(err)
	}
	if read := must[*BlockType](t)(c.BlockTypes.Read(ctx, blockType.ID)); read.Description != "changed" || read.Slug != name {
		t.Errorf("read %+v", read)
	}
	found := false
	for b, err := range c.BlockTypes.Filter(ctx) {
		if err != nil {
			t.Fatal(err)
		}
		found = found || b.ID == blockType.ID
	}
	if !found {
		t.Error("the type is not listed")
	}
	fields := json.RawMessage(`{"title":"x","type":"object","properties":{"token":{"type":"string","format":"password"}},"secret_fields":["token"],"block_type_slug":"` + name + `"}`)
	schema := must[*BlockSchema](t)(c.BlockSchemas.Create(ctx, BlockSchema{Fields: fields, BlockTypeID: blockType.ID}))
	if read := must[*BlockSchema](t)(c.BlockSchemas.Read(ctx, schema.ID)); read.Checksum != schema.Checksum {
		t.Errorf("read %+v", read)
	}
	doc := must[*BlockDocument](t)(c.BlockDocuments.Save(ctx, name, "one", map[string]string{"token": "secret"}))
	if read := must[*BlockDocument](t)(c.BlockDocuments.Read(ctx, doc.ID)); !strings.Contains(string(read.Data), "secret") {
		t.Errorf("read %s", read.Data)
	}
	docs := must[[]*BlockDocument](t)(c.BlockTypes.Documents(ctx, name))
	if len(docs) != 1 || docs[0].ID != doc.ID || strings.Contains(string(docs[0].Data), "secret") {
		t.Errorf("documents %+v", docs)
	}
	if n := must[int](t)(c.BlockDocuments.Count(ctx)); n < 1 {
		t.Errorf("%d documents", n)
	}
	if err := c.BlockDocuments.Delete(ctx, doc.ID); err != nil {
		t.Error(err)
	}
	if err := c.BlockSchemas.Delete(ctx, schema.ID); err != nil {
		t.Error(err)
	}
}

func TestMoreOfVariables(t *testing.T) {
	c, name := server(t), strings.ReplaceAll(unique(t), "-", "_")
	ctx := t.Context()
	v := must[*Variable](t)(c.Variables.Create(ctx, name, "a", "x"))
	if _, err := c.Variables.Create(ctx, name, "b"); !errors.Is(err, ErrConflict) {
		t.Errorf("a second one of this name gave %v", err)
	}
	if err := c.Variables.Update(ctx, v.ID, VariableUpdate{Name: Set(name + "_new"), Value: Set[any](map[string]int{"b": 2})}); err != nil {
		t.Fatal(err)
	}
	read := must[*Variable](t)(c.Variables.ReadByID(ctx, v.ID))
	if read.Name != name+"_new" || string(read.Value) != `{"b":2}` || !slices.Equal(read.Tags, []string{"x"}) {
		t.Errorf("read %+v", read)
	}
	if n := must[int](t)(c.Variables.Count(ctx, VariableFilter{Name: &NameFilter{Any: []string{read.Name}}})); n != 1 {
		t.Errorf("%d of them", n)
	}
	if err := c.Variables.DeleteByID(ctx, v.ID); err != nil {
		t.Error(err)
	}
}

func TestMoreOfArtifacts(t *testing.T) {
	c, key := server(t), unique(t)
	ctx := t.Context()
	must[*Artifact](t)(c.Artifacts.CreateMarkdown(ctx, key, "# one", ""))
	second := must[*Artifact](t)(c.Artifacts.CreateMarkdown(ctx, key, "# two", "first"))
	if err := c.Artifacts.Update(ctx, second.ID, ArtifactUpdate{Description: Set("changed")}); err != nil {
		t.Fatal(err)
	}
	filter := ArtifactFilter{Key: &ArtifactKeyFilter{Any: []string{key}}}
	if n := must[int](t)(c.Artifacts.Count(ctx, filter)); n != 2 {
		t.Errorf("%d artifacts", n)
	}
	if n := must[int](t)(c.Artifacts.CountLatest(ctx, filter)); n != 1 {
		t.Errorf("%d keys", n)
	}
	filter.ID = &AnyFilter{Any: []string{second.ID}}
	n := 0
	for a, err := range c.Artifacts.Latest(ctx, filter) {
		if err != nil || a.ID != second.ID || a.Key != key {
			t.Errorf("%+v, %v", a, err)
		}
		n++
	}
	if read := must[*Artifact](t)(c.Artifacts.Read(ctx, second.ID)); n != 1 || read.Description != "changed" || string(read.Data) != `"# two"` {
		t.Errorf("%d latest, read %+v", n, read)
	}
}

func TestEventCounts(t *testing.T) {
	c, name := server(t), unique(t)
	ctx := t.Context()
	const many = 60 // more than a page
	var events []Event
	for range many {
		events = append(events, must[Event](t)(NewEvent(name, Resource{"prefect.resource.id": name}, nil)))
	}
	if err := c.Events.Emit(ctx, events...); err != nil {
		t.Fatal(err)
	}
	filter := EventFilter{Names: []string{name}, Since: time.Now().Add(-time.Hour), Until: time.Now().Add(time.Hour)}
	eventually(t, 20*time.Second, "the events are counted", func() bool {
		counts := must[[]*EventCount](t)(c.Events.CountBy(ctx, "event", filter, "", 0))
		return len(counts) == 1 && counts[0].Count == many && counts[0].Value == name
	})
	total := 0
	for _, step := range must[[]*EventCount](t)(c.Events.CountBy(ctx, "time", filter, "hour", 1)) {
		total += step.Count
	}
	if total != many {
		t.Errorf("%d events by time", total)
	}
	seen := map[string]bool{}
	for event, err := range c.Events.Filter(ctx, filter) {
		if err != nil {
			t.Fatal(err)
		}
		seen[event.ID] = true
	}
	if len(seen) != many {
		t.Errorf("%d events in pages", len(seen))
	}
}
