package onnx

import (
	"math"

	"google.golang.org/protobuf/encoding/protowire"
)

// encode writes numbers as raw_data and strings as string_data, the forms that every runtime reads fastest.
func (t *Tensor) encode(w *writer) {
	w.packedInts(1, t.Dims)
	w.int(2, int64(t.Type))
	for _, s := range t.Str {
		w.textItem(6, s)
	}
	w.text(8, t.Name)
	if t.Type.size() > 0 && t.Len() > 0 {
		w.b = protowire.AppendTag(w.b, 9, protowire.BytesType)
		w.b = protowire.AppendVarint(w.b, uint64(t.Type.size()*t.Len()))
		w.raw(t)
	}
	w.text(12, t.DocString)
	w.b = append(w.b, t.Unknown...)
}

func (w *writer) raw(t *Tensor) {
	switch t.Type {
	case Float:
		for _, v := range t.F32 {
			w.b = protowire.AppendFixed32(w.b, math.Float32bits(v))
		}
	case Double:
		for _, v := range t.F64 {
			w.b = protowire.AppendFixed64(w.b, math.Float64bits(v))
		}
	case Int64:
		for _, v := range t.I64 {
			w.b = protowire.AppendFixed64(w.b, uint64(v))
		}
	case Int32:
		for _, v := range t.I32 {
			w.b = protowire.AppendFixed32(w.b, uint32(v))
		}
	case Bool:
		for _, v := range t.Bool {
			var b byte
			if v {
				b = 1
			}
			w.b = append(w.b, b)
		}
	default:
	}
}

func (v *ValueInfo) encode(w *writer) {
	w.text(1, v.Name)
	encodeAll(w, 2, one(v.Type), (*Type).encode)
	w.text(3, v.DocString)
	w.b = append(w.b, v.Unknown...)
}

func (t *Type) encode(w *writer) {
	switch t.Kind {
	case KindTensor, KindSparseTensor:
		w.sub(protowire.Number(t.Kind), func(w *writer) {
			w.int(1, int64(t.Elem))
			encodeAll(w, 2, one(t.Shape), (*Shape).encode)
		})
	case KindSequence, KindOptional:
		w.sub(protowire.Number(t.Kind), func(w *writer) { encodeAll(w, 1, one(t.Of), (*Type).encode) })
	case KindMap:
		w.sub(5, func(w *writer) {
			w.int(1, int64(t.Key))
			encodeAll(w, 2, one(t.Of), (*Type).encode)
		})
	default:
	}
	w.text(6, t.Denotation)
	w.b = append(w.b, t.Unknown...)
}

func (s *Shape) encode(w *writer) {
	for _, d := range s.Dims {
		w.sub(1, func(w *writer) {
			if d.Known { // the value is in a oneof, where zero is written too
				w.b = protowire.AppendTag(w.b, 1, protowire.VarintType)
				w.b = protowire.AppendVarint(w.b, uint64(d.Value))
			}
			w.text(2, d.Param)
			w.text(3, d.Denotation)
		})
	}
}
