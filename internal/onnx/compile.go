package onnx

import (
	"fmt"
	"strings"
)

// Load checks a model and compiles it. The session shares the model's constant tensors: do not change them afterwards.
// Errors say which node is at fault; those for operators and settings outside this package wrap [ErrUnsupported].
func Load(m *Model) (*Session, error) { return compile(m, false) }

func compile(m *Model, compact bool) (*Session, error) {
	if m == nil || m.Graph == nil {
		return nil, fmt.Errorf("onnx: %w: it has no graph", ErrFormat)
	}
	c := newCompiler(map[string]int64{})
	c.compact = compact
	for _, o := range m.OpsetImports {
		c.opsets[domain(o.Domain)] = o.Version
	}
	if err := c.graph(m.Graph); err != nil {
		return nil, fmt.Errorf("onnx: %w", err)
	}
	c.session.keepRest(m)
	return c.session, nil
}

type compiler struct {
	session *Session
	byName  map[string]int // slot of each value defined so far
	values  []valueType
	opsets  map[string]int64
	// compact says that trees stand in the attribute that [Session.Compact] writes.
	compact bool
	// outer is the graph around that of a Scan, and captured are the values that are taken from it.
	outer    *compiler
	captured []capture
}

// capture is a value of the outer graph in a slot of the inner one.
type capture struct{ outer, inner int }

func newCompiler(opsets map[string]int64) *compiler {
	return &compiler{byName: map[string]int{}, opsets: opsets, session: &Session{consts: map[int]*Tensor{}}}
}

// valueType is what is known of a value before it is computed.
type valueType struct {
	elem  DataType
	isMap bool
}

func (c *compiler) graph(g *Graph) error {
	for _, t := range g.Initializers {
		if err := c.constant(t); err != nil {
			return err
		}
	}
	for _, in := range g.Inputs {
		if err := c.input(in); err != nil {
			return err
		}
	}
	for i, n := range g.Nodes {
		if err := c.node(n); err != nil {
			return fmt.Errorf("%s: %w", describe(i, n), err)
		}
	}
	for _, out := range g.Outputs {
		if err := c.output(out); err != nil {
			return err
		}
	}
	if len(c.session.outputs) == 0 {
		return fmt.Errorf("%w: the graph has no outputs", ErrFormat)
	}
	c.session.slots = len(c.values)
	return nil
}

// lookup finds the slot of a value; those of the outer graph get one of their own here.
func (c *compiler) lookup(name string) (int, bool) {
	if slot, ok := c.byName[name]; ok || c.outer == nil {
		return slot, ok
	}
	outer, ok := c.outer.lookup(name)
	if !ok {
		return 0, false
	}
	inner := len(c.values)
	c.byName[name] = inner
	c.values = append(c.values, c.outer.values[outer])
	if t := c.outer.session.consts[outer]; t != nil {
		c.session.consts[inner] = t
	} else {
		c.captured = append(c.captured, capture{outer, inner})
	}
	return inner, true
}

// domain maps the long name of the default domain to the short one.
func domain(d string) string {
	if d == "ai.onnx" {
		return ""
	}
	return d
}

// unknownOperator says what can be done instead.
func unknownOperator(k operatorKey) error {
	name := k.domain
	if name == "" {
		name = "ai.onnx"
	}
	return fmt.Errorf("%w: operator %s of domain %s is not known here; serve the model from its scikit-learn flavor, or export it "+
		"again from estimators or with options that do without this operator", ErrUnsupported, k.op, name)
}

func describe(i int, n *Node) string {
	op := strings.TrimPrefix(n.Domain+"."+n.OpType, ".")
	return fmt.Sprintf("node %d %q (%s)", i, n.Name, op)
}

// define gives a value its slot; every name may be defined once.
func (c *compiler) define(name string, v valueType) (int, error) {
	if name == "" {
		return -1, nil
	}
	if _, ok := c.byName[name]; ok {
		return 0, fmt.Errorf("%w: value %q is defined twice", ErrFormat, name)
	}
	slot := len(c.values)
	c.byName[name] = slot
	c.values = append(c.values, v)
	return slot, nil
}

func (c *compiler) constant(t *Tensor) error {
	if err := t.check(); err != nil {
		return fmt.Errorf("%w: constant %q: %w", ErrUnsupported, t.Name, err)
	}
	slot, err := c.define(t.Name, valueType{elem: t.Type})
	if err != nil {
		return err
	}
	if slot >= 0 {
		c.session.consts[slot] = t
		c.session.constants += t.Len()
	}
	return nil
}

func (c *compiler) input(v *ValueInfo) error {
	if slot, ok := c.byName[v.Name]; ok && c.session.consts[slot] != nil {
		return nil // an old file lists its constants as inputs too, as defaults; they stay constants
	}
	if v.Type == nil || v.Type.Kind != KindTensor {
		return fmt.Errorf("%w: input %q is not a tensor", ErrUnsupported, v.Name)
	}
	switch v.Type.Elem {
	case Float, Double, Int64, Int32, Bool, String:
	default:
		return fmt.Errorf("%w: input %q has element type %v", ErrUnsupported, v.Name, v.Type.Elem)
	}
	slot, err := c.define(v.Name, valueType{elem: v.Type.Elem})
	if err != nil {
		return err
	}
	if slot < 0 {
		return fmt.Errorf("%w: an input has no name", ErrFormat)
	}
	c.session.inputs = append(c.session.inputs, Port{Name: v.Name, Type: v.Type.Elem, Dims: declared(v.Type.Shape)})
	c.session.inSlot = append(c.session.inSlot, slot)
	return nil
}

func declared(s *Shape) []int64 {
	if s == nil {
		return nil
	}
	dims := make([]int64, len(s.Dims))
	for i, d := range s.Dims {
		dims[i] = -1
		if d.Known && d.Value >= 0 {
			dims[i] = d.Value
		}
	}
	return dims
}

func (c *compiler) output(v *ValueInfo) error {
	slot, ok := c.lookup(v.Name)
	if !ok {
		return fmt.Errorf("%w: output %q is computed by no node", ErrFormat, v.Name)
	}
	p := Port{Name: v.Name, Type: c.values[slot].elem, Map: c.values[slot].isMap}
	if v.Type != nil && v.Type.Kind == KindTensor {
		p.Dims = declared(v.Type.Shape)
		if floating(v.Type.Elem) && floating(p.Type) && v.Type.Elem != p.Type {
			slot, p.Type = c.converted(slot, v.Type.Elem), v.Type.Elem
		}
		if v.Type.Elem != p.Type && v.Type.Elem != Undefined {
			return fmt.Errorf("%w: output %q is declared %v and computed as %v", ErrFormat, v.Name, v.Type.Elem, p.Type)
		}
	}
	c.session.outputs = append(c.session.outputs, p)
	c.session.outSlot = append(c.session.outSlot, slot)
	return nil
}

func floating(t DataType) bool { return t == Float || t == Double }

// converted appends a conversion to the type that an output is declared with. skl2onnx declares the scores of trees on DOUBLE inputs DOUBLE,
// though the operator gives FLOAT, and onnxruntime refuses such files.
func (c *compiler) converted(slot int, to DataType) int {
	out := len(c.values)
	c.values = append(c.values, valueType{elem: to})
	c.session.steps = append(c.session.steps, step{node: "conversion of an output", kernel: cast{to}, in: []int{slot}, out: []int{out}})
	return out
}

func (c *compiler) node(n *Node) error {
	key := operatorKey{domain(n.Domain), n.OpType}
	build := operator(key)
	if build == nil {
		return unknownOperator(key)
	}
	version, ok := c.opsets[key.domain]
	if !ok {
		return fmt.Errorf("%w: the model imports no operator set for domain %q", ErrFormat, key.domain)
	}
	b := &builder{node: n, outer: c, version: version, used: map[string]bool{}}
	st := step{node: describe(len(c.session.steps), n)}
	for _, name := range n.Inputs {
		slot, ok := c.lookup(name)
		if name == "" {
			slot = -1
		} else if !ok {
			return fmt.Errorf("%w: input %q is computed by no earlier node", ErrFormat, name)
		}
		st.in = append(st.in, slot)
		b.addInput(c, slot)
	}
	k, outputs, err := build(b)
	if err != nil {
		return err
	}
	st.in = append(st.in, b.captured...)
	if err := b.finish(len(outputs)); err != nil {
		return err
	}
	for i, v := range outputs {
		slot := -1
		if i < len(n.Outputs) {
			if slot, err = c.define(n.Outputs[i], v); err != nil {
				return err
			}
		}
		st.out = append(st.out, slot)
	}
	st.kernel = k
	c.session.steps = append(c.session.steps, st)
	return nil
}
