package onnx

// Model is an ONNX file (ModelProto).
type Model struct {
	IRVersion       int64
	OpsetImports    []OpsetID
	ProducerName    string
	ProducerVersion string
	Domain          string
	ModelVersion    int64
	DocString       string
	Graph           *Graph
	Metadata        []StringEntry
	// Unknown holds the fields that this package does not model, as they stood on the wire.
	Unknown []byte
}

// OpsetID names the version of a set of operators; the empty domain is ai.onnx.
type OpsetID struct {
	Domain  string
	Version int64
}

// StringEntry is one key and value of a model's metadata.
type StringEntry struct {
	Key, Value string
}

// Graph is a computation: nodes in an order in which every value is computed before it is used.
type Graph struct {
	Name         string
	DocString    string
	Nodes        []*Node
	Initializers []*Tensor
	Inputs       []*ValueInfo
	Outputs      []*ValueInfo
	ValueInfos   []*ValueInfo
	Unknown      []byte
}

// Node is one use of an operator. Empty names in Inputs or Outputs stand for optional values left out.
type Node struct {
	Name       string
	OpType     string
	Domain     string
	DocString  string
	Inputs     []string
	Outputs    []string
	Attributes []*Attribute
	Unknown    []byte
}

// AttributeType says which field of an [Attribute] holds its value (AttributeProto.AttributeType).
type AttributeType int32

// The attribute types, with the numbers of the ONNX specification.
const (
	AttrUndefined     AttributeType = 0
	AttrFloat         AttributeType = 1
	AttrInt           AttributeType = 2
	AttrString        AttributeType = 3
	AttrTensor        AttributeType = 4
	AttrGraph         AttributeType = 5
	AttrFloats        AttributeType = 6
	AttrInts          AttributeType = 7
	AttrStrings       AttributeType = 8
	AttrTensors       AttributeType = 9
	AttrGraphs        AttributeType = 10
	AttrSparseTensor  AttributeType = 11
	AttrSparseTensors AttributeType = 12
	AttrTypeProto     AttributeType = 13
	AttrTypeProtos    AttributeType = 14
)

// Attribute is a setting of a node. Type says which of the other fields holds it.
type Attribute struct {
	Name      string
	Type      AttributeType
	DocString string
	// RefAttrName names an attribute of the enclosing function instead of giving a value.
	RefAttrName string

	F             float32
	I             int64
	S             []byte
	T             *Tensor
	G             *Graph
	Floats        []float32
	Ints          []int64
	Strings       [][]byte
	Tensors       []*Tensor
	Graphs        []*Graph
	SparseTensors []*SparseTensor // one of them for AttrSparseTensor
	Types         []*Type         // one of them for AttrTypeProto
	Unknown       []byte
}

// SparseTensor gives the non-zero elements of a tensor and where they are.
type SparseTensor struct {
	Values, Indices *Tensor
	Dims            []int64
	Unknown         []byte
}

// ValueInfo declares the name and type of a value.
type ValueInfo struct {
	Name      string
	Type      *Type
	DocString string
	Unknown   []byte
}

// TypeKind says what a [Type] describes.
type TypeKind int

// The kinds of type; the numbers are the field numbers of TypeProto.
const (
	KindNone         TypeKind = 0
	KindTensor       TypeKind = 1
	KindSequence     TypeKind = 4
	KindMap          TypeKind = 5
	KindSparseTensor TypeKind = 8
	KindOptional     TypeKind = 9
)

// Type describes a value. Elem and Shape belong to (sparse) tensors, Key and Of to maps, Of to sequences and optionals.
type Type struct {
	Kind TypeKind
	Elem DataType
	// Shape is nil when even the number of dimensions is unknown.
	Shape      *Shape
	Key        DataType
	Of         *Type
	Denotation string
	Unknown    []byte
}

// Shape is the declared size of a tensor.
type Shape struct {
	Dims []Dim
}

// Dim is one declared dimension: Value when Known, else perhaps a name (Param) that equal dimensions share.
type Dim struct {
	Known      bool
	Value      int64
	Param      string
	Denotation string
}

// TensorType declares a tensor; a negative dimension is unknown.
func TensorType(elem DataType, dims ...int64) *Type {
	s := &Shape{Dims: make([]Dim, len(dims))}
	for i, d := range dims {
		if d >= 0 {
			s.Dims[i] = Dim{Known: true, Value: d}
		}
	}
	return &Type{Kind: KindTensor, Elem: elem, Shape: s}
}
