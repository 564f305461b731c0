package mlflowclient

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
)

func TestYAMLOf(t *testing.T) {
	for text, want := range map[string]string{
		`{}`: "{}\n", `[]`: "[]\n", `"a"`: "a\n", `null`: "null\n", `true`: "true\n",
		`{"b":1,"a":[1,[],{"c":{}}, [2]],"no":"No","1e3":1e3,"e":1.5E7,"s":1e-7}`: "b: 1\na:\n  - 1\n  - []\n  -\n    c: {}\n  -\n    - 2\n\"no\": \"No\"\n\"1e3\": 1.0e+3\ne: 1.5e+7\ns: 1.0e-7\n",
		`{"a b":"a: b","n":"x\ny\t\u0085\"\\","w":"two words","d":"2026-01-01"}`:  "a b: \"a: b\"\n\"n\": \"x\\ny\\t\\u0085\\\"\\\\\"\nw: two words\nd: \"2026-01-01\"\n",
		`{"` + strings.Repeat("x", 1100) + `":[1]}`:                               "? " + strings.Repeat("x", 1100) + "\n:\n  - 1\n",
	} {
		got, err := yamlOf([]byte(text))
		if err != nil || string(got) != want {
			t.Errorf("%s:\n%s%v\nwant\n%s", text, got, err, want)
		}
	}
	for _, text := range []string{"", "{", "[1,", `{"a"`, "1 2", "{]", `{"a":1,"a":2}`} {
		if got, err := yamlOf([]byte(text)); err == nil {
			t.Errorf("%q: %q", text, got)
		}
	}
}

func FuzzYAMLOf(f *testing.F) {
	f.Add(`{"a":[1,2.5,{"b":"c: d"}],"e":"\u0001\u2028ü🍷","f":[[],{}]}`)
	f.Add(`["=","<<","~",".nan","0o7","12:30","- a","'","  ",""]`)
	f.Fuzz(func(t *testing.T, text string) {
		written, err := yamlOf([]byte(text))
		if err != nil {
			return
		}
		var want, got any
		if json.Unmarshal([]byte(text), &want) != nil {
			return // numbers beyond float64
		}
		if err := yaml.Unmarshal(written, &got); err != nil {
			t.Fatalf("%q became %q: %v", text, written, err)
		}
		back, err := json.Marshal(got)
		if err != nil {
			t.Fatalf("%q became %q: %v", text, written, err)
		}
		if err := json.Unmarshal(back, &got); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%q became %q, read back as %v", text, written, got)
		}
	})
}

func FuzzParseTable(f *testing.F) {
	f.Add(`{"columns":["a","b"],"data":[[1,"x"],[null,{"type":"image"}]]}`)
	f.Add(`{"columns":["a"],"data":[[1,2]]}`)
	f.Add(`{"columns":null,"data":[[]]}`)
	f.Fuzz(func(t *testing.T, text string) {
		table, err := parseTable([]byte(text))
		if err != nil {
			return
		}
		both := table.with(&tableJSON{Columns: []string{"new"}, Data: [][]json.RawMessage{{emptyCell}}})
		written, err := marshal(both)
		if err != nil {
			t.Fatal(err)
		}
		if again, err := parseTable(written); err != nil || len(again.Data) != len(table.Data)+1 {
			t.Errorf("%q became %s: %v", text, written, err)
		}
	})
}
