package predictsvc

import (
	"encoding/json"
	"math"
	"strconv"

	"mlopsgo/internal/onnx"
)

// writePredictions puts {"predictions": …} into s.answer, as MLflow writes what mlflow.pyfunc gives: of a scikit-learn model a list; of an
// ONNX model that was given a table, an object with its outputs for each row, and of one that was given a tensor, an object with a list for
// each output.
func (s *scorer) writePredictions(frame bool) {
	b := s.answer[:0]
	b = append(b, `{"predictions": `...)
	e := s.model.engine
	switch answers := e.outputs[:e.answers]; {
	case e.plain():
		b = s.appendRows(b, 0)
	case frame:
		b = append(b, '[')
		for i := range s.table.rows {
			b = append(b, separator(i, "{", ", {")...)
			for o, out := range answers {
				b = append(append(b, separator(o, "", ", ")...), quoted(out.Name)...)
				b = appendRow(append(b, ": "...), s.outputs[o], i)
			}
			b = append(b, '}')
		}
		b = append(b, ']')
	default:
		b = append(b, '{')
		for o, out := range answers {
			b = append(append(b, separator(o, "", ", ")...), quoted(out.Name)...)
			b = s.appendRows(append(b, ": "...), o)
		}
		b = append(b, '}')
	}
	b = append(b, '}')
	s.answer = b
}

// plain tells whether pyfunc answers with an array, as for a scikit-learn model.
func (e *engine) plain() bool { return e.answers == 1 && e.outputs[0].Name == "" }

func separator(i int, first, others string) string {
	if i == 0 {
		return first
	}
	return others
}

func quoted(name string) []byte {
	text, _ := json.Marshal(name) //nolint:errchkjson // A string can always be written.
	return text
}

// appendRows writes an output as a list with an item for each row.
func (s *scorer) appendRows(b []byte, output int) []byte {
	b = append(b, '[')
	for i := range s.table.rows {
		b = appendRow(append(b, separator(i, "", ", ")...), s.outputs[output], i)
	}
	return append(b, ']')
}

// appendRow writes row i of an output: a value, a list of values, or a map.
func appendRow(b []byte, t *onnx.Tensor, i int) []byte {
	switch {
	case t.MapKeys != nil:
		n := t.MapKeys.Len()
		b = append(b, '{')
		for j := range n {
			b = append(append(b, separator(j, "", ", ")...), quoted(keyText(t.MapKeys, j))...)
			b = appendValue(append(b, ": "...), t, i*n+j)
		}
		return append(b, '}')
	case len(t.Dims) > 1:
		n := int(t.Dims[1])
		b = append(b, '[')
		for j := range n {
			b = appendValue(append(b, separator(j, "", ", ")...), t, i*n+j)
		}
		return append(b, ']')
	}
	return appendValue(b, t, i)
}

func keyText(keys *onnx.Tensor, j int) string {
	if keys.Type == onnx.String {
		return keys.Str[j]
	}
	return strconv.FormatInt(keys.I64[j], 10)
}

// appendValue writes an element of a tensor as Python's json does: a float32 as the float64 that it is, and NaN and Infinity, which
// scikit-learn's probabilities never are, by these names.
func appendValue(b []byte, t *onnx.Tensor, i int) []byte {
	switch t.Type {
	case onnx.Int64:
		return strconv.AppendInt(b, t.I64[i], 10)
	case onnx.Int32:
		return strconv.AppendInt(b, int64(t.I32[i]), 10)
	case onnx.String:
		return append(b, quoted(t.Str[i])...)
	case onnx.Bool:
		return strconv.AppendBool(b, t.Bool[i])
	default:
		return appendFloat(b, number(t, i))
	}
}

func appendFloat(b []byte, v float64) []byte {
	switch {
	case math.IsNaN(v):
		return append(b, "NaN"...)
	case math.IsInf(v, 1):
		return append(b, "Infinity"...)
	case math.IsInf(v, -1):
		return append(b, "-Infinity"...)
	}
	return strconv.AppendFloat(b, v, 'g', -1, 64)
}
