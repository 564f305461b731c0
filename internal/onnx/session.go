package onnx

import (
	"errors"
	"fmt"
)

// ErrUnsupported is in the chain of errors of [Load] for models that are valid but use what this package does not
// evaluate.
var ErrUnsupported = errors.New("not supported by this evaluator")

// Session is a compiled model: immutable, safe for concurrent use. Evaluation goes through a [Runner].
type Session struct {
	inputs  []Port
	outputs []Port
	inSlot  []int
	outSlot []int
	slots   int
	consts  map[int]*Tensor
	steps   []step
	// rest is the model without its trees, which the steps hold; nil for a model that has none.
	rest *Model
	// constants is the number of elements of all constants.
	constants int
}

// Port is an input or output of a model. A negative dimension is free; Dims is nil when not even the rank is declared.
type Port struct {
	Name string
	Type DataType
	Dims []int64
	// Map says that the value is a sequence of maps, whose keys are in [Tensor.MapKeys].
	Map bool
}

// step is one node: a kernel with the numbers of the slots it reads and writes. A negative slot is a value left out.
type step struct {
	node    string
	kernel  kernel
	in, out []int
}

// kernel computes one node. It must not write to its inputs; it may keep buffers in the scratch of its step, and sets
// type, shape and data of the outputs.
type kernel interface {
	run(s *scratch, in, out []*Tensor) error
}

// Inputs describes the values that [Runner.Run] takes, in order.
func (s *Session) Inputs() []Port { return s.inputs }

// Outputs describes the values that [Runner.Run] returns, in order.
func (s *Session) Outputs() []Port { return s.outputs }

// Runner evaluates a session again and again in the same buffers. It is not safe for concurrent use.
type Runner struct {
	session *Session
	slots   []Tensor
	steps   []boundStep
	outputs []*Tensor
	memory  *memory
	allowed int // bytes given to memory so far
}

// memory bounds the buffers of a runner: a crafted model of a few bytes must not fill the machine.
type memory struct{ left int }

// Models make intermediate values of a size that their inputs and constants explain; a nearest-neighbour search has the largest, a distance
// for each pair of rows. These bytes are what a runner may take.
const (
	memoryAtLeast    = 64 << 20
	memoryPerElement = 32 << 10
)

func (m *memory) spend(bytes int) error {
	if m == nil || bytes <= m.left {
		if m != nil {
			m.left -= bytes
		}
		return nil
	}
	return errors.New("it needs far more memory than the inputs and constants of the model explain")
}

type boundStep struct {
	in, out []*Tensor
	scratch scratch
}

// NewRunner returns a runner with empty buffers, which grow to the largest batch it is given.
func (s *Session) NewRunner() *Runner { return s.newRunner(&memory{}) }

func (s *Session) newRunner(m *memory) *Runner {
	r := &Runner{session: s, slots: make([]Tensor, s.slots), steps: make([]boundStep, len(s.steps)), memory: m}
	for i := range r.slots {
		r.slots[i].memory = r.memory
	}
	for slot, t := range s.consts {
		r.slots[slot] = *t
	}
	for i, st := range s.steps {
		r.steps[i].in = r.bind(st.in)
		r.steps[i].out = r.bind(st.out)
	}
	r.outputs = r.bind(s.outSlot)
	return r
}

func (r *Runner) bind(slots []int) []*Tensor {
	ts := make([]*Tensor, len(slots))
	for i, s := range slots {
		if s >= 0 {
			ts[i] = &r.slots[s]
		}
	}
	return ts
}

// Run evaluates the model on one tensor per input. The results belong to the runner and are valid until the next Run;
// the inputs are only read. Large batches use all processors.
func (r *Runner) Run(inputs ...*Tensor) ([]*Tensor, error) {
	s := r.session
	if len(inputs) != len(s.inputs) {
		return nil, fmt.Errorf("onnx: %d inputs given, the model takes %d", len(inputs), len(s.inputs))
	}
	elements := s.constants
	for i, t := range inputs {
		if err := s.inputs[i].accepts(t); err != nil {
			return nil, fmt.Errorf("onnx: input %q: %w", s.inputs[i].Name, err)
		}
		r.slots[s.inSlot[i]] = *t
		elements += t.Len()
	}
	if allowed := memoryAtLeast + memoryPerElement*elements; allowed > r.allowed {
		r.memory.left += allowed - r.allowed
		r.allowed = allowed
	}
	if err := r.compute(); err != nil {
		return nil, fmt.Errorf("onnx: %w", err)
	}
	return r.outputs, nil
}

// compute runs all steps on what is in the slots of the inputs.
func (r *Runner) compute() error {
	for i := range r.session.steps {
		st, b := &r.session.steps[i], &r.steps[i]
		if err := st.kernel.run(&b.scratch, b.in, b.out); err != nil {
			return fmt.Errorf("%s: %w", st.node, err)
		}
	}
	return nil
}

func (p *Port) accepts(t *Tensor) error {
	if t == nil {
		return errors.New("no tensor given")
	}
	if t.Type != p.Type {
		return fmt.Errorf("element type is %v, the model takes %v", t.Type, p.Type)
	}
	if err := t.check(); err != nil {
		return err
	}
	if p.Dims == nil {
		return nil
	}
	ok := len(t.Dims) == len(p.Dims)
	for i := 0; ok && i < len(p.Dims); i++ {
		ok = p.Dims[i] < 0 || p.Dims[i] == t.Dims[i]
	}
	if !ok {
		return fmt.Errorf("shape %v does not fit the declared %v (-1 is free)", append([]int64(nil), t.Dims...), p.Dims)
	}
	return nil
}
