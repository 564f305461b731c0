package mlmodel

import (
	"errors"
	"fmt"
)

// Signature says what a model takes and gives. A nil part is not declared.
type Signature struct {
	Inputs  *Schema
	Outputs *Schema
	Params  []Param
}

// Schema is a list of columns or a list of tensors, never both, all with names or all without.
type Schema struct {
	Columns []Column
	Tensors []TensorSpec
}

// Column is one column of a table (ColSpec). Name is "" for columns known by their position only.
type Column struct {
	Name     string
	Type     Type
	Optional bool
}

// TensorSpec is one tensor: DType is numpy's name of its type (float64, str …), a dimension of -1 is free.
type TensorSpec struct {
	Name  string
	DType string
	Shape []int64
}

// Param is a parameter that a prediction takes beside its input, with its default.
type Param struct {
	Name string
	Type Type
	// Default is nil, bool, string, [Number], []any of these, or [Map] for parameters of type object.
	Default any
	// Vector says that the value is a list of Type.
	Vector bool
}

// Columns is a schema of required columns of one scalar kind.
func Columns(kind Kind, names ...string) *Schema {
	s := &Schema{}
	for _, n := range names {
		s.Columns = append(s.Columns, Column{Name: n, Type: Type{Kind: kind}})
	}
	return s
}

func readSignature(v any) (*Signature, error) {
	doc, ok := v.(Map)
	if !ok {
		return nil, errors.New("want a mapping")
	}
	s := &Signature{}
	var err error
	if s.Inputs, err = ParseSchema(doc.Text("inputs")); err != nil {
		return nil, fmt.Errorf("inputs: %w", err)
	}
	if s.Outputs, err = ParseSchema(doc.Text("outputs")); err != nil {
		return nil, fmt.Errorf("outputs: %w", err)
	}
	if s.Params, err = parseParams(doc.Text("params")); err != nil {
		return nil, fmt.Errorf("params: %w", err)
	}
	return s, nil
}

// document is the signature as it stands in MLmodel: JSON texts in a mapping.
func (s *Signature) document() (Map, error) {
	doc := Map{{"inputs", nil}, {"outputs", nil}, {"params", nil}}
	for i, schema := range []*Schema{s.Inputs, s.Outputs} {
		if schema == nil {
			continue
		}
		text, err := schema.JSON()
		if err != nil {
			return nil, fmt.Errorf("%v: %w", doc[i].Key, err)
		}
		doc[i].Value = text
	}
	if s.Params != nil {
		text, err := paramsJSON(s.Params)
		if err != nil {
			return nil, fmt.Errorf("params: %w", err)
		}
		doc[2].Value = text
	}
	return doc, nil
}

// ParseSchema reads the JSON text of a schema; "" gives nil.
func ParseSchema(text string) (*Schema, error) {
	if text == "" {
		return nil, nil
	}
	items, err := parseObjects(text)
	if err != nil {
		return nil, err
	}
	s := &Schema{}
	for i, o := range items {
		if o.Text("type") == "tensor" {
			var t TensorSpec
			if t, err = parseTensorSpec(o); err == nil {
				s.Tensors = append(s.Tensors, t)
			}
		} else {
			var c Column
			if c, err = parseColumn(o); err == nil {
				s.Columns = append(s.Columns, c)
			}
		}
		if err != nil {
			return nil, fmt.Errorf("item %d: %w", i, err)
		}
	}
	if err := s.check(); err != nil {
		return nil, err
	}
	return s, nil
}

// JSON writes the schema as MLflow does.
func (s *Schema) JSON() (string, error) {
	if err := s.check(); err != nil {
		return "", err
	}
	var items []any
	for _, c := range s.Columns {
		o, err := c.Type.object()
		if err != nil {
			return "", fmt.Errorf("column %q: %w", c.Name, err)
		}
		if c.Name != "" {
			o = append(o, Item{"name", c.Name})
		}
		items = append(items, append(o, Item{"required", !c.Optional}))
	}
	for _, t := range s.Tensors {
		var shape []any
		for _, d := range t.Shape {
			shape = append(shape, d)
		}
		o := Map{}
		if t.Name != "" {
			o = append(o, Item{"name", t.Name})
		}
		spec := Map{{"dtype", t.DType}, {"shape", shape}}
		items = append(items, append(o, Item{"type", "tensor"}, Item{"tensor-spec", spec}))
	}
	return pythonJSON(items, 0)
}

func (s *Schema) check() error {
	if (len(s.Columns) == 0) == (len(s.Tensors) == 0) {
		return errors.New("a schema has either columns or tensors, and at least one")
	}
	names := map[string]bool{}
	unnamed := 0
	add := func(name string) error {
		if name == "" {
			unnamed++
		} else if names[name] {
			return fmt.Errorf("the name %q is there twice", name)
		}
		names[name] = true
		return nil
	}
	for _, c := range s.Columns {
		if err := add(c.Name); err != nil {
			return err
		}
		if c.Optional && c.Name == "" {
			return errors.New("optional columns need names")
		}
	}
	for _, t := range s.Tensors {
		if err := add(t.Name); err != nil {
			return err
		}
	}
	if unnamed > 0 && unnamed < len(s.Columns)+len(s.Tensors) || unnamed > 1 && len(s.Tensors) > 0 {
		return errors.New("all inputs need names, or none (and then not several tensors)")
	}
	return nil
}

func parseColumn(o Map) (Column, error) {
	t, err := parseType(o, 0)
	if err != nil {
		return Column{}, err
	}
	return Column{Name: o.Text("name"), Type: t, Optional: optional(o)}, nil
}

func parseTensorSpec(o Map) (TensorSpec, error) {
	spec, _ := o.value("tensor-spec").(Map)
	t := TensorSpec{Name: o.Text("name"), DType: spec.Text("dtype")}
	dims, ok := spec.value("shape").([]any)
	if !ok || t.DType == "" {
		return t, errors.New("a tensor needs a tensor-spec with dtype and shape")
	}
	for _, d := range dims {
		n, ok := d.(Number)
		v, err := n.int64()
		if !ok || err != nil {
			return t, fmt.Errorf("dimension %v is not an integer", d)
		}
		t.Shape = append(t.Shape, v)
	}
	return t, nil
}
