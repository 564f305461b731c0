package predictsvc

import (
	"net/http"
	"strings"
	"testing"
)

func TestInfer(t *testing.T) {
	frame, tensor := inProcess(t, tinyForest(5, 6), nil), inProcess(t, tinyForest(5, 6), matrix)
	const (
		classes = `"parameters":{"classes":["5","6"]}`
		two     = `{"model_name":"sk-rfc-model","model_version":"3","id":"x-1","outputs":[{"name":"predict","datatype":"INT64","shape":[2],"data":[5,6]},` +
			`{"name":"predict_proba","datatype":"FP64","shape":[2,2],` + classes + `,"data":[0.75,0.25,0.25,0.75]}]}`
		label = `{"model_name":"sk-rfc-model","model_version":"3","id":"abc","outputs":[{"name":"predict","datatype":"INT64","shape":[1],"data":[6]}]}`
	)
	const byColumn = `{"outputs":[{"name":"predict"}],"inputs":[{"name":"3","shape":[1],"datatype":"FP64","data":[12]},{"name":"1","shape":[1],"datatype":"FP64","data":[0]},` +
		`{"name":"2","shape":[1],"datatype":"FP64","data":[0]},{"name":"0","shape":[1],"datatype":"FP64","data":[0]}]}`
	for _, test := range []struct {
		service    *Service
		body, want string
	}{
		{tensor, byColumn, label},
		{frame, `{"id":"x-1","parameters":{"content_type":"pd"},"inputs":[{"name":"anything","shape":[2,4],"datatype":"FP64","data":[0,0,0,9,0,0,0,12]}]}`, two},
		{tensor, `{"id":"x-1","inputs":[{"name":"input","shape":[2,4],"datatype":"FP32","data":[[0,0,0,9.5],[0,0,0,12]],"parameters":{"content_type":"np"}}]}`, two},
		{frame, `{"outputs":[{"name":"predict"}],"inputs":[{"name":"alcohol","shape":[1],"datatype":"INT64","data":[12]},{"name":"sulphates","shape":[1,1],"datatype":"FP32",` +
			`"data":[[1]]},{"name":"citric acid","shape":[1],"datatype":"BOOL","data":[true]},{"name":"volatile acidity","shape":[1],"datatype":"FP64","data":[0.5]}]}`, label},
	} {
		for _, path := range []string{"/v2/models/sk-rfc-model/infer", "/v2/models/sk-rfc-model/versions/3/infer"} {
			if got := request(t, test.service, http.MethodPost, path, jsonType, test.body); got.Code != http.StatusOK || got.Body.String() != test.want {
				t.Errorf("%s\nis answered by %d %s\nwant %s", test.body, got.Code, got.Body, test.want)
			}
		}
	}
}

func TestInferRefuses(t *testing.T) {
	s := inProcess(t, tinyForest(5, 6), nil)
	one := func(member string) string {
		return `{"inputs":[{"name":"input",` + member + "}]}"
	}
	for body, says := range map[string]string{
		"":              "the body is empty; expected a JSON object with inputs",
		"[]":            `send {\"inputs\": [{\"name\": \"input\", \"datatype\": \"FP64\", \"shape\": [n, 4], \"data\": […]}]}`,
		"{}":            `\"inputs\": expected an array of tensors`,
		`{"inputs":[]}`: "expected an array of tensors",
		one(`"shape":[1,4],"datatype":"FP64","data":[1,2,3]`):                                      "the shape stands for 4 values, and data has 3",
		one(`"shape":[1,3],"datatype":"FP64","data":[1,2,3]`):                                      "expected shape [n, 4]",
		one(`"shape":[4],"datatype":"FP64","data":[1,2,3,4]`):                                      "expected shape [n, 4]",
		one(`"shape":[-1,4],"datatype":"FP64","data":[1,2,3,4]`):                                   "expected numbers of values, got -1",
		one(`"shape":[1,4],"datatype":"FP63","data":[1,2,3,4]`):                                    "none of the protocol's",
		one(`"shape":[1,4],"data":[1,2,3,4]`):                                                      "inputs[0].datatype: expected a text",
		one(`"shape":[1,4],"datatype":"FP64","parameters":{"binary_data_size":32}`):                "binary data is not read",
		one(`"shape":[1,4],"datatype":"INT64","data":[1,2.5,3,4]`):                                 `row 0: column \"citric acid\": expected double, got 2.5 in a tensor of datatype INT64`,
		one(`"shape":[1,4],"datatype":"BYTES","data":["a","b","c","d"]`):                           `got the text \"a\" in a tensor of datatype BYTES`,
		one(`"shape":[1,4],"datatype":"FP64","data":[1,2,3,null]`):                                 `column \"alcohol\" has no value`,
		one(`"shape":[0,4],"datatype":"FP64","data":[]`):                                           "there are no rows",
		one(`"shape":[4,4],"datatype":"FP64","data":[1,2,3,4,1,2,3,4,1,2,3,4,1,2,3,4]`):            "more than 3 rows",
		`{"outputs":[{"name":"x"}],` + one(`"shape":[1,4],"datatype":"FP64","data":[1,2,3,4]`)[1:]: `the model has no output \"x\"; it has [\"predict\" \"predict_proba\"]`,
		`{"id":7,` + one(`"shape":[1,4],"datatype":"FP64","data":[1,2,3,4]`)[1:]:                   `\"id\": expected a text`,
		`{"inputs":[{"name":"alcohol","shape":[1],"datatype":"FP64","data":[1]}]}`:                 `missing: \"volatile acidity\" (double)`,
		`{"inputs":[{"name":"alcohol","shape":[1],"datatype":"FP64","data":[1]},{"name":"pH"}]}`:   "inputs[1].datatype",
		strings.Repeat(`{"inputs":[{"name":"alcohol","shape":[1],"datatype":"FP64","data":[1]},`, 1) + `{"name":"sulphates","shape":[2],"datatype":"FP64","data":[1,2]}]}`: "has 2 values, and those before it have 1",
	} {
		got := request(t, s, http.MethodPost, "/v2/models/sk-rfc-model/infer", jsonType, body)
		if got.Code != http.StatusBadRequest || !strings.HasPrefix(got.Body.String(), `{"error":"`) || !strings.Contains(got.Body.String(), says) {
			t.Errorf("%s\nis answered by %d %s\nwant 400 that says: %s", body, got.Code, got.Body, says)
		}
	}
	if got := request(t, s, http.MethodPost, "/v2/models/sk-rfc-model/infer", "application/octet-stream", "x"); got.Code != http.StatusUnsupportedMediaType {
		t.Error(got.Code, got.Body)
	}
}

func TestInferMetadata(t *testing.T) {
	frame, tensor, none := inProcess(t, tinyForest(5, 6), nil), inProcess(t, tinyForest(5, 6), matrix), newService(t, Config{})
	const outputs = `"outputs":[{"name":"predict","datatype":"INT64","shape":[-1]},{"name":"predict_proba","datatype":"FP64","shape":[-1,2],"parameters":{"classes":["5","6"]}}],` +
		`"platform":"mlflow","versions":["3"]}`
	for _, test := range []struct {
		service *Service
		path    string
		status  int
		says    string
	}{
		{frame, "/v2", 200, `"extensions":[],"name":"mlopsgo-predictor"`},
		{none, "/v2", 200, `"name"`},
		{none, "/v2/health/live", 200, `{"live":true}`},
		{none, "/v2/health/ready", 503, `{"error":"no model is loaded yet"}`},
		{none, "/v2/models/sk-rfc-model", 503, "no model is loaded yet"},
		{frame, "/v2/health/ready", 200, `{"ready":true}`},
		{frame, "/v2/models/sk-rfc-model", 200, `{"inputs":[{"name":"volatile acidity","datatype":"FP64","shape":[-1]},{"name":"citric acid","datatype":"FP64","shape":[-1]},`},
		{frame, "/v2/models/sk-rfc-model/versions/3", 200, outputs},
		{tensor, "/v2/models/sk-rfc-model", 200, `{"inputs":[{"name":"input","datatype":"FP64","shape":[-1,4]}],"name":"sk-rfc-model",` + outputs},
		{frame, "/v2/models/sk-rfc-model/ready", 200, `{"name":"sk-rfc-model","ready":true}`},
		{frame, "/v2/models/sk-rfc-model/versions/2/ready", 404, `there is no model \"sk-rfc-model\" version \"2\" here; this service has \"sk-rfc-model\" version \"3\"`},
		{frame, "/v2/models/other", 404, `{"error":"there is no model \"other\"`},
	} {
		if got := request(t, test.service, http.MethodGet, test.path, "", ""); got.Code != test.status || !strings.Contains(got.Body.String(), test.says) {
			t.Errorf("%s is answered by %d %s, want %d %s", test.path, got.Code, got.Body, test.status, test.says)
		}
	}
}
