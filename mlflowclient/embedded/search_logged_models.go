package embedded

import (
	"database/sql"
	"encoding/json"
	"regexp"
	"slices"
	"strings"
)

// The server reads the filters of logged models with a parser of their own, which knows neither double quotes nor IS
// NULL, and lets a column of the table be asked for whether that makes sense or not.

var (
	loggedModelColumns = []string{
		"model_id", "experiment_id", "name", "artifact_location", "creation_timestamp_ms", "last_updated_timestamp_ms", "status",
		"lifecycle_stage", "model_type", "source_run_id", "status_message",
	}
	loggedModelAliases = map[string]string{
		"creation_time": "creation_timestamp_ms", "creation_timestamp": "creation_timestamp_ms", "last_updated_timestamp": "last_updated_timestamp_ms",
	}
	dottedName = regexp.MustCompile(`^([a-z]+)\.(.+)$`)
)

func loggedModelColumn(name string) string {
	if column, ok := loggedModelAliases[name]; ok {
		return column
	}
	return name
}

// loggedModelTerms reads a filter: comparisons joined by AND.
func loggedModelTerms(filter string) ([]term, error) {
	if filter == "" {
		return nil, nil
	}
	tokens, statements := splitStatements(tokenize(filter))
	if statements != 1 {
		return nil, invalidf("Invalid filter string: %s. Expected a single SQL expression.", pythonRepr(filter))
	}
	var terms []term
	for _, t := range joinMembership(group(tokens)) {
		switch {
		case t.kind == groupCompare:
			parsed, err := loggedModelTerm(t)
			if err != nil {
				return nil, err
			}
			terms = append(terms, parsed)
		case strings.EqualFold(strings.TrimSpace(t.text), "AND"):
		default:
			return nil, invalidf("Invalid filter string: %s. Expected a list of comparisons separated by 'AND' (e.g. 'metrics.loss > 0.1 AND params.lr = 0.01').", pythonRepr(filter))
		}
	}
	return terms, nil
}

func loggedModelTerm(t token) (term, error) {
	var parts []string
	for _, p := range t.parts {
		if p.kind != tokSpace {
			parts = append(parts, p.text)
		}
	}
	if len(parts) != 3 {
		return term{}, invalidf("Invalid comparison: %s. Expected a comparison with 3 tokens.", t.text)
	}
	parsed := term{entity: entityAttribute, comparator: strings.ToUpper(parts[1])}
	word := "attributes"
	if m := dottedName.FindStringSubmatch(parts[0]); m != nil {
		word, parsed.key = m[1], strings.Trim(m[2], "`")
		switch word {
		case "attributes":
		case "metrics":
			parsed.entity = entityMetric
		case "params":
			parsed.entity = entityParam
		case "tags":
			parsed.entity = entityTag
		default:
			return term{}, invalidf("Invalid entity type: %s. Expected one of ['attributes', 'metrics', 'params', 'tags'].", pythonRepr(word))
		}
	} else {
		parsed.key = strings.Trim(loggedModelColumn(parts[0]), "`")
	}
	numeric := parsed.entity == entityMetric || parsed.entity == entityAttribute && strings.HasSuffix(loggedModelColumn(parsed.key), "_timestamp_ms")
	allowed := []string{"=", "!=", "LIKE", "ILIKE", "IN", "NOT IN"}
	if numeric {
		allowed = []string{"<", "<=", ">", ">=", "=", "!="}
	}
	if !slices.Contains(allowed, parsed.comparator) {
		list := pythonList(allowed)
		return term{}, invalidf("Invalid comparison operator for %s.%s: %s. Expected one of (%s).", word, parsed.key, pythonRepr(parsed.comparator), list[1:len(list)-1])
	}
	var err error
	parsed.value, err = loggedModelValue(parts[2], numeric)
	return parsed, err
}

func loggedModelValue(text string, numeric bool) (any, error) {
	switch {
	case numeric:
		f, ok := pythonFloat(text)
		if !ok {
			return nil, failf(codeInternal, "could not convert string to float: %s", pythonRepr(text))
		}
		return f, nil
	case strings.HasPrefix(text, "(") && strings.TrimSpace(text[1:]) == ")":
		return []string{}, nil
	case strings.HasPrefix(text, "(") && strings.HasSuffix(text, ")"):
		return listValue(token{text: text})
	}
	return strings.Trim(text, "'"), nil
}

// datasetRef is a data set that metrics are restricted to.
type datasetRef struct{ name, digest string }

// anyDataset is the condition that a metric, x, was logged for one of the data sets.
func anyDataset(datasets []datasetRef) clause {
	var all clause
	for i, d := range datasets {
		if i > 0 {
			all.text += " OR "
		}
		// The server compares with a digest that is not given, too, and then finds the metrics that have none.
		all.text += "x.dataset_name = ? AND x.dataset_digest IS ?"
		digest := sql.NullString{String: d.digest, Valid: d.digest != ""}
		all.args = append(all.args, d.name, digest)
	}
	all.text = "(" + all.text + ")"
	return all
}

const ofModel = " x WHERE x.model_id = logged_models.model_id AND "

// loggedModelCondition is the SQL of one term of a filter.
func loggedModelCondition(t term, datasets []datasetRef) (clause, error) {
	var table, key string
	switch t.entity {
	case entityMetric:
		c, err := condition("x.metric_value", t.comparator, t.value)
		c = clause{"EXISTS (SELECT 1 FROM logged_model_metrics" + ofModel + "x.metric_name = ? AND " + c.text, append([]any{t.key}, c.args...)}
		if len(datasets) > 0 {
			d := anyDataset(datasets)
			c.text += " AND " + d.text
			c.args = append(c.args, d.args...)
		}
		c.text += ")"
		return c, err
	case entityParam:
		table, key = "logged_model_params", "param"
	case entityTag:
		table, key = "logged_model_tags", "tag"
	default:
		column := loggedModelColumn(t.key)
		if !slices.Contains(loggedModelColumns, column) {
			return clause{}, failf(codeInternal, "type object 'SqlLoggedModel' has no attribute %s", pythonRepr(column))
		}
		return condition("logged_models."+column, t.comparator, t.value)
	}
	c, err := condition("x."+key+"_value", t.comparator, t.value)
	return clause{"EXISTS (SELECT 1 FROM " + table + ofModel + "x." + key + "_key = ? AND " + c.text + ")", append([]any{t.key}, c.args...)}, err
}

// loggedModelWhere is the SQL of a whole search without its order.
func loggedModelWhere(experiments []int64, filter string, datasets []datasetRef) (clause, error) {
	terms, err := loggedModelTerms(filter)
	if err != nil {
		return clause{}, err
	}
	ids, err := json.Marshal(experiments)
	if err != nil {
		return clause{}, err
	}
	all := clause{"lifecycle_stage != 'deleted' AND experiment_id IN (SELECT value FROM json_each(?))", []any{string(ids)}}
	metrics := false
	for _, t := range terms {
		metrics = metrics || t.entity == entityMetric
		c, err := loggedModelCondition(t, datasets)
		if err != nil {
			return clause{}, err
		}
		all.text += " AND " + c.text
		all.args = append(all.args, c.args...)
	}
	if len(datasets) > 0 && !metrics {
		d := anyDataset(datasets)
		all.text += " AND EXISTS (SELECT 1 FROM logged_model_metrics" + ofModel + d.text + ")"
		all.args = append(all.args, d.args...)
	}
	return all, nil
}

// loggedModelOrder is the SQL of order_by. What a model lacks sorts last; models that compare equal follow by creation,
// latest first, then by id.
func loggedModelOrder(orders []*message) (clause, error) {
	var all clause
	seen := map[string]bool{}
	for _, o := range orders {
		name := o.str("field_name")
		column := loggedModelColumn(name)
		direction := " DESC"
		if ascending, given := o.value("ascending").(bool); ascending || !given {
			direction = " ASC"
		}
		entity, key, dotted := strings.Cut(name, ".")
		switch {
		case dotted && entity != "metrics":
			return clause{}, invalidf("Invalid order by field name: %s. Only metrics are supported.", name)
		case dotted:
			value := clause{"(SELECT x.metric_value FROM logged_model_metrics" + ofModel + "x.metric_name = ?", []any{key}}
			for _, field := range []string{"dataset_name", "dataset_digest"} {
				if text := o.str(field); text != "" {
					value.text += " AND x." + field + " = ?"
					value.args = append(value.args, text)
				}
			}
			value.text += " ORDER BY x.metric_timestamp_ms DESC, x.metric_step DESC, x.run_id LIMIT 1)"
			all.text += value.text + " IS NULL, " + value.text + direction + ", "
			all.args = append(append(all.args, value.args...), value.args...)
		case !slices.Contains(loggedModelColumns, column):
			return clause{}, &apiError{code: codeInvalidParameter, message: "Invalid order by field name: " + name, sqlState: "KAM04", class: "ATTRIBUTE_NOT_FOUND"}
		default:
			seen[column] = true
			all.text += column + " IS NULL, " + column + direction + ", "
		}
	}
	var ties []string
	if !seen["creation_timestamp_ms"] {
		ties = append(ties, "creation_timestamp_ms DESC")
	}
	if !seen["model_id"] {
		ties = append(ties, "model_id")
	}
	if len(ties) == 0 {
		ties = []string{"rowid"}
	}
	all.text += strings.Join(ties, ", ")
	return all, nil
}
