package predictsvc

import (
	"encoding/json"
	"fmt"
	"strconv"

	"mlopsgo/internal/onnx"
)

// answerForm is what all answers of a model have in common: {"quality":…,"model":"sk-rfc-model"}.
type answerForm struct{ before, after []byte }

func newAnswerForm(target, name string) (answerForm, error) {
	key, err := json.Marshal(target)
	if err != nil {
		return answerForm{}, fmt.Errorf("target %q: %w", target, err)
	}
	value, err := json.Marshal(name)
	if err != nil {
		return answerForm{}, fmt.Errorf("model name %q: %w", name, err)
	}
	return answerForm{before: []byte("{" + string(key) + ":"), after: []byte(`,"model":` + string(value) + "}")}, nil
}

// write puts the answer to the rows that were scored into s.answer.
func (s *scorer) write() {
	b := s.answer[:0]
	if s.table.list {
		b = append(b, '[')
	}
	form := &s.model.answer
	for i := range s.table.rows {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, form.before...)
		b = s.appendLabel(b, i)
		b = append(b, form.after...)
	}
	if s.table.list {
		b = append(b, ']')
	}
	s.answer = b
}

func (s *scorer) appendLabel(b []byte, i int) []byte {
	switch t := s.label(); t.Type {
	case onnx.Int64:
		return strconv.AppendInt(b, t.I64[i], 10)
	case onnx.String:
		text, _ := json.Marshal(t.Str[i]) //nolint:errchkjson // A string can always be written.
		return append(b, text...)
	case onnx.Bool:
		return strconv.AppendBool(b, t.Bool[i])
	case onnx.Float:
		return strconv.AppendFloat(b, float64(t.F32[i]), 'g', -1, 32)
	default:
		return strconv.AppendFloat(b, t.F64[i], 'g', -1, 64)
	}
}
