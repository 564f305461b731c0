package predictsvc

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"mlopsgo/mlflowclient/mlmodel"
)

// request sends a request through the handler.
func request(t *testing.T, s *Service, method, path, contentType, body string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), method, path, strings.NewReader(body))
	if contentType != "" {
		r.Header.Set("Content-Type", contentType)
	}
	r.Header.Set(headerRequestID, "abc")
	response := httptest.NewRecorder()
	s.Handler().ServeHTTP(response, r)
	return response
}

// matrix makes the signature that of one tensor.
func matrix(m *mlmodel.ONNXModel) {
	m.Signature = &mlmodel.Signature{Inputs: &mlmodel.Schema{Tensors: []mlmodel.TensorSpec{{DType: "float64", Shape: []int64{-1, 4}}}}}
	m.Example = nil
}

func TestInvocationsAnswerAsPyfuncDoes(t *testing.T) {
	frame, tensor := inProcess(t, tinyForest(5, 6), nil), inProcess(t, tinyForest(5, 6), matrix)
	for _, test := range []struct {
		service                 *Service
		contentType, body, want string
	}{
		{frame, jsonType, `{"dataframe_records":[` + wine + `]}`, `{"predictions": [{"label": 5, "probability_5": 0.75, "probability_6": 0.25}]}`},
		{frame, "text/csv", "alcohol,sulphates,citric acid,volatile acidity\n12,1,1,1\n", `{"predictions": [{"label": 6, "probability_5": 0.25, "probability_6": 0.75}]}`},
		{frame, jsonType, `{"dataframe_split":{"columns":["volatile acidity","citric acid","sulphates","alcohol"],"data":[]}}`, `{"predictions": []}`},
		{tensor, jsonType, `{"inputs":[[0,0,0,9],[0,0,0,12]]}`, `{"predictions": {"label": [5, 6], "probability_5": [0.75, 0.25], "probability_6": [0.25, 0.75]}}`},
	} {
		got := request(t, test.service, http.MethodPost, "/invocations", test.contentType, test.body)
		if got.Code != http.StatusOK || got.Body.String() != test.want || got.Header().Get(headerModelVersion) != "3" {
			t.Errorf("%s\nis answered by %d %s %v\nwant %s", test.body, got.Code, got.Body, got.Header(), test.want)
		}
	}
}

func TestInvocationsRefuseAsMLflowDoes(t *testing.T) {
	s := inProcess(t, tinyForest(5, 6), nil)
	for name, test := range map[string]struct {
		contentType, body string
		status            int
		code, says        string
	}{
		"no form":     {jsonType, wine, 400, "BAD_REQUEST", `send {\"dataframe_split\"`},
		"a text":      {jsonType, `{"inputs":[` + strings.ReplaceAll(wine, "9.4", `"strong"`) + "]}", 400, "BAD_REQUEST", `expected double, got the text \"strong\"`},
		"no alcohol":  {jsonType, `{"inputs":[{"sulphates":1}]}`, 400, "INVALID_PARAMETER_VALUE", "has no value"},
		"many rows":   {jsonType, `{"inputs":[` + strings.Repeat(wine+",", 3) + wine + "]}", 400, "BAD_REQUEST", "more than 3 rows"},
		"a large one": {jsonType, strings.Repeat(" ", 5000), 413, "BAD_REQUEST", "more than 4096 bytes"},
		"a form":      {"application/x-www-form-urlencoded", "a=b", 415, "", "expected application/json or text/csv"},
	} {
		t.Run(name, func(t *testing.T) {
			got := request(t, s, http.MethodPost, "/invocations", test.contentType, test.body)
			var answer struct {
				Code string `json:"error_code"`
			}
			_ = json.Unmarshal(got.Body.Bytes(), &answer) // 415 is a plain text
			if got.Code != test.status || answer.Code != test.code || !strings.Contains(got.Body.String(), test.says) {
				t.Errorf("%d %s, want %d %s and %s", got.Code, got.Body, test.status, test.code, test.says)
			}
		})
	}
	none := newService(t, Config{})
	if got := request(t, none, http.MethodPost, "/invocations", jsonType, "{}"); got.Code != 503 || !strings.Contains(got.Body.String(), "TEMPORARILY_UNAVAILABLE") {
		t.Error(got.Code, got.Body)
	}
	for service, want := range map[*Service]int{s: 200, none: 503} {
		if got := request(t, service, http.MethodGet, "/ping", "", ""); got.Code != want || got.Body.String() != "\n" {
			t.Error(got.Code, got.Body)
		}
	}
	if got := request(t, s, http.MethodGet, "/version", "", ""); got.Code != 200 || got.Body.String() != scoringVersion {
		t.Error(got.Code, got.Body)
	}
}

func TestDetails(t *testing.T) {
	s := inProcess(t, tinyForest(5, 6), nil)
	s.follower.current.Load().URI = "models:/sk-rfc-model@champion"
	const one = `{"quality":5,"model":"sk-rfc-model","version":"3","alias":"champion","run_id":"run-7","request_id":"abc","probabilities":{"5":0.75,"6":0.25}}`
	for path, want := range map[string]string{
		"/predict?details=true": one, "/predict?details=0&x=1": `{"quality":5,"model":"sk-rfc-model"}`, "/predict?x": `{"quality":5,"model":"sk-rfc-model"}`,
		"/predict?details=yes": `{"error":"the query's details: expected true or false, got \"yes\""}`,
	} {
		if got := request(t, s, http.MethodPost, path, jsonType, wine); got.Body.String() != want {
			t.Errorf("%s is answered by %d %s, want %s", path, got.Code, got.Body, want)
		}
	}
	if got := request(t, s, http.MethodPost, "/predict?details=true", jsonType, "["+wine+","+wine+"]"); got.Body.String() != "["+one+","+one+"]" {
		t.Error(got.Body)
	}
}

func TestAlias(t *testing.T) {
	for uri, want := range map[string]string{
		"models:/sk-rfc-model@champion": "champion", "models:/sk-rfc-model/3": "", "models:/m-1": "", "runs:/1/a@b": "", "/folder@x": "",
	} {
		if got := (source{URI: uri}).alias(); got != want {
			t.Errorf("%s has alias %q, want %q", uri, got, want)
		}
	}
}

func TestEveryProtocolIsKept(t *testing.T) {
	database := newDatabase(t)
	s, stop := recording(t, LogConfig{URL: database.String(), Flush: time.Hour}, 0)
	for path, body := range map[string]string{
		"/predict": wine, "/predict?details=true": wine, "/invocations": `{"inputs":[` + wine + "]}",
		"/v2/models/sk-rfc-model/infer": `{"inputs":[{"name":"x","shape":[1,4],"datatype":"FP64","data":[0.7,0,0.56,9.4]}]}`,
	} {
		if got := request(t, s, http.MethodPost, path, jsonType, body); got.Code != http.StatusOK {
			t.Fatal(path, got.Code, got.Body)
		}
		if got := request(t, s, http.MethodPost, path, jsonType, "{}"); got.Code != http.StatusBadRequest {
			t.Fatal(path, got.Code, got.Body)
		}
	}
	stop()
	rows := kept(t, database)
	if len(rows) != 4 {
		t.Errorf("%d rows are kept, want 4", len(rows))
	}
	for _, row := range rows {
		if row.RequestID != "abc" || row.Prediction != "5" || row.Features["alcohol"] != 9.4 || row.Probabilities["5"] != 0.75 || row.Version != "3" {
			t.Errorf("%+v", row)
		}
	}
}
