package onnx

func decodeValueInfo(f *message) *ValueInfo {
	v := &ValueInfo{}
	for f.next() {
		switch f.num {
		case 1:
			v.Name = f.text()
		case 2:
			v.Type = decodeType(f.sub("type", sizeof[Type]()))
		case 3:
			v.DocString = f.text()
		default:
			v.Unknown = f.keep(v.Unknown)
		}
	}
	return v
}

func decodeType(f *message) *Type {
	t := &Type{}
	for f.next() {
		switch f.num {
		case 1, 8:
			t.Kind = TypeKind(f.num)
			decodeTensorType(f.sub("tensor type", sizeof[Shape]()), t)
		case 4, 9:
			t.Kind = TypeKind(f.num)
			decodeElementType(f.sub("element type", sizeof[Type]()), t)
		case 5:
			t.Kind = KindMap
			decodeMapType(f.sub("map type", sizeof[Type]()), t)
		case 6:
			t.Denotation = f.text()
		default:
			t.Unknown = f.keep(t.Unknown)
		}
	}
	return t
}

func decodeTensorType(f *message, t *Type) {
	for f.next() {
		switch f.num {
		case 1:
			t.Elem = DataType(f.int64())
		case 2:
			t.Shape = decodeShape(f.sub("shape", sizeof[Shape]()))
		}
	}
}

func decodeElementType(f *message, t *Type) {
	for f.next() {
		if f.num == 1 {
			t.Of = decodeType(f.sub("element type", sizeof[Type]()))
		}
	}
}

func decodeMapType(f *message, t *Type) {
	for f.next() {
		switch f.num {
		case 1:
			t.Key = DataType(f.int64())
		case 2:
			t.Of = decodeType(f.sub("value type", sizeof[Type]()))
		}
	}
}

func decodeShape(f *message) *Shape {
	s := &Shape{}
	for f.next() {
		if f.num == 1 {
			s.Dims = append(s.Dims, decodeDim(f.sub("dim", sizeof[Dim]())))
		}
	}
	return s
}

func decodeDim(f *message) (d Dim) {
	for f.next() {
		switch f.num {
		case 1:
			d.Known, d.Value, d.Param = true, f.int64(), ""
		case 2:
			d.Known, d.Value, d.Param = false, 0, f.text()
		case 3:
			d.Denotation = f.text()
		}
	}
	return d
}
