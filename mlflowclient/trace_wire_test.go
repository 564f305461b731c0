package mlflowclient_test

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"mlopsgo/mlflowclient"
)

func TestDecodeJSONOfPython(t *testing.T) {
	for text, want := range map[string]string{
		"NaN": "fnan", "[Infinity, -Infinity]": "[f7ff0000000000000,ffff0000000000000]", `{"NaN": "-Infinity \" NaN", "a": NaN}`: "",
		"9223372036854775807": "i9223372036854775807", "9223372036854775808": "f43e0000000000000", "1.0": "f3ff0000000000000", "-0": "i0", `"\\"`: "s5c",
	} {
		got, err := mlflowclient.DecodeJSON([]byte(text))
		if want == "" {
			want = "{s4e614e:s" + "2d496e66696e697479202220" + "4e614e,s61:fnan}"
		}
		if err != nil || canon(got) != want {
			t.Errorf("%s is %v (%s), %v, want %s", text, got, canon(got), err, want)
		}
	}
	for _, text := range []string{"", "NaNa", "[1] 2", "nan", "--Infinity", `"NaN`, "1e400", "{NaN: 1}"} {
		if got, err := mlflowclient.DecodeJSON([]byte(text)); err == nil {
			t.Errorf("%q is %v", text, got)
		}
	}
}

func FuzzDecodeJSON(f *testing.F) {
	f.Add(`{"a": [1, -2.5e3, "NaN\"", NaN, -Infinity, null, true]}`)
	f.Fuzz(func(t *testing.T, text string) {
		got, err := mlflowclient.DecodeJSON([]byte(text))
		if strings.Contains(text, "NaN") || strings.Contains(text, "Infinity") {
			return
		}
		if !json.Valid([]byte(text)) {
			if err == nil {
				t.Errorf("%q is %v", text, got)
			}
			return
		}
		var want any
		if json.Unmarshal([]byte(text), &want) != nil {
			return // a number beyond float64
		}
		if err != nil {
			t.Fatalf("%q: %v", text, err)
		}
		data, err := json.Marshal(got)
		must(t, err)
		var again any
		must(t, json.Unmarshal(data, &again))
		if !reflect.DeepEqual(again, want) {
			t.Errorf("%q is %v, want %v", text, again, want)
		}
	})
}

func FuzzDecodeTrace(f *testing.F) {
	f.Add([]byte(`{"trace_info":{"trace_id":"tr-1","request_time":"2026-01-02T03:04:05.678Z","execution_duration":"1.5s","assessments":[{"feedback":{"value":[1]}}]},` +
		`"spans":[{"trace_id":"AAAA","attributes":[{"key":"a","value":{"array_value":{"values":[{"double_value":"NaN"}]}}},{"key":"b"}],"events":[{"time_unix_nano":"1"}]}]}`))
	f.Fuzz(func(_ *testing.T, data []byte) {
		trace, err := mlflowclient.DecodeTrace(data)
		if err == nil && trace.Root() != nil {
			_ = canon(trace.Root().Attributes)
		}
	})
}
