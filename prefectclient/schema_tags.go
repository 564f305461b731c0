package prefectclient

import (
	"encoding/json"
	"fmt"
	"reflect"
	"regexp"
	"strconv"
	"strings"
)

// applyTags puts a field's bounds, choices and default into its schema.
func applyTags(s *Schema, field reflect.StructField) error {
	inner := s
	if len(s.AnyOf) > 0 {
		inner = s.AnyOf[0] // bounds belong to the value that is not null
	}
	if text, ok := field.Tag.Lookup("enum"); ok {
		for choice := range strings.SplitSeq(text, ",") {
			value, err := tagValue(strings.TrimSpace(choice), valueType(field.Type))
			if err != nil {
				return fmt.Errorf("enum: %w", err)
			}
			inner.Enum = append(inner.Enum, value)
		}
	}
	for _, bound := range []string{"min", "max"} {
		text, ok := field.Tag.Lookup(bound)
		if !ok {
			continue
		}
		if err := inner.bound(bound, text); err != nil {
			return err
		}
	}
	if pattern, ok := field.Tag.Lookup("pattern"); ok {
		if _, err := regexp.Compile(pattern); err != nil {
			return fmt.Errorf("pattern: %w", err)
		}
		inner.Pattern = pattern
	}
	if text, ok := field.Tag.Lookup("default"); ok {
		value, err := tagValue(text, field.Type)
		if err != nil {
			return fmt.Errorf("default: %w", err)
		}
		s.Default = value
	} else if field.Type.Kind() == reflect.Pointer {
		s.Default = json.RawMessage("null")
	}
	return nil
}

// bound sets a limit of the kind that the type has.
func (s *Schema) bound(which, text string) error {
	number, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return fmt.Errorf("%s: %q is not a number", which, text)
	}
	length := int(number)
	low := which == "min"
	switch {
	case s.Type == "integer" || s.Type == "number":
		setBound(low, &s.Minimum, &s.Maximum, number)
	case s.Type == "string" && s.Format == "":
		setBound(low, &s.MinLength, &s.MaxLength, length)
	case s.Type == "array":
		setBound(low, &s.MinItems, &s.MaxItems, length)
	default:
		return fmt.Errorf("%s has no meaning for a field that is neither number, text nor list", which)
	}
	return nil
}

func setBound[T any](low bool, lower, upper **T, value T) {
	if low {
		*lower = &value
	} else {
		*upper = &value
	}
}

// valueType is the type of a field's value, or of the items of a list.
func valueType(t reflect.Type) reflect.Type {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	return t
}

// tagValue reads a tag's text as JSON of a type, or, where a text is wanted, as that text.
func tagValue(text string, t reflect.Type) (json.RawMessage, error) {
	target := reflect.New(t)
	if json.Unmarshal([]byte(text), target.Interface()) == nil && valueType(t) != durationType {
		return json.RawMessage(text), nil
	}
	quoted := mustJSON(text)
	if valueType(t) == durationType {
		if _, err := parseDuration(text); err != nil {
			return nil, err
		}
		return quoted, nil
	}
	if err := json.Unmarshal(quoted, target.Interface()); err != nil {
		return nil, fmt.Errorf("%q: %w", text, errNotOfType)
	}
	return quoted, nil
}

// unbound reports a schema that takes any value.
func (s *Schema) unbound() bool {
	return s.Type == "" && s.Ref == "" && s.AnyOf == nil && s.Items == nil
}
