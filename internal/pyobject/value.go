package pyobject

import (
	"errors"
	"fmt"
	"slices"
)

// ErrFormat is in the chain of errors for an object that is not what its place demands.
var ErrFormat = errors.New("the object is malformed")

// Value is any Python object; see the documentation of the package for the Go types.
type Value any

// Bytes is a bytes or bytearray.
type Bytes []byte

// List is a list; two places can hold the same one.
type List struct{ Items []Value }

// Tuple is a tuple.
type Tuple []Value

// Dict is a dict in the order of insertion. Keys are not compared: of equal ones the last counts.
type Dict struct{ Keys, Values []Value }

// Type is a class or function by its full name, such as "sklearn.svm._classes.SVC".
type Type string

// Object is an instance of a class, or what a function returned.
type Object struct {
	// Class is the full name of the class or function.
	Class Type
	// Args are the arguments that it was made with; most have none.
	Args Tuple
	// State is what the object was given afterwards: nearly always a *Dict of its attributes.
	State Value
}

// Get finds the value of a text key.
func (d *Dict) Get(key string) (Value, bool) {
	for i, k := range slices.Backward(d.Keys) {
		if k, ok := k.(string); ok && k == key {
			return d.Values[i], true
		}
	}
	return nil, false
}

// Attr is an attribute of an object.
func (o *Object) Attr(name string) (Value, bool) {
	d, ok := o.State.(*Dict)
	if !ok {
		return nil, false
	}
	return d.Get(name)
}

// Describe names the type of a value for an error message.
func Describe(v Value) string {
	switch v := v.(type) {
	case nil:
		return "None"
	case *Object:
		return "an object of " + string(v.Class)
	case *Array:
		return fmt.Sprintf("an array of %s and shape %v", v.Type, v.Shape)
	case Type:
		return "the type " + string(v)
	case *List, Tuple:
		return "a list"
	case *Dict:
		return "a dict"
	case Bytes:
		return "bytes"
	}
	text := fmt.Sprint(v)
	return text[:min(len(text), 40)]
}

// maxDepth is deeper than any model: a pipeline of ensembles of trees has about 15 levels.
const maxDepth = 100

// Check refuses a tree in which an object contains itself or that is deeper than 100 levels. An object that stands in many places is
// looked at once.
func Check(root Value) error { return (&checker{map[any]bool{}}).check(root, 0) }

// checker knows the objects that it has begun; true are those that it has not come to the end of.
type checker struct{ open map[any]bool }

func (c *checker) check(v Value, depth int) error {
	var parts [2][]Value
	switch v := v.(type) {
	case *List:
		parts[0] = v.Items
	case Tuple:
		parts[0] = v
	case *Dict:
		parts = [2][]Value{v.Keys, v.Values}
	case *Object:
		parts = [2][]Value{v.Args, {v.State}}
	case *Array:
		parts[0] = v.Objects
	default:
		return nil
	}
	if depth == maxDepth {
		return fmt.Errorf("%w: it is nested more than %d levels deep", ErrFormat, maxDepth)
	}
	key := any(v)
	if tuple, ok := v.(Tuple); ok {
		if len(tuple) == 0 {
			return nil
		}
		key = &tuple[0]
	}
	if open, seen := c.open[key]; open {
		return fmt.Errorf("%w: %s contains itself", ErrFormat, Describe(v))
	} else if seen {
		return nil
	}
	c.open[key] = true
	defer func() { c.open[key] = false }()
	for _, part := range parts {
		for _, one := range part {
			if err := c.check(one, depth+1); err != nil {
				return err
			}
		}
	}
	return nil
}
