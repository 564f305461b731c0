package pickle

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"

	"mlopsgo/internal/pyobject"
)

// ErrFormat is in the chain of errors for what is not a pickle; ErrRefused for names and instructions that are not on the list.
var (
	ErrFormat  = errors.New("not a valid pickle")
	ErrRefused = errors.New("refused")
)

// Read reads a pickle as data. Arrays and bytes share memory with data. What it takes is bounded by a small multiple of len(data).
func Read(data []byte) (pyobject.Value, error) {
	m := &machine{data: data, memo: map[uint64]pyobject.Value{}}
	for !m.stopped {
		start := m.at
		if err := m.step(); err != nil {
			return nil, fmt.Errorf("pickle: byte %d: %w", start, err)
		}
	}
	root, err := m.pop()
	if err == nil {
		err = pyobject.Check(root)
	}
	if err != nil {
		return nil, fmt.Errorf("pickle: %w", err)
	}
	return root, nil
}

// machine runs the instructions.
type machine struct {
	data    []byte
	at      int
	stack   []pyobject.Value
	marks   []int // lengths of the stack
	memo    map[uint64]pyobject.Value
	stopped bool
}

// instructions run what they know.
var instructions = []func(*machine, byte) (known bool, err error){
	(*machine).constant, (*machine).text, (*machine).collection, (*machine).memory, (*machine).object,
}

// step runs one instruction.
func (m *machine) step() error {
	code, err := m.bytes(1)
	if err != nil {
		return err
	}
	op := code[0]
	for _, run := range instructions {
		if known, err := run(m, op); known || err != nil {
			return err
		}
	}
	return fmt.Errorf("%w: instruction %q; models of scikit-learn do not need it", ErrRefused, op)
}

// bytes takes the next n bytes.
func (m *machine) bytes(n uint64) ([]byte, error) {
	if n > uint64(len(m.data)-m.at) {
		return nil, fmt.Errorf("%w: it ends where %d more bytes were expected", ErrFormat, n)
	}
	b := m.data[m.at : m.at+int(n) : m.at+int(n)]
	m.at += int(n)
	return b, nil
}

// number takes the next size bytes, 1 to 8, as a number without a sign.
func (m *machine) number(size uint64) (uint64, error) {
	b, err := m.bytes(size)
	if err != nil {
		return 0, err
	}
	var word [8]byte
	copy(word[:], b)
	return binary.LittleEndian.Uint64(word[:]), nil
}

// sized takes a length of size bytes, and then that many bytes.
func (m *machine) sized(size uint64) ([]byte, error) {
	n, err := m.number(size)
	if err != nil {
		return nil, err
	}
	return m.bytes(n)
}

// line takes the bytes up to the end of a line.
func (m *machine) line() (string, error) {
	for i, c := range m.data[m.at:] {
		if c == '\n' {
			line := string(m.data[m.at : m.at+i])
			m.at += i + 1
			return line, nil
		}
	}
	return "", fmt.Errorf("%w: a line does not end", ErrFormat)
}

func (m *machine) push(v pyobject.Value) { m.stack = append(m.stack, v) }

// floor is where the values above the last mark begin.
func (m *machine) floor() int {
	if n := len(m.marks); n > 0 {
		return m.marks[n-1]
	}
	return 0
}

var errShort = fmt.Errorf("%w: the stack is shorter than an instruction needs", ErrFormat)

func (m *machine) pop() (pyobject.Value, error) {
	n := len(m.stack)
	if n <= m.floor() {
		return nil, errShort
	}
	v := m.stack[n-1]
	m.stack = m.stack[:n-1]
	return v, nil
}

// popMany takes n values, in the order in which they were put there.
func (m *machine) popMany(n int) ([]pyobject.Value, error) {
	from := len(m.stack) - n
	if from < m.floor() {
		return nil, errShort
	}
	values := append([]pyobject.Value(nil), m.stack[from:]...)
	m.stack = m.stack[:from]
	return values, nil
}

// popMark takes the values above the last mark, and the mark.
func (m *machine) popMark() ([]pyobject.Value, error) {
	if len(m.marks) == 0 {
		return nil, fmt.Errorf("%w: no mark", ErrFormat)
	}
	values, err := m.popMany(len(m.stack) - m.floor())
	m.marks = m.marks[:len(m.marks)-1]
	return values, err
}

// top is the value that instructions change in place.
func (m *machine) top() (pyobject.Value, error) {
	n := len(m.stack)
	if n <= m.floor() {
		return nil, errShort
	}
	return m.stack[n-1], nil
}

// memory are the instructions that keep values and take them back, and those around the program.
func (m *machine) memory(op byte) (known bool, err error) {
	switch op {
	case '\x80': // PROTO
		version, err := m.number(1)
		if err == nil && version > 5 {
			err = fmt.Errorf("%w: protocol %d; 0 to 5 are known", ErrRefused, version)
		}
		return true, err
	case '\x95': // FRAME
		_, err := m.number(8)
		return true, err
	case '.': // STOP
		m.stopped = true
		return true, nil
	case '(': // MARK
		m.marks = append(m.marks, len(m.stack))
		return true, nil
	case '0': // POP, which also takes a mark
		if len(m.marks) > 0 && m.floor() == len(m.stack) {
			m.marks = m.marks[:len(m.marks)-1]
			return true, nil
		}
		_, err := m.pop()
		return true, err
	case '1': // POP_MARK
		_, err := m.popMark()
		return true, err
	case '2': // DUP
		v, err := m.top()
		m.push(v)
		return true, err
	case '\x94': // MEMOIZE
		return true, m.put(uint64(len(m.memo)), nil)
	case 'p', 'q', 'r': // PUT, BINPUT, LONG_BINPUT
		return true, m.put(m.index(op - 'p'))
	case 'g', 'h', 'j': // GET, BINGET, LONG_BINGET
		form := op - 'g'
		if op == 'j' {
			form = 2
		}
		return true, m.get(m.index(form))
	}
	return false, nil
}

// index reads the number of a kept value: in a line, in one byte or in four.
func (m *machine) index(form byte) (uint64, error) {
	switch form {
	case 1:
		return m.number(1)
	case 2:
		return m.number(4)
	}
	n, err := m.decimal()
	if err == nil && n < 0 {
		err = fmt.Errorf("%w: a negative index", ErrFormat)
	}
	return uint64(n), err
}

func (m *machine) put(index uint64, err error) error {
	if err != nil {
		return err
	}
	v, err := m.top()
	m.memo[index] = v
	return err
}

func (m *machine) get(index uint64, err error) error {
	if err != nil {
		return err
	}
	v, ok := m.memo[index]
	if !ok {
		return fmt.Errorf("%w: value %d was not kept", ErrFormat, index)
	}
	m.push(v)
	return nil
}

// bigEndianFloat reads the one number that is written with its most significant byte first.
func (m *machine) bigEndianFloat() (float64, error) {
	b, err := m.bytes(8)
	if err != nil {
		return 0, err
	}
	return math.Float64frombits(binary.BigEndian.Uint64(b)), nil
}
