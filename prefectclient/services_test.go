package prefectclient

import (
	"encoding/json"
	"errors"
	"slices"
	"testing"
	"time"
)

func TestAdmin(t *testing.T) {
	c := server(t)
	if err := c.Admin.Health(t.Context()); err != nil {
		t.Error(err)
	}
	if err := c.Admin.Ready(t.Context()); err != nil {
		t.Error(err)
	}
	if version := must[string](t)(c.Admin.Version(t.Context())); version != "3.8.8" {
		t.Errorf("the server is of version %s", version)
	}
}

func TestFlowsService(t *testing.T) {
	c, name := server(t), unique(t)
	forget(t, c, name)
	flow := must[*FlowEntry](t)(c.Flows.Create(t.Context(), name, []string{"a"}, map[string]any{"team": "wine"}))
	if again := must[*FlowEntry](t)(c.Flows.Create(t.Context(), name, nil, nil)); again.ID != flow.ID {
		t.Error("the same name made two flows")
	}
	if err := c.Flows.SetTags(t.Context(), flow.ID, []string{"b"}); err != nil {
		t.Fatal(err)
	}
	read := must[*FlowEntry](t)(c.Flows.Read(t.Context(), flow.ID))
	if !slices.Equal(read.Tags, []string{"b"}) || read.Labels["team"] != "wine" || read.Created.IsZero() {
		t.Errorf("read %+v", read)
	}
	if n := must[int](t)(c.Flows.Count(t.Context(), Related{Flows: &FlowFilter{Name: &NameFilter{Any: []string{name}}}})); n != 1 {
		t.Errorf("%d flows", n)
	}
	if err := c.Flows.Delete(t.Context(), flow.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Flows.Read(t.Context(), flow.ID); !errors.Is(err, ErrNotFound) {
		t.Errorf("a deleted flow gave %v", err)
	}
}

func TestFlowRunsService(t *testing.T) {
	c := server(t)
	flow := must[*FlowEntry](t)(c.Flows.Create(t.Context(), unique(t), nil, nil))
	forget(t, c, flow.Name)
	run, _, err := c.FlowRuns.Create(t.Context(), FlowRunCreate{FlowID: flow.ID, Name: "first", Parameters: map[string]any{"n": 1}, Tags: []string{"x"}})
	if err != nil {
		t.Fatal(err)
	}
	update := FlowRunUpdate{Name: Set("second"), FlowVersion: Set("v2"), InfrastructurePID: Set("1")}
	if err := c.FlowRuns.Update(t.Context(), run.ID, update); err != nil {
		t.Fatal(err)
	}
	if err := c.FlowRuns.Update(t.Context(), run.ID, FlowRunUpdate{InfrastructurePID: Null[string]()}); err != nil {
		t.Fatal(err)
	}
	if err := c.FlowRuns.UpdateLabels(t.Context(), run.ID, map[string]any{"a.b": 1}); err != nil {
		t.Fatal(err)
	}
	run = must[*FlowRun](t)(c.FlowRuns.Read(t.Context(), run.ID))
	if run.Name != "second" || run.FlowVersion != "v2" || run.InfrastructurePID != "" || run.Labels["a.b"] != 1.0 || string(run.Parameters["n"]) != "1" || !slices.Equal(run.Tags, []string{"x"}) {
		t.Errorf("read %+v", run)
	}
	for range 4 {
		if _, _, err := c.FlowRuns.Create(t.Context(), FlowRunCreate{FlowID: flow.ID}); err != nil {
			t.Fatal(err)
		}
	}
	seen := 0
	for _, err := range c.FlowRuns.Filter(t.Context(), FlowRunQuery{Related: Related{Flows: &FlowFilter{ID: &IDFilter{Any: []string{flow.ID}}}}, PageSize: 2}) {
		if err != nil {
			t.Fatal(err)
		}
		seen++
	}
	if seen != 5 {
		t.Errorf("%d runs in pages of two", seen)
	}
	_, _, err = c.FlowRuns.Create(t.Context(), FlowRunCreate{FlowID: "not-an-id"})
	if e, ok := errors.AsType[*Error](err); !ok || !errors.Is(err, ErrInvalid) || len(e.Details) == 0 || e.Details[0].Location != "body.flow_id" {
		t.Errorf("a wrong id gave %v", err)
	}
}

func TestPauseAndResume(t *testing.T) {
	c := server(t)
	flow := must[*FlowEntry](t)(c.Flows.Create(t.Context(), unique(t), nil, nil))
	forget(t, c, flow.Name)
	d := must[*Deployment](t)(c.Deployments.Apply(t.Context(), DeploymentSpec{Name: "d", FlowID: flow.ID}))
	run := must[*FlowRun](t)(c.Deployments.CreateFlowRun(t.Context(), d.ID, DeploymentRun{}))
	for _, state := range []State{{Type: StatePending}, {Type: StateRunning}} {
		must[*Orchestration](t)(c.FlowRuns.SetState(t.Context(), run.ID, state))
	}
	schema := must[*Schema](t)(SchemaOf[struct {
		Approve bool `json:"approve"`
	}]())
	if err := c.FlowRuns.CreateInput(t.Context(), run.ID, "ask-schema", schema); err != nil {
		t.Fatal(err)
	}
	paused := State{Type: StatePaused, Details: StateDetails{
		PauseKey: "ask", PauseTimeout: now().Add(time.Hour), RunInputKeyset: map[string]string{"schema": "ask-schema", "response": "ask-response", "description": "ask-description"},
	}}
	if answer := must[*Orchestration](t)(c.FlowRuns.SetState(t.Context(), run.ID, paused)); answer.Err() != nil {
		t.Fatal(answer.Err())
	}
	if answer := must[*Orchestration](t)(c.FlowRuns.Resume(t.Context(), run.ID, map[string]any{"approve": "perhaps"})); answer.Status != Rejected {
		t.Errorf("a wrong input gave %+v", answer)
	}
	if answer := must[*Orchestration](t)(c.FlowRuns.Resume(t.Context(), run.ID, map[string]any{"approve": true})); answer.Status != Accepted {
		t.Errorf("a right input gave %+v", answer)
	}
	var response struct{ Approve bool }
	if err := c.FlowRuns.ReadInput(t.Context(), run.ID, "ask-response", &response); err != nil || !response.Approve {
		t.Errorf("the response is %+v, %v", response, err)
	}
	if inputs := must[[]*FlowRunInput](t)(c.FlowRuns.FilterInputs(t.Context(), run.ID, "ask", 10, "ask-response")); len(inputs) != 1 || inputs[0].Key != "ask-schema" {
		t.Errorf("inputs are %+v", inputs)
	}
	if err := c.FlowRuns.DeleteInput(t.Context(), run.ID, "ask-schema"); err != nil {
		t.Error(err)
	}
}

func TestVariables(t *testing.T) {
	c, name := server(t), "v"+unique(t)[len("testvariables-"):]
	if err := c.Variables.Set(t.Context(), name, map[string]int{"a": 1}, "tag"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Variables.Delete(deadline(t, 5*time.Second), name) })
	if err := c.Variables.Set(t.Context(), name, []int{1, 2}); err != nil {
		t.Fatal(err)
	}
	var value []int
	if err := c.Variables.Get(t.Context(), name, &value); err != nil || !slices.Equal(value, []int{1, 2}) {
		t.Errorf("got %v, %v", value, err)
	}
	for v, err := range c.Variables.Filter(t.Context(), VariableFilter{Name: &NameFilter{Any: []string{name}}}) {
		if err != nil || v.Name != name || !slices.Equal(v.Tags, []string{"tag"}) {
			t.Errorf("got %+v, %v", v, err)
		}
	}
	if err := c.Variables.Get(t.Context(), name+"x", &value); !errors.Is(err, ErrNotFound) {
		t.Errorf("a missing variable gave %v", err)
	}
}

func TestArtifacts(t *testing.T) {
	c, key := server(t), unique(t)
	table := must[*Artifact](t)(c.Artifacts.CreateTable(t.Context(), key, []map[string]int{{"a": 1}}, "rows"))
	must[*Artifact](t)(c.Artifacts.CreateLink(t.Context(), key, "here", "http://127.0.0.1/", ""))
	picture := must[*Artifact](t)(c.Artifacts.CreateImage(t.Context(), key, "http://127.0.0.1/x.png", "a picture"))
	if read := must[*Artifact](t)(c.Artifacts.Read(t.Context(), picture.ID)); read.Type != ArtifactImage || string(read.Data) != `"http://127.0.0.1/x.png"` {
		t.Errorf("the picture is %+v", read)
	}
	progress := must[*Artifact](t)(c.Artifacts.CreateProgress(t.Context(), key, "half of it"))
	if err := c.Artifacts.SetProgress(t.Context(), progress.ID, 50); err != nil {
		t.Fatal(err)
	}
	if err := c.Artifacts.SetProgress(t.Context(), progress.ID, 101); err == nil {
		t.Error("101 % was taken")
	}
	latest := must[*Artifact](t)(c.Artifacts.ReadLatest(t.Context(), key))
	if latest.ID != progress.ID || string(latest.Data) != "50.0" && string(latest.Data) != "50" {
		t.Errorf("the latest is %+v", latest)
	}
	if _, err := c.Artifacts.ReadLatest(t.Context(), key+"x"); !errors.Is(err, ErrNotFound) {
		t.Errorf("a missing key gave %v", err)
	}
	var rows string
	if err := json.Unmarshal(must[*Artifact](t)(c.Artifacts.Read(t.Context(), table.ID)).Data, &rows); err != nil || rows != `[{"a":1}]` {
		t.Errorf("the table is %q, %v", rows, err)
	}
	n := 0
	for a, err := range c.Artifacts.Filter(t.Context(), ArtifactFilter{Key: &ArtifactKeyFilter{Any: []string{key}}}) {
		if err != nil {
			t.Fatal(err)
		}
		n++
		_ = c.Artifacts.Delete(t.Context(), a.ID)
	}
	if n != 4 {
		t.Errorf("%d artifacts", n)
	}
	if _, err := c.Artifacts.CreateMarkdown(t.Context(), "Wrong Key", "", ""); err == nil {
		t.Error("a wrong key was sent")
	}
}

func TestBlocks(t *testing.T) {
	c, name := server(t), unique(t)
	ctx := t.Context()
	slug := "go-test-" + name
	blockType := must[*BlockType](t)(c.BlockTypes.Ensure(ctx, BlockType{Name: slug, Slug: slug, Description: "for a test"}))
	t.Cleanup(func() { _ = c.BlockTypes.Delete(deadline(t, 5*time.Second), blockType.ID) })
	if again := must[*BlockType](t)(c.BlockTypes.Ensure(ctx, BlockType{Name: slug, Slug: slug})); again.ID != blockType.ID {
		t.Error("the type was made twice")
	}
	fields := json.RawMessage(`{"title":"x","type":"object","properties":{"user":{"type":"string"},"password":{"type":"string","format":"password"}},"secret_fields":["password"],"block_type_slug":"` + slug + `"}`)
	schema := must[*BlockSchema](t)(c.BlockSchemas.Create(ctx, BlockSchema{Fields: fields, BlockTypeID: blockType.ID}))
	if found := must[*BlockSchema](t)(c.BlockSchemas.ReadByChecksum(ctx, schema.Checksum, "")); found.ID != schema.ID {
		t.Error("the schema is not found by its checksum")
	}
	type login struct {
		User     string `json:"user"`
		Password string `json:"password"`
	}
	for _, data := range []login{{"me", "one"}, {"me", "two"}} {
		doc := must[*BlockDocument](t)(c.BlockDocuments.Save(ctx, slug, "minio", data))
		var got login
		if err := c.BlockDocuments.Load(ctx, slug, "minio", &got); err != nil || got != data {
			t.Errorf("%s holds %+v, %v", doc.Name, got, err)
		}
	}
	found := false
	for doc, err := range c.BlockDocuments.Filter(ctx) {
		if err != nil {
			t.Fatal(err)
		}
		if doc.BlockTypeID == blockType.ID {
			found = true
			var got login
			if err := json.Unmarshal(doc.Data, &got); err != nil || got.Password == "two" {
				t.Errorf("a list shows the secret: %s, %v", doc.Data, err)
			}
		}
	}
	if !found {
		t.Error("the document is not listed")
	}
	if err := c.BlockDocuments.Load(ctx, slug, "other", nil); !errors.Is(err, ErrNotFound) {
		t.Errorf("a missing block gave %v", err)
	}
}

func TestWorkPoolsAndQueues(t *testing.T) {
	c, name := server(t), unique(t)
	ctx := t.Context()
	limit := 3
	pool := must[*WorkPool](t)(c.WorkPools.Create(ctx, WorkPoolCreate{Name: name, Type: PoolType, ConcurrencyLimit: &limit}))
	t.Cleanup(func() { _ = c.WorkPools.Delete(deadline(t, 5*time.Second), name) })
	if _, err := c.WorkPools.Create(ctx, WorkPoolCreate{Name: name, Type: PoolType}); !errors.Is(err, ErrConflict) {
		t.Errorf("a second pool of this name gave %v", err)
	}
	if err := c.WorkPools.Update(ctx, name, WorkPoolUpdate{IsPaused: Set(true), ConcurrencyLimit: Null[int]()}); err != nil {
		t.Fatal(err)
	}
	pool = must[*WorkPool](t)(c.WorkPools.Read(ctx, pool.Name))
	if !pool.IsPaused || pool.ConcurrencyLimit != nil || pool.Status != "PAUSED" {
		t.Errorf("the pool is %+v", pool)
	}
	queue := must[*WorkQueue](t)(c.WorkQueues.Ensure(ctx, name, WorkQueueCreate{Name: "red-wine", Priority: 1}))
	if again := must[*WorkQueue](t)(c.WorkQueues.Ensure(ctx, name, WorkQueueCreate{Name: "red-wine"})); again.ID != queue.ID {
		t.Error("the queue was made twice")
	}
	if err := c.WorkQueues.Update(ctx, name, "red-wine", WorkQueueUpdate{Description: Set("wine"), ConcurrencyLimit: Set(2)}); err != nil {
		t.Fatal(err)
	}
	names := []string{}
	for q, err := range c.WorkQueues.Filter(ctx, name, nil) {
		if err != nil {
			t.Fatal(err)
		}
		names = append(names, q.Name)
	}
	if slices.Sort(names); !slices.Equal(names, []string{"default", "red-wine"}) {
		t.Errorf("queues are %v", names)
	}
	if runs, err := c.WorkPools.ScheduledFlowRuns(ctx, name, nil, time.Now(), 0); err != nil || len(runs) != 0 {
		t.Errorf("a paused pool gave %v, %v", runs, err)
	}
	if _, err := c.WorkPools.ScheduledFlowRuns(ctx, name, []string{"none"}, time.Now(), 0); !errors.Is(err, ErrNotFound) {
		t.Errorf("an unknown queue gave %v", err)
	}
	if err := c.WorkQueues.Delete(ctx, name, "red-wine"); err != nil {
		t.Error(err)
	}
	for p, err := range c.WorkPools.Filter(ctx, &WorkPoolFilter{Name: &AnyFilter{Any: []string{name}}}) {
		if err != nil || p.ID != pool.ID {
			t.Errorf("%+v, %v", p, err)
		}
	}
}
