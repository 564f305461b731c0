package onnx

import (
	"math"

	"google.golang.org/protobuf/encoding/protowire"
)

// Encode writes the model as an ONNX file. Fields are written in the order of their numbers, unknown ones last.
func (m *Model) Encode() []byte {
	var w writer
	w.int(1, m.IRVersion)
	w.text(2, m.ProducerName)
	w.text(3, m.ProducerVersion)
	w.text(4, m.Domain)
	w.int(5, m.ModelVersion)
	w.text(6, m.DocString)
	if m.Graph != nil {
		w.sub(7, m.Graph.encode)
	}
	for _, o := range m.OpsetImports {
		w.sub(8, func(w *writer) {
			w.text(1, o.Domain)
			w.int(2, o.Version)
		})
	}
	for _, e := range m.Metadata {
		w.sub(14, func(w *writer) {
			w.text(1, e.Key)
			w.text(2, e.Value)
		})
	}
	return append(w.b, m.Unknown...)
}

// writer appends fields; like every protobuf writer it leaves out zero values.
type writer struct {
	b []byte
}

func (w *writer) int(num protowire.Number, v int64) {
	if v != 0 {
		w.b = protowire.AppendTag(w.b, num, protowire.VarintType)
		w.b = protowire.AppendVarint(w.b, uint64(v))
	}
}

func (w *writer) text(num protowire.Number, s string) {
	if s != "" {
		w.textItem(num, s)
	}
}

// textItem writes an element of a repeated field, where the empty string counts.
func (w *writer) textItem(num protowire.Number, s string) {
	w.b = protowire.AppendTag(w.b, num, protowire.BytesType)
	w.b = protowire.AppendString(w.b, s)
}

func (w *writer) bytes(num protowire.Number, v []byte) {
	w.b = protowire.AppendTag(w.b, num, protowire.BytesType)
	w.b = protowire.AppendBytes(w.b, v)
}

func (w *writer) sub(num protowire.Number, encode func(*writer)) {
	var inner writer
	encode(&inner)
	w.bytes(num, inner.b)
}

func (w *writer) packedInts(num protowire.Number, vs []int64) {
	if len(vs) == 0 {
		return
	}
	size := 0
	for _, v := range vs {
		size += protowire.SizeVarint(uint64(v))
	}
	w.b = protowire.AppendTag(w.b, num, protowire.BytesType)
	w.b = protowire.AppendVarint(w.b, uint64(size))
	for _, v := range vs {
		w.b = protowire.AppendVarint(w.b, uint64(v))
	}
}

func (w *writer) packedFloats(num protowire.Number, vs []float32) {
	if len(vs) == 0 {
		return
	}
	w.b = protowire.AppendTag(w.b, num, protowire.BytesType)
	w.b = protowire.AppendVarint(w.b, uint64(4*len(vs)))
	for _, v := range vs {
		w.b = protowire.AppendFixed32(w.b, math.Float32bits(v))
	}
}

func (g *Graph) encode(w *writer) {
	for _, n := range g.Nodes {
		w.sub(1, n.encode)
	}
	w.text(2, g.Name)
	for _, t := range g.Initializers {
		w.sub(5, t.encode)
	}
	w.text(10, g.DocString)
	for _, v := range g.Inputs {
		w.sub(11, v.encode)
	}
	for _, v := range g.Outputs {
		w.sub(12, v.encode)
	}
	for _, v := range g.ValueInfos {
		w.sub(13, v.encode)
	}
	w.b = append(w.b, g.Unknown...)
}

func (n *Node) encode(w *writer) {
	for _, s := range n.Inputs {
		w.textItem(1, s)
	}
	for _, s := range n.Outputs {
		w.textItem(2, s)
	}
	w.text(3, n.Name)
	w.text(4, n.OpType)
	for _, a := range n.Attributes {
		w.sub(5, a.encode)
	}
	w.text(6, n.DocString)
	w.text(7, n.Domain)
	w.b = append(w.b, n.Unknown...)
}

func (a *Attribute) encode(w *writer) {
	w.text(1, a.Name)
	a.encodeValue(w)
	w.text(13, a.DocString)
	w.int(20, int64(a.Type))
	w.text(21, a.RefAttrName)
	w.b = append(w.b, a.Unknown...)
}

// encodeValue writes only the field that the type of the attribute names.
func (a *Attribute) encodeValue(w *writer) {
	if a.RefAttrName != "" {
		return
	}
	switch a.Type {
	case AttrFloat:
		w.b = protowire.AppendTag(w.b, 2, protowire.Fixed32Type)
		w.b = protowire.AppendFixed32(w.b, math.Float32bits(a.F))
	case AttrInt:
		w.b = protowire.AppendTag(w.b, 3, protowire.VarintType)
		w.b = protowire.AppendVarint(w.b, uint64(a.I))
	case AttrString:
		w.bytes(4, a.S)
	case AttrTensor:
		encodeAll(w, 5, one(a.T), (*Tensor).encode)
	case AttrGraph:
		encodeAll(w, 6, one(a.G), (*Graph).encode)
	case AttrFloats:
		w.packedFloats(7, a.Floats)
	case AttrInts:
		w.packedInts(8, a.Ints)
	case AttrStrings:
		for _, s := range a.Strings {
			w.bytes(9, s)
		}
	case AttrTensors:
		encodeAll(w, 10, a.Tensors, (*Tensor).encode)
	case AttrGraphs:
		encodeAll(w, 11, a.Graphs, (*Graph).encode)
	case AttrTypeProto:
		encodeAll(w, 14, a.Types, (*Type).encode)
	case AttrTypeProtos:
		encodeAll(w, 15, a.Types, (*Type).encode)
	case AttrSparseTensor:
		encodeAll(w, 22, a.SparseTensors, (*SparseTensor).encode)
	case AttrSparseTensors:
		encodeAll(w, 23, a.SparseTensors, (*SparseTensor).encode)
	default:
	}
}

func one[T any](v *T) []*T {
	if v == nil {
		return nil
	}
	return []*T{v}
}

func encodeAll[T any](w *writer, num protowire.Number, items []*T, encode func(*T, *writer)) {
	for _, item := range items {
		w.sub(num, func(w *writer) { encode(item, w) })
	}
}

func (s *SparseTensor) encode(w *writer) {
	encodeAll(w, 1, one(s.Values), (*Tensor).encode)
	encodeAll(w, 2, one(s.Indices), (*Tensor).encode)
	w.packedInts(3, s.Dims)
	w.b = append(w.b, s.Unknown...)
}
