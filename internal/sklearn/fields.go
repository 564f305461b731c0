package sklearn

import (
	"fmt"
	"math"
	"slices"

	"mlopsgo/internal/pyobject"
)

// fields reads the attributes of an object. The first error stays, and everything after it gives zero values.
type fields struct {
	of  *pyobject.Object
	err error
}

func (f *fields) refuse(name, format string, args ...any) {
	if f.err == nil {
		f.err = fmt.Errorf("attribute %s: %w: %s", name, ErrFormat, fmt.Sprintf(format, args...))
	}
}

// unsupported refuses a parameter.
func (f *fields) unsupported(format string, args ...any) {
	if f.err == nil {
		f.err = fmt.Errorf("%w: %s", ErrUnsupported, fmt.Sprintf(format, args...))
	}
}

// value is an attribute that must be there.
func (f *fields) value(name string) pyobject.Value {
	v, ok := f.of.Attr(name)
	if !ok {
		f.refuse(name, "it is missing; the model may not be fitted")
	}
	return v
}

// has tells whether an attribute is there and not None.
func (f *fields) has(name string) bool {
	v, ok := f.of.Attr(name)
	return ok && v != nil
}

// integer is an int of Python or a single integer of numpy.
func (f *fields) integer(name string) int {
	switch v := f.value(name).(type) {
	case int64:
		return int(v)
	case *pyobject.Array:
		if n, err := v.Ints(); err == nil && len(n) == 1 {
			return int(n[0])
		}
	}
	f.refuse(name, "an integer was expected")
	return 0
}

// number is a float or int of Python or a single number of numpy.
func (f *fields) number(name string) float64 {
	switch v := f.value(name).(type) {
	case float64:
		return v
	case int64:
		return float64(v)
	case *pyobject.Array:
		if n, err := v.Floats(); err == nil && len(n) == 1 {
			return n[0]
		}
	}
	f.refuse(name, "a number was expected")
	return 0
}

func (f *fields) truth(name string) bool {
	v, ok := f.value(name).(bool)
	if !ok {
		f.refuse(name, "True or False was expected")
	}
	return v
}

func (f *fields) text(name string) string {
	v := f.value(name)
	text, ok := v.(string)
	if !ok {
		f.unsupported("%s is %s", name, pyobject.Describe(v))
	}
	return text
}

// array is an array of numpy whose dimensions are those wanted; −1 is any.
func (f *fields) array(name string, want ...int) *pyobject.Array {
	v := f.value(name)
	a, ok := v.(*pyobject.Array)
	if f.err != nil {
		return nil
	}
	if !ok || !fits(a.Shape, want) {
		f.refuse(name, "an array of shape %v was expected, it is %s", want, pyobject.Describe(v))
		return nil
	}
	return a
}

func fits(shape, want []int) bool {
	return slices.EqualFunc(shape, want, func(have, want int) bool { return want < 0 || have == want })
}

// floats are the finite numbers of an array.
func (f *fields) floats(name string, want ...int) []float64 {
	a := f.array(name, want...)
	if a == nil {
		return nil
	}
	values, err := a.Floats()
	if err != nil {
		f.refuse(name, "%v", err)
	}
	for _, v := range values {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			f.refuse(name, "it holds %v", v)
		}
	}
	return values
}

// integers are the numbers of an array.
func (f *fields) integers(name string, want ...int) []int64 {
	a := f.array(name, want...)
	if a == nil {
		return nil
	}
	values, err := a.Ints()
	if err != nil {
		f.refuse(name, "%v", err)
	}
	return values
}

// names are the texts of an array, nil when it is not there.
func (f *fields) names(name string, n int) []string {
	if !f.has(name) {
		return nil
	}
	a := f.array(name, n)
	if a == nil {
		return nil
	}
	texts, err := a.Strings()
	if err != nil {
		f.refuse(name, "%v", err)
	}
	return texts
}

// objects are the objects of a list or an array.
func (f *fields) objects(name string) []*pyobject.Object {
	var items []pyobject.Value
	switch v := f.value(name).(type) {
	case *pyobject.List:
		items = v.Items
	case *pyobject.Array:
		items = v.Objects
	}
	objects := make([]*pyobject.Object, len(items))
	for i, item := range items {
		object, ok := item.(*pyobject.Object)
		if !ok {
			f.refuse(name, "it holds %s", pyobject.Describe(item))
			return nil
		}
		objects[i] = object
	}
	return objects
}

// bounds is a tuple of two numbers.
func (f *fields) bounds(name string) (low, high float64) {
	tuple, _ := f.value(name).(pyobject.Tuple)
	pair := fields{of: &pyobject.Object{State: &pyobject.Dict{Keys: []pyobject.Value{"low", "high"}, Values: tuple}}}
	if len(tuple) != 2 {
		f.refuse(name, "a pair of numbers was expected")
		return 0, 0
	}
	low, high = pair.number("low"), pair.number("high")
	if pair.err != nil {
		f.refuse(name, "%v", pair.err)
	}
	return low, high
}
