package predictsvc

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"mlopsgo/internal/onnx"
	"mlopsgo/mlflowclient/mlmodel"
)

// wordedGraph takes a number and a text, each as an input [n, 1], and says 5 for what is sweet and has little acid, and 6 else.
func wordedGraph(strict bool) []byte {
	float, text := onnx.TensorType(onnx.Float, -1, 1), onnx.TensorType(onnx.String, -1, 1)
	attr := func(name string, kind onnx.AttributeType, set func(a *onnx.Attribute)) *onnx.Attribute {
		a := &onnx.Attribute{Name: name, Type: kind}
		set(a)
		return a
	}
	zeros := int64(1)
	if strict {
		zeros = 0
	}
	const ml = "ai.onnx.ml"
	m := &onnx.Model{IRVersion: 8, OpsetImports: []onnx.OpsetID{{Version: 15}, {Domain: ml, Version: 3}}, Graph: &onnx.Graph{
		Name:         "worded",
		Inputs:       []*onnx.ValueInfo{{Name: "the_style", Type: text}, {Name: "acid", Type: float}},
		Outputs:      []*onnx.ValueInfo{{Name: "label", Type: onnx.TensorType(onnx.Int64, -1)}, {Name: "probabilities", Type: onnx.TensorType(onnx.Float, -1, 2)}},
		Initializers: []*onnx.Tensor{{Name: "pair", Type: onnx.Int64, Dims: []int64{2}, I64: []int64{-1, 2}}},
		Nodes: []*onnx.Node{
			{OpType: "OneHotEncoder", Domain: ml, Inputs: []string{"the_style"}, Outputs: []string{"hot"}, Attributes: []*onnx.Attribute{
				attr("cats_strings", onnx.AttrStrings, func(a *onnx.Attribute) { a.Strings = [][]byte{[]byte("dry"), []byte("süß")} }),
				attr("zeros", onnx.AttrInt, func(a *onnx.Attribute) { a.I = zeros }),
			}},
			{OpType: "Reshape", Inputs: []string{"hot", "pair"}, Outputs: []string{"row"}},
			{OpType: "Concat", Inputs: []string{"acid", "row"}, Outputs: []string{"all"}, Attributes: []*onnx.Attribute{
				attr("axis", onnx.AttrInt, func(a *onnx.Attribute) { a.I = 1 }),
			}},
			{OpType: "LinearClassifier", Domain: ml, Inputs: []string{"all"}, Outputs: []string{"label", "probabilities"}, Attributes: []*onnx.Attribute{
				attr("classlabels_ints", onnx.AttrInts, func(a *onnx.Attribute) { a.Ints = []int64{5, 6} }),
				attr("coefficients", onnx.AttrFloats, func(a *onnx.Attribute) { a.Floats = []float32{-1, 0, 2, 1, 0, 0} }),
				attr("intercepts", onnx.AttrFloats, func(a *onnx.Attribute) { a.Floats = []float32{0, 0} }),
				attr("multi_class", onnx.AttrInt, func(a *onnx.Attribute) { a.I = 1 }),
				attr("post_transform", onnx.AttrString, func(a *onnx.Attribute) { a.S = []byte("SOFTMAX") }),
			}},
		},
	}}
	return m.Encode()
}

// worded is the signature of that model.
func worded(strict, example bool) func(m *mlmodel.ONNXModel) {
	return func(m *mlmodel.ONNXModel) {
		m.Data = wordedGraph(strict)
		m.Signature = &mlmodel.Signature{Inputs: &mlmodel.Schema{Columns: []mlmodel.Column{
			{Name: "acid", Type: mlmodel.Type{Kind: mlmodel.Double}}, {Name: "the style", Type: mlmodel.Type{Kind: mlmodel.String}},
		}}}
		m.Example = nil
		if example {
			m.Example = &mlmodel.Example{Columns: []string{"acid", "the style"}, Rows: [][]any{{0.5, "süß"}}}
		}
	}
}

// TestTexts asks a model with a column of texts by every protocol.
func TestTexts(t *testing.T) {
	s := inProcess(t, tinyForest(5, 6), worded(true, true))
	for _, test := range []struct {
		path, body string
		code       int
		says       string
	}{
		{"/predict", `{"acid":0.5,"the style":"s\u00fc\u00df"}`, 200, `{"quality":5,"model":"sk-rfc-model"}`},
		{"/predict", `[{"the style":"dry","acid":0.5},{"acid":3,"the style":"süß"}]`, 200, `[{"quality":6,"model":"sk-rfc-model"},{"quality":6,"model":"sk-rfc-model"}]`},
		{"/predict?details=true", `{"acid":0.5,"the style":"süß"}`, 200, `"probabilities":{"5":0.7310585975646973,"6":0.2689414322376251}`},
		{"/predict", `{"acid":0.5,"the style":"wet"}`, 400, `\"wet\" is no category that it knows`},
		{"/predict", `{"acid":0.5,"the style":"` + strings.Repeat("w", 2000) + `"}`, 400, `\"` + strings.Repeat("w", 64) + `\" is no category`},
		{"/predict", `{"acid":0.5,"the style":5}`, 400, `column \"the style\": expected string, got 5`},
		{"/predict", `{"acid":0.5,"the style":true}`, 400, `expected string, got true`},
		{"/predict", `{"acid":0.5,"the style":null}`, 400, `expected string, got null`},
		{"/predict", `{"acid":"dry","the style":"dry"}`, 400, `column \"acid\": expected double, got the text \"dry\"`},
		{"/predict", `{"acid":0.5,"the style":"dry}`, 400, "the end of a text"},
		{"/invocations", `{"dataframe_records":[{"acid":0.5,"the style":"süß"}]}`, 200, `{"predictions": [{"label": 5, "probabilities": [`},
		{"/invocations", `{"inputs":{"acid":[0.5],"the style":["wet"]}}`, 400, "no category"},
		{"/v2/models/sk-rfc-model/infer", `{"inputs":[{"name":"acid","datatype":"FP64","shape":[1],"data":[0.5]},{"name":"the style","datatype":"BYTES","shape":[1],"data":["süß"]}]}`, 200, `"data":[5]`},
	} {
		request := httptest.NewRequestWithContext(t.Context(), http.MethodPost, test.path, strings.NewReader(test.body))
		request.Header.Set("Content-Type", "application/json")
		response := httptest.NewRecorder()
		s.Handler().ServeHTTP(response, request)
		if got := response.Body.String(); response.Code != test.code || !strings.Contains(got, test.says) {
			t.Errorf("%s %s: %d %s, want %d %s", test.path, test.body, response.Code, got, test.code, test.says)
		}
	}
	m := s.follower.current.Load()
	if inputs := metadata(m)["inputs"].([]inferTensor); inputs[1].Datatype != "BYTES" {
		t.Errorf("%+v", inputs)
	}
}

// TestTextsWithoutAnExample: an empty text is no category of a model that takes known ones only, and no reason to refuse it.
func TestTextsWithoutAnExample(t *testing.T) {
	for _, strict := range []bool{true, false} {
		m, err := folderModel(t, modelFiles(t, tinyForest(5, 6), worded(strict, false)))
		must(t, err)
		if known := len(m.engine.classes) > 0; known == strict {
			t.Errorf("strict %v: classes %v", strict, m.engine.classes)
		}
	}
}

// TestTextsAreKept: the log has the texts, as much as categories have, and the shadow scores them.
func TestTextsAreKept(t *testing.T) {
	m, err := folderModel(t, modelFiles(t, tinyForest(5, 6), worded(false, true)))
	must(t, err)
	long := strings.Repeat("ß", 200)
	sc := m.scorer()
	if err := m.columns.decode(&sc.table, []byte(`[{"acid":1,"the style":"dry"},{"acid":2,"the style":"a\u0000b"},{"acid":3,"the style":"`+long+`"}]`), 3); err != nil {
		t.Fatal(err)
	}
	must(t, sc.score())
	f := &frame{}
	f.reset()
	f.rows(sc, "id", time.UnixMicro(1_780_000_000_000_000), time.Millisecond, 0, 3)
	batch, err := readFrame(f.data)
	must(t, err)
	var got []any
	for _, p := range batch.Predictions {
		got = append(got, p.Features["acid"], p.Features["the style"])
	}
	if want := []any{1.0, "dry", 2.0, "a\ufffdb", 3.0, long[:keptText]}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	if step := rowsPerEntry(m); step*keptText > 2*entryBytes {
		t.Errorf("%d rows make an entry", step)
	}

	s := newService(t, Config{ShadowModelURI: "models:/other/1"})
	s.follower.swap(m)
	s.shadow.follower.swap(m)
	s.shadow.offer(sc, "id", time.Now())
	must(t, s.shadow.score(t.Context(), <-s.shadow.queue))
	if agreed := s.shadow.counts[shadowAgreed].Load(); agreed != 3 {
		t.Errorf("%d rows agree", agreed)
	}
}

// TestInputsThatAreRefused: what a graph takes must be what the signature has.
func TestInputsThatAreRefused(t *testing.T) {
	column := func(name string, kind mlmodel.Kind) mlmodel.Column {
		return mlmodel.Column{Name: name, Type: mlmodel.Type{Kind: kind}}
	}
	for says, columns := range map[string][]mlmodel.Column{
		`"the_style" of shape [-1 1], which is none of the columns "acid" (double), "style" (string)`: {column("acid", mlmodel.Double), column("style", mlmodel.String)},
		`"the_style" is of type STRING, which is not that of column "the style", double`:              {column("acid", mlmodel.Double), column("the style", mlmodel.Double)},
		`"acid" is of type FLOAT, which is not that of column "acid", boolean`:                        {column("acid", mlmodel.Boolean), column("the style", mlmodel.String)},
		`"the_style" of shape [-1 1], which is none`:                                                  {column("acid", mlmodel.Double), column("the style", mlmodel.String), column("the-style", mlmodel.String)},
	} {
		_, err := folderModel(t, modelFiles(t, tinyForest(5, 6), func(m *mlmodel.ONNXModel) {
			m.Data, m.Example = wordedGraph(false), nil
			m.Signature = &mlmodel.Signature{Inputs: &mlmodel.Schema{Columns: columns}}
		}))
		if err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%v, want an error that says %s", err, says)
		}
	}
}
