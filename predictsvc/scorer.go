package predictsvc

import (
	"fmt"
	"math"
	"strconv"

	"mlopsgo/internal/onnx"
	"mlopsgo/predictsvc/internal/scoring"
)

// scorer holds the buffers of one request, for the next.
type scorer struct {
	model     *model
	evaluator evaluator
	body      []byte
	table     table
	answer    []byte
	outputs   []*onnx.Tensor
	scoring   scoring.Table
}

func (m *model) newScorer() *scorer { return &scorer{model: m, evaluator: m.engine.newEvaluator()} }

func (m *model) scorer() *scorer {
	s, _ := m.scorers.Get().(*scorer)
	return s
}

// keptBytes is the size of buffers beyond which a scorer is not kept: one huge request must not cost memory for ever.
const keptBytes = 1 << 20

func (m *model) release(s *scorer) {
	if cap(s.body)+cap(s.answer)+8*cap(s.table.values)+s.scoring.Bytes() <= keptBytes {
		m.scorers.Put(s)
	}
}

// score evaluates the rows of s.table, and makes sure that there is one label and one probability of each class for each.
func (s *scorer) score() error {
	rows := s.table.rows
	outputs, err := s.evaluator.evaluate(s.table.values, s.table.texts, rows)
	if err != nil {
		return err
	}
	s.outputs = outputs
	if n := s.label().Len(); n != rows {
		return fmt.Errorf("the model gave %d labels for %d rows", n, rows)
	}
	for i := range s.model.engine.classes {
		c := &s.model.engine.classes[i]
		if t := outputs[c.output]; t.Len() != rows*width(t) || c.column >= width(t) {
			return fmt.Errorf("the model gave probabilities of shape %v, among them that of class %s, for %d rows", t.Dims, c.label, rows)
		}
	}
	if label := s.label(); label.Type == onnx.Float || label.Type == onnx.Double {
		for i := range rows {
			if v := number(label, i); math.IsNaN(v) || math.IsInf(v, 0) {
				return fmt.Errorf("the model predicts %v for row %d", v, i)
			}
		}
	}
	return nil
}

// label is the output with the labels.
func (s *scorer) label() *onnx.Tensor { return s.outputs[s.model.engine.label] }

// probability is that of a class in row i.
func (s *scorer) probability(c class, i int) float64 {
	t := s.outputs[c.output]
	return number(t, i*width(t)+c.column)
}

// width is the number of a tensor's values for each row.
func width(t *onnx.Tensor) int {
	if len(t.Dims) == 2 {
		return int(t.Dims[1])
	}
	return 1
}

// number is element i of a tensor of FLOAT or DOUBLE.
func number(t *onnx.Tensor, i int) float64 {
	if t.Type == onnx.Double {
		return t.F64[i]
	}
	return float64(t.F32[i])
}

// labelText is the label of row i.
func (s *scorer) labelText(i int) string {
	switch t := s.label(); t.Type {
	case onnx.String:
		return t.Str[i]
	case onnx.Int64:
		return strconv.FormatInt(t.I64[i], 10)
	case onnx.Bool:
		return strconv.FormatBool(t.Bool[i])
	case onnx.Float:
		return strconv.FormatFloat(float64(t.F32[i]), 'g', -1, 32)
	default:
		return strconv.FormatFloat(t.F64[i], 'g', -1, 64)
	}
}
