package mlmodel

import (
	"fmt"
	"math"
	"math/big"
	"regexp"
	"strconv"
	"strings"
)

// The types that a plain scalar has in YAML 1.1 (yaml.org/type), which PyYAML follows: other than in YAML 1.2, yes and
// on are booleans, 1e3 is a string, 010 is eight and 1:30 is ninety.
type scalarRules struct {
	null, boolean, integer, float, timestamp *regexp.Regexp
}

func newScalarRules() scalarRules {
	re := func(s string) *regexp.Regexp { return regexp.MustCompile(`^(?:` + s + `)$`) }
	date, clock := `\d{4}-\d\d?-\d\d?`, `\d\d?:\d\d:\d\d(?:\.\d*)?`
	return scalarRules{
		null:    re(`~|null|Null|NULL|`),
		boolean: re(`yes|Yes|YES|no|No|NO|true|True|TRUE|false|False|FALSE|on|On|ON|off|Off|OFF`),
		integer: re(`[-+]?0b[01_]+|[-+]?0[0-7_]+|[-+]?(?:0|[1-9][0-9_]*)|[-+]?0x[0-9a-fA-F_]+|[-+]?[1-9][0-9_]*(?::[0-5]?[0-9])+`),
		float: re(`[-+]?[0-9][0-9_]*\.[0-9_]*(?:[eE][-+][0-9]+)?|\.[0-9][0-9_]*(?:[eE][-+][0-9]+)?|` +
			`[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+\.[0-9_]*|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)`),
		timestamp: re(`\d{4}-\d\d-\d\d|` + date + `(?:[Tt]|[ \t]+)` + clock + `(?:[ \t]*(?:Z|[-+]\d\d?(?::\d\d)?))?`),
	}
}

// resolve gives a plain scalar its value.
func (r scalarRules) resolve(s string) (any, error) {
	switch {
	case r.null.MatchString(s):
		return nil, nil
	case r.boolean.MatchString(s):
		c := strings.ToLower(s)
		return c == "yes" || c == "true" || c == "on", nil
	case r.integer.MatchString(s):
		return parseInteger(s)
	case r.float.MatchString(s):
		return parseFloat(s)
	case r.timestamp.MatchString(s):
		return Timestamp(s), nil
	case s == "<<":
		return nil, fmt.Errorf("the merge key << is not supported")
	default:
		return s, nil
	}
}

// isText reports that a plain scalar would be read back as the string it is.
func (r scalarRules) isText(s string) bool {
	if s == "=" || s == "<<" {
		return false
	}
	v, err := r.resolve(s)
	_, text := v.(string)
	return err == nil && text
}

func parseInteger(s string) (any, error) {
	digits := strings.ReplaceAll(strings.TrimLeft(s, "+-"), "_", "")
	n := new(big.Int)
	ok := true
	switch {
	case strings.Contains(digits, ":"):
		for part := range strings.SplitSeq(digits, ":") {
			v, err := strconv.ParseInt(part, 10, 64)
			ok = ok && err == nil
			n.Mul(n, big.NewInt(60)).Add(n, big.NewInt(v))
		}
	case strings.HasPrefix(digits, "0b"):
		n, ok = n.SetString(digits[2:], 2)
	case strings.HasPrefix(digits, "0x"):
		n, ok = n.SetString(digits[2:], 16)
	case len(digits) > 1 && digits[0] == '0':
		n, ok = n.SetString(digits, 8)
	default:
		n, ok = n.SetString(digits, 10)
	}
	if !ok {
		return nil, fmt.Errorf("%q is not an integer", s)
	}
	if strings.HasPrefix(s, "-") {
		n.Neg(n)
	}
	if n.IsInt64() {
		return n.Int64(), nil
	}
	return n, nil
}

func parseFloat(s string) (any, error) {
	c := strings.ToLower(strings.ReplaceAll(s, "_", ""))
	switch strings.TrimLeft(c, "+-") {
	case ".inf":
		if c[0] == '-' {
			return math.Inf(-1), nil
		}
		return math.Inf(1), nil
	case ".nan":
		return math.NaN(), nil
	}
	if !strings.Contains(c, ":") {
		v, err := strconv.ParseFloat(c, 64)
		if err != nil && !math.IsInf(v, 0) {
			return nil, fmt.Errorf("%q is not a number", s)
		}
		return v, nil
	}
	sum := 0.0
	for part := range strings.SplitSeq(strings.TrimLeft(c, "+-"), ":") {
		v, err := strconv.ParseFloat(part, 64)
		if err != nil {
			return nil, fmt.Errorf("%q is not a number", s)
		}
		sum = sum*60 + v
	}
	if c[0] == '-' {
		sum = -sum
	}
	return sum, nil
}

// pythonFloat is Python's repr of a float: the shortest digits, an exponent from 1e16 on and below 1e-4.
func pythonFloat(v float64) string {
	if a := math.Abs(v); a != 0 && (a < 1e-4 || a >= 1e16) {
		return strconv.FormatFloat(v, 'e', -1, 64)
	}
	s := strconv.FormatFloat(v, 'f', -1, 64)
	if !strings.Contains(s, ".") {
		s += ".0"
	}
	return s
}

// yamlFloat is a float as PyYAML writes it: YAML 1.1 wants a point before an exponent.
func yamlFloat(v float64) string {
	switch {
	case math.IsNaN(v):
		return ".nan"
	case math.IsInf(v, 1):
		return ".inf"
	case math.IsInf(v, -1):
		return "-.inf"
	}
	s := pythonFloat(v)
	if !strings.Contains(s, ".") {
		s = strings.Replace(s, "e", ".0e", 1)
	}
	return s
}
