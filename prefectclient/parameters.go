package prefectclient

import (
	"encoding/json"
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

// parameterType reads and writes a flow's parameters.
type parameterType struct {
	typ    reflect.Type
	schema *Schema
}

func newParameterType(t reflect.Type) (*parameterType, error) {
	schema, err := schemaOf(t)
	if err != nil {
		return nil, err
	}
	return &parameterType{typ: t, schema: schema}, nil
}

func (p *parameterType) names() []string { return p.schema.order }

// encode writes parameters as a JSON object, field by field.
func (p *parameterType) encode(params any) (parameterMap, error) {
	out := parameterMap{}
	value := reflect.ValueOf(params)
	for _, field := range fieldsOf(p.typ) {
		data, err := encodeField(value.FieldByIndex(field.Index))
		if err != nil {
			return nil, fmt.Errorf("parameter %s cannot be written as JSON: %w", fieldName(field), err)
		}
		out[fieldName(field)] = data
	}
	return out, nil
}

// decode reads parameters that came from outside into out, a pointer to the struct: defaults where nothing is given,
// everything checked against the schema. Unknown names are left alone, as the server leaves them.
func (p *parameterType) decode(given parameterMap, out any) error {
	target := reflect.ValueOf(out).Elem()
	for _, field := range fieldsOf(p.typ) {
		name := fieldName(field)
		property := p.schema.Properties[name]
		raw, ok := given[name]
		if !ok {
			if slices.Contains(p.schema.Required, name) {
				return fmt.Errorf("parameter %s is required", name)
			}
			if raw = property.Default; raw == nil {
				continue
			}
		}
		if err := p.schema.validate(name, property, raw); err != nil {
			return err
		}
		if err := decodeField(target.FieldByIndex(field.Index), raw); err != nil {
			return fmt.Errorf("parameter %s: %w", name, err)
		}
	}
	return nil
}

// validate checks what types do not: choices, bounds and required fields of nested objects.
func (s *Schema) validate(path string, at *Schema, raw json.RawMessage) error {
	isNull := strings.TrimSpace(string(raw)) == "null"
	if len(at.AnyOf) > 0 {
		if isNull {
			return nil
		}
		at = at.AnyOf[0]
	}
	if at.Ref != "" {
		at = s.Definitions[strings.TrimPrefix(at.Ref, "#/definitions/")]
	}
	if isNull && at.Type != "" {
		if at.Default != nil && string(at.Default) == "null" {
			return nil
		}
		return fmt.Errorf("parameter %s is null, and not %s", path, at.Type)
	}
	if len(at.Enum) > 0 && !slices.ContainsFunc(at.Enum, func(e json.RawMessage) bool { return sameJSON(e, raw) }) {
		return fmt.Errorf("parameter %s is %s, and not one of %s", path, raw, joinRaw(at.Enum))
	}
	switch at.Type {
	case "integer", "number":
		return at.validateNumber(path, raw)
	case "string":
		return at.validateText(path, raw)
	case "array":
		return s.validateArray(path, at, raw)
	case "object":
		return s.validateObject(path, at, raw)
	}
	return nil
}

func (s *Schema) validateNumber(path string, raw json.RawMessage) error {
	var number float64
	if err := json.Unmarshal(raw, &number); err != nil {
		return fmt.Errorf("parameter %s is %s, and not a number", path, raw)
	}
	if s.Minimum != nil && number < *s.Minimum {
		return fmt.Errorf("parameter %s is %s, and less than %v", path, raw, *s.Minimum)
	}
	if s.Maximum != nil && number > *s.Maximum {
		return fmt.Errorf("parameter %s is %s, and more than %v", path, raw, *s.Maximum)
	}
	return nil
}

func (s *Schema) validateText(path string, raw json.RawMessage) error {
	var text string
	if err := json.Unmarshal(raw, &text); err != nil {
		return fmt.Errorf("parameter %s is %s, and not a text", path, raw)
	}
	if err := s.checkLength(path, utf8.RuneCountInString(text), s.MinLength, s.MaxLength); err != nil {
		return err
	}
	if s.Pattern != "" {
		if pattern, err := regexp.Compile(s.Pattern); err == nil && !pattern.MatchString(text) {
			return fmt.Errorf("parameter %s is %s, which does not match %s", path, raw, s.Pattern)
		}
	}
	return nil
}

func (s *Schema) checkLength(path string, n int, least, most *int) error {
	if least != nil && n < *least {
		return fmt.Errorf("parameter %s has a length of %d, and not at least %d", path, n, *least)
	}
	if most != nil && n > *most {
		return fmt.Errorf("parameter %s has a length of %d, and not at most %d", path, n, *most)
	}
	return nil
}

func (s *Schema) validateArray(path string, at *Schema, raw json.RawMessage) error {
	var items []json.RawMessage
	if err := json.Unmarshal(raw, &items); err != nil {
		return fmt.Errorf("parameter %s is not a list", path)
	}
	if err := s.checkLength(path, len(items), at.MinItems, at.MaxItems); err != nil {
		return err
	}
	for i, item := range items {
		if err := s.validate(fmt.Sprintf("%s[%d]", path, i), at.Items, item); err != nil {
			return err
		}
	}
	return nil
}

func (s *Schema) validateObject(path string, at *Schema, raw json.RawMessage) error {
	var object parameterMap
	if err := json.Unmarshal(raw, &object); err != nil {
		return fmt.Errorf("parameter %s is not an object", path)
	}
	for _, name := range at.Required {
		if _, ok := object[name]; !ok {
			return fmt.Errorf("parameter %s.%s is required", path, name)
		}
	}
	for name, value := range object {
		property := at.Properties[name]
		if property == nil {
			property = at.AdditionalValues
		}
		if property == nil {
			continue
		}
		if err := s.validate(path+"."+name, property, value); err != nil {
			return err
		}
	}
	return nil
}

func joinRaw(values []json.RawMessage) string {
	parts := make([]string, len(values))
	for i, v := range values {
		parts[i] = string(v)
	}
	return strings.Join(parts, ", ")
}
