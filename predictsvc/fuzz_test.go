package predictsvc

import (
	"bytes"
	"encoding/json"
	"math"
	"strings"
	"testing"

	"mlopsgo/mlflowclient/mlmodel"
)

// FuzzDecode: what is accepted is what encoding/json reads, number for number; what encoding/json reads and the signature allows is
// accepted, but for names that are there twice and for null, which encoding/json lets pass.
func FuzzDecode(f *testing.F) {
	for _, seed := range []string{
		wine, "[" + wine + "," + wine + "]", "[]", "{}", `{"alcohol":1e400}`, `{"a\"lcohol":null}`, `[{"alcohol":-0.5E+3}`, `{"alcohol":NaN}`,
		`{"volatile acidity":1,"citric acid":2,"sulphates":3,"\u0061lcohol":4}`, "{\"\xff\":1}", `{"a\`, "\"\\x\"", "[[[[",
	} {
		f.Add([]byte(seed))
	}
	c, err := newColumns(&mlmodel.Signature{Inputs: mlmodel.Columns(mlmodel.Double, wineColumns...)})
	must(f, err)
	const most = 4
	f.Fuzz(func(t *testing.T, body []byte) {
		var got table
		refused := c.decode(&got, body, most)
		want, ok := reference(body)
		switch {
		case refused == nil && !ok:
			t.Fatalf("%q is accepted", body)
		case refused != nil && ok:
			if !strings.Contains(refused.message, "twice") && !strings.Contains(refused.message, "null") && !strings.Contains(refused.message, "UTF-8") &&
				!strings.Contains(refused.message, "more than 4 rows") {
				t.Fatalf("%q is refused: %s", body, refused.message)
			}
		case refused != nil:
			if refused.status != 400 || refused.message == "" || len(refused.message) > 1000 {
				t.Fatalf("%q is refused by %+v", body, refused)
			}
		default:
			compare(t, body, &got, want)
		}
	})
}

// reference reads a body by encoding/json.
func reference(body []byte) ([]map[string]float64, bool) {
	var rows []map[string]float64
	switch trimmed := bytes.TrimLeft(body, " \t\r\n"); {
	case bytes.HasPrefix(trimmed, []byte("[")):
		if json.Unmarshal(body, &rows) != nil {
			return nil, false
		}
	default:
		rows = make([]map[string]float64, 1)
		if json.Unmarshal(body, &rows[0]) != nil {
			return nil, false
		}
	}
	for _, row := range rows {
		if row == nil || len(row) != len(wineColumns) {
			return nil, false
		}
		for _, name := range wineColumns {
			if _, ok := row[name]; !ok {
				return nil, false
			}
		}
	}
	return rows, true
}

func compare(t *testing.T, body []byte, got *table, want []map[string]float64) {
	t.Helper()
	if got.rows != len(want) || len(got.values) != got.rows*len(wineColumns) {
		t.Fatalf("%q gives %d rows, want %d", body, got.rows, len(want))
	}
	for i, row := range want {
		for j, name := range wineColumns {
			if v := got.values[i*len(wineColumns)+j]; math.Float64bits(v) != math.Float64bits(row[name]) {
				t.Fatalf("%q: row %d, %s is %v, want %v", body, i, name, v, row[name])
			}
		}
	}
}
