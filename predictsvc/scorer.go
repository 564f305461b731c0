package predictsvc

import (
	"fmt"
	"math"
	"strconv"

	"mlopsgo/internal/onnx"
)

// scorer holds the buffers of one request, for the next.
type scorer struct {
	model  *model
	runner *onnx.Runner
	body   []byte
	table  table
	answer []byte

	input   onnx.Tensor
	inputs  [1]*onnx.Tensor
	outputs []*onnx.Tensor
}

func (m *model) newScorer() *scorer {
	s := &scorer{model: m, runner: m.session.NewRunner()}
	s.input = onnx.Tensor{Type: m.session.Inputs()[0].Type, Dims: make([]int64, 2)}
	s.inputs[0] = &s.input
	return s
}

func (m *model) scorer() *scorer {
	s, _ := m.scorers.Get().(*scorer)
	return s
}

// keptBytes is the size of buffers beyond which a scorer is not kept: one huge request must not cost memory for ever.
const keptBytes = 1 << 20

func (m *model) release(s *scorer) {
	if cap(s.body)+cap(s.answer)+8*cap(s.table.values) <= keptBytes {
		m.scorers.Put(s)
	}
}

// score evaluates the rows of s.table, and makes sure that there is one label for each.
func (s *scorer) score() error {
	rows := s.table.rows
	s.input.Dims[0], s.input.Dims[1] = int64(rows), int64(len(s.model.columns.list))
	if s.input.Type == onnx.Float {
		s.input.F32 = s.input.F32[:0]
		for _, v := range s.table.values {
			s.input.F32 = append(s.input.F32, float32(v))
		}
	} else {
		s.input.F64 = s.table.values
	}
	outputs, err := s.runner.Run(s.inputs[:]...)
	if err != nil {
		return err
	}
	s.outputs = outputs
	if n := outputs[s.model.label].Len(); n != rows {
		return fmt.Errorf("the model gave %d labels for %d rows", n, rows)
	}
	for _, p := range s.model.probabilities {
		if n := outputs[p.output].Len(); n != rows {
			return fmt.Errorf("the model gave %d probabilities of class %s for %d rows", n, p.label, rows)
		}
	}
	label := outputs[s.model.label]
	if label.Type == onnx.Float || label.Type == onnx.Double {
		for i := range rows {
			if v := s.number(s.model.label, i); math.IsNaN(v) || math.IsInf(v, 0) {
				return fmt.Errorf("the model predicts %v for row %d", v, i)
			}
		}
	}
	return nil
}

// number is element i of an output of FLOAT or DOUBLE.
func (s *scorer) number(output, i int) float64 {
	if t := s.outputs[output]; t.Type == onnx.Double {
		return t.F64[i]
	}
	return float64(s.outputs[output].F32[i])
}

// labelText is the label of row i.
func (s *scorer) labelText(i int) string {
	switch t := s.outputs[s.model.label]; t.Type {
	case onnx.String:
		return t.Str[i]
	case onnx.Int64:
		return strconv.FormatInt(t.I64[i], 10)
	case onnx.Float:
		return strconv.FormatFloat(float64(t.F32[i]), 'g', -1, 32)
	default:
		return strconv.FormatFloat(t.F64[i], 'g', -1, 64)
	}
}
