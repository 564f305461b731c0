package onnx

import (
	"bytes"
	"errors"
	"math"
	"reflect"
	"testing"

	"google.golang.org/protobuf/encoding/protowire"
)

// everything is a model that uses each field of the codec.
func everything() *Model {
	scalar := &Tensor{Name: "s", Type: Float, F32: []float32{float32(math.NaN())}}
	sparse := &SparseTensor{Values: NewFloats([]float32{1}), Indices: NewInts([]int64{4}), Dims: []int64{9}}
	inner := &Graph{Name: "inner", Nodes: []*Node{{OpType: "Identity", Inputs: []string{"a", ""}, Outputs: []string{"b"}}}}
	typ := &Type{Kind: KindMap, Key: Int64, Of: TensorType(Float, -1, 3), Denotation: "D"}
	attrs := []*Attribute{
		{Name: "f", Type: AttrFloat, F: -0.5, DocString: "doc"},
		{Name: "zero", Type: AttrFloat},
		{Name: "i", Type: AttrInt, I: math.MinInt64},
		{Name: "s", Type: AttrString, S: []byte{0, 255}},
		{Name: "t", Type: AttrTensor, T: scalar},
		{Name: "g", Type: AttrGraph, G: inner},
		{Name: "fs", Type: AttrFloats, Floats: []float32{1, 2}},
		{Name: "is", Type: AttrInts, Ints: []int64{-1, 1 << 60}},
		{Name: "ss", Type: AttrStrings, Strings: [][]byte{[]byte("x"), nil}},
		{Name: "ts", Type: AttrTensors, Tensors: []*Tensor{NewStrings([]string{"", "ü"}), NewDoubles(nil)}},
		{Name: "gs", Type: AttrGraphs, Graphs: []*Graph{inner}},
		{Name: "sp", Type: AttrSparseTensor, SparseTensors: []*SparseTensor{sparse}},
		{Name: "sps", Type: AttrSparseTensors, SparseTensors: []*SparseTensor{sparse, sparse}},
		{Name: "ty", Type: AttrTypeProto, Types: []*Type{typ}},
		{Name: "tys", Type: AttrTypeProtos, Types: []*Type{typ, {Kind: KindOptional, Of: typ}}},
		{Name: "ref", Type: AttrInt, RefAttrName: "outer"},
	}
	half := &Tensor{Name: "h", Type: 10, Dims: []int64{1}, Unknown: protowire.AppendString(protowire.AppendTag(nil, 5, protowire.BytesType), "\x07")}
	return &Model{
		IRVersion: 8, ProducerName: "p", ProducerVersion: "1", Domain: "d", ModelVersion: -3, DocString: "doc",
		OpsetImports: []OpsetID{{"", 15}, {"ai.onnx.ml", 3}}, Metadata: []StringEntry{{"k", "v"}},
		Unknown: protowire.AppendString(protowire.AppendTag(nil, 25, protowire.BytesType), ""),
		Graph: &Graph{
			Name: "g", DocString: "doc",
			Nodes:        []*Node{{Name: "n", OpType: "Op", Domain: "x", DocString: "doc", Attributes: attrs}},
			Initializers: []*Tensor{{Name: "i32", Type: Int32, Dims: []int64{2}, I32: []int32{-1, 2}}, {Name: "b", Type: Bool, Dims: []int64{2}, Bool: []bool{true, false}}, half},
			Inputs:       []*ValueInfo{{Name: "x", Type: TensorType(Double, -1, 0), DocString: "doc"}},
			Outputs:      []*ValueInfo{{Name: "y", Type: &Type{Kind: KindSequence, Of: typ}}},
			ValueInfos:   []*ValueInfo{{Name: "v", Type: &Type{Kind: KindTensor, Elem: Bool, Shape: &Shape{Dims: []Dim{{Param: "N", Denotation: "BATCH"}}}}}},
		},
	}
}

// TestRoundTrip decodes what it encoded; NaN is why the second encoding is compared and not the structures.
func TestRoundTrip(t *testing.T) {
	want := everything()
	data := want.Encode()
	got, err := Decode(data)
	if err != nil {
		t.Fatal(err)
	}
	if again := got.Encode(); !bytes.Equal(again, data) {
		t.Fatalf("%d bytes became %d", len(data), len(again))
	}
	if !reflect.DeepEqual(got.OpsetImports, want.OpsetImports) || !reflect.DeepEqual(got.Graph.Inputs, want.Graph.Inputs) ||
		!reflect.DeepEqual(got.Graph.Initializers, want.Graph.Initializers) || got.ModelVersion != -3 {
		t.Fatalf("got %+v", got)
	}
	for i, a := range got.Graph.Nodes[0].Attributes {
		if w := want.Graph.Nodes[0].Attributes[i]; a.Name != "t" && a.Name != "ss" && !reflect.DeepEqual(a, w) {
			t.Errorf("attribute %s: got %+v, want %+v", a.Name, a, w)
		}
	}
}

// TestRoundTripPython lets the onnx package read what Encode wrote and write it again.
func TestRoundTripPython(t *testing.T) {
	data := everything().Encode()
	path := t.TempDir() + "/m.onnx"
	writeFile(t, path, data)
	out := python(t, "reserialize.py", path)
	m, err := Decode(out)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(m.Encode(), data) {
		t.Fatal("the onnx package read something else than was written")
	}
}

// TestTypedData reads numbers in the typed fields, packed and not, where Encode uses raw_data.
func TestTypedData(t *testing.T) {
	var w writer
	w.int(2, int64(Float))
	w.packedInts(1, []int64{3})
	w.packedFloats(4, []float32{1, 2})
	w.b = protowire.AppendFixed32(protowire.AppendTag(w.b, 4, protowire.Fixed32Type), math.Float32bits(3))
	x, err := decodeOne(w.b)
	if err != nil || !reflect.DeepEqual(x.F32, []float32{1, 2, 3}) {
		t.Fatalf("floats: %v, %v", x, err)
	}
	w = writer{}
	w.packedInts(5, []int64{-1, 7}) // the data before the type
	w.int(2, int64(Int32))
	if x, err = decodeOne(w.b); err != nil || !reflect.DeepEqual(x.I32, []int32{-1, 7}) {
		t.Fatalf("int32: %v, %v", x, err)
	}
	w = writer{}
	w.int(2, int64(Int64))
	w.packedFloats(4, []float32{1})
	if _, err = decodeOne(w.b); err == nil {
		t.Fatal("floats in a tensor of INT64 were accepted")
	}
	w = writer{}
	w.int(2, int64(Double))
	w.bytes(9, make([]byte, 9))
	if _, err = decodeOne(w.b); err == nil {
		t.Fatal("9 bytes of doubles were accepted")
	}
}

func decodeOne(b []byte) (*Tensor, error) {
	d := &decoder{budget: memoryFor(len(b))}
	x := decodeTensor(d.message("tensor", b, 0))
	return x, d.err
}

// TestDecodeHostile states that crafted files end in an error that says why, without much memory.
func TestDecodeHostile(t *testing.T) {
	nested := []byte{}
	for range 200 { // graph in attribute in node in graph …
		var g, n, a writer
		a.bytes(6, nested)
		n.bytes(5, a.b)
		g.bytes(1, n.b)
		nested = g.b
	}
	var deep writer
	deep.bytes(7, nested)
	empty := bytes.Repeat([]byte{0x0a, 0}, 8<<20) // 8 million empty nodes
	var many writer
	many.bytes(7, empty)
	var twice writer
	twice.bytes(7, nil)
	twice.bytes(7, nil)
	for name, data := range map[string][]byte{
		"empty": {}, "text": []byte("<!doctype html><html>"), "truncated": everything().Encode()[:300],
		"deep": deep.b, "many": many.b, "two graphs": twice.b, "group": {0x0b, 0x0c}, "long length": {0x3a, 0xff, 0xff, 0xff, 0xff, 0x7f},
	} {
		if _, err := Decode(data); !errors.Is(err, ErrFormat) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}
