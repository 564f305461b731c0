package prefectclient

import (
	"encoding"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"time"
)

// Schema is a JSON schema as Prefect's forms read it.
type Schema struct {
	Title       string `json:"title,omitempty"`
	Description string `json:"description,omitempty"`
	Type        string `json:"type,omitempty"`
	Format      string `json:"format,omitempty"`
	// Position orders the fields of a form.
	Position         *int               `json:"position,omitempty"`
	Default          json.RawMessage    `json:"default,omitempty"`
	Enum             []json.RawMessage  `json:"enum,omitempty"`
	Minimum          *float64           `json:"minimum,omitempty"`
	Maximum          *float64           `json:"maximum,omitempty"`
	MinLength        *int               `json:"minLength,omitempty"`
	MaxLength        *int               `json:"maxLength,omitempty"`
	MinItems         *int               `json:"minItems,omitempty"`
	MaxItems         *int               `json:"maxItems,omitempty"`
	Pattern          string             `json:"pattern,omitempty"`
	Items            *Schema            `json:"items,omitempty"`
	AdditionalValues *Schema            `json:"additionalProperties,omitempty"`
	AnyOf            []*Schema          `json:"anyOf,omitempty"`
	Ref              string             `json:"$ref,omitempty"`
	Properties       map[string]*Schema `json:"properties,omitempty"`
	Required         []string           `json:"required,omitempty"`
	Definitions      map[string]*Schema `json:"definitions,omitempty"`

	// order keeps the fields' order of a struct; JSON objects have none.
	order []string
}

// SchemaOf makes the schema of a struct's fields, as Python's Prefect makes it of a function's parameters. A field is
// named by its json tag, else by its own name; unexported fields and those tagged json:"-" are left out. Further tags:
//
//	title:"Trees"             the label in the form; the name otherwise
//	description:"how many"    the text under it
//	default:"100"             the value when none is given: JSON, or plain text for a string field; the field is
//	                          optional then
//	enum:"gini,entropy"       the values to choose from, separated by commas
//	min:"1" max:"2000"        bounds of a number, of a text's length, or of a list's length
//	pattern:"^[a-z]+$"        a regular expression for a text
//	required:"false"          the field may be left out, and is then Go's zero value
//
// A pointer is a field that may be null. Structs become definitions of their own; time.Time is a date with a time;
// time.Duration is a duration in ISO 8601, as Python's timedelta.
func SchemaOf[T any]() (*Schema, error) { return schemaOf(reflect.TypeFor[T]()) }

func schemaOf(t reflect.Type) (*Schema, error) {
	if t.Kind() != reflect.Struct || isLeaf(t) {
		return nil, fmt.Errorf("%v is not a struct: parameters are named, so they are a struct's fields", t)
	}
	b := schemaBuilder{definitions: map[string]*Schema{}, names: map[reflect.Type]string{}}
	root, err := b.object(t)
	if err != nil {
		return nil, err
	}
	root.Title = "Parameters"
	for i, name := range root.order {
		root.Properties[name].Position = &i
	}
	if len(b.definitions) > 0 {
		root.Definitions = b.definitions
	}
	return root, nil
}

// schemaBuilder collects the definitions of nested structs.
type schemaBuilder struct {
	definitions map[string]*Schema
	names       map[reflect.Type]string
}

// object makes the schema of a struct.
func (b *schemaBuilder) object(t reflect.Type) (*Schema, error) {
	s := &Schema{Type: "object", Properties: map[string]*Schema{}}
	for _, field := range fieldsOf(t) {
		name := fieldName(field)
		if s.Properties[name] != nil {
			return nil, fmt.Errorf("%v has two fields named %q", t, name)
		}
		value, err := b.field(field)
		if err != nil {
			return nil, fmt.Errorf("field %s of %v: %w", field.Name, t, err)
		}
		s.Properties[name] = value
		s.order = append(s.order, name)
		if isRequired(field) {
			s.Required = append(s.Required, name)
		}
	}
	return s, nil
}

// field makes the schema of one field with its tags.
func (b *schemaBuilder) field(field reflect.StructField) (*Schema, error) {
	s, err := b.value(field.Type)
	if err != nil {
		return nil, err
	}
	if err := applyTags(s, field); err != nil {
		return nil, err
	}
	s.Title = fieldName(field)
	if title := field.Tag.Get("title"); title != "" {
		s.Title = title
	}
	s.Description = field.Tag.Get("description")
	return s, nil
}

// value makes the schema of a type.
func (b *schemaBuilder) value(t reflect.Type) (*Schema, error) {
	if s := leafSchema(t); s != nil {
		return s, nil
	}
	switch t.Kind() {
	case reflect.Pointer:
		inner, err := b.value(t.Elem())
		if err != nil {
			return nil, err
		}
		return &Schema{AnyOf: []*Schema{inner, {Type: "null"}}}, nil
	case reflect.Slice, reflect.Array:
		items, err := b.value(t.Elem())
		if err != nil {
			return nil, err
		}
		return &Schema{Type: "array", Items: items}, nil
	case reflect.Map:
		if t.Key().Kind() != reflect.String {
			return nil, fmt.Errorf("%v has keys that are no texts, which JSON cannot hold", t)
		}
		values, err := b.value(t.Elem())
		if err != nil {
			return nil, err
		}
		if values.unbound() {
			values = nil
		}
		return &Schema{Type: "object", AdditionalValues: values}, nil
	case reflect.Struct:
		return b.reference(t)
	}
	return nil, fmt.Errorf("%v cannot be a parameter", t)
}

// reference puts a nested struct among the definitions, once, so that types may hold themselves.
func (b *schemaBuilder) reference(t reflect.Type) (*Schema, error) {
	name, known := b.names[t]
	if !known {
		name = t.Name()
		if i := strings.IndexByte(name, '['); i >= 0 {
			name = name[:i]
		}
		if name == "" {
			name = "Object"
		}
		for base, n := name, 2; b.definitions[name] != nil; n++ {
			name = fmt.Sprintf("%s%d", base, n)
		}
		b.names[t] = name
		b.definitions[name] = &Schema{}
		definition, err := b.object(t)
		if err != nil {
			return nil, err
		}
		definition.Title = name
		*b.definitions[name] = *definition
	}
	return &Schema{Ref: "#/definitions/" + name}, nil
}

var (
	timeType     = reflect.TypeFor[time.Time]()
	durationType = reflect.TypeFor[time.Duration]()
	rawType      = reflect.TypeFor[json.RawMessage]()
)

// isLeaf reports types that are one JSON value although their kind says otherwise.
func isLeaf(t reflect.Type) bool { return leafSchema(t) != nil }

func leafSchema(t reflect.Type) *Schema {
	switch {
	case t == timeType:
		return &Schema{Type: "string", Format: "date-time"}
	case t == durationType:
		return &Schema{Type: "string", Format: "duration"}
	case t == rawType:
		return &Schema{}
	case t.Kind() != reflect.Pointer && implementsText(t):
		return &Schema{Type: "string"}
	}
	switch t.Kind() {
	case reflect.Bool:
		return &Schema{Type: "boolean"}
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64,
		reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return &Schema{Type: "integer"}
	case reflect.Float32, reflect.Float64:
		return &Schema{Type: "number"}
	case reflect.String:
		return &Schema{Type: "string"}
	case reflect.Interface:
		return &Schema{}
	}
	return nil
}

func implementsText(t reflect.Type) bool {
	return reflect.PointerTo(t).Implements(reflect.TypeFor[encoding.TextUnmarshaler]()) && t.Implements(reflect.TypeFor[encoding.TextMarshaler]())
}

// fieldsOf gives the fields that are parameters, those of embedded structs in their place.
func fieldsOf(t reflect.Type) []reflect.StructField {
	var fields []reflect.StructField
	for i := range t.NumField() {
		field := t.Field(i)
		if field.Anonymous && field.Type.Kind() == reflect.Struct && field.Tag.Get("json") == "" && !isLeaf(field.Type) {
			for _, inner := range fieldsOf(field.Type) {
				inner.Index = append([]int{i}, inner.Index...)
				fields = append(fields, inner)
			}
			continue
		}
		if field.IsExported() && fieldName(field) != "" {
			fields = append(fields, field)
		}
	}
	return fields
}

// fieldName is a field's name in JSON; empty for one that is left out.
func fieldName(field reflect.StructField) string {
	tag := field.Tag.Get("json")
	if tag == "-" {
		return ""
	}
	if name, _, _ := strings.Cut(tag, ","); name != "" {
		return name
	}
	return field.Name
}

// isRequired: a field must be given unless a tag says what it is otherwise, or it may be null.
func isRequired(field reflect.StructField) bool {
	if _, ok := field.Tag.Lookup("default"); ok {
		return false
	}
	if required, ok := field.Tag.Lookup("required"); ok {
		return required != "false"
	}
	return field.Type.Kind() != reflect.Pointer
}

var errNotOfType = errors.New("the value does not fit the field's type")
