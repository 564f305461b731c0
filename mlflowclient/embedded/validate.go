package embedded

import (
	"path"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Limits of the real server's validation.
const (
	maxKeyLength            = 250
	maxParamLength          = 6000
	maxTagLength            = 8000
	maxExperimentNameLength = 500
	maxExperimentTagLength  = 20000
	maxArtifactLocation     = 2048
	maxBatchMetrics         = 1000
	maxBatchParamsOrTags    = 100
	maxBatchEntities        = 1000
	maxSearchResults        = 50000
)

// maxRunIDLength is in characters. As {0,255} in the pattern it would take every program that links this package 15 ms and 8 MB at its start.
const maxRunIDLength = 256

var runIDPattern = regexp.MustCompile(`^[a-zA-Z0-9][\pL\pN_\-]*\n?$`)

// validRunID is Python's ^[a-zA-Z0-9][\w\-]{0,255}$, whose $ also matches before a last newline.
func validRunID(id string) bool {
	return runIDPattern.MatchString(id) && utf8.RuneCountInString(strings.TrimSuffix(id, "\n")) <= maxRunIDLength
}

// keyPattern holds the characters of names of parameters, metrics and tags. \w is Unicode's in Python, and $ also
// matches before a last newline.
var keyPattern = regexp.MustCompile(`^[/\pL\pN_.\- :]*\n?$`)

const keyCharacters = "Names may only contain alphanumerics, underscores (_), dashes (-), periods (.), spaces ( ), colon(:) and slashes (/)."

// invalidValue is the server's sentence on a value.
func invalidValue(place, value, reason string) error {
	quoted := pythonJSON(value)
	if reason == "" {
		return invalidf("Invalid value %s for parameter '%s' supplied.", quoted, place)
	}
	return invalidf("Invalid value %s for parameter '%s' supplied: %s", quoted, place, reason)
}

func tooLong(what string, limit int) error {
	return invalidf("'%s' exceeds the maximum length of %d characters", what, limit)
}

// checkKey checks the name of a parameter, metric or tag; place is where it stands in the request.
func checkKey(place, key string) error {
	if !keyPattern.MatchString(key) {
		return invalidValue(place, key, keyCharacters)
	}
	if norm := normalPath(key); norm != key || norm == "." || strings.HasPrefix(norm, "..") || strings.HasPrefix(norm, "/") {
		return invalidValue(place, key, "Names may be treated as files in certain cases, and must not resolve to other names"+
			" when treated as such. This name would resolve to "+pythonRepr(norm))
	}
	return nil
}

// normalPath is posixpath.normpath, which keeps two leading slashes.
func normalPath(name string) string {
	clean := path.Clean(name)
	if strings.HasPrefix(name, "//") && !strings.HasPrefix(name, "///") {
		return "/" + clean
	}
	return clean
}

func checkLength(what string, limit int, value string) error {
	if len(value) > limit && pythonLen(value) > limit {
		return tooLong(what, limit)
	}
	return nil
}

// within joins the place of an element, "metrics[3]", with the name of its part.
func within(element, part string) string {
	if element == "" {
		return part
	}
	return element + "." + part
}

// keyValue is a parameter or a tag.
type keyValue struct {
	Key   string `json:"key"`
	Value string `json:"value"`
}

// checkParam checks a parameter and cuts its value to the limit.
func checkParam(element string, p keyValue) (keyValue, error) {
	if err := checkKey(within(element, "key"), p.Key); err != nil {
		return p, err
	}
	if err := checkLength("Param key", maxKeyLength, p.Key); err != nil {
		return p, err
	}
	p.Value = truncate(p.Value, maxParamLength)
	return p, nil
}

// checkTag checks a tag of a run and cuts its value to the limit.
func checkTag(element string, t keyValue) (keyValue, error) {
	place := within(element, "key")
	if err := checkKey(place, t.Key); err != nil {
		return t, err
	}
	if err := checkLength(place, maxKeyLength, t.Key); err != nil {
		return t, err
	}
	t.Value = truncate(t.Value, maxTagLength)
	return t, nil
}

func truncate(value string, limit int) string {
	if len(value) <= limit {
		return value
	}
	return cutText(value, limit)
}

func checkExperimentTag(t keyValue) error {
	if err := checkKey("key", t.Key); err != nil {
		return err
	}
	if err := checkLength("key", maxKeyLength, t.Key); err != nil {
		return err
	}
	return checkLength("value", maxExperimentTagLength, t.Value)
}

func checkExperimentName(name string) error {
	if name == "" {
		return invalidf("Invalid experiment name: '%s'", name)
	}
	return checkLength("name", maxExperimentNameLength, name)
}

func parseExperimentID(id string) (int64, error) {
	n, ok := pythonInt(id)
	if !ok {
		return 0, invalidf("Invalid experiment ID '%s'. Experiment ID must be a valid integer.", id)
	}
	return n, nil
}

// checkMaxResults checks the page size of a search.
func checkMaxResults(n int64) error {
	if n < 1 {
		return invalidf("Invalid value %d for parameter 'max_results' supplied. It must be a positive integer", n)
	}
	if n > maxSearchResults {
		return invalidf("Invalid value %d for parameter 'max_results' supplied. It must be at most %d", n, maxSearchResults)
	}
	return nil
}

func elementOf(list string, index int) string { return list + "[" + strconv.Itoa(index) + "]" }
