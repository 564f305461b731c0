package embedded

import (
	"math"
	"strings"
	"unicode"
)

// kind is the type of a request field in MLflow's protocol buffers.
type kind int

const (
	kindString kind = iota
	kindInt32
	kindInt64
	kindDouble
	kindBool
	kindEnum
	kindMessage
)

// field describes one field of a request.
type field struct {
	name     string
	kind     kind
	repeated bool
	message  *descriptor    // of a kindMessage
	enum     map[string]int // of a kindEnum
}

// descriptor describes a request: its fields, found by their snake_case or camelCase names.
type descriptor struct{ fields []field }

func (d *descriptor) index(name string) int {
	for i := range d.fields {
		if d.fields[i].name == name {
			return i
		}
	}
	if strings.ContainsFunc(name, unicode.IsUpper) {
		for i := range d.fields {
			if jsonName(d.fields[i].name) == name {
				return i
			}
		}
	}
	return -1
}

// jsonName is the camelCase name that protocol buffers give a field in JSON.
func jsonName(name string) string {
	var b strings.Builder
	upper := false
	for _, r := range name {
		if r == '_' {
			upper = true
			continue
		}
		if upper {
			r = unicode.ToUpper(r)
			upper = false
		}
		b.WriteRune(r)
	}
	return b.String()
}

// message is a request after parsing. A field that was not given reads as the zero value.
type message struct {
	desc   *descriptor
	values []any // string, int64, float64, bool, int (enum), *message, or a slice of one of them as []any
}

func newMessage(d *descriptor) *message { return &message{desc: d, values: make([]any, len(d.fields))} }

func (m *message) value(name string) any {
	if i := m.desc.index(name); i >= 0 {
		return m.values[i]
	}
	return nil
}

func (m *message) has(name string) bool { return m.value(name) != nil }

func (m *message) str(name string) string {
	v, _ := m.value(name).(string)
	return v
}

func (m *message) int(name string) int64 {
	v, _ := m.value(name).(int64)
	return v
}

func (m *message) intOr(name string, absent int64) int64 {
	if v, ok := m.value(name).(int64); ok {
		return v
	}
	return absent
}

func (m *message) float(name string) float64 {
	v, _ := m.value(name).(float64)
	return v
}

func (m *message) enum(name string) (int, bool) {
	v, ok := m.value(name).(int)
	return v, ok
}

func (m *message) strs(name string) []string {
	list, _ := m.value(name).([]any)
	texts := make([]string, 0, len(list))
	for _, item := range list {
		if text, ok := item.(string); ok {
			texts = append(texts, text)
		}
	}
	return texts
}

func (m *message) list(name string) []*message {
	list, _ := m.value(name).([]any)
	messages := make([]*message, 0, len(list))
	for _, item := range list {
		if sub, ok := item.(*message); ok {
			messages = append(messages, sub)
		}
	}
	return messages
}

// sub is the message field of that name, nil when absent.
func (m *message) sub(name string) *message {
	v, _ := m.value(name).(*message)
	return v
}

// parse fills m from the object as protocol buffers' ParseDict does, and reports whether all of it could be read.
// What stands before the first field that cannot stays in m: the server goes on with it when its own checks pass.
func (m *message) parse(o *object) bool {
	for _, key := range o.keys {
		i := m.desc.index(key)
		if i < 0 {
			continue
		}
		f := &m.desc.fields[i]
		raw := o.values[key]
		if raw == nil {
			m.values[i] = nil
			continue
		}
		if f.repeated {
			list, ok := raw.([]any)
			if !ok {
				m.values[i] = nil
				return false
			}
			parsed, ok := parseList(f, list)
			m.values[i] = parsed
			if !ok {
				return false
			}
			continue
		}
		if f.kind == kindMessage {
			sub := newMessage(f.message)
			m.values[i] = sub
			inner, ok := raw.(*object)
			if !ok || !sub.parse(inner) {
				return false
			}
			continue
		}
		value, ok := scalar(f, raw)
		if !ok {
			return false
		}
		if value != nil {
			m.values[i] = value
		}
	}
	return true
}

func parseList(f *field, list []any) ([]any, bool) {
	parsed := make([]any, 0, len(list))
	for _, raw := range list {
		if f.kind == kindMessage {
			sub := newMessage(f.message)
			parsed = append(parsed, sub)
			inner, ok := raw.(*object)
			if !ok || !sub.parse(inner) {
				return parsed, false
			}
			continue
		}
		value, ok := scalar(f, raw)
		if !ok || raw == nil {
			return parsed, false
		}
		if value != nil {
			parsed = append(parsed, value)
		}
	}
	return parsed, true
}

// scalar converts one JSON value; an unknown name of an enum gives nil, true: it is ignored.
func scalar(f *field, raw any) (any, bool) {
	switch f.kind {
	case kindString:
		text, ok := raw.(string)
		return text, ok
	case kindInt32, kindInt64:
		n, ok := integer(raw)
		if f.kind == kindInt32 && (n < math.MinInt32 || n > math.MaxInt32) {
			return nil, false
		}
		return n, ok
	case kindDouble:
		return double(raw)
	case kindBool:
		flag, ok := raw.(bool)
		return flag, ok
	case kindEnum:
		return enumValue(f, raw)
	default:
		return nil, false
	}
}

func integer(raw any) (int64, bool) {
	switch v := raw.(type) {
	case number:
		if v.isInt() {
			return pythonInt(string(v))
		}
		return wholeFloat(v.float())
	case string:
		if strings.Contains(v, " ") {
			return 0, false
		}
		if n, ok := pythonInt(v); ok {
			return n, true
		}
		f, ok := pythonFloat(v)
		if !ok {
			return 0, false
		}
		return wholeFloat(f)
	default:
		return 0, false
	}
}

func wholeFloat(f float64) (int64, bool) {
	if f != math.Trunc(f) || f < -(1<<63) || f >= 1<<63 {
		return 0, false
	}
	return int64(f), true
}

func double(raw any) (any, bool) {
	switch v := raw.(type) {
	case number:
		f := v.float()
		if !v.isInt() && (math.IsNaN(f) || math.IsInf(f, 0)) {
			return nil, false
		}
		return f, !math.IsInf(f, 0)
	case bool: // float(True) is 1.0, and nothing refuses it
		if v {
			return 1.0, true
		}
		return 0.0, true
	case string:
		if v == "nan" {
			return nil, false
		}
		f, ok := pythonFloat(v)
		return f, ok
	default:
		return nil, false
	}
}

func enumValue(f *field, raw any) (any, bool) {
	if name, ok := raw.(string); ok {
		if v, ok := f.enum[name]; ok {
			return v, true
		}
		n, ok := pythonInt(name)
		if !ok {
			return nil, true
		}
		return enumNumber(f, n)
	}
	if n, ok := raw.(number); ok {
		return enumNumber(f, int64(n.float()))
	}
	return nil, false
}

func enumNumber(f *field, n int64) (any, bool) {
	for _, v := range f.enum {
		if int64(v) == n {
			return v, true
		}
	}
	return nil, false
}
