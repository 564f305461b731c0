package embedded

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
)

// FuzzFilter checks that the filter parser never fails otherwise than by an error, that its tokens are the text, and
// that what it accepts SQLite can run.
func FuzzFilter(f *testing.F) {
	for _, text := range runFilters() {
		f.Add(text)
	}
	f.Add("metrics.a > 1 AND params.`x y` = \"it's\" AND tags.t IS NOT NULL")
	s := openStore(f)
	f.Fuzz(func(t *testing.T, text string) {
		var b strings.Builder
		for _, tok := range tokenize(text) {
			b.WriteString(tok.text)
		}
		if b.String() != string([]rune(text)) {
			t.Fatalf("the tokens of %q are %q", text, b.String())
		}
		for _, lang := range []*language{runLanguage, experimentLanguage} {
			_, _ = lang.parse(text)
			_, _ = lang.ordering(text)
		}
		a := call(t, s, "POST", api+"runs/search", m{"experiment_ids": []string{"0"}, "filter": text, "order_by": []string{"start_time"}})
		if a.status != 200 && a.status != 400 && !strings.Contains(string(a.body), "malformed node") && !strings.Contains(string(a.body), "too large") {
			t.Fatalf("%q: %d %s", text, a.status, a.body)
		}
	})
}

// FuzzLoggedModelFilter does so for the filters, orders and page tokens of logged models.
func FuzzLoggedModelFilter(f *testing.F) {
	for _, text := range append(runFilters(), "name = 'a' AND metrics.`x y` > 1e3", "params.a IN ('1', \"2\")", "tags.t NOT IN ()") {
		f.Add(text, "metrics.acc", "e30=")
	}
	s := openStore(f)
	f.Fuzz(func(t *testing.T, text, field, token string) {
		a := call(t, s, "POST", api+"logged-models/search", m{"experiment_ids": []string{"0"}, "filter": text, "order_by": []m{{"field_name": field}, {"field_name": "name"}}})
		known := a.status == 200 || a.status == 400
		for _, word := range []string{"malformed node", "no attribute", "convert string", "too large"} {
			known = known || strings.Contains(string(a.body), word)
		}
		if !known {
			t.Fatalf("%q by %q: %d %s", text, field, a.status, a.body)
		}
		page := &loggedModelToken{ExperimentIDs: []string{text}, Filter: orNull(text), OrderBy: []loggedModelOrderBy{{Field: field, Digest: orNull(token)}}, Offset: 7}
		again := *page
		again.Offset = 0
		if err := again.readOffset(page.encode()); strings.ToValidUTF8(text+field+token, "") == text+field+token && (err != nil || again.Offset != 7) {
			t.Fatalf("%q: the offset came back as %d, %v", page.encode(), again.Offset, err)
		}
		_ = again.readOffset(token)
	})
}

// FuzzJSON checks the decoder against encoding/json: what that takes, this takes with the same meaning.
func FuzzJSON(f *testing.F) {
	for _, text := range []string{`{"a":[1,2.5e3,-0],"b":"x\u00e9\ud83d\ude00\n","c":{"d":null}}`, `NaN`, `"\ud800"`, `[`, `{"a":1,"a":2}`, ` true `, "\"\x01\"", `01`, `1.`, `-`, `"\x"`} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		got, err := decodeJSON(text)
		_ = pythonJSON(got)
		dec := json.NewDecoder(strings.NewReader(string(text)))
		dec.UseNumber()
		var want any
		if dec.Decode(&want) != nil || dec.More() || !json.Valid(text) || strings.Contains(string(text), `\u`) || strings.Count(string(text), "[")+strings.Count(string(text), "{") > maxJSONDepth {
			return
		}
		if err != nil {
			if !strings.Contains(string(text), "\xff") && json.Valid(text) && strings.ToValidUTF8(string(text), "") == string(text) {
				t.Fatalf("%q refused: %v", text, err)
			}
			return
		}
		if !reflect.DeepEqual(standard(got), want) {
			t.Fatalf("%q: %v, want %v", text, standard(got), want)
		}
	})
}

// standard is a decoded value in encoding/json's types.
func standard(v any) any {
	switch v := v.(type) {
	case number:
		return json.Number(v)
	case []any:
		out := make([]any, len(v))
		for i := range v {
			out[i] = standard(v[i])
		}
		return out
	case *object:
		out := map[string]any{}
		for key, value := range v.values {
			out[key] = standard(value)
		}
		return out
	}
	return v
}

// FuzzRequest sends any body to every operation: none may panic, hang or answer without a status.
func FuzzRequest(f *testing.F) {
	for _, s := range malformedSteps() {
		f.Add(s.path, []byte(s.body))
	}
	f.Add("runs/log-batch", []byte(`{"run_id":"x","metrics":[{"key":"a","value":1,"timestamp":1}]}`))
	f.Add("runs/log-inputs", []byte(`{"run_id":"x","datasets":[{"dataset":{"name":"n"}}]}`))
	s := openStore(f)
	f.Fuzz(func(t *testing.T, path string, body []byte) {
		op, vars, _ := lookup("POST", "/api/2.0/mlflow/"+path)
		if op == nil {
			return
		}
		_, _ = op(s, t.Context(), &request{method: "POST", header: map[string][]string{"Content-Type": {"application/json"}}, body: body, path: vars})
	})
}

// FuzzPageToken checks that a token gives its offset back and that no text panics.
func FuzzPageToken(f *testing.F) {
	f.Add(int64(7), "eyJvZmZzZXQiOiA1fQ==")
	f.Add(int64(1), "====")
	f.Fuzz(func(t *testing.T, offset int64, text string) {
		if got, err := parsePageToken(pageToken(offset)); offset > 0 && offset < 1<<53 && (err != nil || got != offset) {
			t.Fatalf("%d came back as %d, %v", offset, got, err)
		}
		_, _ = parsePageToken(text)
	})
}
