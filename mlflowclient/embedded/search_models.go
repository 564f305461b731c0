package embedded

import (
	"context"
	"database/sql"
	"slices"
	"strconv"
	"strings"
)

// registry describes what is searched of the model registry.
type registry struct {
	language
	table    string
	tagTable string
	sameRow  string            // joins a row of the tags, x, to one of the table
	columns  map[string]string // of the attributes
	order    []string          // when none is asked for
	tie      []string          // columns that end every order
	bareKeys []string          // that an order knows, in a registry whose orders have no entities; for its error
	most     int64             // max_results
}

func registryLanguage(attributes, sortable, numeric, lists []string) language {
	return language{
		attributes: attributes, sortable: sortable, numeric: numeric, lists: lists, plainWords: true, textNumber: true,
		entities: map[string]entity{"attribute": entityAttribute, "tag": entityTag, "tags": entityTag},
		badEntity: func(word string) error {
			return invalidf("Invalid entity type '%s'. Valid entity types are ('tag', 'tags')", word)
		},
		noNull: func(t term) error {
			return invalidf("IS NULL / IS NOT NULL is only supported for tags, not for attribute '%s'", t.key)
		},
	}
}

func modelRegistry() *registry {
	return &registry{
		language: registryLanguage([]string{"name"}, []string{"name", "timestamp", "last_updated_timestamp"}, nil, []string{"name"}),
		table:    "registered_models", tagTable: "registered_model_tags", sameRow: "x.name = registered_models.name",
		columns: map[string]string{"name": "name", "timestamp": "last_updated_time", "last_updated_timestamp": "last_updated_time"},
		order:   []string{"name ASC"}, tie: []string{"name ASC"}, most: 1000,
		bareKeys: []string{"name", "timestamp"},
	}
}

func versionRegistry() *registry {
	return &registry{
		language: registryLanguage([]string{"name", "version_number", "run_id", "source_path"}, []string{"name", "version_number", "creation_timestamp", "last_updated_timestamp"},
			[]string{"version_number"}, []string{"name", "run_id"}),
		table: "model_versions", tagTable: "model_version_tags", sameRow: "x.name = model_versions.name AND x.version = model_versions.version",
		columns: map[string]string{"name": "name", "version_number": "version", "run_id": "run_id", "source_path": "source", "creation_timestamp": "creation_time", "last_updated_timestamp": "last_updated_time"},
		order:   []string{"last_updated_timestamp DESC", "name ASC", "version_number DESC"}, tie: []string{"name ASC", "version DESC"}, most: 200_000,
	}
}

func (g *registry) condition(t term) (clause, error) {
	if t.entity == entityTag {
		if !slices.Contains([]string{"=", "!=", "LIKE", "ILIKE"}, t.comparator) {
			return clause{}, invalidf("Invalid comparator for tag: %s", t.comparator)
		}
		c, err := condition("x.value", t.comparator, t.value)
		return clause{"EXISTS (SELECT 1 FROM " + g.tagTable + " x WHERE " + g.sameRow + " AND x.key = ? AND " + c.text + ")", append([]any{t.key}, c.args...)}, err
	}
	allowed, named := []string{"=", "!=", "LIKE", "ILIKE", "IN", "NOT IN"}, ""
	if slices.Contains(g.numeric, t.key) {
		allowed, named = numberComparators, " "+t.key
		if f, ok := t.value.(float64); ok {
			return clause{}, invalidf("Invalid value for numeric attribute '%s': %s", t.key, pythonFloatText(f))
		}
	}
	if !slices.Contains(allowed, t.comparator) {
		return clause{}, invalidf("Invalid comparator for attribute%s: %s", named, t.comparator)
	}
	return condition(g.table+"."+g.columns[t.key], t.comparator, t.value)
}

// where is the SQL of a filter. Prompts, which are registered models with a mark, are found only when asked for.
func (g *registry) where(filter string) (clause, error) {
	terms, err := g.parse(filter)
	if err != nil {
		return clause{}, err
	}
	all := clause{text: "1"}
	prompts := false
	for _, t := range terms {
		if text, _ := t.value.(string); t.entity == entityTag && t.key == promptTag {
			wanted := t.comparator == "=" && strings.EqualFold(text, "true") || t.comparator == "!=" && strings.EqualFold(text, "false")
			prompts = prompts || wanted
			if !wanted {
				continue
			}
		}
		c, err := g.condition(t)
		if err != nil {
			return clause{}, err
		}
		all.text += " AND " + c.text
		all.args = append(all.args, c.args...)
	}
	if !prompts {
		all.text += " AND NOT EXISTS (SELECT 1 FROM " + g.tagTable + " x WHERE x.name = " + g.table + ".name AND x.key = '" + promptTag + "' AND x.value = 'true')"
	}
	return all, nil
}

// criterion reads one clause of an order.
func (g *registry) criterion(clause string) (ordering, error) {
	if g.bareKeys == nil {
		return g.ordering(clause)
	}
	key, ascending, err := orderingText(clause)
	if key = strings.TrimSpace(key); err == nil && !slices.Contains(g.sortable, key) {
		err = invalidf("Invalid order by key '%s' specified. Valid keys are '%s'", key, pythonSet(g.bareKeys))
	}
	return ordering{entityAttribute, key, ascending}, err
}

func (g *registry) orderBy(clauses []string) (string, error) {
	if len(clauses) == 0 {
		clauses = g.order
	}
	var terms []string
	seen := map[string]bool{}
	for _, text := range clauses {
		o, err := g.criterion(text)
		if err != nil {
			return "", err
		}
		column := g.columns[o.key]
		if o.entity != entityAttribute || column == "" {
			return "", invalidf("Invalid order by key '%s' specified. Valid keys are %s", o.key, pythonSet(g.sortable))
		}
		if seen[column] {
			return "", failf(codeInternal, "`order_by` contains duplicate fields: %s", pythonList(clauses))
		}
		seen[column] = true
		direction := " ASC"
		if !o.ascending {
			direction = " DESC"
		}
		terms = append(terms, column+direction)
	}
	for _, tie := range g.tie {
		if column, _, _ := strings.Cut(tie, " "); !seen[column] {
			terms = append(terms, tie)
		}
	}
	return strings.Join(terms, ", "), nil
}

var searchModelsRequest = &descriptor{fields: []field{{name: "filter"}, {name: "max_results", kind: kindInt64}, {name: "order_by", repeated: true}, {name: "page_token"}}}

// page runs a search of one page and gives the token of the next.
func (g *registry) page(ctx context.Context, s *Store, r *request, limit int64, columns, also string, scan func(*session, string, []any) (int, error)) (next string, err error) {
	if err := r.decode(searchModelsRequest, rules(param("filter", isString), param("max_results", isIntLike, atMost(g.most)),
		param("order_by", isArray, isArrayOfStrings), param("page_token", isString))); err != nil {
		return "", err
	}
	limit = r.msg.intOr("max_results", limit)
	if limit < 1 {
		return "", invalidf("Invalid value for max_results. It must be a positive integer, but got %d", limit)
	}
	where, err := g.where(r.msg.str("filter"))
	if err != nil {
		return "", err
	}
	order, err := g.orderBy(r.msg.strs("order_by"))
	if err != nil {
		return "", err
	}
	offset, err := parsePageToken(r.msg.str("page_token"))
	if err != nil {
		return "", err
	}
	query := "SELECT " + columns + " FROM " + g.table + " WHERE " + where.text + also + " ORDER BY " + order + " LIMIT " + strconv.FormatInt(limit, 10) + " OFFSET ?"
	err = s.read(ctx, func(tx *session) error {
		n, err := scan(tx, query, append(where.args, offset))
		if err != nil || int64(n) < limit {
			return err
		}
		return tx.eachOnce("SELECT 1 FROM "+g.table+" WHERE "+where.text+also+" LIMIT 1 OFFSET ?", append(slices.Clone(where.args), offset+limit), func(*sql.Rows) error {
			next = pageToken(offset + limit)
			return nil
		})
	})
	return next, err
}

func (s *Store) searchRegisteredModels(ctx context.Context, r *request) (any, error) {
	var found []*registeredModel
	next, err := modelRegistry().page(ctx, s, r, 100, "name", "", func(tx *session, query string, args []any) (int, error) {
		var names []string
		if err := tx.eachOnce(query, args, func(rows *sql.Rows) error {
			var name string
			err := rows.Scan(&name)
			names = append(names, name)
			return err
		}); err != nil {
			return 0, err
		}
		for _, name := range names {
			m, err := findModel(tx, name)
			if err != nil {
				return 0, err
			}
			found = append(found, m)
		}
		return len(found), nil
	})
	if err != nil {
		return nil, err
	}
	return struct {
		Models []*registeredModel `json:"registered_models,omitempty"`
		Token  string             `json:"next_page_token,omitempty"`
	}{found, next}, nil
}

func (s *Store) searchModelVersions(ctx context.Context, r *request) (any, error) {
	var found []*modelVersion
	next, err := versionRegistry().page(ctx, s, r, 200_000, versionColumns, " AND current_stage != '"+stageDeletedInternal+"'", func(tx *session, query string, args []any) (int, error) {
		var err error
		found, err = versionsWhere(tx, query, args...)
		return len(found), err
	})
	if err != nil {
		return nil, err
	}
	return struct {
		Versions []*modelVersion `json:"model_versions,omitempty"`
		Token    string          `json:"next_page_token,omitempty"`
	}{found, next}, nil
}
