package mlmodel

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
)

// Kind is the name of an MLflow type.
type Kind string

// MLflow's types: eight of single values, and those made of others.
const (
	Boolean       Kind = "boolean"
	Integer       Kind = "integer" // 32 bits
	Long          Kind = "long"    // 64 bits
	Float         Kind = "float"   // 32 bits
	Double        Kind = "double"  // 64 bits
	String        Kind = "string"
	Binary        Kind = "binary"
	Datetime      Kind = "datetime"
	Array         Kind = "array"
	Object        Kind = "object"
	Mapping       Kind = "map"
	Any           Kind = "any"
	SparkMLVector Kind = "sparkml_vector"
)

// Type is the type of a column, a parameter, or a part of one.
type Type struct {
	Kind Kind
	// Elem is the type of an array's items and a map's values.
	Elem *Type
	// Properties are the fields of an object, by name.
	Properties []Property
}

// Property is a field of an object.
type Property struct {
	Name     string
	Type     Type
	Optional bool
}

// Scalar reports whether the kind stands for single values.
func (k Kind) Scalar() bool {
	return slices.Contains([]Kind{Boolean, Integer, Long, Float, Double, String, Binary, Datetime}, k)
}

const maxTypeDepth = 32

// optional tells whether an object of a schema says "required": false; without that it is required.
func optional(o Map) bool {
	required, ok := o.value("required").(bool)
	return ok && !required
}

// parseType reads a type from an object that may hold other keys too.
func parseType(o Map, depth int) (Type, error) {
	t := Type{Kind: Kind(o.Text("type"))}
	if depth > maxTypeDepth {
		return t, fmt.Errorf("types nest deeper than %d levels", maxTypeDepth)
	}
	switch {
	case t.Kind.Scalar(), t.Kind == Any, t.Kind == SparkMLVector:
		return t, nil
	case t.Kind == Array, t.Kind == Mapping:
		of := "items"
		if t.Kind == Mapping {
			of = "values"
		}
		inner, ok := o.value(of).(Map)
		if !ok {
			return t, fmt.Errorf("type %s needs %s", t.Kind, of)
		}
		elem, err := parseType(inner, depth+1)
		t.Elem = &elem
		return t, err
	case t.Kind == Object:
		fields, ok := o.value("properties").(Map)
		if !ok || len(fields) == 0 {
			return t, errors.New("type object needs properties")
		}
		for _, f := range fields {
			inner, _ := f.Value.(Map)
			p, err := parseType(inner, depth+1)
			if err != nil {
				return t, fmt.Errorf("property %v: %w", f.Key, err)
			}
			t.Properties = append(t.Properties, Property{fmt.Sprint(f.Key), p, optional(inner)})
		}
		return t, nil
	default:
		return t, fmt.Errorf("unknown type %q", t.Kind)
	}
}

// object is the type as JSON, properties in the order of their names.
func (t Type) object() (Map, error) {
	o := Map{{"type", string(t.Kind)}}
	switch {
	case t.Kind.Scalar(), t.Kind == Any, t.Kind == SparkMLVector:
		return o, nil
	case (t.Kind == Array || t.Kind == Mapping) && t.Elem != nil:
		of := "items"
		if t.Kind == Mapping {
			of = "values"
		}
		elem, err := t.Elem.object()
		return append(o, Item{of, elem}), err
	case t.Kind == Object && len(t.Properties) > 0:
		var fields Map
		properties := slices.Clone(t.Properties)
		slices.SortStableFunc(properties, func(a, b Property) int { return cmp.Compare(a.Name, b.Name) })
		for _, p := range properties {
			inner, err := p.Type.object()
			if err != nil {
				return nil, fmt.Errorf("property %q: %w", p.Name, err)
			}
			fields = append(fields, Item{p.Name, append(inner, Item{"required", !p.Optional})})
		}
		return append(o, Item{"properties", fields}), nil
	default:
		return nil, fmt.Errorf("type %q is unknown or not complete", t.Kind)
	}
}

func parseParams(text string) ([]Param, error) {
	if text == "" {
		return nil, nil
	}
	items, err := parseObjects(text)
	if err != nil {
		return nil, err
	}
	params := []Param{}
	for i, o := range items {
		if kind := o.Text("dtype"); kind != "" && o.Text("type") == "" { // the key of MLflow before 2.7
			o = append(o, Item{"type", kind})
		}
		t, err := parseType(o, 0)
		if err != nil {
			return nil, fmt.Errorf("item %d: %w", i, err)
		}
		p := Param{Name: o.Text("name"), Type: t, Default: o.value("default"), Vector: o.value("shape") != nil}
		params = append(params, p)
	}
	return params, nil
}

func paramsJSON(params []Param) (string, error) {
	var items []any
	for _, p := range params {
		t, err := p.Type.object()
		possible := p.Type.Kind == Object || (p.Type.Kind.Scalar() && p.Type.Kind != Binary)
		if err != nil || !possible {
			return "", fmt.Errorf("parameter %q cannot have type %s", p.Name, p.Type.Kind)
		}
		var shape any
		if p.Vector {
			shape = []any{int64(-1)}
		}
		o := Map{{"name", p.Name}, {"default", p.Default}, {"shape", shape}}
		items = append(items, append(o, t...))
	}
	return pythonJSON(items, 0)
}
