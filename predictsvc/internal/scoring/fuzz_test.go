package scoring

import (
	"encoding/json"
	"math"
	"strings"
	"testing"

	"mlopsgo/mlflowclient/mlmodel"
)

var mixed = &mlmodel.Signature{
	Inputs: &mlmodel.Schema{Columns: []mlmodel.Column{
		{Name: "acid", Type: mlmodel.Type{Kind: mlmodel.Double}},
		{Name: "year", Type: mlmodel.Type{Kind: mlmodel.Integer}},
		{Name: "red", Type: mlmodel.Type{Kind: mlmodel.Boolean}},
		{Name: "sugar", Type: mlmodel.Type{Kind: mlmodel.Float}, Optional: true},
	}},
	Params: []mlmodel.Param{{Name: "top", Type: mlmodel.Type{Kind: mlmodel.Long}, Default: mlmodel.Number("3")}},
}

// worded has texts.
var worded = &mlmodel.Signature{
	Inputs: &mlmodel.Schema{Columns: []mlmodel.Column{
		{Name: "acid", Type: mlmodel.Type{Kind: mlmodel.Double}}, {Name: "style", Type: mlmodel.Type{Kind: mlmodel.String}},
	}},
}

func tensorSignature(name string, n int64) *mlmodel.Signature {
	return &mlmodel.Signature{Inputs: &mlmodel.Schema{Tensors: []mlmodel.TensorSpec{{Name: name, DType: "float64", Shape: []int64{-1, n}}}}}
}

// FuzzParse: whatever the body, there are either rows of values that the signature allows or an error that says something, and the memory
// that is kept is bounded by the body's length.
func FuzzParse(f *testing.F) {
	for _, seed := range []struct{ contentType, body string }{
		{"application/json", `{"dataframe_split":{"columns":["acid","year","red"],"data":[[0.5,5,true]],"index":[0]},"params":{"top":1}}`},
		{"application/json", `{"dataframe_records":[{"acid":"0.5","year":5.0,"red":0,"sugar":null,"x":[1]}]}`},
		{"application/json; charset=utf-8", `{"instances":[{"acid":NaN,"year":-Infinity,"red":"\u0031"},{}]}`},
		{"application/json", `{"inputs":{"acid":[1,2],"year":5,"red":[true,false]}}`},
		{"application/json", "\ufeff" + `{"inputs":[[1,2,3],[4,5,6]]}`},
		{"application/json", `{"inputs":{"X":[[1,2,3]]},"inputs":[[[1]]]}`},
		{"text/csv", ",acid,\"year\",red\r\n0,0.5,5,True\n1,\"1\"\"2\",NA,0\n\n"},
		{"text/csv", "acid,year,red\n1,2,0,3\n1,2,0,3,4"},
		{"text/csv", "\"a\n"},
		{"text/csv", "style,acid\ndry,1\n\"very\"\" dry\",2"},
		{"application/json", `{"inputs":{"style":["dry","\u0073weet"],"acid":1}}`},
		{"text/plain; x=y", "["},
	} {
		f.Add(seed.contentType, []byte(seed.body))
	}
	var inputs []*Input
	for _, s := range []*mlmodel.Signature{mixed, worded, tensorSignature("", 3), tensorSignature("X", 1)} {
		in, err := NewInput(s)
		if err != nil {
			f.Fatal(err)
		}
		inputs = append(inputs, in)
	}
	const most = 100
	f.Fuzz(func(t *testing.T, contentType string, body []byte) {
		for _, in := range inputs {
			var table Table
			if err := in.Parse(&table, contentType, body, Limits{Rows: most}); err != nil {
				if err.Message == "" || err.Status != 400 && err.Status != 415 || len(err.Message) > 2000 {
					t.Fatalf("%q %q is refused by %+v", contentType, body, err)
				}
			} else {
				checkTable(t, in, &table, most)
			}
			fields := min(len(body)+1, len(in.Columns)+mostExtraFields) // of a record, each of which takes 32 bytes
			if kept, bound := table.Bytes(), 20*len(body)+16*most*len(in.Columns)+1024+2*32*fields; kept > bound {
				t.Fatalf("%q keeps %d bytes, want at most %d", body, kept, bound)
			}
		}
	})
}

// FuzzInfer: likewise for the Open Inference Protocol.
func FuzzInfer(f *testing.F) {
	for _, seed := range []string{
		`{"id":"x","inputs":[{"name":"X","shape":[2,3],"datatype":"FP64","data":[[1,2,3],[4,5,6]]}],"outputs":[{"name":"predict"}]}`,
		`{"inputs":[{"name":"acid","shape":[1],"datatype":"FP32","data":[1]},{"name":"year","shape":[1,1],"datatype":"INT64","data":[[1]]},` +
			`{"name":"red","shape":[1],"datatype":"BOOL","data":[true]}]}`,
		`{"inputs":[{"name":"acid","shape":[1],"datatype":"FP32","data":[1]},{"name":"style","shape":[1],"datatype":"BYTES","data":["dry"]}]}`,
		`{"inputs":[{"name":"X","shape":[2147483647,2147483647],"datatype":"BYTES","data":[]}]}`, `{"inputs":[{"name":"X","shape":[3,0],"datatype":"FP64","data":[]}]}`,
	} {
		f.Add([]byte(seed))
	}
	const most = 100
	f.Fuzz(func(t *testing.T, body []byte) {
		for _, s := range []*mlmodel.Signature{mixed, worded, tensorSignature("X", 3)} {
			in, err := NewInput(s)
			if err != nil {
				t.Fatal(err)
			}
			var table Table
			if _, err := in.ParseInfer(&table, body, Limits{Rows: most}); err != nil {
				if err.Message == "" || err.Status != 400 || len(err.Message) > 2000 {
					t.Fatalf("%q is refused by %+v", body, err)
				}
			} else {
				checkTable(t, in, &table, most)
			}
		}
	})
}

func checkTable(t *testing.T, in *Input, table *Table, most int) {
	t.Helper()
	if table.Rows > most || len(table.Values) != table.Rows*len(in.Columns) {
		t.Fatalf("%d rows and %d values", table.Rows, len(table.Values))
	}
	for i, v := range table.Values {
		c := &in.Columns[i%len(in.Columns)]
		if math.IsNaN(v) {
			if !c.Optional {
				t.Fatalf("column %q has no value", c.Name)
			}
			continue
		}
		if c.Kind == mlmodel.String {
			if v < 0 || int(v) >= len(table.Texts) || v != math.Trunc(v) {
				t.Fatalf("column %q has text %v of %d", c.Name, v, len(table.Texts))
			}
			continue
		}
		if fitted, ok := c.fit(v); !ok || math.IsInf(v, 0) || fitted != v {
			t.Fatalf("column %q of type %s gets %v", c.Name, c.Kind, v)
		}
	}
}

// FuzzJSON: what encoding/json takes is read, and has the same values; what is read beyond that has NaN or Infinity in it.
func FuzzJSON(f *testing.F) {
	for _, seed := range []string{
		`{"a":[1,-2.5e+3,"x\n\u00e9",true,null,{}],"a":[]}`, "[[[[]]]]", "NaN", "[-Infinity,Infinity]", `"\ud800"`, "01", "1.", "-", "\"\t\"", `{"a":}`, "",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		var d document
		err := d.read(body)
		var want any
		decoder := json.NewDecoder(strings.NewReader(string(body)))
		decoder.UseNumber()
		wrong := decoder.Decode(&want)
		if valid := json.Valid(body); valid && err != nil && !strings.Contains(err.Message, "UTF-8") && !strings.Contains(err.Message, "deeper") {
			t.Fatalf("%q is refused: %s", body, err.Message)
		} else if err == nil && !valid && !strings.ContainsAny(string(body), "NI\ufeff") {
			t.Fatalf("%q is taken", body)
		} else if err != nil || !valid || wrong != nil {
			return
		}
		if next := d.next(0); int(next) != len(d.nodes) {
			t.Fatalf("%q: the first value ends at %d of %d", body, next, len(d.nodes))
		}
		same(t, &d, 0, want)
	})
}

func same(t *testing.T, d *document, i uint32, want any) {
	t.Helper()
	switch want := want.(type) {
	case map[string]any:
		for name, value := range want {
			at, ok := d.member(i, name)
			if !ok && strings.Contains(name, "\ufffd") {
				continue
			}
			if !ok {
				t.Fatalf("no member %q", name)
			}
			same(t, d, at, value)
		}
	case []any:
		if int(d.nodes[i].size) != len(want) {
			t.Fatalf("%d items, want %d", d.nodes[i].size, len(want))
		}
		for j, item := range d.items(i) {
			same(t, d, item, want[j])
		}
	case string:
		if got := string(d.textOf(i)); got != want {
			t.Fatalf("%q, want %q", got, want)
		}
	case json.Number:
		if got := string(d.bytes(i)); got != want.String() {
			t.Fatalf("%q, want %q", got, want)
		}
	}
}
