package predictsvc

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"mlopsgo/mlflowclient/mlmodel"
)

func TestAnswersAsTheOriginalDoes(t *testing.T) {
	s := inProcess(t, tinyForest(5, 6), nil)
	const five, six = `{"quality":5,"model":"sk-rfc-model"}`, `{"quality":6,"model":"sk-rfc-model"}`
	strong := strings.ReplaceAll(wine, "9.4", "12")
	for name, test := range map[string]struct{ body, want string }{
		"one wine":      {wine, five},
		"another order": {`{"alcohol":9.4,"sulphates":0.56,"volatile acidity":0.7,"citric acid":0.0}`, five},
		"white space":   {" \n{ \"alcohol\" :\t9.4 , \"sulphates\":5.6e-1,\"volatile acidity\":7E-1,\"citric acid\":-0 } ", five},
		"an escape":     {`{"\u0061lcohol":9.4,"sulphates":1,"volatile acidity":1,"citric acid":0}`, five},
		"two wines":     {"[" + strong + ", " + wine + "]", "[" + six + "," + five + "]"},
		"a list of one": {"[" + wine + "]", "[" + five + "]"},
		"a list of 0":   {" [ ] ", "[]"},
	} {
		t.Run(name, func(t *testing.T) {
			got := post(s, test.body)
			if got.Code != http.StatusOK || got.Body.String() != test.want || got.Header().Get("Content-Type") != "application/json" {
				t.Errorf("%d %q %v, want %q", got.Code, got.Body, got.Header(), test.want)
			}
			for name, want := range map[string]string{headerModelName: "sk-rfc-model", headerModelVersion: "3", headerModelRunID: "run-7"} {
				if got.Header().Get(name) != want {
					t.Errorf("header %s is %q, want %q", name, got.Header().Get(name), want)
				}
			}
		})
	}
}

func TestBadBodiesNameTheFieldAndWhatWasExpected(t *testing.T) {
	s := inProcess(t, tinyForest(5, 6), func(m *mlmodel.ONNXModel) {
		m.Signature.Inputs.Columns[1].Type.Kind = mlmodel.Float
		m.Signature.Inputs.Columns[2].Type.Kind = mlmodel.Integer
		m.Example.Rows = [][]any{{0.7, 0.0, 5, 9.4}}
	})
	const good = `{"volatile acidity":0.7,"citric acid":0.0,"sulphates":56,"alcohol":9.4}`
	if got := post(s, good); got.Code != http.StatusOK {
		t.Fatal(got.Code, got.Body)
	}
	with := func(value string) string { return strings.ReplaceAll(good, "9.4", value) }
	for body, says := range map[string]string{
		"":              `the body is empty; expected a JSON object with "volatile acidity" (double), "citric acid" (float)`,
		"7":             "expected a JSON object with \"volatile acidity\" (double), \"citric acid\" (float), \"sulphates\" (integer), \"alcohol\" (double), or an array of such objects, got 7",
		`"text"`:        `got the text "text"`,
		"null":          "got null",
		"{}":            `columns "volatile acidity" (double), "citric acid" (float), "sulphates" (integer), "alcohol" (double) are missing`,
		`{"alcohol":1}`: `columns "volatile acidity" (double), "citric acid" (float), "sulphates" (integer) are missing`,
		strings.ReplaceAll(good, `,"alcohol":9.4`, ""): `column "alcohol" is missing; expected double`,
		strings.ReplaceAll(good, "}", `,"pH":3.3}`):    `column "pH" is not one of the model's; expected "volatile acidity" (double)`,
		strings.ReplaceAll(good, "}", `,"alcohol":9}`): `column "alcohol" is there twice`,
		strings.ReplaceAll(good, "56", "5.5"):          `column "sulphates": expected integer, got 5.5`,
		strings.ReplaceAll(good, "56", "2147483648"):   `column "sulphates": expected integer, got 2147483648`,
		strings.ReplaceAll(good, "0.0", "1e39"):        `column "citric acid": expected float, got 1e39`,
		with(`"9.4"`):                                  `column "alcohol": expected double, got the text "9.4"`,
		with("null"):                                   `column "alcohol": expected double, got null`,
		with("NaN"):                                    `column "alcohol": expected double, got NaN`,
		with("-Infinity"):                              `column "alcohol": expected double, got -Infinity`,
		with("Infinity"):                               `column "alcohol": expected double, got Infinity`,
		with("true"):                                   `column "alcohol": expected double, got true`,
		with("false"):                                  `column "alcohol": expected double, got false`,
		with("[9.4]"):                                  `column "alcohol": expected double, got an array`,
		with(`{"a":1}`):                                `column "alcohol": expected double, got an object`,
		with("1e400"):                                  `column "alcohol": expected double, got 1e400, which is out of range`,
		with("09"):                                     "not valid JSON at byte",
		with("9."):                                     "a digit after the decimal point",
		with("9e"):                                     "a digit of the exponent",
		with("-"):                                      "a digit, got",
		with("+9"):                                     `column "alcohol": expected double, got +9`,
		with(""):                                       `column "alcohol": expected double, got "}"`,
		good[:19]:                                      "the body ends where a colon was expected",
		good[:3]:                                       "the body ends where the end of a text was expected",
		good[:len(good)-1]:                             "the body ends where a comma or the end of the object was expected",
		good + "x":                                     "expected the end of the body, got x",
		good + good:                                    "expected the end of the body, got an object",
		"[" + good:                                     "the body ends where a comma or the end of the array was expected",
		"[" + good + ",]":                              `row 1: expected a JSON object with`,
		"[" + good + ",7]":                             "row 1: expected a JSON object with",
		"[" + good + ",":                               "the body ends where an object was expected",
		"[" + good + `,{"a":1}]`:                       `row 1: column "a" is not one of the model's`,
		"[" + good + "," + with("null") + "]":          `row 1: column "alcohol": expected double, got null`,
		"[" + strings.Repeat(good+",", 3) + good + "]": "more than 3 rows",
		`{"alcohol\x":1}`:                          "a text with valid escapes",
		"{\"alc\nohol\":1}":                        "a text without control characters",
		"{\"alcohol\xff\":1}":                      "not UTF-8",
		`{alcohol:1}`:                              "a column's name in quotes",
		`{"alcohol" 1}`:                            "a colon",
		`{"alcohol":1,}`:                           "a column's name in quotes",
		"{\"" + strings.Repeat("é", 200):           "the body ends",
		"{\"" + strings.Repeat("é", 200) + "\":1}": "…",
	} {
		got := post(s, body)
		var answer struct{ Error string }
		if err := json.Unmarshal(got.Body.Bytes(), &answer); err != nil || got.Code != http.StatusBadRequest || !strings.Contains(answer.Error, says) {
			t.Errorf("%s\nis answered by %d %s\nwant 400 that says: %s", body, got.Code, got.Body, says)
		}
	}
}

func TestOtherKindsOfColumnsAndLabels(t *testing.T) {
	forest := tinyForest(0, 0)
	forest.IntClasses, forest.StringClasses = nil, []string{"bad \"wine\"", "göod"}
	s := inProcess(t, forest, func(m *mlmodel.ONNXModel) {
		m.Signature.Inputs.Columns[0].Type.Kind = mlmodel.Boolean
		m.Signature.Inputs.Columns[1].Optional = true
		m.Signature.Inputs.Columns[2].Type.Kind = mlmodel.Long
		m.Example = nil
	})
	for body, want := range map[string]string{
		`{"volatile acidity":true,"citric acid":null,"sulphates":9007199254740993,"alcohol":12}`: `{"quality":"göod","model":"sk-rfc-model"}`,
		`{"volatile acidity":false,"sulphates":2.0,"alcohol":9}`:                                 `{"quality":"bad \"wine\"","model":"sk-rfc-model"}`,
		`{"volatile acidity":1,"sulphates":2,"alcohol":9}`:                                       `{"error":"column \"volatile acidity\": expected boolean, got 1"}`,
		`{"volatile acidity":true,"sulphates":9223372036854775808,"alcohol":9}`:                  `{"error":"column \"sulphates\": expected long, got 9223372036854775808"}`,
	} {
		if got := post(s, body); got.Body.String() != want {
			t.Errorf("%s\nis answered by %d %s\nwant %s", body, got.Code, got.Body, want)
		}
	}
}

func TestWhatIsNoPrediction(t *testing.T) {
	s := inProcess(t, tinyForest(5, 6), nil)
	for name, test := range map[string]struct {
		method, path, contentType, body string
		status                          int
		says                            string
	}{
		"unknown path":  {http.MethodGet, "/predictions", "", "", 404, "there is no /predictions here"},
		"wrong method":  {http.MethodGet, "/predict", "", "", 405, "GET is not a method of /predict; use POST"},
		"slash":         {http.MethodPost, "/predict/", "application/json", wine, 404, "there is no /predict/ here"},
		"a form":        {http.MethodPost, "/predict", "application/x-www-form-urlencoded", wine, 415, "expected the header Content-Type: application/json, got application/x-www-form-urlencoded"},
		"no type":       {http.MethodPost, "/predict", "", wine, 415, "got nothing"},
		"another set":   {http.MethodPost, "/predict", "application/json; charset=latin1", wine, 415, "latin1"},
		"too long":      {http.MethodPost, "/predict", "application/json", strings.Repeat(" ", 4097), 413, "more than 4096 bytes"},
		"not announced": {http.MethodPost, "/predict", "application/json", "chunked", 413, "more than 4096 bytes"},
	} {
		t.Run(name, func(t *testing.T) {
			request := httptest.NewRequestWithContext(t.Context(), test.method, test.path, strings.NewReader(test.body))
			if test.body == "chunked" {
				request = httptest.NewRequestWithContext(t.Context(), test.method, test.path, strings.NewReader(strings.Repeat("[", 10000)))
				request.ContentLength = -1
			}
			if test.contentType != "" {
				request.Header.Set("Content-Type", test.contentType)
			}
			got := httptest.NewRecorder()
			s.Handler().ServeHTTP(got, request)
			var answer struct{ Error string }
			err := json.Unmarshal(got.Body.Bytes(), &answer)
			if err != nil || got.Code != test.status || !strings.Contains(answer.Error, test.says) || got.Header().Get(headerRequestID) == "" {
				t.Errorf("%d %s %v, want %d and %q", got.Code, got.Body, got.Header(), test.status, test.says)
			}
			if closes := got.Header().Get("Connection") == "close"; closes != (test.status == 413) {
				t.Errorf("connection closed: %v", closes)
			}
		})
	}
	if got := post(s, wine, "Content-Type", "Application/JSON; charset=UTF-8"); got.Code != http.StatusOK {
		t.Error(got.Code, got.Body)
	}
}

func TestRequestIDs(t *testing.T) {
	s := inProcess(t, tinyForest(5, 6), nil)
	made := map[string]bool{}
	for given, honoured := range map[string]bool{
		"": false, "order-7/a.b:c_d+e=": true, strings.Repeat("x", 128): true, strings.Repeat("x", 129): false,
		"a b": false, "a\"b": false, "ü": false, "a{b": false,
	} {
		got := post(s, wine, headerRequestID, given).Header().Get(headerRequestID)
		if (got == given) != honoured || got == "" || made[got] {
			t.Errorf("%q gives %q", given, got)
		}
		made[got] = true
	}
}

func TestWithoutModel(t *testing.T) {
	s := newService(t, Config{})
	got := post(s, wine)
	if got.Code != http.StatusServiceUnavailable || got.Body.String() != `{"error":"no model is loaded yet"}` || got.Header().Get("Retry-After") == "" {
		t.Error(got.Code, got.Body, got.Header())
	}
	for _, path := range []string{"/health", "/ready"} {
		response := httptest.NewRecorder()
		s.Handler().ServeHTTP(response, httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, http.NoBody))
		var report healthReport
		must(t, json.Unmarshal(response.Body.Bytes(), &report))
		if response.Code != http.StatusServiceUnavailable || report.Status != "unavailable" || report.Model != nil {
			t.Error(path, response.Code, response.Body)
		}
	}
}

func TestPanicIsAnAnswer(t *testing.T) {
	s := inProcess(t, tinyForest(5, 6), nil)
	m := s.follower.current.Load()
	broken := &model{source: m.source, columns: m.columns, engine: m.engine, answer: m.answer}
	broken.scorers.New = func() any { panic("broken") }
	s.follower.swap(broken)
	got := post(s, wine, headerRequestID, "abc")
	if got.Code != http.StatusInternalServerError || !strings.Contains(got.Body.String(), "request id abc") {
		t.Error(got.Code, got.Body)
	}
}

func TestMetrics(t *testing.T) {
	s := inProcess(t, tinyForest(5, 6), nil)
	post(s, "["+wine+","+wine+"]")
	post(s, "{}")
	response := httptest.NewRecorder()
	s.Handler().ServeHTTP(response, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/metrics", http.NoBody))
	for _, line := range []string{
		`predictor_http_requests_total{route="/predict",status="200"} 1`,
		`predictor_http_requests_total{route="/predict",status="400"} 1`,
		`predictor_http_request_duration_seconds_count{route="/predict"} 2`,
		`predictor_http_requests_in_flight 1`, // this one
		`predictor_predictions_total 2`,
		`predictor_model_info{model="sk-rfc-model",run_id="run-7",version="3"} 1`,
		`predictor_model_loads_total{outcome="ok"} 1`,
		`predictor_model_loads_total{outcome="failed"} 0`,
		`predictor_log_dropped_total{reason="spool full"} 0`,
	} {
		if !strings.Contains(response.Body.String(), line+"\n") {
			t.Errorf("no line %s", line)
		}
	}
}

func TestModelsThatAreRefused(t *testing.T) {
	for name, test := range map[string]struct {
		change func(*mlmodel.ONNXModel)
		says   string
	}{
		"no signature":  {func(m *mlmodel.ONNXModel) { m.Signature = nil }, "no signature"},
		"fewer columns": {func(m *mlmodel.ONNXModel) { m.Signature.Inputs.Columns = m.Signature.Inputs.Columns[:3] }, "3 columns"},
		"a text column": {func(m *mlmodel.ONNXModel) { m.Signature.Inputs.Columns[2].Type.Kind = mlmodel.String }, `"sulphates" (string)`},
		"optional number": {func(m *mlmodel.ONNXModel) {
			m.Signature.Inputs.Columns[2].Type.Kind, m.Signature.Inputs.Columns[2].Optional = mlmodel.Long, true
		}, "no missing value"},
		"not ONNX":    {func(m *mlmodel.ONNXModel) { m.Data = []byte("not a model") }, "onnx"},
		"bad example": {func(m *mlmodel.ONNXModel) { m.Example.Rows[1][3] = "strong" }, `input example: row 1: column "alcohol": expected double, got the text "strong"`},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := folderModel(t, modelFiles(t, tinyForest(5, 6), test.change))
			if err == nil || !strings.Contains(err.Error(), test.says) {
				t.Errorf("error %v, want one that says %q", err, test.says)
			}
		})
	}
	file, err := tinyForest(5, 6).Model()
	must(t, err)
	for _, init := range file.Graph.Initializers {
		if init.Name == "trees" {
			init.F32[0] = 0 // probabilities are divided by it
		}
	}
	_, err = folderModel(t, modelFiles(t, tinyForest(5, 6), func(m *mlmodel.ONNXModel) { m.Data = file.Encode() }))
	if err == nil || !strings.Contains(err.Error(), "probability") {
		t.Errorf("error %v, want one about the probability", err)
	}
}

// TestManyColumnsAreNotListedAll: an error about a wide model is no longer than one about a narrow one.
func TestManyColumnsAreNotListedAll(t *testing.T) {
	columns := make([]string, 5000)
	for i := range columns {
		columns[i] = fmt.Sprint("c", i)
	}
	c, err := newColumns(&mlmodel.Signature{Inputs: mlmodel.Columns(mlmodel.Double, columns...)})
	must(t, err)
	for _, body := range []string{"", "7", "{}", `{"x":1}`} {
		if err := c.decode(&table{}, []byte(body), 1); err == nil || len(err.message) > 2000 || !strings.Contains(err.message, "and 4970 more") {
			t.Errorf("%s: %v", body, err)
		}
	}
}

// slowBody gives its bytes in small pieces, and remembers how much room it was given at first.
type slowBody struct {
	strings.Reader
	first int
}

func (b *slowBody) Read(into []byte) (int, error) {
	if b.first == 0 {
		b.first = len(into)
	}
	return b.Reader.Read(into[:min(len(into), 1000)])
}

// TestBodyTakesMemoryAsItComes: what a client announces is not taken from memory before it sends it.
func TestBodyTakesMemoryAsItComes(t *testing.T) {
	const limit = 1 << 20
	text := strings.Repeat("0123456789", 40_000)
	for _, length := range []int64{int64(len(text)), -1, 10} {
		body := &slowBody{Reader: *strings.NewReader(text)}
		request := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/predict", http.NoBody)
		request.Body, request.ContentLength = io.NopCloser(body), length
		got, err := readBody(nil, request, limit)
		if err != nil || string(got) != text || body.first > firstBytes || cap(got) > 2*len(text) {
			t.Errorf("announced %d: %d bytes of %d, room for %d, and for %d at first (%v)", length, len(got), len(text), cap(got), body.first, err)
		}
	}
}
