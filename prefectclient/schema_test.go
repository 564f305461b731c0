package prefectclient

import (
	"encoding/json"
	"os/exec"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"mlopsgo/internal/stack"
)

type Inner struct {
	A    int       `json:"a" default:"3" min:"1" max:"9" title:"The A" description:"an a"`
	B    *string   `json:"b"`
	When time.Time `json:"when"`
}

type pythonParams struct {
	N        int            `json:"n" description:"the number"`
	X        float64        `json:"x" default:"1.5" min:"0.5" max:"2"`
	S        string         `json:"s" default:"a"`
	B        bool           `json:"b" default:"false"`
	Tags     []string       `json:"tags" default:"[\"p\", \"q\"]"`
	Lit      string         `json:"lit" default:"u" enum:"u,v"`
	Some     int            `json:"some" default:"2" enum:"1,2,3"`
	Inner    Inner          `json:"inner" default:"{\"a\": 3, \"b\": null, \"when\": \"2026-01-02T03:04:05Z\"}"`
	O        *int           `json:"o"`
	D        time.Time      `json:"d" default:"2026-01-02T03:04:05Z"`
	Inners   []Inner        `json:"inners" default:"[]"`
	M        map[string]int `json:"m" default:"{}"`
	TD       time.Duration  `json:"td" default:"PT1M30S"`
	Anything any            `json:"anything" default:"null"`
	Word     string         `json:"word" default:"abc" min:"2" max:"5" pattern:"^[a-z]+$"`
	hidden   int
	Ignored  int `json:"-"`
}

// TestSchemaIsPythons compares the schemas as JSON. Python writes times without a zone, which Go's do not do.
func TestSchemaIsPythons(t *testing.T) {
	cmd := exec.CommandContext(t.Context(), stack.Python(t, "prefect"), "testdata/schema.py")
	cmd.Env = append(cmd.Environ(), "PREFECT_HOME="+t.TempDir())
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	schema := must[*Schema](t)(SchemaOf[pythonParams]())
	var got, want any
	for text, into := range map[string]*any{string(mustJSON(schema)): &got, strings.ReplaceAll(string(out), "03:04:05\"", "03:04:05Z\""): &want} {
		if err := json.Unmarshal([]byte(text), into); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("Python's schema (-) is not ours (+):\n%s", diff)
	}
	_ = pythonParams{}.hidden
}

func TestSchemaOfItself(t *testing.T) {
	type Tree struct {
		Children []Tree `json:"children"`
		Left     *Tree  `json:"left"`
	}
	schema := must[*Schema](t)(SchemaOf[struct{ Root Tree }]())
	if got := string(mustJSON(schema.Definitions["Tree"].Properties["children"].Items)); got != `{"$ref":"#/definitions/Tree"}` {
		t.Errorf("a tree's children are %s", got)
	}
	if !reflect.DeepEqual(schema.Required, []string{"Root"}) {
		t.Errorf("required are %v", schema.Required)
	}
}

func TestSchemaRefuses(t *testing.T) {
	for _, row := range []struct {
		name string
		make func() (*Schema, error)
		want string
	}{
		{"no struct", SchemaOf[int], "int is not a struct"},
		{"a time", SchemaOf[time.Time], "is not a struct"},
		{"a channel", SchemaOf[struct{ C chan int }], "chan int cannot be a parameter"},
		{"a map by numbers", SchemaOf[struct{ M map[int]int }], "keys that are no texts"},
		{"a wrong default", SchemaOf[struct {
			N int `default:"many"`
		}], "default: \"many\": the value does not fit"},
		{"a wrong choice", SchemaOf[struct {
			N int `enum:"1,x"`
		}], "enum: \"x\""},
		{"a wrong bound", SchemaOf[struct {
			N int `min:"low"`
		}], "min: \"low\" is not a number"},
		{"a bound of a flag", SchemaOf[struct {
			B bool `max:"3"`
		}], "max has no meaning"},
		{"a wrong pattern", SchemaOf[struct {
			S string `pattern:"("`
		}], "pattern:"},
		{"two of a name", SchemaOf[struct {
			X int
			B int `json:"X"`
		}], "two fields named \"X\""},
	} {
		t.Run(row.name, func(t *testing.T) {
			if _, err := row.make(); err == nil || !strings.Contains(err.Error(), row.want) {
				t.Errorf("got %v, want %q", err, row.want)
			}
		})
	}
}

func TestParametersFromOutside(t *testing.T) {
	params := must[*parameterType](t)(newParameterType(reflect.TypeFor[pythonParams]()))
	decode := func(text string) (pythonParams, error) {
		var given parameterMap
		if err := json.Unmarshal([]byte(text), &given); err != nil {
			t.Fatal(err)
		}
		var out pythonParams
		err := params.decode(given, &out)
		return out, err
	}
	var out pythonParams
	if err := params.decode(parameterMap{"n": json.RawMessage("7"), "unknown": json.RawMessage("1")}, &out); err != nil {
		t.Fatal(err)
	}
	if out.N != 7 || out.X != 1.5 || out.Lit != "u" || len(out.Tags) != 2 || out.TD != 90*time.Second || out.Inner.A != 3 || out.O != nil {
		t.Errorf("defaults gave %+v", out)
	}
	for text, want := range map[string]string{
		`{}`:                          "parameter n is required",
		`{"n": null}`:                 "parameter n is null, and not integer",
		`{"n": "x"}`:                  `parameter n is "x", and not a number`,
		`{"n": 1.5}`:                  "1.5 does not fit int",
		`{"n": 1, "x": 3}`:            "parameter x is 3, and more than 2",
		`{"n": 1, "lit": "w"}`:        `parameter lit is "w", and not one of "u", "v"`,
		`{"n": 1, "word": "ABC"}`:     "does not match",
		`{"n": 1, "word": "abcdef"}`:  "a length of 6, and not at most 5",
		`{"n": 1, "tags": "p"}`:       "parameter tags is not a list",
		`{"n": 1, "tags": [1]}`:       "parameter tags[0] is 1, and not a text",
		`{"n": 1, "inner": {"a": 3}}`: "parameter inner.when is required",
		`{"n": 1, "inners": [{"a": 0, "when": "2026-01-02T03:04:05Z"}]}`: "parameter inners[0].a is 0, and less than 1",
		`{"n": 1, "m": {"k": "v"}}`:                                      `parameter m.k is "v", and not a number`,
		`{"n": 1, "td": "soon"}`:                                         "is not a duration",
	} {
		if _, err := decode(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s gave %v, want %q", text, err, want)
		}
	}
}

func TestDurations(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"PT0S": 0, "PT1M30S": 90 * time.Second, "P1DT2H": 26 * time.Hour, "P1W": 168 * time.Hour, "PT0.25S": 250 * time.Millisecond,
		"-PT5S": -5 * time.Second, "1m30s": 90 * time.Second, "12": 12 * time.Second,
	} {
		got, err := parseDuration(text)
		if err != nil || got != want {
			t.Errorf("%s gave %v, %v", text, got, err)
		}
		if back, err := parseDuration(formatDuration(got)); err != nil || back != got {
			t.Errorf("%v is written as %s", got, formatDuration(got))
		}
	}
	for _, text := range []string{"", "P", "PT", "1D", "P1H", "PT1e9H", "NaN", "Inf"} {
		if d, err := parseDuration(text); err == nil {
			t.Errorf("%q gave %v", text, d)
		}
	}
}

// FuzzParameters feeds a flow's parameters with anything: what is taken fits the schema.
func FuzzParameters(f *testing.F) {
	f.Add([]byte(`{"n": 1, "x": 1, "inner": {"a": 1, "when": "2026-01-02T03:04:05Z"}, "td": "PT1S"}`))
	f.Add([]byte(`{"n": 1, "inners": [null], "m": null, "o": null}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		params, err := newParameterType(reflect.TypeFor[pythonParams]())
		if err != nil {
			t.Fatal(err)
		}
		var given parameterMap
		if json.Unmarshal(data, &given) != nil {
			return
		}
		var out pythonParams
		if params.decode(given, &out) != nil {
			return
		}
		if out.X < 0.5 || out.X > 2 || (out.Lit != "u" && out.Lit != "v") || len([]rune(out.Word)) > 5 {
			t.Errorf("%s was taken as %+v", data, out)
		}
	})
}
