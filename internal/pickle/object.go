package pickle

import (
	"fmt"
	"slices"

	"mlopsgo/internal/pyobject"
)

// collection are the instructions that make tuples, lists and dicts and fill them.
func (m *machine) collection(op byte) (known bool, err error) {
	switch op {
	case ')', '\x85', '\x86', '\x87': // EMPTY_TUPLE, TUPLE1, TUPLE2, TUPLE3
		n := 0
		if op != ')' {
			n = int(op - '\x84')
		}
		items, err := m.popMany(n)
		m.push(pyobject.Tuple(items))
		return true, err
	case ']': // EMPTY_LIST
		m.push(&pyobject.List{})
		return true, nil
	case '}': // EMPTY_DICT
		m.push(&pyobject.Dict{})
		return true, nil
	case 'a', 's': // APPEND, SETITEM
		n := 1
		if op == 's' {
			n = 2
		}
		items, err := m.popMany(n)
		if err != nil {
			return true, err
		}
		return true, m.fill(items)
	case 't', 'l', 'd', 'e', 'u': // TUPLE, LIST, DICT, APPENDS, SETITEMS
		items, err := m.popMark()
		if err != nil {
			return true, err
		}
		switch op {
		case 't':
			m.push(pyobject.Tuple(items))
			return true, nil
		case 'l':
			m.push(&pyobject.List{})
		case 'd':
			m.push(&pyobject.Dict{})
		}
		return true, m.fill(items)
	}
	return false, nil
}

// fill adds to the list or dict on the stack.
func (m *machine) fill(items []pyobject.Value) error {
	into, err := m.top()
	if err != nil {
		return err
	}
	switch into := into.(type) {
	case *pyobject.List:
		into.Items = append(into.Items, items...)
	case *pyobject.Dict:
		if len(items)%2 != 0 {
			return fmt.Errorf("%w: a key without a value", ErrFormat)
		}
		for i := 0; i < len(items); i += 2 {
			into.Keys, into.Values = append(into.Keys, items[i]), append(into.Values, items[i+1])
		}
	default:
		return fmt.Errorf("%w: %s is filled as if it were a list or a dict", ErrRefused, pyobject.Describe(into))
	}
	return nil
}

// object are the instructions that name classes and functions, call them and give objects their state.
func (m *machine) object(op byte) (known bool, err error) {
	switch op {
	case 'c': // GLOBAL
		module, err := m.line()
		if err != nil {
			return true, err
		}
		name, err := m.line()
		if err != nil {
			return true, err
		}
		return true, m.global(module, name)
	case '\x93': // STACK_GLOBAL
		names, err := m.popMany(2)
		if err != nil {
			return true, err
		}
		module, ok := names[0].(string)
		name, also := names[1].(string)
		if !ok || !also {
			return true, fmt.Errorf("%w: a class whose name is not a text", ErrFormat)
		}
		return true, m.global(module, name)
	case 'R', '\x81', 'b': // REDUCE, NEWOBJ, BUILD
		parts, err := m.popMany(2)
		if err != nil {
			return true, err
		}
		if op == 'b' {
			m.push(parts[0])
			return true, build(parts[0], parts[1])
		}
		class, ok := parts[0].(pyobject.Type)
		args, also := parts[1].(pyobject.Tuple)
		if !ok || !also {
			return true, fmt.Errorf("%w: a call of %s with %s", ErrRefused, pyobject.Describe(parts[0]), pyobject.Describe(parts[1]))
		}
		made, err := call(class, args)
		m.push(made)
		return true, err
	}
	return false, nil
}

func (m *machine) global(module, name string) error {
	class, ok := allow(module, name)
	if !ok {
		return fmt.Errorf("%w: the file names %.100s.%.100s, which is not one of the classes and functions that models of scikit-learn known here need",
			ErrRefused, module, name)
	}
	m.push(class)
	return nil
}

// call makes of a call what stands for it.
func call(class pyobject.Type, args pyobject.Tuple) (pyobject.Value, error) {
	switch class {
	case reconstructArray:
		return &pyobject.Array{}, nil // its state brings everything
	case elementType:
		return newElementType(args)
	case scalarType:
		return newScalar(args)
	case arrayOfBuffer:
		return newArrayOfBuffer(args)
	case encode:
		return encoded(args)
	case bytesType, bytearrayType:
		if len(args) == 0 {
			return pyobject.Bytes{}, nil
		}
		if b, ok := args[0].(pyobject.Bytes); ok && len(args) == 1 {
			return b, nil
		}
		return nil, fmt.Errorf("%w: bytes of %s", ErrRefused, pyobject.Describe(args[0]))
	}
	if class == reconstruct || slices.Contains(makers, string(class)) {
		if len(args) > 0 {
			if of, ok := args[0].(pyobject.Type); ok {
				return &pyobject.Object{Class: of, Args: args[1:]}, nil
			}
		}
		return nil, fmt.Errorf("%w: %s makes an object of no class", ErrFormat, class)
	}
	return &pyobject.Object{Class: class, Args: args}, nil
}

// encoded are bytes as the protocols before 3 write them: a text whose characters are the bytes.
func encoded(args pyobject.Tuple) (pyobject.Value, error) {
	if len(args) == 2 {
		text, ok := args[0].(string)
		if coding, _ := args[1].(string); ok && coding == "latin1" {
			b := make(pyobject.Bytes, 0, len(text))
			for _, r := range text {
				if r > 0xff {
					return nil, fmt.Errorf("%w: bytes with the character %q", ErrFormat, r)
				}
				b = append(b, byte(r))
			}
			return b, nil
		}
	}
	return nil, fmt.Errorf("%w: a call of %s that does not give bytes", ErrRefused, encode)
}

// build gives an object its state.
func build(of, state pyobject.Value) error {
	switch of := of.(type) {
	case *pyobject.Object:
		if of.State != nil {
			return fmt.Errorf("%w: %s is given a state twice", ErrRefused, pyobject.Describe(of))
		}
		of.State = state
		return nil
	case *pyobject.Array:
		return buildArray(of, state)
	case *dtype:
		return of.build(state)
	}
	return fmt.Errorf("%w: a state for %s", ErrRefused, pyobject.Describe(of))
}
