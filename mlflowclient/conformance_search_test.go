package mlflowclient_test

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"mlopsgo/mlflowclient"
)

// searchable makes runs a to g, started in this order, that the cases of TestRunSearch tell apart.
func searchable(t *testing.T, c *mlflowclient.Client) (experiment string) {
	t.Helper()
	ctx := t.Context()
	experiment = newExperiment(t, c)
	type spec struct {
		name     string
		accuracy float64
		params   map[string]string
		tags     map[string]string
		end      mlflowclient.RunStatus
	}
	skip := math.Inf(1) // no metric
	for i, s := range []spec{
		{"a", 0.5, map[string]string{"depth": "9", "features": "sqrt"}, map[string]string{"kind": "x", "two words": "1"}, mlflowclient.StatusFinished},
		{"b", 0.7, map[string]string{"depth": "10", "features": "log2"}, map[string]string{"kind": "y"}, mlflowclient.StatusFinished},
		{"c", 0.6, map[string]string{"depth": "100", "features": "SQRT"}, map[string]string{"kind": "it's"}, mlflowclient.StatusFailed},
		{"d", math.NaN(), map[string]string{"depth": "20"}, map[string]string{"kind": "100%"}, ""},
		{"e", skip, nil, map[string]string{"kind": "a_b"}, mlflowclient.StatusKilled},
		{"f", -1, map[string]string{"features": ""}, map[string]string{"kind": "üñï"}, ""},
		{"g", 0.9, nil, nil, ""},
	} {
		run := newRun(t, c, mlflowclient.CreateRun{
			ExperimentID: experiment, Name: s.name, UserID: "user " + s.name, StartTime: time.UnixMilli(int64(1000 + i)), Tags: s.tags,
		})
		b := mlflowclient.Batch{Params: s.params}
		if s.accuracy != skip {
			b.Metrics = []mlflowclient.Metric{
				{Key: "accuracy", Value: s.accuracy, Step: 1}, {Key: "accuracy", Value: -5, Step: 0}, {Key: "val/f 1", Value: s.accuracy * 10},
			}
		}
		must(t, c.Runs.LogBatch(ctx, run.ID, b))
		if s.end != "" {
			_, err := c.Runs.Update(ctx, run.ID, mlflowclient.UpdateRun{Status: s.end, EndTime: time.UnixMilli(int64(5000 - i))})
			must(t, err)
		}
		if s.name == "b" {
			must(t, c.Runs.LogInputs(ctx, run.ID, mlflowclient.Inputs{Datasets: []mlflowclient.DatasetInput{
				{Name: "wine", Digest: "abc", SourceType: "http", Source: "{}", Context: "training"},
			}}))
		}
		if s.name == "g" {
			must(t, c.Runs.Delete(ctx, run.ID))
		}
	}
	return experiment
}

func TestRunSearch(t *testing.T) {
	eachEnd(t, func(t *testing.T, c *mlflowclient.Client) {
		experiment := searchable(t, c)
		tests := []struct{ filter, order, want string }{
			{"", "", "fedcba"},
			{"metrics.accuracy > 0.5", "", "cb"},
			{"metrics.accuracy >= 0.5", "", "cba"},
			{"metrics.accuracy < 0.6", "", "fa"},
			{"metrics.accuracy <= -1", "", "f"},
			{"metrics.accuracy = 0.6", "", "c"},
			{"metrics.accuracy != 0.6", "", "fdba"},
			{"metrics.`val/f 1` > 6", "", "b"},
			{`metrics."val/f 1" > 5.5`, "", "cb"},
			{"metrics.accuracy > 0.5 and metrics.accuracy < 0.65", "", "c"},
			{"params.features = 'sqrt'", "", "a"},
			{"params.features != 'sqrt'", "", "fcb"},
			{"params.features LIKE '%q%'", "", "a"},
			{"params.features ILIKE 'sq%'", "", "ca"},
			{"params.features = ''", "", "f"},
			{"params.depth = '9'", "", "a"},
			{"params.features IS NULL", "", "ed"},
			{"params.features IS NOT NULL", "", "fcba"},
			{"tags.kind = 'x'", "", "a"},
			{"tag.kind = 'üñï'", "", "f"},
			{`tags.kind = "it's"`, "", "c"},
			{"tags.kind LIKE '100%'", "", "d"},
			{"tags.kind LIKE 'a_b'", "", "e"},
			{"tags.`two words` = '1'", "", "a"},
			{"tags.kind IS NULL", "", ""},
			{"tags.`two words` IS NULL", "", "fedcb"},
			{"tags.kind != 'x'", "", "fedcb"},
			{"attributes.status = 'FINISHED'", "", "ba"},
			{"status != 'FINISHED'", "", "fedc"},
			{"run_name = 'a'", "", "a"},
			{"attributes.run_name LIKE '%b%'", "", "b"},
			{"attributes.`run name` = 'c'", "", "c"},
			{"attributes.user_id = 'user d'", "", "d"},
			{"attributes.start_time >= 1004", "", "fe"},
			{"attributes.end_time < 4999", "", "ec"},
			{"attributes.start_time > 1000 AND params.depth != '10'", "", "dc"},
			{"dataset.name = 'wine'", "", "b"},
			{"dataset.context = 'training' and dataset.digest = 'abc'", "", "b"},
			{"dataset.name = 'beer'", "", ""},
			{"metrics.nothing > 0", "", ""},
			{"", "metrics.accuracy DESC", "bcafde"},
			{"", "metrics.accuracy ASC", "facbde"},
			{"", "metrics.accuracy", "facbde"},
			{"", "params.depth", "bcdafe"},
			{"", "params.depth DESC", "adcbfe"},
			{"", "attributes.start_time ASC", "abcdef"},
			{"", "start_time DESC", "fedcba"},
			{"", "attributes.run_name DESC", "fedcba"},
			{"", "attributes.status ASC|attributes.start_time DESC", "cbaefd"},
			{"params.depth LIKE '%0%'", "metrics.accuracy DESC", "bcd"},
		}
		for _, tt := range tests {
			q := mlflowclient.SearchRuns{ExperimentIDs: []string{experiment}, Filter: tt.filter}
			if tt.order != "" {
				q.OrderBy = strings.Split(tt.order, "|")
			}
			for _, q.PageSize = range []int{0, 2} {
				var got strings.Builder
				var failed error
				for run, err := range c.Runs.Search(t.Context(), q) {
					if err != nil {
						failed = err
						break
					}
					got.WriteString(run.Name)
				}
				if failed != nil || got.String() != tt.want {
					t.Errorf("filter %q, order %q, pages of %d: %q, want %q; %v", tt.filter, tt.order, q.PageSize, got.String(), tt.want, failed)
				}
			}
		}
		for view, want := range map[mlflowclient.ViewType]string{mlflowclient.DeletedOnly: "g", mlflowclient.All: "gfedcba", mlflowclient.ActiveOnly: "fedcba"} {
			var got strings.Builder
			for _, run := range collect(t, c.Runs.Search(t.Context(), mlflowclient.SearchRuns{ExperimentIDs: []string{experiment}, View: view})) {
				got.WriteString(run.Name)
			}
			if got.String() != want {
				t.Errorf("view %s: %q, want %q", view, got.String(), want)
			}
		}
	})
}

func TestRunSearchPages(t *testing.T) {
	eachEnd(t, func(t *testing.T, c *mlflowclient.Client) {
		ctx := t.Context()
		experiments := []string{newExperiment(t, c), newExperiment(t, c)}
		want := map[string]bool{}
		for i := range 23 {
			// All start at the same time: only the id keeps the pages apart.
			run := newRun(t, c, mlflowclient.CreateRun{ExperimentID: experiments[i%2], Name: fmt.Sprint(i), StartTime: time.UnixMilli(1000)})
			want[run.ID] = true
		}
		for _, size := range []int{1, 5, 23, 24} {
			seen := map[string]bool{}
			for run, err := range c.Runs.Search(ctx, mlflowclient.SearchRuns{ExperimentIDs: experiments, PageSize: size}) {
				must(t, err)
				if seen[run.ID] || !want[run.ID] {
					t.Errorf("pages of %d: run %s twice, or a foreign one", size, run.ID)
				}
				seen[run.ID] = true
			}
			if len(seen) != len(want) {
				t.Errorf("pages of %d: %d runs of %d", size, len(seen), len(want))
			}
		}
		var ids strings.Builder
		for id := range want {
			ids.WriteString(", '" + id + "'")
			if len(ids.String()) > 100 {
				break
			}
		}
		some := mlflowclient.SearchRuns{ExperimentIDs: experiments, Filter: "attributes.run_id IN (" + ids.String()[2:] + ")"}
		if got := collect(t, c.Runs.Search(ctx, some)); len(got) != 3 {
			t.Errorf("%s: %d runs", some.Filter, len(got))
		}
		if got := collect(t, c.Runs.Search(ctx, mlflowclient.SearchRuns{})); len(got) != 0 {
			t.Errorf("no experiment: %d runs", len(got))
		}
		for _, size := range []int{-1, 50_001} {
			for _, err := range c.Runs.Search(ctx, mlflowclient.SearchRuns{ExperimentIDs: experiments, PageSize: size}) {
				if !errors.Is(err, mlflowclient.ErrInvalidParameter) {
					t.Errorf("pages of %d: %v", size, err)
				}
			}
			for _, err := range c.Experiments.Search(ctx, mlflowclient.SearchExperiments{PageSize: size}) {
				if !errors.Is(err, mlflowclient.ErrInvalidParameter) {
					t.Errorf("pages of %d experiments: %v", size, err)
				}
			}
		}
	})
}

func TestQuote(t *testing.T) {
	eachEnd(t, func(t *testing.T, c *mlflowclient.Client) {
		experiment := newExperiment(t, c)
		for _, value := range nasty {
			run := newRun(t, c, mlflowclient.CreateRun{ExperimentID: experiment, Tags: map[string]string{"v": value}})
			quoted, err := mlflowclient.Quote(value)
			if strings.Contains(value, "'") && strings.Contains(value, `"`) {
				if !errors.Is(err, mlflowclient.ErrInvalidParameter) {
					t.Errorf("%q: %q, %v", value, quoted, err)
				}
				continue
			}
			q := mlflowclient.SearchRuns{ExperimentIDs: []string{experiment}, Filter: "tags.v = " + quoted}
			found := 0
			for got, err := range c.Runs.Search(t.Context(), q) {
				if err != nil || got.ID != run.ID {
					t.Errorf("%q: %v, %v", value, got, err)
					break
				}
				found++
			}
			if found != 1 {
				t.Errorf("%q is found %d times", value, found)
			}
		}
	})
}
