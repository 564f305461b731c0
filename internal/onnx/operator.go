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
	default:
		return nil
	}
}

func coreOperator(op string) buildFunc {
	switch op {
	case "Add", "Sub", "Mul", "Div":
		return buildArithmetic
	case "Cast":
		return buildCast
	case "Identity":
		return buildIdentity
	case "Constant":
		return buildConstant
	case "Concat":
		return buildConcat
	case "Gather":
		return buildGather
	case "Reshape":
		return buildReshape
	case "Squeeze":
		return buildSqueeze
	case "ArgMax":
		return buildArgMax
	default:
		return nil
	}
}

func mlOperator(op string) buildFunc {
	switch op {
	case "TreeEnsembleClassifier":
		return buildTreeEnsembleClassifier
	case "Scaler":
		return buildScaler
	case "Normalizer":
		return buildNormalizer
	case "ArrayFeatureExtractor":
		return buildArrayFeatureExtractor
	case "ZipMap":
		return buildZipMap
	default:
		return nil
	}
}

// builder gives a buildFunc the node's inputs and settings, and notices settings that nobody asked for.
type builder struct {
	node    *Node
	version int64
	inputs  []builderInput
	used    map[string]bool
	err     error
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
