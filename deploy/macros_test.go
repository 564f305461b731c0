package deploy

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
)

// panel is what Grafana knows when it sends a query: the time range, the width of a point, and what is chosen in each variable.
type panel struct {
	from, to  time.Time
	interval  time.Duration
	variables map[string][]string
	all       map[string]string // by variable: what stands for "All"; a variable in neither map is unknown
}

var (
	macro       = regexp.MustCompile(`\$([_a-zA-Z0-9]+)\(([^)]*)\)`) // as Grafana finds them: no parentheses inside
	variableRef = regexp.MustCompile(`\$\{(\w+):(\w+)\}`)
)

// expand makes of a panel's query what Grafana sends to Postgres: variables in the browser, then macros in the server.
// Source: https://grafana.com/docs/grafana/latest/datasources/postgres/query-editor/ and, for the formats of variables,
// https://grafana.com/docs/grafana/latest/dashboards/variables/variable-syntax/.
func (p panel) expand(sql string) (string, error) {
	var wrong error
	sql = variableRef.ReplaceAllStringFunc(sql, func(ref string) string {
		part := variableRef.FindStringSubmatch(ref)
		text, err := p.variable(part[1], part[2])
		if err != nil {
			wrong = err
		}
		return text
	})
	sql = strings.ReplaceAll(sql, "$__interval_ms", strconv.FormatInt(p.interval.Milliseconds(), 10))
	sql = strings.ReplaceAll(sql, "$__interval", fmt.Sprintf("%gs", p.interval.Seconds()))
	sql = macro.ReplaceAllStringFunc(sql, func(call string) string {
		part := macro.FindStringSubmatch(call)
		text, err := p.macro(part[1], strings.Split(part[2], ","))
		if err != nil {
			wrong = err
		}
		return text
	})
	if wrong == nil && strings.Contains(sql, "$") {
		wrong = fmt.Errorf("something with $ is left in: %s", sql)
	}
	return sql, wrong
}

func (p panel) variable(name, format string) (string, error) {
	if format != "sqlstring" {
		return "", fmt.Errorf("${%s:%s}: write :sqlstring, which quotes", name, format)
	}
	chosen, ok := p.variables[name]
	if !ok {
		all, ok := p.all[name]
		if !ok {
			return "", fmt.Errorf("the dashboard has no variable %s", name)
		}
		return all, nil // as it is, without quotes
	}
	quoted := make([]string, len(chosen))
	for i, value := range chosen {
		quoted[i] = "'" + strings.ReplaceAll(value, "'", "''") + "'"
	}
	return strings.Join(quoted, ","), nil
}

func (p panel) macro(name string, args []string) (string, error) {
	for i := range args {
		args[i] = strings.TrimSpace(args[i])
	}
	switch {
	case name == "__timeFilter" && len(args) == 1:
		return fmt.Sprintf("%s BETWEEN '%s' AND '%s'", args[0], p.from.UTC().Format(time.RFC3339Nano), p.to.UTC().Format(time.RFC3339Nano)), nil
	case name == "__timeGroupAlias" && len(args) == 2:
		width, err := time.ParseDuration(strings.Trim(args[1], "'"))
		if err != nil {
			return "", err
		}
		return fmt.Sprintf(`floor(extract(epoch from %s)/%v)*%v AS "time"`, args[0], width.Seconds(), width.Seconds()), nil
	}
	return "", fmt.Errorf("$%s with %d arguments is no macro that this project uses", name, len(args))
}

func TestExpandDoesWhatGrafanaDoes(t *testing.T) {
	p := panel{
		from: time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC), to: time.Date(2026, 11, 25, 13, 0, 0, 0, time.UTC), interval: time.Minute,
		variables: map[string][]string{"model": {"a", "b'c"}}, all: map[string]string{"column": "SELECT x"},
	}
	for _, test := range []struct{ sql, want string }{
		{"$__timeFilter(t)", "t BETWEEN '2026-11-25T12:00:00Z' AND '2026-11-25T13:00:00Z'"},
		{"$__timeGroupAlias(t, $__interval)", `floor(extract(epoch from t)/60)*60 AS "time"`},
		{"count(*) / $__interval_ms", "count(*) / 60000"},
		{"m IN (${model:sqlstring}) AND c IN (${column:sqlstring})", "m IN ('a','b''c') AND c IN (SELECT x)"},
		{"$__timeFilter(coalesce(t, u))", ""}, // ends at the first parenthesis, in Grafana too
		{"$__unknown(t)", ""},
		{"m IN ($model)", ""},
		{"m IN (${model:csv})", ""},
		{"${other:sqlstring}", ""},
	} {
		got, err := p.expand(test.sql)
		if (err != nil) != (test.want == "") || err == nil && got != test.want {
			t.Errorf("%s: %q, %v; want %q", test.sql, got, err, test.want)
		}
	}
}
