package mlflowclient

import (
	"context"
	"iter"
	"strings"
)

// maxRuns is the server's limit on one page of runs.
const maxRuns = 50_000

// SearchRuns selects runs. Order: as OrderBy says, then the last started first.
type SearchRuns struct {
	// ExperimentIDs are where to look; none finds nothing.
	ExperimentIDs []string
	// Filter as MLflow knows it: clauses joined by AND, such as `metrics.accuracy > 0.6`, `params.max_features = 'sqrt'`,
	// `tags."mlflow.parentRunId" = '…'`, `attributes.status = 'FINISHED'`. Names with other characters than letters,
	// digits and underscores go in backticks or double quotes; see [Quote] for values.
	Filter string
	// OrderBy holds clauses such as "metrics.accuracy DESC". Missing values and NaN come last; params are compared as
	// text.
	OrderBy []string
	View    ViewType
	// PageSize is the number of runs a request asks for, 1000 when 0, and at most 50000.
	PageSize int
}

// Search walks over the runs that match.
func (s *RunService) Search(ctx context.Context, q SearchRuns) iter.Seq2[*Run, error] {
	return iterate(func(token string) (*Page[Run], error) { return s.SearchPage(ctx, q, token) })
}

// SearchPage returns one page of a search; an empty token gives the first.
func (s *RunService) SearchPage(ctx context.Context, q SearchRuns, token string) (*Page[Run], error) {
	size := q.PageSize
	if size == 0 {
		size = 1000
	}
	if size < 0 || size > maxRuns {
		return nil, invalid("a page of %d runs: 1 to %d are possible", size, maxRuns)
	}
	body := struct {
		ExperimentIDs []string `json:"experiment_ids"`
		Filter        string   `json:"filter,omitempty"`
		View          ViewType `json:"run_view_type,omitempty"`
		MaxResults    int      `json:"max_results"`
		OrderBy       []string `json:"order_by,omitempty"`
		Token         string   `json:"page_token,omitempty"`
	}{q.ExperimentIDs, q.Filter, q.View, size, q.OrderBy, token}
	if body.ExperimentIDs == nil {
		body.ExperimentIDs = []string{}
	}
	var out struct {
		Runs      []runJSON `json:"runs"`
		NextToken string    `json:"next_page_token"`
	}
	if err := s.api.call(ctx, queries("runs/search"), body, &out); err != nil {
		return nil, err
	}
	page := &Page[Run]{NextToken: out.NextToken}
	for i := range out.Runs {
		page.Items = append(page.Items, out.Runs[i].value())
	}
	return page, nil
}

// Quote writes a value for a filter. MLflow's filters have no escapes: a value goes in single quotes or, when it holds
// one, in double quotes; a value that holds both cannot be asked for and is ErrInvalidParameter.
func Quote(value string) (string, error) {
	switch {
	case !strings.Contains(value, "'"):
		return "'" + value + "'", nil
	case !strings.Contains(value, `"`):
		return `"` + value + `"`, nil
	}
	return "", invalid("%q holds both kinds of quotes, which a filter of MLflow cannot express", value)
}
