package mlflowclient

import (
	"encoding/json"
	"math"
	"path"
	"reflect"
	"strings"
	"testing"

	"mlopsgo/internal/rest"
)

func FuzzNumber(f *testing.F) {
	for _, seed := range []string{"1", "-0.5e-3", `"NaN"`, `"Infinity"`, `"-Infinity"`, "1.7976931348623157e308", `"0x1p4"`, `"1_0"`, `"inf"`, "null", `""`, "[]"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var n number
		if err := json.Unmarshal(data, &n); err != nil {
			return
		}
		if strings.ContainsAny(string(data), "xX_p") {
			t.Errorf("%q is %v", data, float64(n))
		}
		out, err := json.Marshal(n)
		if err != nil {
			t.Fatalf("%q: %v", data, err)
		}
		var again number
		if err := json.Unmarshal(out, &again); err != nil || (again != n && !math.IsNaN(float64(n))) {
			t.Errorf("%q became %s, %v", data, out, err)
		}
	})
}

func FuzzInteger(f *testing.F) {
	for _, seed := range []string{"1", `"-9223372036854775808"`, "9223372036854775808", "1.5", "1e3", "null", `"x"`, "true"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var i integer
		if err := json.Unmarshal(data, &i); err != nil {
			return
		}
		out, err := json.Marshal(i)
		var again integer
		if err != nil || json.Unmarshal(out, &again) != nil || again != i {
			t.Errorf("%q became %s", data, out)
		}
	})
}

func TestIntegerRefuses(t *testing.T) {
	for _, text := range []string{"1.5", "1e3", "9223372036854775808", `"word"`, "true", "{}"} {
		var i integer
		if err := json.Unmarshal([]byte(text), &i); err == nil {
			t.Errorf("%s is %d", text, i)
		}
	}
	for _, text := range []string{"true", `"0x10"`, `"1_000"`, `"inf"`, `"nan"`, `"1e999"`, `""`, "{}"} {
		var n number
		if err := json.Unmarshal([]byte(text), &n); err == nil {
			t.Errorf("%s is %v", text, n)
		}
	}
}

func FuzzRun(f *testing.F) {
	f.Add([]byte(`{"info":{"run_id":"r","experiment_id":"1","status":"RUNNING","start_time":1,"end_time":"2"},"data":{"metrics":[{"key":"m","value":"NaN","timestamp":1,"step":1}],"params":[{"key":"p","value":"v"}],"tags":[]},"inputs":{"dataset_inputs":[{"tags":[{"key":"mlflow.data.context","value":"c"}],"dataset":{"name":"n"}}],"model_inputs":[{"model_id":"m"}]},"outputs":{"model_outputs":[{"model_id":"m","step":"5"}]}}`))
	f.Add([]byte(`{"info":null,"data":{"metrics":[null]}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		var r runJSON
		if json.Unmarshal(data, &r) != nil {
			return
		}
		run := r.value()
		if run.Params == nil || run.Tags == nil || run.Metrics == nil || len(run.ModelOutputs) != len(r.Outputs.Models) {
			t.Errorf("%+v", run)
		}
	})
}

func FuzzAnswerError(f *testing.F) {
	f.Add(400, []byte(`{"error_code":"RESOURCE_DOES_NOT_EXIST","message":"m"}`))
	f.Add(502, []byte("<html>"))
	f.Add(0, []byte(`{"error_code":5}`))
	f.Fuzz(func(t *testing.T, status int, body []byte) {
		e := answerError("GET", "/p", &rest.Response{Status: status, Body: body})
		if e.Code == "" || e.Status != status || !strings.HasPrefix(e.Error(), "mlflow: GET /p") {
			t.Errorf("%+v", e)
		}
	})
}

func FuzzParseCredentials(f *testing.F) {
	f.Add("[mlflow]\nmlflow_tracking_username = ann\nmlflow_tracking_password: b\n")
	f.Add("[")
	f.Add("=")
	f.Fuzz(func(t *testing.T, text string) {
		username, password, err := parseCredentials(text)
		if err != nil && username+password != "" {
			t.Errorf("%q: %q %q %v", text, username, password, err)
		}
		if strings.ContainsAny(username+password, "\n") {
			t.Errorf("%q: %q %q", text, username, password)
		}
	})
}

func FuzzArtifactName(f *testing.F) {
	for _, seed := range []string{"a", "a/b", "../a", "a/../../b", "/a", "a//b", "", ".", "a#", "ü/日"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, name string) {
		if checkArtifactName(name) != nil {
			return
		}
		if joined := path.Join("root/dir", name); !strings.HasPrefix(joined, "root/dir/") || strings.Contains(joined, "/../") {
			t.Errorf("%q leads to %q", name, joined)
		}
		p := &proxied{root: "1/r/artifacts"}
		if u := p.url(name); strings.ContainsAny(u, "?# ") || !strings.HasPrefix(u, artifactsPath+"/1/r/artifacts/") {
			t.Errorf("%q is at %q", name, u)
		}
	})
}

func TestDatasetInputContext(t *testing.T) {
	in := DatasetInput{Name: "n", Context: "training", Tags: map[string]string{contextTag: "overridden", "x": "1"}}
	wire := in.wire()
	if want := []tagJSON{{contextTag, "training"}, {"x", "1"}}; !reflect.DeepEqual(wire.Tags, want) {
		t.Errorf("tags %v", wire.Tags)
	}
	in = DatasetInput{Tags: map[string]string{contextTag: "testing"}}
	wire = in.wire()
	if got := wire.value(); got.Context != "testing" || got.Tags != nil {
		t.Errorf("%+v", got)
	}
}

func TestSplit(t *testing.T) {
	for metrics := range 5 {
		for params := range 4 {
			for tags := range 4 {
				b := batchJSON{
					RunID: "r", Metrics: make([]metricJSON, metrics*450), Params: make([]tagJSON, params*67), Tags: make([]tagJSON, tags*70),
				}
				var m, p, g int
				for _, part := range split(b) {
					if len(part.Metrics) > 1000 || len(part.Params) > 100 || len(part.Tags) > 100 || part.RunID != "r" {
						t.Fatalf("a part of %d, %d and %d", len(part.Metrics), len(part.Params), len(part.Tags))
					}
					total := len(part.Metrics) + len(part.Params) + len(part.Tags)
					if total > 1000 || total == 0 {
						t.Fatalf("a part of %d", total)
					}
					m, p, g = m+len(part.Metrics), p+len(part.Params), g+len(part.Tags)
				}
				if m != len(b.Metrics) || p != len(b.Params) || g != len(b.Tags) {
					t.Errorf("%d, %d and %d of %d, %d and %d", m, p, g, len(b.Metrics), len(b.Params), len(b.Tags))
				}
			}
		}
	}
}
