package mlflowclient

import (
	"context"
	"iter"
)

// SearchTraces selects traces. Order: as OrderBy says, then the last begun first.
type SearchTraces struct {
	// ExperimentIDs are where to look; none finds nothing.
	ExperimentIDs []string
	// Filter as MLflow knows it: clauses joined by AND, such as `trace.status = 'ERROR'`, `trace.name = 'predict'`,
	// `trace.timestamp_ms > 1700000000000`, `trace.execution_time_ms > 100`, `tags.team = 'wine'`,
	// "metadata.`mlflow.trace.session` = '…'", `span.type = 'LLM'`, `feedback.helpful = 'true'`, `expectation.answer = '…'`
	// or `trace.run_id = '…'`; see [Quote] for values.
	Filter string
	// OrderBy holds clauses such as "timestamp_ms ASC" or "execution_time_ms DESC".
	OrderBy []string
	// PageSize is the number of traces a request asks for, 100 when 0, and at most 500.
	PageSize int
}

// Search walks over the traces that match, without their spans.
func (s *TraceService) Search(ctx context.Context, q SearchTraces) iter.Seq2[*TraceInfo, error] {
	return iterate(func(token string) (*Page[TraceInfo], error) { return s.SearchPage(ctx, q, token) })
}

// SearchPage returns one page of a search; an empty token gives the first.
func (s *TraceService) SearchPage(ctx context.Context, q SearchTraces, token string) (*Page[TraceInfo], error) {
	size := q.PageSize
	if size == 0 {
		size = 100
	}
	if size < 0 || size > maxTraces {
		return nil, invalid("a page of %d traces: 1 to %d are possible", size, maxTraces)
	}
	if len(q.ExperimentIDs) == 0 { // which the server takes for a missing argument
		return &Page[TraceInfo]{}, nil
	}
	body := struct {
		Locations  []traceLocationJSON `json:"locations"`
		Filter     string              `json:"filter,omitempty"`
		MaxResults int                 `json:"max_results"`
		OrderBy    []string            `json:"order_by,omitempty"`
		Token      string              `json:"page_token,omitempty"`
	}{Filter: q.Filter, MaxResults: size, OrderBy: q.OrderBy, Token: token}
	for _, id := range q.ExperimentIDs {
		body.Locations = append(body.Locations, experimentLocation(id))
	}
	var out struct {
		Traces    []traceInfoJSON `json:"traces"`
		NextToken string          `json:"next_page_token"`
	}
	if err := s.api.call(ctx, queries(tracePrefix+"/search"), body, &out); err != nil {
		return nil, err
	}
	infos, err := values(out.Traces, (*traceInfoJSON).value)
	if err != nil {
		return nil, err
	}
	return &Page[TraceInfo]{Items: infos, NextToken: out.NextToken}, nil
}
