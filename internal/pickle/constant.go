package pickle

import (
	"fmt"
	"math/big"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"mlopsgo/internal/pyobject"
)

// longest bounds integers: the widest in a model are the 128 bits of a random generator's seed.
const longest = 256

// constant are the instructions that give None, truth values and numbers.
func (m *machine) constant(op byte) (known bool, err error) {
	var v pyobject.Value
	var n uint64
	switch op {
	case 'N': // NONE
	case '\x88', '\x89': // NEWTRUE, NEWFALSE
		v = op == '\x88'
	case 'K': // BININT1
		n, err = m.number(1)
		v = int64(n)
	case 'M': // BININT2
		n, err = m.number(2)
		v = int64(n)
	case 'J': // BININT
		n, err = m.number(4)
		v = int64(int32(uint32(n)))
	case 'G': // BINFLOAT
		v, err = m.bigEndianFloat()
	case 'I', 'L': // INT, LONG: 7, 7L, and 00 and 01 for the truth values
		v, err = m.writtenInt()
	case 'F': // FLOAT
		v, err = m.writtenFloat()
	case '\x8a', '\x8b': // LONG1, LONG4
		size := uint64(1)
		if op == '\x8b' {
			size = 4
		}
		v, err = m.long(size)
	default:
		return false, nil
	}
	m.push(v)
	return true, err
}

// decimal reads a line with an integer.
func (m *machine) decimal() (int64, error) {
	text, err := m.line()
	if err != nil {
		return 0, err
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return 0, fmt.Errorf("%w: %.30q is not an integer", ErrFormat, text)
	}
	return n, nil
}

func (m *machine) writtenInt() (pyobject.Value, error) {
	text, err := m.line()
	if err != nil {
		return nil, err
	}
	if text == "00" || text == "01" {
		return text == "01", nil
	}
	text = strings.TrimSuffix(text, "L")
	if n, err := strconv.ParseInt(text, 10, 64); err == nil {
		return n, nil
	}
	if len(text) <= longest {
		if n, ok := new(big.Int).SetString(text, 10); ok {
			return n, nil
		}
	}
	return nil, fmt.Errorf("%w: %.30q is not an integer", ErrFormat, text)
}

func (m *machine) writtenFloat() (pyobject.Value, error) {
	text, err := m.line()
	if err != nil {
		return nil, err
	}
	f, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return nil, fmt.Errorf("%w: %.30q is not a float", ErrFormat, text)
	}
	return f, nil
}

// long reads an integer of any length: a number of bytes, the most significant last, negative ones in two's complement.
func (m *machine) long(size uint64) (pyobject.Value, error) {
	b, err := m.sized(size)
	if err != nil {
		return nil, err
	}
	if len(b) > longest {
		return nil, fmt.Errorf("%w: an integer of %d bytes", ErrRefused, len(b))
	}
	b = slices.Clone(b)
	slices.Reverse(b)
	n := new(big.Int).SetBytes(b)
	if len(b) > 0 && b[0]&0x80 != 0 {
		n.Sub(n, new(big.Int).Lsh(big.NewInt(1), uint(8*len(b))))
	}
	if n.IsInt64() {
		return n.Int64(), nil
	}
	return n, nil
}

// text are the instructions that give strings and bytes.
func (m *machine) text(op byte) (known bool, err error) {
	size := uint64(8) // of the length before them
	switch op {
	case '\x8c', 'C':
		size = 1
	case 'X', 'B':
		size = 4
	}
	switch op {
	case '\x8c', 'X', '\x8d': // SHORT_BINUNICODE, BINUNICODE, BINUNICODE8
		b, err := m.sized(size)
		if err == nil && !utf8.Valid(b) {
			err = fmt.Errorf("%w: a text that is not UTF-8", ErrFormat)
		}
		m.push(string(b))
		return true, err
	case 'C', 'B', '\x8e', '\x96': // SHORT_BINBYTES, BINBYTES, BINBYTES8, BYTEARRAY8
		b, err := m.sized(size)
		m.push(pyobject.Bytes(b))
		return true, err
	case 'V': // UNICODE
		line, err := m.line()
		if err != nil {
			return true, err
		}
		text, err := unescape(line)
		m.push(text)
		return true, err
	}
	return false, nil
}

// unescape reads Python's raw-unicode-escape: \uXXXX, \UXXXXXXXX, and all other bytes as Latin-1.
func unescape(line string) (string, error) {
	var out strings.Builder
	for i := 0; i < len(line); i++ {
		digits := 0
		if line[i] == '\\' && i+1 < len(line) {
			switch line[i+1] {
			case 'u':
				digits = 4
			case 'U':
				digits = 8
			}
		}
		if digits == 0 {
			out.WriteRune(rune(line[i]))
			continue
		}
		if i+2+digits > len(line) {
			return "", fmt.Errorf("%w: an escape in a text is cut off", ErrFormat)
		}
		r, err := strconv.ParseUint(line[i+2:i+2+digits], 16, 32)
		if err != nil || !utf8.ValidRune(rune(r)) {
			return "", fmt.Errorf("%w: a text with the escape %q", ErrFormat, line[i:i+2+digits])
		}
		out.WriteRune(rune(r))
		i += 1 + digits
	}
	return out.String(), nil
}
