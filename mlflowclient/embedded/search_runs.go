package embedded

import (
	"context"
	"database/sql"
	"encoding/json"
	"slices"
	"strings"
)

// View types of searches.
var viewType = map[string]int{"ACTIVE_ONLY": viewActive, "DELETED_ONLY": viewDeleted, "ALL": viewAll}

const (
	viewActive  = 1
	viewDeleted = 2
	viewAll     = 3
)

// stages gives the condition on the lifecycle stage.
func stages(view int) string {
	switch view {
	case viewActive:
		return `lifecycle_stage = 'active'`
	case viewDeleted:
		return `lifecycle_stage = 'deleted'`
	default:
		return `lifecycle_stage IN ('active', 'deleted')`
	}
}

// runLanguage is the dialect of runs/search.
var runLanguage = &language{
	attributes: []string{"artifact_uri", "end_time", "run_id", "run_name", "start_time", "status", "user_id", "created", "Created", "run name", "Run name", "Run Name"},
	sortable:   []string{"artifact_uri", "end_time", "run_id", "run_name", "start_time", "status", "user_id", "created", "Created"},
	numeric:    []string{"start_time", "end_time", "created", "Created"},
	lists:      []string{"run_id"},
	entities:   entityAliases,
	dataset:    []string{"name", "digest", "context"},
	quoteBad:   true,
	nullable:   []entity{entityTag, entityParam},
	badEntity: func(word string) error {
		return invalidf("Invalid entity type '%s'. Valid values are ['metric', 'parameter', 'tag', 'attribute', 'dataset']", word)
	},
	noNull: func(t term) error {
		return invalidf("IS NULL / IS NOT NULL is only supported for tags and params, not for '%s' '%s'", t.entity, t.key)
	},
}

var (
	numberComparators = []string{">", ">=", "!=", "=", "<", "<="}
	textComparators   = []string{"!=", "=", "LIKE", "ILIKE", "IS NULL", "IS NOT NULL"}
	listComparators   = []string{"!=", "=", "LIKE", "ILIKE", "IN", "NOT IN"}
)

func oneOf(comparator string, allowed, named []string, closing string) error {
	if slices.Contains(allowed, comparator) {
		return nil
	}
	return invalidf("Invalid comparator '%s' not one of '%s%s", comparator, pythonSet(named), closing)
}

// clause is a piece of SQL with its arguments.
type clause struct {
	text string
	args []any
}

// condition is the SQL of "column comparator value".
func condition(column, comparator string, value any) (clause, error) {
	switch v := value.(type) {
	case []string:
		list, err := json.Marshal(v)
		if err != nil {
			return clause{}, err
		}
		if comparator != "IN" && comparator != "NOT IN" {
			return clause{}, failf(codeBadRequest, "a list can be compared by IN and NOT IN only, not by %s", comparator)
		}
		return clause{column + " " + comparator + " (SELECT value FROM json_each(?))", []any{string(list)}}, nil
	default:
		if comparator == "ILIKE" {
			return clause{"lower(" + column + ") LIKE lower(?)", []any{value}}, nil
		}
		return clause{column + " " + comparator + " ?", []any{value}}, nil
	}
}

// runKey resolves the other spellings of start_time and run_name. The server does so for keys of every entity.
func runKey(key string) string {
	switch key {
	case "created", "Created":
		return "start_time"
	case "run name", "Run name", "Run Name":
		return "run_name"
	}
	return key
}

// runColumn is the column of a run's attribute.
func runColumn(attribute string) string {
	switch attribute {
	case "run_id":
		return "runs.run_uuid"
	case "run_name":
		return "runs.name"
	default: // one of the searchable attributes, which are named like their columns
		return "runs." + attribute
	}
}

// runCondition is the SQL of one term of a filter.
func runCondition(t term) (clause, error) {
	key, comparator := runKey(t.key), strings.ToUpper(t.comparator)
	switch t.entity {
	case entityAttribute:
		if slices.Contains(runLanguage.numeric, key) {
			if err := oneOf(comparator, numberComparators, listComparators, ""); err != nil {
				return clause{}, err
			}
			return condition(runColumn(key), comparator, t.value)
		}
		if err := oneOf(comparator, listComparators, listComparators, "'"); err != nil {
			return clause{}, err
		}
		if key == "run_name" { // the name that the UI shows is the tag's
			return having("tags", runNameTag, comparator, t.value)
		}
		return condition(runColumn(key), comparator, t.value)
	case entityMetric:
		if err := oneOf(comparator, numberComparators, numberComparators, ""); err != nil {
			return clause{}, err
		}
		return havingMetric(key, comparator, t.value)
	case entityParam:
		if err := oneOf(comparator, textComparators, textComparators, "'"); err != nil {
			return clause{}, err
		}
		return having("params", key, comparator, t.value)
	case entityTag:
		if err := oneOf(comparator, textComparators, textComparators, ""); err != nil {
			return clause{}, err
		}
		return having("tags", key, comparator, t.value)
	default:
		if err := oneOf(comparator, listComparators, listComparators, ""); err != nil {
			return clause{}, err
		}
		return havingDataset(key, comparator, t.value)
	}
}

// having is the condition that a run has a parameter or tag whose value compares.
func having(table, key, comparator string, value any) (clause, error) {
	exists := `EXISTS (SELECT 1 FROM ` + table + ` x WHERE x.run_uuid = runs.run_uuid AND x.key = ?`
	switch comparator {
	case "IS NULL":
		return clause{"NOT " + exists + ")", []any{key}}, nil
	case "IS NOT NULL":
		return clause{exists + ")", []any{key}}, nil
	}
	c, err := condition("x.value", comparator, value)
	return clause{exists + " AND " + c.text + ")", append([]any{key}, c.args...)}, err
}

// havingMetric compares the latest value. NaN is stored as 0 beside a mark: it differs from every number.
func havingMetric(key, comparator string, value any) (clause, error) {
	c, err := condition("x.value", comparator, value)
	mark := " AND x.is_nan = 0)"
	if comparator == "!=" {
		mark = " OR x.is_nan = 1)"
	}
	return clause{
		`EXISTS (SELECT 1 FROM latest_metrics x WHERE x.run_uuid = runs.run_uuid AND x.key = ? AND (` + c.text + mark + ")",
		append([]any{key}, c.args...),
	}, err
}

func havingDataset(key, comparator string, value any) (clause, error) {
	const from = `EXISTS (SELECT 1 FROM inputs i JOIN datasets d ON d.dataset_uuid = i.source_id`
	if key == "context" {
		c, err := condition("t.value", comparator, value)
		return clause{from + ` JOIN input_tags t ON t.input_uuid = i.input_uuid AND t.name = 'mlflow.data.context' AND ` + c.text +
			` WHERE i.destination_id = runs.run_uuid)`, c.args}, err
	}
	c, err := condition("d."+key, comparator, value) // name or digest
	return clause{from + ` WHERE i.destination_id = runs.run_uuid AND ` + c.text + ")", c.args}, err
}

// runOrder is the SQL of order_by: the joins that it needs, with their arguments, and the terms. What a run lacks
// sorts last, NaN before that; runs that compare equal follow by start time, latest first, then by id.
func runOrder(clauses []string) (joins clause, terms []string, err error) {
	seen := map[ordering]bool{}
	for i, text := range clauses {
		o, err := runLanguage.ordering(text)
		if err != nil {
			return clause{}, nil, err
		}
		key := runKey(o.key)
		var column, missing string
		switch o.entity {
		case entityAttribute:
			column = runColumn(key)
			missing = column + " IS NULL"
		case entityDataset:
			return clause{}, nil, invalidf("Invalid identifier type 'dataset'")
		default:
			table := map[entity]string{entityMetric: "latest_metrics", entityParam: "params", entityTag: "tags"}[o.entity]
			alias := "o" + string(rune('a'+i%26)) + strings.Repeat("_", i/26)
			joins.text += " LEFT JOIN " + table + " " + alias + " ON " + alias + ".run_uuid = runs.run_uuid AND " + alias + ".key = ?"
			joins.args = append(joins.args, key)
			column = alias + ".value"
			missing = column + " IS NULL"
			if o.entity == entityMetric {
				missing = "CASE WHEN " + alias + ".is_nan = 1 THEN 1 WHEN " + column + " IS NULL THEN 2 ELSE 0 END"
			}
		}
		if seen[ordering{entity: o.entity, key: key}] {
			return clause{}, nil, failf(codeInternal, "`order_by` contains duplicate fields: %s", pythonList(clauses))
		}
		seen[ordering{entity: o.entity, key: key}] = true
		direction := ""
		if !o.ascending {
			direction = " DESC"
		}
		terms = append(terms, missing, column+direction)
	}
	if !seen[ordering{entity: entityAttribute, key: "start_time"}] {
		terms = append(terms, "runs.start_time DESC")
	}
	return joins, append(terms, "runs.run_uuid"), nil
}

var searchRunsRequest = &descriptor{fields: []field{
	{name: "experiment_ids", repeated: true},
	{name: "filter"},
	{name: "run_view_type", kind: kindEnum, enum: viewType},
	{name: "max_results", kind: kindInt32},
	{name: "order_by", repeated: true},
	{name: "page_token"},
}}

// atMost checks a number of the raw request.
func atMost(limit int64) check {
	return holds(func(value any) (string, bool, error) {
		n, ok := truncated(value)
		if !ok {
			return "", false, errServerFault
		}
		return "", n <= limit, nil
	})
}

// truncated is Python's int(value) of a JSON value.
func truncated(value any) (int64, bool) {
	switch v := value.(type) {
	case number:
		if n, ok := pythonInt(string(v)); ok {
			return n, true
		}
		f := v.float()
		return int64(f), f == f && f-f == 0
	case string:
		return pythonInt(v)
	case bool:
		if v {
			return 1, true
		}
		return 0, true
	}
	return 0, false
}

func (s *Store) searchRuns(ctx context.Context, r *request) (any, error) {
	if err := r.decode(searchRunsRequest, rules(param("experiment_ids", isArray), param("filter", isString),
		param("max_results", isIntLike, atMost(maxSearchResults)), param("order_by", isArray, isArrayOfStrings))); err != nil {
		return nil, err
	}
	limit := r.msg.intOr("max_results", 1000)
	query, args, offset, err := runQuery(r.msg, limit)
	if err != nil {
		return nil, err
	}
	found := []*run{}
	next := ""
	err = s.read(ctx, func(tx *session) error {
		err := tx.eachOnce(query, args, func(rows *sql.Rows) error {
			info, err := scanRun(rows)
			found = append(found, &run{Info: info})
			return err
		})
		if err != nil {
			return err
		}
		if int64(len(found)) > limit {
			found, next = found[:limit], pageToken(offset+limit)
		}
		return loadRuns(tx, found, false)
	})
	if err != nil {
		return nil, err
	}
	return struct {
		Runs  []*run `json:"runs,omitempty"`
		Token string `json:"next_page_token,omitempty"`
	}{found, next}, nil
}

// runQuery composes the search for one run more than limit, which tells whether there is another page.
func runQuery(m *message, limit int64) (query string, args []any, offset int64, err error) {
	if err := checkMaxResults(limit); err != nil {
		return "", nil, 0, err
	}
	terms, err := runLanguage.parse(m.str("filter"))
	if err != nil {
		return "", nil, 0, err
	}
	joins, order, err := runOrder(m.strs("order_by"))
	if err != nil {
		return "", nil, 0, err
	}
	args = joins.args
	view, given := m.enum("run_view_type")
	if !given {
		view = viewActive
	}
	var where strings.Builder
	where.WriteString("runs." + stages(view))
	for _, t := range terms {
		c, err := runCondition(t)
		if err != nil {
			return "", nil, 0, err
		}
		where.WriteString(" AND " + c.text)
		args = append(args, c.args...)
	}
	if offset, err = parsePageToken(m.str("page_token")); err != nil {
		return "", nil, 0, err
	}
	ids := []int64{}
	for _, text := range m.strs("experiment_ids") {
		id, err := parseExperimentID(text)
		if err != nil {
			return "", nil, 0, err
		}
		ids = append(ids, id)
	}
	list, err := json.Marshal(ids)
	if err != nil {
		return "", nil, 0, err
	}
	args = append(args, string(list), limit+1, offset)
	columns := "runs." + strings.ReplaceAll(runColumns, ", ", ", runs.")
	return "SELECT " + columns + " FROM runs" + joins.text + " WHERE " + where.String() +
		" AND runs.experiment_id IN (SELECT value FROM json_each(?)) ORDER BY " + strings.Join(order, ", ") + " LIMIT ? OFFSET ?", args, offset, nil
}
