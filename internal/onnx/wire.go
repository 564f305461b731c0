package onnx

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"slices"

	"google.golang.org/protobuf/encoding/protowire"
)

// ErrFormat is in the chain of every error that [Decode] returns for bytes that are not an ONNX model.
var ErrFormat = errors.New("not a valid ONNX model")

// decoder carries what all messages of one file share: the first error, and how much memory may still be used.
type decoder struct {
	err    error
	budget int64
}

// memoryFor bounds what decoding n bytes may allocate. A varint of one byte becomes eight; two bytes of an empty
// message become a struct. Real models stay far below the allowance, crafted ones run into it.
func memoryFor(n int) int64 { return 64<<20 + 24*int64(n) }

func (d *decoder) fail(format string, args ...any) {
	if d.err == nil {
		d.err = fmt.Errorf("onnx: %w: %s", ErrFormat, fmt.Sprintf(format, args...))
	}
}

// spend takes n bytes from the budget and reports whether decoding may go on.
func (d *decoder) spend(n int) bool {
	d.budget -= int64(n)
	if d.budget < 0 {
		d.fail("decoding it would need far more memory than its size explains")
	}
	return d.err == nil
}

// message walks the fields of one message:
//
//	for m := d.message("node", b, depth); m.next(); {
//		switch m.num { case 1: x = m.text() … default: unknown = m.keep(unknown) }
//	}
type message struct {
	*decoder
	what  string
	depth int
	rest  []byte
	field []byte // the whole current field, with its tag

	num protowire.Number
	typ protowire.Type
	u   uint64
	b   []byte
}

// maxDepth bounds the nesting of messages; models nest graphs in attributes a few levels at most.
const maxDepth = 64

func (d *decoder) message(what string, b []byte, depth int) *message {
	if depth > maxDepth {
		d.fail("messages nest deeper than %d levels", maxDepth)
	}
	return &message{decoder: d, what: what, depth: depth, rest: b}
}

func (m *message) next() bool {
	if m.err != nil || len(m.rest) == 0 {
		return false
	}
	num, typ, n := protowire.ConsumeTag(m.rest)
	if n < 0 {
		m.fail("%s: %v", m.what, protowire.ParseError(n))
		return false
	}
	value := m.rest[n:]
	m.u, m.b = 0, nil
	var k int
	switch typ {
	case protowire.VarintType:
		m.u, k = protowire.ConsumeVarint(value)
	case protowire.Fixed32Type:
		var v uint32
		v, k = protowire.ConsumeFixed32(value)
		m.u = uint64(v)
	case protowire.Fixed64Type:
		m.u, k = protowire.ConsumeFixed64(value)
	case protowire.BytesType:
		m.b, k = protowire.ConsumeBytes(value)
	default:
		m.fail("%s: field %d has wire type %d, which ONNX does not use", m.what, num, typ)
		return false
	}
	if k < 0 {
		m.fail("%s: field %d: %v", m.what, num, protowire.ParseError(k))
		return false
	}
	m.num, m.typ = num, typ
	m.field, m.rest = m.rest[:n+k], value[k:]
	return true
}

func (m *message) want(typ protowire.Type) bool {
	if m.typ != typ {
		m.fail("%s: field %d has wire type %d, want %d", m.what, m.num, m.typ, typ)
	}
	return m.typ == typ
}

func (m *message) int64() int64 {
	m.want(protowire.VarintType)
	return int64(m.u)
}

func (m *message) float32() float32 {
	m.want(protowire.Fixed32Type)
	return math.Float32frombits(uint32(m.u))
}

func (m *message) bytes() []byte {
	if !m.want(protowire.BytesType) || !m.spend(len(m.b)+24) {
		return nil
	}
	return append([]byte(nil), m.b...)
}

// shared is bytes, in the memory of one of the last of those before when that is equal: a tree ensemble names the kind of each of its nodes.
func (m *message) shared(before [][]byte) []byte {
	const looked = 4
	for i := len(before) - 1; i >= max(0, len(before)-looked); i-- {
		if len(before[i]) > 0 && bytes.Equal(before[i], m.b) && m.spend(2*24) {
			return before[i]
		}
	}
	return m.bytes()
}

func (m *message) text() string {
	if !m.want(protowire.BytesType) || !m.spend(len(m.b)+16) {
		return ""
	}
	return string(m.b)
}

// sub opens the message in the current field; size is that of the Go value it becomes.
func (m *message) sub(what string, size int) *message {
	m.want(protowire.BytesType)
	m.spend(2 * size)
	return m.message(what, m.b, m.depth+1)
}

// keep appends the current field to those not modelled.
func (m *message) keep(unknown []byte) []byte {
	if !m.spend(2 * len(m.field)) {
		return unknown
	}
	return append(unknown, m.field...)
}

// run takes the budget for the current number and for those of the same field that follow it at once, as numbers that are not packed do, and
// says how many they are: a tree ensemble has a million, for which a slice must not grow.
func (m *message) run(each int) int {
	ahead, count := *m, 1
	for ahead.again() {
		count++
	}
	if !m.spend(each * count) {
		return 0
	}
	return count
}

// again goes on to the next number when it stands behind the current one and is of the same field. Whatever is wrong there, next will say.
func (m *message) again() bool {
	tag := m.field[0]
	if len(m.rest) < 2 || m.rest[0] != tag || tag >= 0x80 {
		return false
	}
	var u uint64
	k := -1
	switch rest := m.rest[1:]; m.typ {
	case protowire.VarintType:
		u, k = protowire.ConsumeVarint(rest)
	case protowire.Fixed32Type:
		var v uint32
		v, k = protowire.ConsumeFixed32(rest)
		u = uint64(v)
	default:
	}
	if k < 0 {
		return false
	}
	m.u, m.rest = u, m.rest[1+k:]
	return true
}

// appendInts, appendFloats and appendDoubles read a repeated number, packed or not.

func (m *message) appendInts(dst []int64) []int64 {
	if m.typ == protowire.VarintType {
		dst = append(slices.Grow(dst, m.run(16)), int64(m.u))
		for m.again() {
			dst = append(dst, int64(m.u))
		}
		return dst
	}
	if !m.want(protowire.BytesType) {
		return dst
	}
	for b := m.b; len(b) > 0; {
		v, n := protowire.ConsumeVarint(b)
		if n < 0 {
			m.fail("%s: field %d: %v", m.what, m.num, protowire.ParseError(n))
			return dst
		}
		if !m.spend(16) {
			return dst
		}
		dst, b = append(dst, int64(v)), b[n:]
	}
	return dst
}

func (m *message) appendFloats(dst []float32) []float32 {
	if m.typ == protowire.Fixed32Type {
		dst = append(slices.Grow(dst, m.run(8)), math.Float32frombits(uint32(m.u)))
		for m.again() {
			dst = append(dst, math.Float32frombits(uint32(m.u)))
		}
		return dst
	}
	if !m.packed(4) {
		return dst
	}
	for b := m.b; len(b) > 0; b = b[4:] {
		v, _ := protowire.ConsumeFixed32(b)
		dst = append(dst, math.Float32frombits(v))
	}
	return dst
}

func (m *message) appendDoubles(dst []float64) []float64 {
	if m.typ == protowire.Fixed64Type {
		m.spend(16)
		return append(dst, math.Float64frombits(m.u))
	}
	if !m.packed(8) {
		return dst
	}
	for b := m.b; len(b) > 0; b = b[8:] {
		v, _ := protowire.ConsumeFixed64(b)
		dst = append(dst, math.Float64frombits(v))
	}
	return dst
}

// packed checks a packed field of numbers of the given size.
func (m *message) packed(size int) bool {
	if !m.want(protowire.BytesType) || !m.spend(2*len(m.b)) {
		return false
	}
	if len(m.b)%size != 0 {
		m.fail("%s: field %d holds %d bytes, not a multiple of %d", m.what, m.num, len(m.b), size)
		return false
	}
	return true
}
