// Package grafana does to a panel's query what Grafana does before Postgres sees it, so that tests can run the dashboards' queries where
// there is no Grafana.
package grafana

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// View is what Grafana knows when it sends a query: the time range, the width of a point, and what is chosen in each variable.
type View struct {
	From, To time.Time
	Interval time.Duration
	// Chosen are the values chosen in a variable; All is, by variable, what stands for "All". A variable in neither is unknown.
	Chosen map[string][]string
	All    map[string]string
}

var (
	macro       = regexp.MustCompile(`\$([_a-zA-Z0-9]+)\(([^)]*)\)`) // as Grafana finds them: no parentheses inside
	variableRef = regexp.MustCompile(`\$\{(\w+):(\w+)\}`)
)

// Variables are the names of the dashboard's variables in a query, each as often as it stands there.
func Variables(sql string) (names []string) {
	for _, ref := range variableRef.FindAllStringSubmatch(sql, -1) {
		names = append(names, ref[1])
	}
	return names
}

// Expand makes of a panel's query what Grafana sends to Postgres: variables in the browser, then macros in the server.
// Source: https://grafana.com/docs/grafana/latest/datasources/postgres/query-editor/ and, for the formats of variables,
// https://grafana.com/docs/grafana/latest/dashboards/variables/variable-syntax/.
func (v View) Expand(sql string) (string, error) {
	var wrong error
	sql = variableRef.ReplaceAllStringFunc(sql, func(ref string) string {
		part := variableRef.FindStringSubmatch(ref)
		text, err := v.variable(part[1], part[2])
		if err != nil {
			wrong = err
		}
		return text
	})
	sql = strings.ReplaceAll(sql, "$__interval_ms", strconv.FormatInt(v.Interval.Milliseconds(), 10))
	sql = strings.ReplaceAll(sql, "$__interval", fmt.Sprintf("%gs", v.Interval.Seconds()))
	sql = macro.ReplaceAllStringFunc(sql, func(call string) string {
		part := macro.FindStringSubmatch(call)
		text, err := v.macro(part[1], strings.Split(part[2], ","))
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

func (v View) variable(name, format string) (string, error) {
	if format != "sqlstring" {
		return "", fmt.Errorf("${%s:%s}: write :sqlstring, which quotes", name, format)
	}
	chosen, ok := v.Chosen[name]
	if !ok {
		all, ok := v.All[name]
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

func (v View) macro(name string, args []string) (string, error) {
	for i := range args {
		args[i] = strings.TrimSpace(args[i])
	}
	switch {
	case name == "__timeFilter" && len(args) == 1:
		return fmt.Sprintf("%s BETWEEN '%s' AND '%s'", args[0], v.From.UTC().Format(time.RFC3339Nano), v.To.UTC().Format(time.RFC3339Nano)), nil
	case name == "__timeGroupAlias" && len(args) == 2:
		width, err := time.ParseDuration(strings.Trim(args[1], "'"))
		if err != nil {
			return "", err
		}
		return fmt.Sprintf(`floor(extract(epoch from %s)/%v)*%v AS "time"`, args[0], width.Seconds(), width.Seconds()), nil
	}
	return "", fmt.Errorf("$%s with %d arguments is no macro that this project uses", name, len(args))
}
