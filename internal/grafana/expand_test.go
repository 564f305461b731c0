package grafana

import (
	"testing"
	"time"
)

func TestExpandDoesWhatGrafanaDoes(t *testing.T) {
	v := View{
		From: time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC), To: time.Date(2026, 11, 25, 13, 0, 0, 0, time.UTC), Interval: time.Minute,
		Chosen: map[string][]string{"model": {"a", "b'c"}}, All: map[string]string{"column": "SELECT x"},
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
		got, err := v.Expand(test.sql)
		if (err != nil) != (test.want == "") || err == nil && got != test.want {
			t.Errorf("%s: %q, %v; want %q", test.sql, got, err, test.want)
		}
	}
}
