package onnx

import (
	"fmt"
	"slices"
)

type operatorKey struct{ domain, op string }

// buildFunc makes the kernel of a node and says the types of its outputs.
type buildFunc func(*builder) (kernel, []valueType, error)

// operator finds the operators that can be evaluated; nil for all others.
func operator(k operatorKey) buildFunc {
	switch k.domain {
	case "":
		return coreOperator(k.op)
	case "ai.onnx.ml":
		return mlOperator(k.op)
	case "com.microsoft":
		return microsoftOperator(k.op)
	default:
		return nil
	}
}

func coreOperator(op string) buildFunc {
	switch op {
	case "Add", "Sub", "Mul", "Div", "Pow":
		return buildArithmetic
	case "Sum", "Mean", "Max", "Min":
		return buildVariadic
	case "Abs", "Neg", "Sqrt", "Exp", "Log", "Sigmoid", "Tanh", "Relu", "Reciprocal", "Sign", "Floor", "Ceil":
		return buildUnary
	case "Clip":
		return buildClip
	case "Equal", "Less", "LessOrEqual", "Greater", "GreaterOrEqual":
		return buildCompare
	case "And", "Or", "Xor":
		return buildLogic
	case "Not":
		return buildNot
	case "Where":
		return buildWhere
	case "MatMul":
		return buildMatMul
	case "Gemm":
		return buildGemm
	case "Softmax", "LogSoftmax":
		return buildSoftmax
	case "Cast":
		return buildCast
	case "CastLike":
		return buildCastLike
	case "Scan":
		return buildScan
	default:
		return shapeOperator(op)
	}
}

// shapeOperator finds the operators that move, pick and gather elements.
func shapeOperator(op string) buildFunc {
	switch op {
	case "Identity":
		return buildIdentity
	case "Constant":
		return buildConstant
	case "ConstantOfShape":
		return buildConstantOfShape
	case "Shape":
		return buildShape
	case "Concat":
		return buildConcat
	case "Gather":
		return buildGather
	case "Slice":
		return buildSlice
	case "Transpose":
		return buildTranspose
	case "Reshape":
		return buildReshape
	case "Flatten":
		return buildFlatten
	case "Squeeze":
		return buildSqueeze
	case "Unsqueeze":
		return buildUnsqueeze
	case "ArgMax", "ArgMin":
		return buildArgMax
	case "TopK":
		return buildTopK
	case "ReduceSum", "ReduceMean", "ReduceMax", "ReduceMin", "ReduceSumSquare", "ReduceL1", "ReduceL2", "ReduceLogSumExp":
		return buildReduce
	default:
		return nil
	}
}

func mlOperator(op string) buildFunc {
	switch op {
	case "TreeEnsembleClassifier":
		return buildTreeEnsembleClassifier
	case "TreeEnsembleRegressor":
		return buildTreeEnsembleRegressor
	case "TreeEnsemble":
		return buildTreeEnsemble
	case "LinearClassifier":
		return buildLinearClassifier
	case "LinearRegressor":
		return buildLinearRegressor
	case "SVMClassifier":
		return buildSVMClassifier
	case "Scaler":
		return buildScaler
	case "Normalizer":
		return buildNormalizer
	case "Binarizer":
		return buildBinarizer
	case "Imputer":
		return buildImputer
	case "LabelEncoder":
		return buildLabelEncoder
	case "OneHotEncoder":
		return buildOneHotEncoder
	case "FeatureVectorizer":
		return buildFeatureVectorizer
	case "ArrayFeatureExtractor":
		return buildArrayFeatureExtractor
	case "ZipMap":
		return buildZipMap
	default:
		return nil
	}
}

// microsoftOperator finds what skl2onnx takes from onnxruntime's own domain when it is told to.
func microsoftOperator(op string) buildFunc {
	if op == "CDist" {
		return buildCDist
	}
	return nil
}

// builder gives a buildFunc the node's inputs and settings, and notices settings that nobody asked for.
type builder struct {
	node    *Node
	outer   *compiler
	version int64
	inputs  []builderInput
	used    map[string]bool
	// captured are slots of the outer graph that an inner one reads, inputs behind the declared ones.
	captured []int
	err      error
}

type builderInput struct {
	valueType
	present  bool
	constant *Tensor // nil when computed at run time
}

func (b *builder) addInput(c *compiler, slot int) {
	in := builderInput{}
	if slot >= 0 {
		in = builderInput{valueType: c.values[slot], present: true, constant: c.session.consts[slot]}
	}
	b.inputs = append(b.inputs, in)
}

// want checks the number of inputs; all of those required must be given, and none may be a map.
func (b *builder) want(required, most int) error {
	if len(b.inputs) < required || len(b.inputs) > most {
		return fmt.Errorf("%w: it has %d inputs, want %d to %d", ErrFormat, len(b.inputs), required, most)
	}
	for i, in := range b.inputs {
		if i < required && !in.present {
			return fmt.Errorf("%w: input %d is missing", ErrFormat, i)
		}
		if in.isMap {
			return fmt.Errorf("%w: input %d is a sequence of maps", ErrUnsupported, i)
		}
	}
	return nil
}

// elem is the element type of input i, which must be one of those given.
func (b *builder) elem(i int, allowed ...DataType) (DataType, error) {
	t := b.inputs[i].elem
	if !slices.Contains(allowed, t) {
		return 0, fmt.Errorf("%w: input %d has element type %v, want one of %v", ErrUnsupported, i, t, allowed)
	}
	return t, nil
}

// attr finds an attribute and checks its type; nil when absent.
func (b *builder) attr(name string, typ AttributeType) *Attribute {
	b.used[name] = true
	for _, a := range b.node.Attributes {
		if a.Name != name {
			continue
		}
		if (a.Type != typ || a.RefAttrName != "") && b.err == nil {
			b.err = fmt.Errorf("%w: attribute %s has type %d, want %d", ErrFormat, name, a.Type, typ)
		}
		return a
	}
	return nil
}

func (b *builder) int(name string, absent int64) int64 {
	if a := b.attr(name, AttrInt); a != nil {
		return a.I
	}
	return absent
}

func (b *builder) text(name, absent string) string {
	if a := b.attr(name, AttrString); a != nil {
		return string(a.S)
	}
	return absent
}

func (b *builder) ints(name string) []int64 {
	if a := b.attr(name, AttrInts); a != nil {
		return a.Ints
	}
	return nil
}

func (b *builder) number(name string, absent float32) float32 {
	if a := b.attr(name, AttrFloat); a != nil {
		return a.F
	}
	return absent
}

func (b *builder) floats(name string) []float32 {
	if a := b.attr(name, AttrFloats); a != nil {
		return a.Floats
	}
	return nil
}

func (b *builder) strings(name string) []string {
	a := b.attr(name, AttrStrings)
	if a == nil {
		return nil
	}
	s := make([]string, len(a.Strings))
	for i, v := range a.Strings {
		s[i] = string(v)
	}
	return s
}

// labels are the classes of a classifier: either integers, in an attribute whose name differs, or strings.
func (b *builder) labels(ints string) (*Tensor, error) {
	i, t := b.ints(ints), b.strings("classlabels_strings")
	if (len(i) == 0) == (len(t) == 0) {
		return nil, fmt.Errorf("%w: want either integer or string labels", ErrFormat)
	}
	if len(i) == 0 {
		return NewStrings(t), nil
	}
	return NewInts(i), nil
}

// since refuses operator sets older than the one that gave the operator its present meaning.
func (b *builder) since(version int64) error {
	if b.version < version {
		return fmt.Errorf("%w: operator set %d, want %d or later", ErrUnsupported, b.version, version)
	}
	return nil
}

// given tells whether optional input i is there.
func (b *builder) given(i int) bool { return i < len(b.inputs) && b.inputs[i].present }

func (b *builder) tensor(name string) *Tensor {
	a := b.attr(name, AttrTensor)
	if a == nil || b.err != nil {
		return nil
	}
	if a.T == nil {
		b.err = fmt.Errorf("%w: attribute %s holds no tensor", ErrFormat, name)
		return nil
	}
	if err := a.T.check(); err != nil {
		b.err = fmt.Errorf("%w: attribute %s: %w", ErrUnsupported, name, err)
		return nil
	}
	return a.T
}

// finish refuses attributes given twice or never asked for, and more outputs than the operator has.
func (b *builder) finish(outputs int) error {
	if b.err != nil {
		return b.err
	}
	seen := map[string]bool{}
	for _, a := range b.node.Attributes {
		if !b.used[a.Name] {
			return fmt.Errorf("%w: attribute %q", ErrUnsupported, a.Name)
		}
		if seen[a.Name] {
			return fmt.Errorf("%w: attribute %q is given twice", ErrFormat, a.Name)
		}
		seen[a.Name] = true
	}
	if len(b.node.Outputs) > outputs {
		return fmt.Errorf("%w: it has %d outputs, the operator gives %d", ErrFormat, len(b.node.Outputs), outputs)
	}
	return nil
}
