package scoring

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"mlopsgo/mlflowclient/mlmodel"
)

func wine(t testing.TB) *Input {
	t.Helper()
	in, err := NewInput(&mlmodel.Signature{Inputs: mlmodel.Columns(mlmodel.Double, "acid", "alcohol")})
	if err != nil {
		t.Fatal(err)
	}
	return in
}

func TestFormsOfOneTable(t *testing.T) {
	in := wine(t)
	var table Table
	for _, body := range []string{
		`{"dataframe_split":{"columns":["acid","alcohol"],"data":[[0.5,9],[1,2]]}}`,
		`{"dataframe_split":{"index":["x","y"],"columns":["more","alcohol","acid"],"data":[[null,9,0.5],[{},2,1]]}}`,
		`{"dataframe_split":{"columns":["alcohol","acid"],"data":[{"acid":0.5,"alcohol":9},{"alcohol":2,"acid":1}]}}`,
		`{"dataframe_records":[{"acid":0.5,"alcohol":9.0},{"alcohol":"2","acid":true}],"params":{"ignored":1}}`,
		`{"instances":[{"acid":0.5,"alcohol":9},{"alcohol":2,"acid":1}]}`,
		`{"instances":{"acid":[0.5,1],"alcohol":[9,2]}}`,
		`{"inputs":[{"acid":0.5,"alcohol":9,"more":[1]},{"alcohol":2,"acid":1}]}`,
		`{"inputs":{"more":["a","b"],"acid":[0.5,1],"alco\u0068ol":[9,2]}}`,
	} {
		if err := in.Parse(&table, "application/json", []byte(body), Limits{}); err != nil || !slices.Equal(table.Values, []float64{0.5, 9, 1, 2}) {
			t.Errorf("%s\ngives %v, %v", body, table.Values, err)
		}
	}
	for _, body := range []string{
		"acid,alcohol\n0.5,9\n1,2\n", "alcohol,acid\r\n9,0.5\r\n2,1", ",acid,\"alcohol\"\n0,0.5,9\n1,\"1\",2\n", "acid,alcohol\n\n7,0.5,9\n8,1,2\n",
		"acid,alcohol,acid\n0.5,9,7\n1,2,7",
	} {
		if err := in.Parse(&table, "text/csv; charset=utf-8", []byte(body), Limits{}); err != nil || !slices.Equal(table.Values, []float64{0.5, 9, 1, 2}) {
			t.Errorf("%q\ngives %v, %v", body, table.Values, err)
		}
	}
}

func TestErrorsSayWhatWasExpected(t *testing.T) {
	in := wine(t)
	var table Table
	for body, says := range map[string]string{
		"":                           "the body is empty; expected a JSON object with exactly one of",
		"[1]":                        `got an array; send {"dataframe_split": {"columns": […], "data": [[…], …]}} or`,
		`{"acid":0.5,"alcohol":9}`:   `and it has 0 of them; send {"dataframe_split"`,
		`{"inputs":1,"instances":2}`: "and it has 2 of them",
		`{"inputs":[[0.5,9]]}`:       `the values have no names, and the model's columns have; send`,
		`{"inputs":[{"acid":1}]}`:    `row 0: column "alcohol" has no value (missing, null or NaN); expected double`,
		`{"inputs":{"acid":1}}`:      `columns that the model needs are missing: "alcohol" (double)`,
		`{"inputs":[{"acid":1,"alcohol":2},{"acid":"strong","alcohol":2}]}`:          `row 1: column "acid": expected double, got the text "strong"`,
		`{"dataframe_records":[{"acid":[1],"alcohol":2}]}`:                           `row 0: column "acid": expected double, got an array`,
		`{"dataframe_split":{"columns":["acid","alcohol"],"data":[[1,2,3]]}}`:        "the rows have 3 values, and there are 2 columns",
		`{"dataframe_split":{"columns":["acid","alcohol"],"data":[[1,2]],"x":1}}`:    `has the member "x"`,
		`{"dataframe_split":{"columns":["acid","acid","alcohol"],"data":[[1,2,3]]}}`: `column "acid" is there twice`,
		`{"dataframe_records":[{"acid":1,"alcohol":2},7]}`:                           "row 1: expected an object, got 7",
		`{"inputs":` + strings.Repeat("[", 65) + "}":                                 "nest deeper than 64 levels",
		`{"inputs":{"acid":[1,2,3,4],"alcohol":1}}`:                                  "more than 3 rows",
		`{"messages":[]}`: "one of a language model's request",
		`{"inputs":tru}`:  `not valid JSON at byte 10: expected a value, got "tru}"`,
	} {
		err := in.Parse(&table, "application/json", []byte(body), Limits{Rows: 3})
		if err == nil || err.Status != 400 || !strings.Contains(err.Message, says) {
			t.Errorf("%s\nis refused by %v\nwant one that says %s", body, err, says)
		}
	}
	for header, says := range map[string]string{
		"": "the header Content-Type is missing; expected application/json or text/csv", "text/plain": `the content type "text/plain" is not read here`,
		"application/json; charset=latin1": "another charset than utf-8", "text/csv; header=1": `the parameter "header"`,
		"application/vnd.apache.parquet": "Parquet is not read here",
	} {
		err := in.Parse(&table, header, []byte(`{"inputs":{"acid":1,"alcohol":1}}`), Limits{})
		if err == nil || err.Status != 415 || !strings.Contains(err.Message, says) {
			t.Errorf("%q is refused by %v, want 415 and %s", header, err, says)
		}
	}
}

func TestBodiesOfErrors(t *testing.T) {
	for _, test := range []struct {
		err  *Error
		want string
	}{
		{malformed("a"), `{"error_code":"BAD_REQUEST","message":"a","sqlstate":"KAM00","error_class":"INVALID_PARAMETER_VALUE"}`},
		{unfit("b"), `{"error_code":"INVALID_PARAMETER_VALUE","message":"b","sqlstate":"KAM01","error_class":"SCHEMA_ENFORCEMENT_FAILED"}`},
		{unsupported("c"), "c"},
	} {
		body, contentType := test.err.Body()
		if string(body) != test.want || json.Valid(body) != (contentType == "application/json") {
			t.Errorf("%s %s, want %s", contentType, body, test.want)
		}
	}
}

func TestSignaturesThatAreRefused(t *testing.T) {
	for says, s := range map[string]*mlmodel.Signature{
		"no signature":              nil,
		"is of type binary":         {Inputs: mlmodel.Columns(mlmodel.Binary, "a")},
		"no missing value":          {Inputs: &mlmodel.Schema{Columns: []mlmodel.Column{{Name: "a", Type: mlmodel.Type{Kind: mlmodel.Long}, Optional: true}}}},
		"empty or there twice":      {Inputs: mlmodel.Columns(mlmodel.Double, "a", "a")},
		"float64 or float32":        {Inputs: &mlmodel.Schema{Tensors: []mlmodel.TensorSpec{{DType: "int64", Shape: []int64{-1, 2}}}}},
		"and shape [-1, n]":         {Inputs: &mlmodel.Schema{Tensors: []mlmodel.TensorSpec{{DType: "float64", Shape: []int64{-1, 2, 2}}}}},
		"tensors [{ float64 [2 2]}": {Inputs: &mlmodel.Schema{Tensors: []mlmodel.TensorSpec{{DType: "float64", Shape: []int64{2, 2}}}}},
	} {
		if _, err := NewInput(s); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%v, want an error that says %q", err, says)
		}
	}
}

// TestFieldsAreBounded: a body of nothing but commas does not take thirty times its size.
func TestFieldsAreBounded(t *testing.T) {
	in := wine(t)
	var table Table
	for _, body := range []string{strings.Repeat(",", 1<<20), "acid,alcohol\n1,2\n" + strings.Repeat(",", 1<<20)} {
		err := in.Parse(&table, "text/csv", []byte(body), Limits{})
		if err == nil || !strings.Contains(err.Message, "more than 4098 fields") || table.Bytes() > 1<<19 {
			t.Errorf("%v, and %d bytes are kept", err, table.Bytes())
		}
	}
	wide := "acid,alcohol" + strings.Repeat(",x", 1000) + "\n0.5,9" + strings.Repeat(",1", 1000)
	if err := in.Parse(&table, "text/csv", []byte(wide), Limits{}); err != nil || !slices.Equal(table.Values, []float64{0.5, 9}) {
		t.Errorf("%v, %v", table.Values, err)
	}
}
