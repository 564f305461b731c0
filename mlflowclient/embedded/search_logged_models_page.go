package embedded

import (
	"context"
	"database/sql"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"unicode"
)

var searchLoggedModelsRequest = &descriptor{fields: []field{
	{name: "experiment_ids", repeated: true},
	{name: "filter"},
	{name: "datasets", kind: kindMessage, repeated: true, message: &descriptor{fields: []field{{name: "dataset_name"}, {name: "dataset_digest"}}}},
	{name: "max_results", kind: kindInt32},
	{name: "order_by", kind: kindMessage, repeated: true, message: &descriptor{fields: []field{
		{name: "field_name"}, {name: "ascending", kind: kindBool}, {name: "dataset_name"}, {name: "dataset_digest"},
	}}},
	{name: "page_token"},
}}

func (s *Store) searchLoggedModels(ctx context.Context, r *request) (any, error) {
	if err := r.decode(searchLoggedModelsRequest, rules(param("experiment_ids", isArray, isArrayOfStrings, mandatory), param("filter", isString),
		param("datasets", isArray), param("max_results", isIntLike), param("order_by", isArray), param("page_token", isString))); err != nil {
		return nil, err
	}
	var datasets []datasetRef
	for _, d := range r.msg.list("datasets") {
		datasets = append(datasets, datasetRef{d.str("dataset_name"), d.str("dataset_digest")})
	}
	if slices.ContainsFunc(datasets, func(d datasetRef) bool { return d.name == "" }) {
		return nil, invalidf("`dataset_name` in the `datasets` clause must be specified.")
	}
	token := newLoggedModelToken(r.msg)
	if err := token.readOffset(r.msg.str("page_token")); err != nil {
		return nil, err
	}
	var experiments []int64
	for _, text := range token.ExperimentIDs {
		id, err := parseExperimentID(text)
		if err != nil {
			return nil, err
		}
		experiments = append(experiments, id)
	}
	where, err := loggedModelWhere(experiments, r.msg.str("filter"), datasets)
	if err != nil {
		return nil, err
	}
	order, err := loggedModelOrder(r.msg.list("order_by"))
	if err != nil {
		return nil, err
	}
	limit := r.msg.int("max_results")
	if limit == 0 {
		limit = 100
	}
	query := "SELECT model_id FROM logged_models WHERE " + where.text + " ORDER BY " + order.text + " LIMIT ? OFFSET ?"
	found, more, err := s.loggedModelPage(ctx, query, append(append(where.args, order.args...), limit+1, token.Offset), limit)
	if err != nil {
		return nil, err
	}
	answer := struct {
		Models []*loggedModel `json:"models,omitempty"`
		Token  string         `json:"next_page_token,omitempty"`
	}{Models: found}
	if more {
		token.Offset += limit
		answer.Token = token.encode()
	}
	return answer, nil
}

// loggedModelPage runs a query for ids, of which it takes limit and says whether there are more.
func (s *Store) loggedModelPage(ctx context.Context, query string, args []any, limit int64) (found []*loggedModel, more bool, err error) {
	err = s.read(ctx, func(tx *session) error {
		var ids []string
		if err := tx.eachOnce(query, args, func(rows *sql.Rows) error {
			var id string
			err := rows.Scan(&id)
			ids = append(ids, id)
			return err
		}); err != nil {
			return err
		}
		if more = limit > 0 && int64(len(ids)) > limit; more {
			ids = ids[:limit]
		}
		for _, id := range ids {
			model, err := findLoggedModel(tx, id)
			if err != nil {
				return err
			}
			found = append(found, model)
		}
		return nil
	})
	return found, more, err
}

// loggedModelToken says where the next page begins, and of which search it is the next page.
type loggedModelToken struct {
	ExperimentIDs []string             `json:"experiment_ids"`
	Filter        *string              `json:"filter_string"`
	OrderBy       []loggedModelOrderBy `json:"order_by"`
	Offset        int64                `json:"offset"`
}

type loggedModelOrderBy struct {
	Field     string  `json:"field_name"`
	Ascending bool    `json:"ascending"`
	Dataset   *string `json:"dataset_name"`
	Digest    *string `json:"dataset_digest"`
}

// orNull is nil for the empty text, as Python's `text or None`.
func orNull(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}

func newLoggedModelToken(m *message) *loggedModelToken {
	t := &loggedModelToken{ExperimentIDs: m.strs("experiment_ids"), Filter: orNull(m.str("filter"))}
	for _, o := range m.list("order_by") {
		ascending, given := o.value("ascending").(bool)
		t.OrderBy = append(t.OrderBy, loggedModelOrderBy{o.str("field_name"), ascending || !given, orNull(o.str("dataset_name")), orNull(o.str("dataset_digest"))})
	}
	return t
}

// encode writes the token as json.dumps does.
func (t *loggedModelToken) encode() string {
	var b strings.Builder
	list := func(n int, item func(int)) {
		b.WriteByte('[')
		for i := range n {
			if i > 0 {
				b.WriteString(", ")
			}
			item(i)
		}
		b.WriteByte(']')
	}
	text := func(s *string) {
		if s == nil {
			b.WriteString("null")
		} else {
			writePythonText(&b, *s)
		}
	}
	b.WriteString(`{"experiment_ids": `)
	list(len(t.ExperimentIDs), func(i int) { text(&t.ExperimentIDs[i]) })
	b.WriteString(`, "filter_string": `)
	text(t.Filter)
	b.WriteString(`, "order_by": `)
	if len(t.OrderBy) == 0 {
		b.WriteString("null")
	} else {
		list(len(t.OrderBy), func(i int) {
			o := &t.OrderBy[i]
			b.WriteString(`{"field_name": `)
			text(&o.Field)
			fmt.Fprintf(&b, `, "ascending": %t, "dataset_name": `, o.Ascending)
			text(o.Dataset)
			b.WriteString(`, "dataset_digest": `)
			text(o.Digest)
			b.WriteByte('}')
		})
	}
	fmt.Fprintf(&b, `, "offset": %d}`, t.Offset)
	return base64.StdEncoding.EncodeToString([]byte(b.String()))
}

// readOffset takes the offset out of a token, which has to be of the same search.
func (t *loggedModelToken) readOffset(text string) error {
	if text == "" {
		return nil
	}
	ascii := strings.Map(func(r rune) rune {
		if r > unicode.MaxASCII {
			return -1
		}
		return r
	}, text)
	decoded, err := lenientBase64(ascii)
	if err != nil {
		return failf(codeInternal, "Incorrect padding")
	}
	var given loggedModelToken
	if err := json.Unmarshal(decoded, &given); err != nil {
		return invalidf("Invalid page token: %s. Expecting value: line 1 column 1 (char 0)", text)
	}
	show := func(text *string) string {
		if text == nil {
			return "None"
		}
		return *text
	}
	switch {
	case !slices.Equal(given.ExperimentIDs, t.ExperimentIDs):
		found := "None"
		if given.ExperimentIDs != nil {
			found = pythonList(given.ExperimentIDs)
		}
		return invalidf("Experiment IDs in the page token do not match the requested experiment IDs. Expected: %s. Found: %s",
			pythonList(t.ExperimentIDs), found)
	case show(given.Filter) != show(t.Filter):
		return invalidf("Filter string in the page token does not match the requested filter string. Expected: %s. Found: %s", show(t.Filter), show(given.Filter))
	case !slices.EqualFunc(given.OrderBy, t.OrderBy, loggedModelOrderBy.equal):
		return invalidf("Order by in the page token does not match the requested order by. Expected: %s. Found: %s", t.orders(), given.orders())
	}
	t.Offset = given.Offset
	return nil
}

func (o loggedModelOrderBy) equal(p loggedModelOrderBy) bool {
	same := func(a, b *string) bool { return (a == nil) == (b == nil) && (a == nil || *a == *b) }
	return o.Field == p.Field && o.Ascending == p.Ascending && same(o.Dataset, p.Dataset) && same(o.Digest, p.Digest)
}

// orders are the criteria as a text for people.
func (t *loggedModelToken) orders() string {
	text, err := json.Marshal(t.OrderBy)
	if err != nil { // strings always marshal
		return ""
	}
	return string(text)
}
