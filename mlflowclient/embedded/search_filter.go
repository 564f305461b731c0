package embedded

import (
	"slices"
	"strconv"
	"strings"
)

// entity is what a term of a filter or an ordering is about.
type entity string

const (
	entityMetric    entity = "metric"
	entityParam     entity = "parameter"
	entityTag       entity = "tag"
	entityAttribute entity = "attribute"
	entityDataset   entity = "dataset"
)

// entityAliases are the words for the entities in filters.
var entityAliases = map[string]entity{
	"metric": entityMetric, "metrics": entityMetric,
	"parameter": entityParam, "parameters": entityParam, "param": entityParam, "params": entityParam,
	"tag": entityTag, "tags": entityTag,
	"attribute": entityAttribute, "attr": entityAttribute, "attributes": entityAttribute, "run": entityAttribute,
	"dataset": entityDataset, "datasets": entityDataset,
}

// term is one comparison of a filter. value is a string, an int64, a float64 or a []string, nil with IS [NOT] NULL.
type term struct {
	entity     entity
	key        string
	comparator string
	value      any
}

// language is a dialect of filters: runs and experiments have different attributes and words.
type language struct {
	attributes []string          // that may be searched
	sortable   []string          // that may be ordered by
	numeric    []string          // attributes that are numbers
	lists      []string          // attributes that IN compares
	entities   map[string]entity // words before the dot
	dataset    []string          // keys of a data set
	plainWords bool              // whether words before the dot may not be in backticks
	textNumber bool              // whether a number may be in quotes
	quoteBad   bool              // whether bad clauses are quoted in the message
	badEntity  func(word string) error
	noNull     func(t term) error // the message for IS NULL on what has none
	nullable   []entity
}

// parse reads a filter: comparisons joined by AND.
func (lang *language) parse(filter string) ([]term, error) {
	if filter == "" {
		return nil, nil
	}
	tokens, statements := splitStatements(tokenize(filter))
	switch {
	case statements == 0:
		return nil, invalidf("Invalid filter '%s'. Could not be parsed.", filter)
	case statements > 1:
		return nil, invalidf("Search filter contained multiple expression %s. Provide AND-ed expression list.", pythonRepr(filter))
	}
	var terms []term
	var bad []string
	clauses := joinMembership(group(tokens))
	for _, t := range clauses {
		if t.kind == groupCompare || t.is(tokKeyword, "AND") {
			continue
		}
		text := t.text
		if lang.quoteBad {
			text = "'" + text + "'"
		}
		bad = append(bad, text)
	}
	if bad != nil {
		return nil, invalidf("Invalid clause(s) in filter string: %s", strings.Join(bad, ", "))
	}
	for _, t := range clauses {
		if t.kind != groupCompare {
			continue
		}
		parsed, err := lang.term(t)
		if err != nil {
			return nil, err
		}
		terms = append(terms, parsed)
	}
	return terms, nil
}

// splitStatements gives the tokens of the first statement and counts the statements, which ; separates.
func splitStatements(tokens []token) ([]token, int) {
	count, end, depth := 0, len(tokens), 0
	pending := false
	for i, t := range tokens {
		switch {
		case t.is(tokPunct, "("):
			depth++
		case t.is(tokPunct, ")"):
			depth--
		}
		if t.kind != tokSpace {
			pending = true
		}
		if t.is(tokPunct, ";") && depth <= 0 {
			if count++; count == 1 {
				end = i + 1
			}
			pending = false
		}
	}
	if pending {
		count++
	}
	return tokens[:end], count
}

func (lang *language) term(t token) (term, error) {
	var parts []token
	for _, p := range t.parts {
		if p.kind != tokSpace {
			parts = append(parts, p)
		}
	}
	if parts[0].kind != groupIdent {
		return term{}, invalidf("Invalid comparison clause. Expected 'Identifier' found '%s'", parts[0].text)
	}
	parsed, err := lang.identifier(parts[0].text, lang.attributes)
	if err != nil {
		return term{}, err
	}
	parsed.comparator = parts[1].text
	if len(parts) == 2 {
		if !slices.Contains(lang.nullable, parsed.entity) {
			return term{}, lang.noNull(parsed)
		}
		return parsed, nil
	}
	parsed.value, err = lang.value(parsed, parts[2])
	return parsed, err
}

// identifier reads "entity.key"; without a dot the key is an attribute's.
func (lang *language) identifier(text string, attributes []string) (term, error) {
	word, key, dotted := strings.Cut(text, ".")
	if !dotted {
		word, key = "attribute", text
	}
	if !lang.plainWords {
		word = trimQuote(word, "`")
	}
	e, ok := lang.entities[word]
	if !ok {
		return term{}, lang.badEntity(word)
	}
	key = trimQuote(trimQuotes(key), "`")
	switch {
	case e == entityAttribute && !slices.Contains(attributes, key):
		return term{}, invalidf("Invalid attribute key '%s' specified. Valid keys are '%s'", key, pythonSet(attributes))
	case e == entityDataset && !slices.Contains(lang.dataset, key):
		return term{}, invalidf("Invalid dataset key '%s' specified. Valid keys are '%s'", key, pythonSet(lang.dataset))
	}
	return term{entity: e, key: key}, nil
}

// pythonSet is str(set of str). Python's order is random; ours is the list's.
func pythonSet(texts []string) string {
	list := pythonList(texts)
	return "{" + list[1:len(list)-1] + "}"
}

func trimQuote(text, quote string) string {
	if len(text) >= 2 && strings.HasPrefix(text, quote) && strings.HasSuffix(text, quote) {
		return text[1 : len(text)-1]
	}
	return text
}

// trimQuotes removes one pair of quotes of either kind.
func trimQuotes(text string) string {
	if trimmed := trimQuote(text, "'"); trimmed != text {
		return trimmed
	}
	return trimQuote(text, `"`)
}

func (lang *language) value(t term, v token) (any, error) {
	text := v.kind == tokString || v.kind == groupIdent
	numeric := v.kind == tokInteger || v.kind == tokFloat
	switch t.entity {
	case entityMetric:
		if !numeric {
			return nil, invalidf("Expected numeric value type for metric. Found %s", v.text)
		}
		f, _ := pythonFloat(v.text)
		return f, nil
	case entityParam, entityTag:
		if !text {
			return nil, invalidf("Expected a quoted string value for %s (e.g. 'my-value'). Got value %s", t.entity, v.text)
		}
		return quotedValue(v.text)
	case entityAttribute:
	case entityDataset:
		if text {
			return quotedValue(v.text)
		}
		if v.kind == groupParen {
			return listValue(v)
		}
		return nil, invalidf("Expected a quoted string value for dataset attributes. Got value %s", v.text)
	}
	switch {
	case slices.Contains(lang.numeric, t.key) && (!lang.textNumber || v.kind != groupParen):
		if text && lang.textNumber {
			return quotedNumber(t.key, v.text)
		}
		if !numeric {
			return nil, invalidf("Expected numeric value type for numeric attribute: %s. Found %s", t.key, v.text)
		}
		if v.kind == tokInteger {
			n, err := strconv.ParseInt(v.text, 10, 64)
			if err != nil {
				return nil, failf(codeInternal, "Python int too large to convert to SQLite INTEGER")
			}
			return n, nil
		}
		f, _ := pythonFloat(v.text)
		return f, nil
	case text:
		return quotedValue(v.text)
	case v.kind == groupParen:
		if !slices.Contains(lang.lists, t.key) {
			return nil, invalidf("Only %s attributes support comparison with a list of quoted string values.", pythonList(lang.lists))
		}
		return listValue(v)
	default:
		return nil, invalidf("Expected a quoted string value for attributes. Got value %s", v.text)
	}
}

// quotedNumber reads a whole number in quotes.
func quotedNumber(key, text string) (any, error) {
	value, err := quotedValue(text)
	if err != nil {
		return nil, err
	}
	digits, _ := value.(string)
	n, ok := pythonInt(digits)
	if !ok {
		return nil, invalidf("Invalid value for numeric attribute '%s': %s", key, pythonRepr(digits))
	}
	return n, nil
}

// quotedValue takes the quotes off. What is between them stays as it is: there are no escapes.
func quotedValue(text string) (any, error) {
	if trimmed := trimQuotes(text); trimmed != text {
		return trimmed, nil
	}
	return nil, invalidf("Parameter value is either not quoted or unidentified quote types used for string value %s. Use either single or double quotes.", text)
}

// listValue reads ('a', "b"). The server takes it for a tuple of Python: strings side by side are one, and escapes count.
func listValue(v token) (any, error) {
	malformed := invalidf("While parsing a list in the query, expected a non-empty list of string values, but got ill-formed list.")
	var values []string
	var fault error
	comma := true // before the next value
	for _, t := range tokenize(v.text[1 : len(v.text)-1]) {
		switch {
		case t.kind == tokSpace:
		case t.is(tokPunct, ",") && !comma:
			comma = true
		case (t.kind == tokString || t.kind == tokSymbol) && comma:
			values = append(values, unescape(trimQuotes(t.text)))
			comma = false
		case t.kind == tokString || t.kind == tokSymbol:
			values[len(values)-1] += unescape(trimQuotes(t.text))
		case isNumber(t) && comma:
			fault = invalidf("While parsing a list in the query, expected string value, punctuation, or whitespace, but got different type in list: %s", v.text)
			comma = false
		case t.kind == tokName && comma: // a variable is no literal, which the server does not expect
			fault, comma = failf(codeInternal, "malformed node or string on line 1: %s", t.text), false
		default:
			return nil, malformed
		}
	}
	switch {
	case fault != nil:
		return nil, fault
	case len(values) == 0 && comma && strings.TrimSpace(v.text[1:len(v.text)-1]) == "":
		return nil, invalidf("While parsing a list in the query, expected a non-empty list of string values, but got empty list")
	case len(values) == 0:
		return nil, malformed
	}
	return values, nil
}

// unescape resolves the common escapes of a Python string.
func unescape(text string) string {
	return strings.NewReplacer(`\\`, `\`, `\'`, `'`, `\"`, `"`, `\n`, "\n", `\t`, "\t", `\r`, "\r").Replace(text)
}
