package sklearn

import (
	"strconv"

	"mlopsgo/internal/pyobject"
)

// Classes are the labels of a classifier: one of the slices is there.
type Classes struct {
	Ints   []int64
	Floats []float64
	Texts  []string
	Bools  []bool
}

// Len is their number.
func (c *Classes) Len() int { return len(c.Ints) + len(c.Floats) + len(c.Texts) + len(c.Bools) }

// Text is label i as text.
func (c *Classes) Text(i int) string {
	switch {
	case c.Texts != nil:
		return c.Texts[i]
	case c.Ints != nil:
		return strconv.FormatInt(c.Ints[i], 10)
	case c.Bools != nil:
		return strconv.FormatBool(c.Bools[i])
	}
	return strconv.FormatFloat(c.Floats[i], 'g', -1, 64)
}

// classes reads classes_. Those that pandas' objects gave can be texts, integers or truth values.
func (f *fields) classes() (c Classes) {
	a := f.array("classes_", -1)
	if a == nil {
		return c
	}
	var err error
	switch a.Type.Kind {
	case 'O':
		c = ofObjects(a.Objects)
	case 'U':
		c.Texts, err = a.Strings()
	case 'f':
		c.Floats = f.floats("classes_", -1)
	case 'b':
		for i := range a.Len() {
			c.Bools = append(c.Bools, a.Data[i] != 0)
		}
	default:
		c.Ints, err = a.Ints()
	}
	if err != nil {
		f.refuse("classes_", "%v", err)
	} else if n := c.Len(); n < 2 || n != a.Len() {
		f.refuse("classes_", "%d labels that can be answered, of %d; two at least are needed", n, a.Len())
	}
	return c
}

// ofObjects takes labels of one type; those of another are left out, which the caller notices.
func ofObjects(values []pyobject.Value) (c Classes) {
	for _, v := range values {
		switch v := v.(type) {
		case string:
			c.Texts = append(c.Texts, v)
		case int64:
			c.Ints = append(c.Ints, v)
		case bool:
			c.Bools = append(c.Bools, v)
		case float64:
			c.Floats = append(c.Floats, v)
		}
	}
	for _, n := range []int{len(c.Texts), len(c.Ints), len(c.Bools), len(c.Floats)} {
		if n != 0 && n != c.Len() {
			return Classes{}
		}
	}
	return c
}
