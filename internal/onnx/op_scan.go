package onnx

import (
	"fmt"
	"slices"
)

// scan runs an inner graph once for each slice of its scan inputs along their first dimension. State values go from one step to the next;
// other results of the steps are stacked. Only the default axes and directions are known here; skl2onnx writes no others. It makes the
// distances of a nearest-neighbour search this way.
type scan struct {
	body *Session
	// states and scanned count the inputs of each kind; slots behind them hold what the inner graph takes from the outer one.
	states, scanned int
	captured        []capture
	// kept marks states that every step hands on as they are.
	kept []bool
}

func buildScan(b *builder) (kernel, []valueType, error) {
	if err := b.since(9); err != nil {
		return nil, nil, err
	}
	if b.outer.outer != nil {
		return nil, nil, fmt.Errorf("%w: a Scan within a Scan", ErrUnsupported)
	}
	a := b.attr("body", AttrGraph)
	k := scan{scanned: int(b.int("num_scan_inputs", 0))}
	for _, name := range []string{"scan_input_axes", "scan_input_directions", "scan_output_axes", "scan_output_directions"} {
		if slices.ContainsFunc(b.ints(name), func(v int64) bool { return v != 0 }) {
			return nil, nil, fmt.Errorf("%w: %s other than 0", ErrUnsupported, name)
		}
	}
	if a == nil || a.G == nil || k.scanned < 1 || k.scanned > len(b.inputs) {
		return nil, nil, fmt.Errorf("%w: no body, or no scan inputs", ErrFormat)
	}
	if err := b.want(len(b.inputs), len(b.inputs)); err != nil {
		return nil, nil, err
	}
	k.states = len(b.inputs) - k.scanned
	inner := newCompiler(b.outer.opsets)
	inner.outer = b.outer
	if err := inner.graph(a.G); err != nil {
		return nil, nil, err
	}
	k.body, k.captured = inner.session, inner.captured
	for _, c := range k.captured {
		b.captured = append(b.captured, c.outer)
	}
	b.outer.session.constants += k.body.constants
	outputs, err := k.types(b)
	k.findKept(a.G)
	return k, outputs, err
}

// types checks that the inner graph takes and gives what the node does.
func (k *scan) types(b *builder) ([]valueType, error) {
	ins, outs := k.body.inputs, k.body.outputs
	if len(ins) != len(b.inputs) || len(outs) < k.states {
		return nil, fmt.Errorf("%w: its body has %d inputs and %d outputs, for %d states and %d scan inputs",
			ErrFormat, len(ins), len(outs), k.states, k.scanned)
	}
	for i, in := range ins {
		if in.Type != b.inputs[i].elem || (i < k.states && outs[i].Type != in.Type) {
			return nil, fmt.Errorf("%w: input %d has type %v, its body takes %v", ErrFormat, i, b.inputs[i].elem, in.Type)
		}
	}
	var types []valueType
	for _, out := range outs {
		if out.Map {
			return nil, fmt.Errorf("%w: a sequence of maps from a Scan", ErrUnsupported)
		}
		types = append(types, valueType{elem: out.Type})
	}
	return types, nil
}

// findKept looks for states that pass through, by themselves or an Identity: they need no copy in each step.
func (k *scan) findKept(g *Graph) {
	k.kept = make([]bool, k.states)
	for i := range min(k.states, len(g.Inputs), len(g.Outputs)) {
		in, out := g.Inputs[i].Name, g.Outputs[i].Name
		k.kept[i] = in == out || slices.ContainsFunc(g.Nodes, func(n *Node) bool {
			return n.OpType == "Identity" && n.Domain == "" && slices.Equal(n.Inputs, []string{in}) && slices.Equal(n.Outputs, []string{out})
		})
	}
}

// scanBody is the runner of the inner graph, and the states between two steps.
type scanBody struct {
	runner *Runner
	states []Tensor
}

func (k scan) run(s *scratch, in, out []*Tensor) error {
	if s.body == nil {
		s.body = &scanBody{runner: k.body.newRunner(memoryOf(out)), states: make([]Tensor, k.states)}
		for i := range s.body.states {
			s.body.states[i].memory = memoryOf(out)
		}
	}
	length, err := k.length(in)
	if err != nil {
		return err
	}
	r := s.body.runner
	for i, c := range k.captured {
		r.slots[c.inner] = *in[k.states+k.scanned+i]
	}
	for i := range k.states {
		r.slots[k.body.inSlot[i]] = *in[i]
	}
	for step := range length {
		for i := range k.scanned {
			r.slots[k.body.inSlot[k.states+i]] = row(in[k.states+i], step)
		}
		if err := r.compute(); err != nil {
			return fmt.Errorf("step %d: %w", step, err)
		}
		if err := k.collect(s, out, step, length); err != nil {
			return err
		}
	}
	return k.finish(s, out)
}

// memoryOf finds the bound of the runner's buffers.
func memoryOf(out []*Tensor) *memory {
	for _, t := range out {
		if t != nil && t.memory != nil {
			return t.memory
		}
	}
	return &memory{left: memoryAtLeast}
}

// length is the common first dimension of the scan inputs.
func (k *scan) length(in []*Tensor) (int, error) {
	length := int64(-1)
	for _, x := range in[k.states : k.states+k.scanned] {
		if len(x.Dims) == 0 || (length >= 0 && x.Dims[0] != length) {
			return 0, fmt.Errorf("scan inputs of shape %v and others do not go together", slices.Clone(x.Dims))
		}
		length = x.Dims[0]
	}
	if length == 0 {
		return 0, fmt.Errorf("%w: a Scan over nothing", ErrUnsupported)
	}
	return int(length), nil
}

// row is x[i] without a copy.
func row(x *Tensor, i int) Tensor {
	t := Tensor{Type: x.Type, Dims: x.Dims[1:]}
	n := x.Len() / int(x.Dims[0])
	from, to := i*n, (i+1)*n
	switch x.Type {
	case Float:
		t.F32 = x.F32[from:to]
	case Double:
		t.F64 = x.F64[from:to]
	case Int64:
		t.I64 = x.I64[from:to]
	case Int32:
		t.I32 = x.I32[from:to]
	case Bool:
		t.Bool = x.Bool[from:to]
	default:
		t.Str = x.Str[from:to]
	}
	return t
}

// collect hands the states on and stacks the other results of a step.
func (k *scan) collect(s *scratch, out []*Tensor, step, length int) error {
	r := s.body.runner
	for i, t := range r.outputs {
		if i < k.states {
			if k.kept[i] {
				continue
			}
			if err := copyTensor(&s.body.states[i], t); err != nil {
				return err
			}
			r.slots[k.body.inSlot[i]] = s.body.states[i]
			continue
		}
		z := out[i]
		if z == nil {
			continue
		}
		if step == 0 {
			s.dims = append(append(s.dims[:0], int64(length)), t.Dims...)
			if err := z.resize(t.Type, s.dims); err != nil {
				return err
			}
		}
		if !slices.Equal(z.Dims[1:], t.Dims) {
			return fmt.Errorf("result %d changes its shape from %v to %v", i, slices.Clone(z.Dims[1:]), slices.Clone(t.Dims))
		}
		copyRange(z, step*t.Len(), t, 0, t.Len())
	}
	return nil
}

// finish copies the last states.
func (k *scan) finish(s *scratch, out []*Tensor) error {
	for i := range k.states {
		if out[i] == nil {
			continue
		}
		if err := copyTensor(out[i], &s.body.runner.slots[k.body.inSlot[i]]); err != nil {
			return err
		}
	}
	return nil
}

func copyTensor(z, x *Tensor) error {
	if err := z.resize(x.Type, x.Dims); err != nil {
		return err
	}
	copyRange(z, 0, x, 0, x.Len())
	return nil
}
