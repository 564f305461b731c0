package predictsvc

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers/gorillamux"
	"github.com/gin-gonic/gin"
)

// described loads what a service says of its API, and checks that it is OpenAPI.
func described(t *testing.T, s *Service) *openapi3.T {
	t.Helper()
	got := ask(s, http.MethodGet, "/openapi.json", "Authorization", "Bearer "+tokenOne)
	document, err := openapi3.NewLoader().LoadFromData(got.Body.Bytes())
	must(t, err)
	must(t, document.Validate(t.Context()))
	return document
}

func TestDescriptionIsComplete(t *testing.T) {
	s := inProcess(t, tinyForest(5, 6), nil)
	document := described(t, s)
	there := map[string]bool{}
	for _, route := range s.Handler().(*gin.Engine).Routes() {
		if isAsset(route.Path) || route.Method == http.MethodHead {
			continue
		}
		path := describedPath(route.Path)
		there[route.Method+" "+path] = true
		if item := document.Paths.Find(path); item == nil || item.GetOperation(route.Method) == nil {
			t.Errorf("%s %s is not described", route.Method, path)
		}
	}
	for path, item := range document.Paths.Map() {
		for method := range item.Operations() {
			if !there[method+" "+path] {
				t.Errorf("%s %s is described and not there", method, path)
			}
		}
	}
	described(t, newService(t, Config{})) // without a model
	if secured := described(t, withAccess(t, AccessConfig{Tokens: []string{tokenOne}})); len(secured.Security) != 1 {
		t.Error("tokens are not described")
	}
}

// TestDescriptionIsTrue sends requests and looks whether they and their answers are what the description says.
func TestDescriptionIsTrue(t *testing.T) {
	s := inProcess(t, tinyForest(5, 6), nil)
	document := described(t, s)
	document.Servers = nil
	router, err := gorillamux.NewRouter(document)
	must(t, err)
	for _, test := range []struct {
		method, path, body string
		status             int
		badRequest         bool // the description does not allow the request
	}{
		{http.MethodPost, "/predict", wine, 200, false},
		{http.MethodPost, "/predict?details=true", "[" + wine + "," + wine + "]", 200, false},
		{http.MethodPost, "/predict", strings.Replace(wine, "9.4", `"9.4"`, 1), 400, true},
		{http.MethodPost, "/predict", `{"alcohol":1}`, 400, true},
		{http.MethodPost, "/predict", strings.Replace(wine, "}", `,"pH":3}`, 1), 400, true},
		{http.MethodPost, "/predict", "[" + strings.Repeat(wine+",", 3) + wine + "]", 400, false},
		{http.MethodGet, "/health", "", 200, false},
		{http.MethodGet, "/ready", "", 200, false},
		{http.MethodGet, "/live", "", 200, false},
		{http.MethodGet, "/metrics", "", 200, false},
		{http.MethodPost, "/invocations", `{"inputs":[` + wine + "]}", 200, false},
		{http.MethodPost, "/invocations", `{"inputs":[{"alcohol":1}]}`, 400, false},
		{http.MethodGet, "/ping", "", 200, false},
		{http.MethodGet, "/v2", "", 200, false},
		{http.MethodGet, "/v2/health/ready", "", 200, false},
		{http.MethodGet, "/v2/models/sk-rfc-model", "", 200, false},
		{http.MethodGet, "/v2/models/sk-rfc-model/versions/3/ready", "", 200, false},
		{http.MethodGet, "/v2/models/other", "", 404, false},
		{http.MethodPost, "/v2/models/sk-rfc-model/infer", `{"inputs":[{"name":"x","shape":[1,4],"datatype":"FP64","data":[1,2,3,4]}]}`, 200, false},
		{http.MethodPost, "/v2/models/sk-rfc-model/infer", `{"inputs":[{"name":"x","shape":[1,4],"datatype":"FP64","data":[1,2,3]}]}`, 400, false},
		{http.MethodGet, "/model", "", 200, false},
		{http.MethodGet, "/openapi.json", "", 200, false},
	} {
		newRequest := func() *http.Request {
			request := httptest.NewRequestWithContext(t.Context(), test.method, test.path, strings.NewReader(test.body))
			if test.body != "" {
				request.Header.Set("Content-Type", "application/json")
			}
			return request
		}
		request := newRequest()
		route, params, err := router.FindRoute(request)
		must(t, err)
		input := &openapi3filter.RequestValidationInput{Request: request, PathParams: params, Route: route}
		if err := openapi3filter.ValidateRequest(t.Context(), input); (err != nil) != test.badRequest {
			t.Errorf("%s %s %s: %v", test.method, test.path, test.body, err)
		}
		got := httptest.NewRecorder()
		s.Handler().ServeHTTP(got, newRequest())
		if got.Code != test.status {
			t.Errorf("%s %s: %d, want %d", test.method, test.path, got.Code, test.status)
		}
		err = openapi3filter.ValidateResponse(t.Context(), &openapi3filter.ResponseValidationInput{
			RequestValidationInput: input, Status: got.Code, Header: got.Header(), Body: io.NopCloser(bytes.NewReader(got.Body.Bytes())),
			Options: &openapi3filter.Options{IncludeResponseStatus: true},
		})
		if err != nil {
			t.Errorf("%s %s answers %s: %v", test.method, test.path, got.Body, err)
		}
	}
}

// TestExamplesOfTheDescriptionWork: what the page offers to send is answered.
func TestExamplesOfTheDescriptionWork(t *testing.T) {
	s := inProcess(t, tinyForest(5, 6), nil)
	document := described(t, s)
	names := strings.NewReplacer("{model}", "sk-rfc-model", "{version}", "3")
	sent := 0
	for path, item := range document.Paths.Map() {
		if item.Post == nil || path == "/feedback" || path == "/webhook" { // which want a database and a signature
			continue
		}
		example, err := json.Marshal(item.Post.RequestBody.Value.Content["application/json"].Example)
		must(t, err)
		request := httptest.NewRequestWithContext(t.Context(), http.MethodPost, names.Replace(path), bytes.NewReader(example))
		request.Header.Set("Content-Type", "application/json")
		got := httptest.NewRecorder()
		s.Handler().ServeHTTP(got, request)
		if got.Code != http.StatusOK {
			t.Errorf("POST %s %s: %d %s", path, example, got.Code, got.Body)
		}
		sent++
	}
	if sent == 0 {
		t.Error("no examples")
	}
}
