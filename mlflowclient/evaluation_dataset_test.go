package mlflowclient_test

import (
	"errors"
	"maps"
	"math"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"mlopsgo/mlflowclient"
)

// nastyRecords are records with what hurts, as Go writes and reads them.
func nastyRecords() []mlflowclient.EvaluationRecord {
	list := []mlflowclient.EvaluationRecord{
		{Inputs: map[string]any{"n": int64(math.MaxInt64), "f": 1.5, "b": true, "none": nil, "list": []any{int64(1), "x", []any{}}, "ü": map[string]any{"": "}"}}},
		{Inputs: map[string]any{}, Outputs: []any{"x", int64(1)}},
		{Inputs: map[string]any{"q": "trace"}, Outputs: "text", Source: &mlflowclient.RecordSource{Type: mlflowclient.RecordFromTrace, Data: map[string]any{"trace_id": "tr-1"}}},
	}
	for _, text := range nasty {
		list = append(list, mlflowclient.EvaluationRecord{
			Inputs: map[string]any{"q": text}, Outputs: map[string]any{"a": text}, Expectations: map[string]any{"wanted": text, "n": int64(1)}, Tags: map[string]string{"t": text},
		})
	}
	return list
}

// content is a record without what the server adds.
func content(r *mlflowclient.EvaluationRecord) string {
	source := "none"
	if r.Source != nil {
		source = string(r.Source.Type) + canon(r.Source.Data)
	}
	tags := map[string]any{}
	for key, value := range r.Tags {
		tags[key] = value
	}
	return canon([]any{r.Inputs, r.Outputs, orEmpty(r.Expectations), tags, source})
}

func orEmpty(m map[string]any) map[string]any {
	if m == nil {
		return map[string]any{}
	}
	return m
}

func TestEvaluationDatasetRecords(t *testing.T) {
	t.Parallel()
	c, ctx := serverEnd(t), t.Context()
	set, err := c.EvaluationDatasets.Create(ctx, mlflowclient.CreateEvaluationDataset{Name: unique("records")})
	must(t, err)
	records := nastyRecords()
	inserted, updated, err := c.EvaluationDatasets.UpsertRecords(ctx, set.ID, records)
	if err != nil || inserted != len(records) || updated != 0 {
		t.Fatalf("%d inserted, %d updated, %v", inserted, updated, err)
	}
	var want []string
	for _, r := range records {
		if r.Source == nil {
			kind := mlflowclient.RecordFromCode
			if len(r.Expectations) > 0 {
				kind = mlflowclient.RecordFromHuman
			}
			r.Source = &mlflowclient.RecordSource{Type: kind, Data: map[string]any{}}
		}
		if r.Outputs == nil {
			r.Outputs = map[string]any{}
		}
		want = append(want, content(&r))
	}
	slices.Sort(want)
	read := func() (all []string, records []*mlflowclient.EvaluationRecord) {
		t.Helper()
		records = collect(t, c.EvaluationDatasets.Records(ctx, set.ID))
		for _, r := range records {
			all = append(all, content(r))
		}
		slices.Sort(all)
		return all, records
	}
	got, stored := read()
	compareEach(t, "record", got, want)

	page, err := c.EvaluationDatasets.RecordsPage(ctx, set.ID, 2, "")
	must(t, err)
	next, err := c.EvaluationDatasets.RecordsPage(ctx, set.ID, 1000, page.NextToken)
	must(t, err)
	if len(page.Items) != 2 || len(next.Items) != len(records)-2 || next.NextToken != "" || page.Items[0].ID != stored[0].ID {
		t.Errorf("pages of %d and %d records", len(page.Items), len(next.Items))
	}
	inserted, updated, err = c.EvaluationDatasets.UpsertRecords(ctx, set.ID, []mlflowclient.EvaluationRecord{
		{Inputs: map[string]any{"q": nasty[0]}, Expectations: map[string]any{"more": true}, Tags: map[string]string{"u": "v"}}, {Inputs: map[string]any{"q": "new"}},
	})
	if err != nil || inserted != 1 || updated != 1 {
		t.Errorf("%d inserted, %d updated, %v", inserted, updated, err)
	}
	_, stored = read()
	at := slices.IndexFunc(stored, func(r *mlflowclient.EvaluationRecord) bool { return r.Inputs["q"] == nasty[0] })
	if r := stored[at]; canon(r.Expectations) != canon(map[string]any{"wanted": nasty[0], "n": int64(1), "more": true}) || r.Tags["u"] != "v" || r.Tags["t"] != nasty[0] {
		t.Errorf("merged record %+v", r)
	}
	at = slices.IndexFunc(stored, func(r *mlflowclient.EvaluationRecord) bool { return r.Inputs["q"] == "trace" })
	if stored[at].SourceID != "tr-1" || stored[at].Created.IsZero() {
		t.Errorf("record of a trace %+v", stored[at])
	}
	n, err := c.EvaluationDatasets.DeleteRecords(ctx, set.ID, stored[0].ID, stored[1].ID, "dr-none")
	if err != nil || n != 2 {
		t.Errorf("%d deleted, %v", n, err)
	}
	if _, left := read(); len(left) != len(records)-1 {
		t.Errorf("%d left", len(left))
	}
	set, err = c.EvaluationDatasets.Get(ctx, set.ID)
	must(t, err)
	if set.Schema == "" || set.Profile == "" {
		t.Errorf("data set %+v", set)
	}
	for _, records := range [][]mlflowclient.EvaluationRecord{{{}}, {{Inputs: map[string]any{"q": math.NaN()}}}} {
		_, _, err = c.EvaluationDatasets.UpsertRecords(ctx, set.ID, records)
		wantError(t, err, mlflowclient.ErrInvalidParameter, 0, mlflowclient.CodeInvalidParameterValue)
	}
}

func TestEvaluationDatasetLife(t *testing.T) {
	t.Parallel()
	c, ctx := serverEnd(t), t.Context()
	first, second := newExperiment(t, c), newExperiment(t, c)
	name := unique("life ü '\"")
	before := time.Now().Add(-time.Minute)
	made, err := c.EvaluationDatasets.Create(ctx, mlflowclient.CreateEvaluationDataset{
		Name: name, ExperimentIDs: []string{first}, Tags: map[string]string{"nasty": nasty[7], "quote": nasty[4], "mlflow.user": "me"},
	})
	must(t, err)
	if made.Name != name || made.Digest == "" || made.Created.Before(before) || !slices.Equal(made.ExperimentIDs, []string{first}) || made.CreatedBy != "me" ||
		made.Tags["nasty"] != nasty[7] || made.Tags["quote"] != nasty[4] {
		t.Errorf("made %+v", made)
	}
	must(t, c.EvaluationDatasets.SetTags(ctx, made.ID, map[string]string{"nasty": "", "k ü": nasty[4]}))
	must(t, c.EvaluationDatasets.DeleteTag(ctx, made.ID, "quote"))
	must(t, c.EvaluationDatasets.DeleteTag(ctx, made.ID, "quote"))
	got, err := c.EvaluationDatasets.Get(ctx, made.ID)
	must(t, err)
	if !maps.Equal(got.Tags, map[string]string{"nasty": "", "k ü": nasty[4], "mlflow.user": "me"}) || !got.Created.Equal(made.Created) {
		t.Errorf("got %+v", got)
	}
	must(t, c.EvaluationDatasets.DeleteTag(ctx, made.ID, "k ü"))

	homes := func() []string {
		t.Helper()
		ids, err := c.EvaluationDatasets.ExperimentIDs(ctx, made.ID)
		must(t, err)
		slices.Sort(ids)
		return ids
	}
	for range 2 {
		_, err = c.EvaluationDatasets.AddToExperiments(ctx, made.ID, first, second)
		must(t, err)
	}
	both := []string{first, second}
	slices.Sort(both)
	if !slices.Equal(homes(), both) {
		t.Errorf("experiments %v, want %v", homes(), both)
	}
	for range 2 {
		_, err = c.EvaluationDatasets.RemoveFromExperiments(ctx, made.ID, first)
		must(t, err)
	}
	if !slices.Equal(homes(), []string{second}) {
		t.Errorf("experiments %v, want %s", homes(), second)
	}
	_, err = c.EvaluationDatasets.AddToExperiments(ctx, made.ID, "999999999")
	wantError(t, err, mlflowclient.ErrNotFound, 404, mlflowclient.CodeDoesNotExist)

	must(t, c.EvaluationDatasets.Delete(ctx, made.ID))
	must(t, c.EvaluationDatasets.Delete(ctx, made.ID))
	_, err = c.EvaluationDatasets.Get(ctx, made.ID)
	wantError(t, err, mlflowclient.ErrNotFound, 404, mlflowclient.CodeDoesNotExist)
	wantError(t, c.EvaluationDatasets.SetTags(ctx, made.ID, map[string]string{"k": "v"}), mlflowclient.ErrNotFound, 404, mlflowclient.CodeDoesNotExist)
	for _, id := range []string{"", "a/b", ".."} {
		_, err = c.EvaluationDatasets.Get(ctx, id)
		wantError(t, err, mlflowclient.ErrInvalidParameter, 0, mlflowclient.CodeInvalidParameterValue)
	}
}

func TestEvaluationDatasetSearch(t *testing.T) {
	t.Parallel()
	c, ctx := serverEnd(t), t.Context()
	experiment, mark := newExperiment(t, c), unique("mark")
	var ids []string
	for _, name := range []string{"b", "a", "c"} {
		in := mlflowclient.CreateEvaluationDataset{Name: name + " " + mark, Tags: map[string]string{"mark": mark, "name": name}}
		if name != "c" {
			in.ExperimentIDs = []string{experiment}
		}
		set, err := c.EvaluationDatasets.Create(ctx, in)
		must(t, err)
		ids = append(ids, set.ID)
		time.Sleep(5 * time.Millisecond) // times in ms decide the order
	}
	own := "tags.mark = '" + mark + "'"
	for _, tt := range []struct {
		q    mlflowclient.SearchEvaluationDatasets
		want string
	}{
		{mlflowclient.SearchEvaluationDatasets{Filter: own}, "cab"},
		{mlflowclient.SearchEvaluationDatasets{Filter: own, PageSize: 1}, "cab"},
		{mlflowclient.SearchEvaluationDatasets{Filter: own, OrderBy: []string{"name ASC"}, PageSize: 2}, "abc"},
		{mlflowclient.SearchEvaluationDatasets{ExperimentIDs: []string{experiment}}, "ab"},
		{mlflowclient.SearchEvaluationDatasets{Filter: own + " AND name LIKE 'c%'"}, "c"},
		{mlflowclient.SearchEvaluationDatasets{Filter: own + " AND tags.name = 'a'"}, "a"},
	} {
		var got strings.Builder
		for _, set := range collect(t, c.EvaluationDatasets.Search(ctx, tt.q)) {
			got.WriteString(set.Name[:1])
		}
		if got.String() != tt.want {
			t.Errorf("%+v finds %q, want %q", tt.q, got.String(), tt.want)
		}
	}
	_, err := c.EvaluationDatasets.SearchPage(ctx, mlflowclient.SearchEvaluationDatasets{PageSize: -1}, "")
	wantError(t, err, mlflowclient.ErrInvalidParameter, 0, mlflowclient.CodeInvalidParameterValue)

	var byGET struct {
		Datasets []struct {
			ID string `json:"dataset_id"`
		}
	}
	must(t, c.Do(ctx, mlflowclient.Call{
		Path: "/api/3.0/mlflow/datasets/search", Query: url.Values{"filter_string": {own}, "max_results": {"5"}, "order_by": {"created_time ASC"}}, Out: &byGET,
	}))
	var found []string
	for _, set := range byGET.Datasets {
		found = append(found, set.ID)
	}
	if !reflect.DeepEqual(found, ids) {
		t.Errorf("%v by GET, want %v", found, ids)
	}
}

func TestEvaluationDatasetsNeedServer(t *testing.T) {
	c, ctx := embeddedEnd(t), t.Context()
	_, _, upsert := c.EvaluationDatasets.UpsertRecords(ctx, "d-1", []mlflowclient.EvaluationRecord{{Inputs: map[string]any{"q": 1}}})
	for name, err := range map[string]error{
		"create": second(c.EvaluationDatasets.Create(ctx, mlflowclient.CreateEvaluationDataset{Name: "x"})), "get": second(c.EvaluationDatasets.Get(ctx, "d-1")),
		"search": second(c.EvaluationDatasets.SearchPage(ctx, mlflowclient.SearchEvaluationDatasets{}, "")), "upsert": upsert,
	} {
		if !errors.Is(err, mlflowclient.ErrNotImplemented) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
