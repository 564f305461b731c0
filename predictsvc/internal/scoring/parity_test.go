package scoring_test

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/json"
	"math"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"mlopsgo/internal/stack"
	"mlopsgo/mlflowclient/mlmodel"
	"mlopsgo/predictsvc/internal/scoring"
	"mlopsgo/predictsvc/internal/scoring/scoringtest"
)

// signatures are of every kind that a table classifier can have.
func signatures() []*mlmodel.Signature {
	column := func(name string, kind mlmodel.Kind) mlmodel.Column {
		return mlmodel.Column{Name: name, Type: mlmodel.Type{Kind: kind}}
	}
	scalar := func(name string, kind mlmodel.Kind, value any) mlmodel.Param {
		return mlmodel.Param{Name: name, Type: mlmodel.Type{Kind: kind}, Default: value}
	}
	weights := scalar("weights", mlmodel.Double, []any{mlmodel.Number("1.0")})
	weights.Vector = true
	optional := column("sugar", mlmodel.Double)
	optional.Optional = true
	tensor := func(name, dtype string, n int64) *mlmodel.Signature {
		return &mlmodel.Signature{Inputs: &mlmodel.Schema{Tensors: []mlmodel.TensorSpec{{Name: name, DType: dtype, Shape: []int64{-1, n}}}}}
	}
	return []*mlmodel.Signature{
		{Inputs: mlmodel.Columns(mlmodel.Double, "volatile acidity", "citric acid", "sulphates", "alcohol")},
		{
			Inputs: &mlmodel.Schema{Columns: []mlmodel.Column{
				column("acid", mlmodel.Double), column("alcohol", mlmodel.Float), column("year", mlmodel.Integer), column("bottles", mlmodel.Long),
				column("red", mlmodel.Boolean), optional,
			}},
			Params: []mlmodel.Param{
				scalar("top", mlmodel.Long, mlmodel.Number("3")), weights, scalar("exact", mlmodel.Boolean, true), scalar("name", mlmodel.String, "x"),
			},
		},
		{Inputs: mlmodel.Columns(mlmodel.Double, "alcohol")},
		tensor("", "float64", 4), tensor("", "float32", 3), tensor("X", "float32", 2), tensor("", "float64", 1),
	}
}

const good = `{"acid":0.5,"alcohol":9.4,"year":5,"bottles":7,"red":true}`

func records(change ...string) string {
	return `{"dataframe_records":[` + strings.NewReplacer(change...).Replace(good) + "]}"
}

func split(columns, data, more string) string {
	return `{"dataframe_split":{"columns":` + columns + `,"data":` + data + more + "}}"
}

const names, row = `["acid","alcohol","year","bottles","red"]`, `[[0.5,9.4,5,7,true]]`

// examples are bodies for the second of the signatures, one for each known difference.
var examples = map[scoringtest.Peculiarity]struct{ body, contentType string }{
	scoringtest.Missing:     {body: records("0.5", "null")},
	scoringtest.NotFinite:   {body: records("0.5", "1e400")},
	scoringtest.Fraction:    {body: records("5,", "5.5,")},
	scoringtest.OutOfRange:  {body: records(":5,", ":3000000000,")},
	scoringtest.NoTruth:     {body: records("true", `"false"`)},
	scoringtest.OtherIndex:  {body: split(names, row, `,"index":[0,1]`)},
	scoringtest.DataObject:  {body: split(names, `{"acid":[0.5],"alcohol":[9],"year":[5],"bottles":[7],"red":[true]}`, "")},
	scoringtest.NamesObject: {body: split(`{"acid":1,"alcohol":1,"year":1,"bottles":1,"red":1}`, row, "")},
	scoringtest.NestedName:  {body: split(`["acid","alcohol","year","bottles","red",[1]]`, `[[0.5,9.4,5,7,true,1]]`, "")},
	scoringtest.EmptyObject: {body: `{"instances":[` + good + ",{}]}"},
	scoringtest.Deep:        {body: strings.Repeat("[", 5000) + strings.Repeat("]", 5000)},
	scoringtest.HugeNumber:  {body: records("0.5", strings.Repeat("9", 5000))},
	scoringtest.NoType:      {records(), "none"},
	scoringtest.Parquet:     {records(), "application/vnd.apache.parquet"},
}

// reference is what MLflow made of a body.
type reference struct {
	Status  int
	Code    string
	Message string
	Rows    [][]any
}

func TestSameRowsAsMLflow(t *testing.T) {
	python := stack.Python(t, "mlflow")
	counts := []int{250, 700, 100, 250, 100, 150, 100} // for each signature
	var inputs []*scoring.Input
	var bodies []scoringtest.Body
	var models []int
	for i, signature := range signatures() {
		in, err := scoring.NewInput(signature)
		if err != nil {
			t.Fatal(err)
		}
		inputs = append(inputs, in)
		generator := scoringtest.New(in, uint64(i))
		for range counts[i] {
			bodies, models = append(bodies, generator.Next()), append(models, i)
		}
	}
	for p, example := range examples {
		contentType := cmp.Or(example.contentType, "application/json")
		if contentType == "none" {
			contentType = ""
		}
		bodies = append(bodies, scoringtest.Body{ContentType: contentType, Data: []byte(example.body), Peculiar: []scoringtest.Peculiarity{p}})
		models = append(models, 1)
	}
	seen := map[scoringtest.Peculiarity]int{}
	accepted := 0
	var table scoring.Table
	for i, want := range ask(t, python, bodies, models) {
		in, body := inputs[models[i]], bodies[i]
		err := in.Parse(&table, body.ContentType, body.Data, scoring.Limits{})
		switch {
		case err == nil && want.Status == 200:
			accepted++
			if got := rowsOf(&table, len(in.Columns)); !slices.EqualFunc(got, want.Rows, slices.Equal) {
				t.Errorf("model %d, %s %s\ngives %v\nwant  %v", models[i], body.ContentType, body.Data, got, want.Rows)
			}
		case err != nil && want.Status == err.Status && (want.Code == err.Code || in.Tensor || body.Faults > 1 || body.Nested):
		default:
			if p, ok := body.Explains(want.Status, statusOf(err)); ok {
				seen[p]++
				continue
			}
			t.Errorf("model %d (%s), %q %.300s %v\ngives %+v\nwant  %+v", models[i], in, body.ContentType, body.Data, body.Peculiar, err, want)
		}
	}
	for p := range scoringtest.Differences {
		if seen[p] == 0 {
			t.Errorf("MLflow does as this package for what is said to be different: %s", p)
		}
	}
	t.Logf("%d bodies, %d accepted by both, %d knowingly refused: %v", len(bodies), accepted, sum(seen), seen)
	if accepted < len(bodies)/4 {
		t.Errorf("only %d of %d bodies are accepted: the generator makes too many bad ones", accepted, len(bodies))
	}
}

func statusOf(err *scoring.Error) int {
	if err == nil {
		return 200
	}
	return err.Status
}

func sum(seen map[scoringtest.Peculiarity]int) (n int) {
	for _, v := range seen {
		n += v
	}
	return n
}

func rowsOf(t *scoring.Table, width int) [][]any {
	rows := make([][]any, t.Rows)
	for i, v := range t.Values {
		var cell any
		if !math.IsNaN(v) {
			cell = v
		}
		rows[i/width] = append(rows[i/width], cell)
	}
	return rows
}

// ask has MLflow's own code read the bodies.
func ask(t *testing.T, python string, bodies []scoringtest.Body, models []int) []reference {
	t.Helper()
	var in bytes.Buffer
	write := func(v any) {
		if err := json.NewEncoder(&in).Encode(v); err != nil {
			t.Fatal(err)
		}
	}
	type spec struct {
		Inputs string  `json:"inputs"`
		Params *string `json:"params"`
	}
	var specs []spec
	for _, s := range signatures() {
		text, params := schemaTexts(t, s)
		specs = append(specs, spec{text, params})
	}
	write(specs)
	for i, b := range bodies {
		write(map[string]any{"model": models[i], "content_type": b.ContentType, "body": b.Data})
	}
	cmd := exec.CommandContext(t.Context(), python, "testdata/reference.py")
	cmd.Stdin = &in
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, &stderr)
	}
	var answers []reference
	lines := bufio.NewScanner(bytes.NewReader(out))
	lines.Buffer(nil, 1<<24)
	for lines.Scan() {
		var r reference
		if err := json.Unmarshal(lines.Bytes(), &r); err != nil {
			t.Fatal(err)
		}
		answers = append(answers, r)
	}
	if len(answers) != len(bodies) {
		t.Fatalf("%d answers to %d bodies\n%s", len(answers), len(bodies), &stderr)
	}
	return answers
}

// schemaTexts are a signature's parts as they stand in MLmodel.
func schemaTexts(t *testing.T, s *mlmodel.Signature) (inputs string, params *string) {
	t.Helper()
	inputs, err := s.Inputs.JSON()
	if err != nil {
		t.Fatal(err)
	}
	if s.Params != nil {
		const text = `[{"name":"top","default":3,"shape":null,"type":"long"},{"name":"weights","default":[1.0],"shape":[-1],"type":"double"},` +
			`{"name":"exact","default":true,"shape":null,"type":"boolean"},{"name":"name","default":"x","shape":null,"type":"string"}]`
		params = new(string)
		*params = text
	}
	return inputs, params
}
