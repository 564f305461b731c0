package embedded

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os/exec"
	"reflect"
	"strings"
	"testing"

	"mlopsgo/internal/stack"
)

type parseRequest struct {
	Language string  `json:"language"`
	Filter   *string `json:"filter,omitempty"`
	OrderBy  *string `json:"order_by,omitempty"`
}

type parseAnswer struct {
	Terms [][]any `json:"terms"`
	Order []any   `json:"order"`
	Error string  `json:"error"`
	Code  string  `json:"code"`
}

// TestFilterParity parses generated filters here and with MLflow's own parser: the terms must be equal, and so must
// be what is refused.
func TestFilterParity(t *testing.T) {
	requests := parseRequests()
	var in bytes.Buffer
	enc := json.NewEncoder(&in)
	for _, r := range requests {
		if err := enc.Encode(r); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.CommandContext(t.Context(), stack.Python(t, "mlflow"), "testdata/parse_filters.py")
	cmd.Env = pythonEnv()
	cmd.Stdin = &in
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(bytes.NewReader(out))
	lines.Buffer(nil, 1<<20)
	accepted, differentText := 0, 0
	for _, r := range requests {
		if !lines.Scan() {
			t.Fatal("too few answers")
		}
		var want parseAnswer
		if err := json.Unmarshal(lines.Bytes(), &want); err != nil {
			t.Fatal(err)
		}
		got := parseHere(r)
		if want.Error == "" {
			accepted++
		}
		if want.Code == codeInternal && got.Code == codeInternal {
			want.Error, got.Error = "", ""
		}
		normal := func(text string) string { return pythonSetText.ReplaceAllStringFunc(text, sortedSet) }
		if want.Code == got.Code && normal(want.Error) != normal(got.Error) {
			differentText++
			if differentText <= 5 {
				t.Logf("other words: %s\nMLflow: %s\nhere:   %s", requestText(r), want.Error, got.Error)
			}
			want.Error, got.Error = "", ""
		}
		want.Error, got.Error = normal(want.Error), normal(got.Error)
		if !reflect.DeepEqual(want, got) {
			t.Errorf("%s\nMLflow: %+v\nhere:   %+v", requestText(r), want, got)
		}
	}
	t.Logf("%d filters and orderings, %d accepted by both, %d refused in other words", len(requests), accepted, differentText)
	if differentText > len(requests)/50 {
		t.Errorf("%d of %d messages differ", differentText, len(requests))
	}
}

func requestText(r parseRequest) string {
	if r.Filter != nil {
		return fmt.Sprintf("%s filter %q", r.Language, *r.Filter)
	}
	return fmt.Sprintf("%s order_by %q", r.Language, *r.OrderBy)
}

func parseHere(r parseRequest) parseAnswer {
	lang := runLanguage
	if r.Language == "experiments" {
		lang = experimentLanguage
	}
	var got parseAnswer
	var err error
	if r.OrderBy != nil {
		var o ordering
		if o, err = lang.ordering(*r.OrderBy); err == nil {
			got.Order = []any{string(o.entity), o.key, o.ascending}
		}
	} else {
		var terms []term
		if terms, err = lang.parse(*r.Filter); err == nil {
			got.Terms = [][]any{}
		}
		for _, t := range terms {
			got.Terms = append(got.Terms, []any{string(t.entity), t.key, t.comparator, plainValue(t.value)})
		}
	}
	e := &apiError{}
	if errors.As(err, &e) {
		got.Error, got.Code = e.message, e.code
	} else if err != nil {
		got.Error, got.Code = err.Error(), codeInternal
	}
	return got
}

// plainValue is v as JSON would bring it back.
func plainValue(v any) any {
	switch v := v.(type) {
	case int64:
		return float64(v)
	case []string:
		list := make([]any, len(v))
		for i := range v {
			list[i] = v[i]
		}
		return list
	}
	return v
}

func parseRequests() []parseRequest {
	var requests []parseRequest
	filter := func(language, text string) {
		requests = append(requests, parseRequest{Language: language, Filter: &text})
	}
	order := func(language, text string) {
		requests = append(requests, parseRequest{Language: language, OrderBy: &text})
	}
	for _, f := range runFilters() {
		filter("runs", f)
		filter("experiments", f)
	}
	for _, clauses := range runOrders() {
		for _, c := range clauses {
			order("runs", c)
			order("experiments", c)
		}
	}
	rng := rand.New(rand.NewPCG(7, 8))
	atoms := []string{
		"metrics.acc", "metrics.`a b`", "params.x", "param.\"q r\"", "tags.mlflow.user", "tag.t", "status", "start_time", "attributes.run_id", "run.user_id", "datasets.name", "name", "experiment_id", "creation_time",
		"=", "!=", ">", ">=", "<", "<=", "LIKE", "like", "ILIKE", "IN", "in", "NOT", "IS", "NULL", "is not null", "AND", "and", "OR", "'v'", `"v"`, "'it''s'", `'a\'b'`, "0.5", "3", "-1", "-.5", "1e5", "1.", "('a','b')", "('a')", "()", "(1)", "(", ")", ",", ".", "`z`", "foo", ";", "*", "+", "-", "::", "[0]", "AS", "DESC", "asc", "--", "#", "/*", "*/", "$1", "?", "@x", "é", "==", "<>", "'", `"`, "`", "5x", "0x1F",
	}
	for range 6000 {
		var b strings.Builder
		for range 1 + rng.IntN(6) {
			b.WriteString(atoms[rng.IntN(len(atoms))])
			if rng.IntN(3) > 0 {
				b.WriteByte(' ')
			}
		}
		language := "runs"
		if rng.IntN(4) == 0 {
			language = "experiments"
		}
		if rng.IntN(6) == 0 {
			order(language, strings.TrimSpace(b.String()))
		} else {
			filter(language, b.String())
		}
	}
	for range 3000 { // sensible ones, with the odd flaw
		n := 1 + rng.IntN(3)
		clauses := make([]string, n)
		for i := range clauses {
			left, op, right := atoms[rng.IntN(14)], atoms[14+rng.IntN(10)], atoms[32+rng.IntN(13)]
			clauses[i] = left + " " + op + " " + right
			if rng.IntN(8) == 0 {
				clauses[i] = left + []string{" IS NULL", " IS NOT NULL", " NOT IN ('a', 'b')", " is  null"}[rng.IntN(4)]
			}
		}
		filter([]string{"runs", "runs", "experiments"}[rng.IntN(3)], strings.Join(clauses, []string{" AND ", " and ", "  AND\n"}[rng.IntN(3)]))
	}
	return requests
}
