package embedded

import (
	"context"
	"database/sql"
	"slices"
	"strconv"
	"strings"
)

// experimentLanguage is the dialect of experiments/search.
var experimentLanguage = &language{
	attributes: []string{"name", "experiment_id", "creation_time", "last_update_time"},
	sortable:   []string{"name", "experiment_id", "creation_time", "last_update_time"},
	numeric:    []string{"creation_time", "last_update_time"},
	lists:      []string{"experiment_id"},
	entities:   map[string]entity{"attribute": entityAttribute, "tag": entityTag, "tags": entityTag},
	plainWords: true,
	nullable:   []entity{entityTag},
	badEntity: func(word string) error {
		return invalidf("Invalid entity type '%s'. Valid entity types are ('attribute', 'tag', 'tags')", word)
	},
	noNull: func(t term) error {
		return invalidf("IS NULL / IS NOT NULL is only supported for tags, not for attribute '%s'", t.key)
	},
}

// experimentCondition is the SQL of one term. Words of this dialect are in upper case only.
func experimentCondition(t term) (clause, error) {
	if t.entity == entityTag {
		exists := `EXISTS (SELECT 1 FROM experiment_tags x WHERE x.experiment_id = experiments.experiment_id AND x.key = ?`
		switch t.comparator {
		case "IS NULL":
			return clause{"NOT " + exists + ")", []any{t.key}}, nil
		case "IS NOT NULL":
			return clause{exists + ")", []any{t.key}}, nil
		}
		if !slices.Contains(textComparators, t.comparator) {
			return clause{}, invalidf("Invalid comparator for tag: %s", t.comparator)
		}
		c, err := condition("x.value", t.comparator, t.value)
		return clause{exists + " AND " + c.text + ")", append([]any{t.key}, c.args...)}, err
	}
	column := "experiments." + t.key
	switch t.key {
	case "experiment_id":
		return experimentIDCondition(column, t)
	case "name":
		if err := oneOf(t.comparator, listComparators, listComparators, "'"); err != nil {
			return clause{}, err
		}
		if t.comparator == "IN" || t.comparator == "NOT IN" {
			return clause{}, invalidf("Invalid comparator for string attribute: %s", t.comparator)
		}
	default:
		if err := oneOf(t.comparator, numberComparators, listComparators, ""); err != nil {
			return clause{}, err
		}
		if f, ok := t.value.(float64); ok {
			return clause{}, invalidf("Invalid value for numeric attribute '%s': '%s'", t.key, pythonFloatText(f))
		}
	}
	return condition(column, t.comparator, t.value)
}

func experimentIDCondition(column string, t term) (clause, error) {
	if !slices.Contains([]string{"=", "!=", "IN", "NOT IN"}, t.comparator) {
		return clause{}, invalidf("Invalid comparator for experiment_id: %s", t.comparator)
	}
	switch v := t.value.(type) {
	case []string:
		ids := make([]string, len(v))
		for i, text := range v {
			id, err := parseExperimentID(text)
			if err != nil {
				return clause{}, err
			}
			ids[i] = strconv.FormatInt(id, 10)
		}
		return condition("CAST("+column+" AS TEXT)", t.comparator, ids)
	case string:
		id, err := parseExperimentID(v)
		if err != nil {
			return clause{}, err
		}
		return condition(column, t.comparator, id)
	default:
		return condition(column, t.comparator, t.value)
	}
}

var searchExperimentsRequest = &descriptor{fields: []field{
	{name: "max_results", kind: kindInt64},
	{name: "page_token"},
	{name: "filter"},
	{name: "order_by", repeated: true},
	{name: "view_type", kind: kindEnum, enum: viewType},
}}

func (s *Store) searchExperiments(ctx context.Context, r *request) (any, error) {
	if err := r.decode(searchExperimentsRequest, rules(param("view_type", isIntLike), param("max_results", isIntLike),
		param("order_by", isArray), param("filter", isString), param("page_token", isString))); err != nil {
		return nil, err
	}
	limit := r.msg.int("max_results")
	query, args, offset, err := experimentQuery(r.msg, limit)
	if err != nil {
		return nil, err
	}
	found := []*experiment{}
	next := ""
	err = s.read(ctx, func(tx *session) error {
		err := tx.eachOnce(query, args, func(rows *sql.Rows) error {
			e, err := scanExperiment(rows)
			found = append(found, e)
			return err
		})
		if err != nil {
			return err
		}
		if int64(len(found)) > limit {
			found, next = found[:limit], pageToken(offset+limit)
		}
		for _, e := range found {
			if err := loadExperimentTags(tx, e); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return struct {
		Experiments []*experiment `json:"experiments,omitempty"`
		Token       string        `json:"next_page_token,omitempty"`
	}{found, next}, nil
}

func experimentQuery(m *message, limit int64) (query string, args []any, offset int64, err error) {
	if err := checkMaxResults(limit); err != nil {
		return "", nil, 0, err
	}
	terms, err := experimentLanguage.parse(m.str("filter"))
	if err != nil {
		return "", nil, 0, err
	}
	view, given := m.enum("view_type")
	if !given {
		view = viewActive
	}
	var where strings.Builder
	where.WriteString(stages(view))
	for _, t := range terms {
		c, err := experimentCondition(t)
		if err != nil {
			return "", nil, 0, err
		}
		where.WriteString(" AND " + c.text)
		args = append(args, c.args...)
	}
	order, err := experimentOrder(m.strs("order_by"))
	if err != nil {
		return "", nil, 0, err
	}
	if offset, err = parsePageToken(m.str("page_token")); err != nil {
		return "", nil, 0, err
	}
	return `SELECT experiment_id, name, artifact_location, lifecycle_stage, creation_time, last_update_time FROM experiments WHERE ` +
		where.String() + " ORDER BY " + order + " LIMIT ? OFFSET ?", append(args, limit+1, offset), offset, nil
}

func experimentOrder(clauses []string) (string, error) {
	if len(clauses) == 0 {
		clauses = []string{"creation_time DESC", "experiment_id ASC"}
	}
	var terms []string
	byID := false
	for _, text := range clauses {
		o, err := experimentLanguage.ordering(text)
		if err != nil {
			return "", err
		}
		if o.entity != entityAttribute {
			return "", invalidf("Invalid order_by entity: %s", o.entity)
		}
		byID = byID || o.key == "experiment_id"
		direction := " ASC"
		if !o.ascending {
			direction = " DESC"
		}
		terms = append(terms, o.key+direction)
	}
	if !byID {
		terms = append(terms, "experiment_id DESC")
	}
	return strings.Join(terms, ", "), nil
}
