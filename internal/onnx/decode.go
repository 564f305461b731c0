package onnx

import "reflect"

// Decode reads an ONNX model file. The result shares nothing with data. Memory is bounded by a multiple of len(data);
// errors wrap [ErrFormat]. The graph is not checked for meaning: [Load] does that.
func Decode(data []byte) (*Model, error) {
	d := &decoder{budget: memoryFor(len(data))}
	m := &Model{}
	for f := d.message("model", data, 0); f.next(); {
		switch f.num {
		case 1:
			m.IRVersion = f.int64()
		case 2:
			m.ProducerName = f.text()
		case 3:
			m.ProducerVersion = f.text()
		case 4:
			m.Domain = f.text()
		case 5:
			m.ModelVersion = f.int64()
		case 6:
			m.DocString = f.text()
		case 7:
			if m.Graph != nil {
				d.fail("the model has two graphs")
			}
			m.Graph = decodeGraph(f.sub("graph", sizeof[Graph]()))
		case 8:
			m.OpsetImports = append(m.OpsetImports, decodeOpset(f.sub("opset_import", sizeof[OpsetID]())))
		case 14:
			m.Metadata = append(m.Metadata, decodeEntry(f.sub("metadata_props", sizeof[StringEntry]())))
		default:
			m.Unknown = f.keep(m.Unknown)
		}
	}
	if d.err == nil && m.Graph == nil {
		d.fail("it has no graph")
	}
	if d.err != nil {
		return nil, d.err
	}
	return m, nil
}

func sizeof[T any]() int { return int(reflect.TypeFor[T]().Size()) }

func decodeOpset(f *message) (o OpsetID) {
	for f.next() {
		switch f.num {
		case 1:
			o.Domain = f.text()
		case 2:
			o.Version = f.int64()
		}
	}
	return o
}

func decodeEntry(f *message) (e StringEntry) {
	for f.next() {
		switch f.num {
		case 1:
			e.Key = f.text()
		case 2:
			e.Value = f.text()
		}
	}
	return e
}

func decodeGraph(f *message) *Graph {
	g := &Graph{}
	for f.next() {
		switch f.num {
		case 1:
			g.Nodes = append(g.Nodes, decodeNode(f.sub("node", sizeof[Node]())))
		case 2:
			g.Name = f.text()
		case 5:
			g.Initializers = append(g.Initializers, decodeTensor(f.sub("initializer", sizeof[Tensor]())))
		case 10:
			g.DocString = f.text()
		case 11:
			g.Inputs = append(g.Inputs, decodeValueInfo(f.sub("input", sizeof[ValueInfo]())))
		case 12:
			g.Outputs = append(g.Outputs, decodeValueInfo(f.sub("output", sizeof[ValueInfo]())))
		case 13:
			g.ValueInfos = append(g.ValueInfos, decodeValueInfo(f.sub("value_info", sizeof[ValueInfo]())))
		default:
			g.Unknown = f.keep(g.Unknown)
		}
	}
	return g
}

func decodeNode(f *message) *Node {
	n := &Node{}
	for f.next() {
		switch f.num {
		case 1:
			n.Inputs = append(n.Inputs, f.text())
		case 2:
			n.Outputs = append(n.Outputs, f.text())
		case 3:
			n.Name = f.text()
		case 4:
			n.OpType = f.text()
		case 5:
			n.Attributes = append(n.Attributes, decodeAttribute(f.sub("attribute", sizeof[Attribute]())))
		case 6:
			n.DocString = f.text()
		case 7:
			n.Domain = f.text()
		default:
			n.Unknown = f.keep(n.Unknown)
		}
	}
	return n
}

func decodeAttribute(f *message) *Attribute {
	a := &Attribute{}
	for f.next() {
		switch f.num {
		case 1:
			a.Name = f.text()
		case 2:
			a.F = f.float32()
		case 3:
			a.I = f.int64()
		case 4:
			a.S = f.bytes()
		case 5:
			a.T = decodeTensor(f.sub("attribute tensor", sizeof[Tensor]()))
		case 6:
			a.G = decodeGraph(f.sub("attribute graph", sizeof[Graph]()))
		case 7:
			a.Floats = f.appendFloats(a.Floats)
		case 8:
			a.Ints = f.appendInts(a.Ints)
		case 9:
			a.Strings = append(a.Strings, f.shared(a.Strings))
		case 10:
			a.Tensors = append(a.Tensors, decodeTensor(f.sub("attribute tensor", sizeof[Tensor]())))
		case 11:
			a.Graphs = append(a.Graphs, decodeGraph(f.sub("attribute graph", sizeof[Graph]())))
		case 13:
			a.DocString = f.text()
		case 14, 15:
			a.Types = append(a.Types, decodeType(f.sub("attribute type", sizeof[Type]())))
		case 20:
			a.Type = AttributeType(f.int64())
		case 21:
			a.RefAttrName = f.text()
		case 22, 23:
			a.SparseTensors = append(a.SparseTensors, decodeSparse(f.sub("sparse tensor", sizeof[SparseTensor]())))
		default:
			a.Unknown = f.keep(a.Unknown)
		}
	}
	return a
}

func decodeSparse(f *message) *SparseTensor {
	s := &SparseTensor{}
	for f.next() {
		switch f.num {
		case 1:
			s.Values = decodeTensor(f.sub("values", sizeof[Tensor]()))
		case 2:
			s.Indices = decodeTensor(f.sub("indices", sizeof[Tensor]()))
		case 3:
			s.Dims = f.appendInts(s.Dims)
		default:
			s.Unknown = f.keep(s.Unknown)
		}
	}
	return s
}
