package onnx

import (
	"encoding/binary"
	"fmt"
	"math"
)

// compactVersion begins the compact form. Whoever changes the layout of trees counts it up: an old form is then refused, and made anew.
const compactVersion = 1

// compact writes the ranked nodes of an ensemble in the order of memory: reading it back is copying and checking.
//
// All numbers are little endian: version, columns, features, then lists with their lengths before them.
func compact(e *ensemble, r *ranked) []byte {
	var b []byte
	for _, n := range []int{compactVersion, e.columns, e.features, len(r.roots)} {
		b = binary.LittleEndian.AppendUint32(b, uint32(n))
	}
	for _, root := range r.roots {
		b = binary.LittleEndian.AppendUint32(b, root)
	}
	b = binary.LittleEndian.AppendUint32(b, uint32(len(r.features)))
	for i, feature := range r.features {
		b = binary.LittleEndian.AppendUint32(b, uint32(feature))
		b = appendFloats(b, r.thresholds[i])
	}
	b = binary.LittleEndian.AppendUint32(b, uint32(len(r.nodes)))
	for _, node := range r.nodes {
		b = binary.LittleEndian.AppendUint64(b, node)
	}
	for _, word := range r.nanFirst {
		b = binary.LittleEndian.AppendUint64(b, word)
	}
	for _, row := range r.rows {
		b = binary.LittleEndian.AppendUint32(b, row)
	}
	b = appendFloats(b, e.leaves)
	b = binary.LittleEndian.AppendUint32(b, uint32(len(e.listed)))
	for _, listed := range e.listed {
		var one byte
		if listed {
			one = 1
		}
		b = append(b, one)
	}
	return b
}

func appendFloats(b []byte, values []float64) []byte {
	b = binary.LittleEndian.AppendUint32(b, uint32(len(values)))
	for _, v := range values {
		b = binary.LittleEndian.AppendUint64(b, math.Float64bits(v))
	}
	return b
}

// readCompact reads what compact wrote. Whatever the bytes are, the trees end and stay within their lists.
func readCompact(data []byte) (*ensemble, *ranked, error) {
	c := compactReader{rest: data}
	if version := c.number(); c.failed || version != compactVersion {
		return nil, nil, fmt.Errorf("%w: compact trees of version %d, and not %d", ErrFormat, version, compactVersion)
	}
	e, r := &ensemble{columns: c.number(), features: c.number()}, &ranked{}
	r.roots = make([]uint32, c.count(4))
	for i := range r.roots {
		r.roots[i] = uint32(c.number())
	}
	slots := c.count(8)
	for range slots {
		r.features = append(r.features, int32(c.number()))
		r.thresholds = append(r.thresholds, c.floats())
	}
	n := c.count(12)
	r.nodes, r.nanFirst, r.rows = c.words(n), c.words((n+63)/64), make([]uint32, n)
	rows := c.take(4 * n)
	for i := range len(rows) / 4 {
		r.rows[i] = binary.LittleEndian.Uint32(rows[4*i:])
	}
	e.leaves = c.floats()
	for _, one := range c.take(c.count(1)) {
		e.listed = append(e.listed, one != 0)
	}
	e.roots, e.ranked = r.roots, r
	if c.failed || len(c.rest) > 0 {
		return nil, nil, fmt.Errorf("%w: compact trees that are too short or too long", ErrFormat)
	}
	if err := r.check(e); err != nil {
		return nil, nil, err
	}
	return e, r, nil
}

// check makes sure that walking ends and finds what it looks for.
func (r *ranked) check(e *ensemble) error {
	bad := func(what string, at int) error { return fmt.Errorf("%w: compact trees: %s %d", ErrFormat, what, at) }
	if e.columns < 1 || len(r.roots) == 0 || len(r.features) > featureMask || len(e.leaves)%e.columns != 0 ||
		(len(e.listed) != 0 && len(e.listed) != len(e.leaves)) {
		return bad("columns", e.columns)
	}
	for i, feature := range r.features {
		if feature < 0 || int(feature) >= e.features || len(r.thresholds[i]) >= leafRank {
			return bad("feature", i)
		}
	}
	for i, root := range r.roots {
		if int(root) >= len(r.nodes) {
			return bad("root of tree", i)
		}
	}
	leaves := len(e.leaves) / e.columns
	for i, word := range r.nodes {
		child := int(word & childMask)
		switch rank, slot := word>>rankShift, int(word>>featureShift&featureMask); {
		case word == leafWord|uint64(i): // a leaf
			if int(r.rows[i]) >= leaves {
				return bad("leaf", i)
			}
		case rank >= leafRank, child <= i, child+1 >= len(r.nodes), slot >= len(r.features), int(rank) >= len(r.thresholds[slot]):
			return bad("node", i)
		}
	}
	return nil
}

// compactReader reads numbers, and remembers that there were too few.
type compactReader struct {
	rest   []byte
	failed bool
}

func (c *compactReader) take(n int) []byte {
	if c.failed || n > len(c.rest) {
		c.failed = true
		return nil
	}
	taken := c.rest[:n]
	c.rest = c.rest[n:]
	return taken
}

func (c *compactReader) number() int {
	if b := c.take(4); b != nil {
		return int(binary.LittleEndian.Uint32(b))
	}
	return 0
}

// count reads the length of a list whose elements take so many bytes at least: memory is not taken for what is not there.
func (c *compactReader) count(size int) int {
	n := c.number()
	if n > len(c.rest)/size {
		c.failed = true
		return 0
	}
	return n
}

// words reads n numbers of eight bytes.
func (c *compactReader) words(n int) []uint64 {
	words := make([]uint64, n)
	bytes := c.take(8 * n)
	for i := range len(bytes) / 8 {
		words[i] = binary.LittleEndian.Uint64(bytes[8*i:])
	}
	return words
}

func (c *compactReader) floats() []float64 {
	n := c.count(8)
	values := make([]float64, n)
	bytes := c.take(8 * n)
	for i := range len(bytes) / 8 {
		values[i] = math.Float64frombits(binary.LittleEndian.Uint64(bytes[8*i:]))
	}
	return values
}
