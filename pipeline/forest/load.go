package forest

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"math"
	"slices"
)

// Load reads a forest that Save wrote. It predicts as the original does; it cannot Grow. Whatever the bytes are, Load
// ends, uses memory in proportion to what it reads, and returns only forests whose methods work; all else is ErrFormat,
// or the reader's own error.
func Load(r io.Reader) (*Classifier, error) {
	d := decoder{in: bufio.NewReader(r)}
	header := d.header()
	c := &Classifier{params: header.Params, labels: header.Labels, features: header.Features}
	for range c.params.NEstimators {
		if d.err != nil {
			break
		}
		seed, tree := d.tree(len(c.labels), c.features)
		c.seeds, c.trees = append(c.seeds, seed), append(c.trees, tree)
	}
	d.checksum()
	if d.err != nil {
		return nil, d.err
	}
	c.compile()
	return c, nil
}

// decoder reads the saved form, sums it up, and remembers the first error.
type decoder struct {
	in  *bufio.Reader
	sum uint32
	err error
}

func (d *decoder) fail(format string, args ...any) {
	if d.err == nil {
		d.err = fmt.Errorf("%w: "+format, append([]any{ErrFormat}, args...)...)
	}
}

func (d *decoder) readError(err error) {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		d.fail("it ends early")
	} else if d.err == nil {
		d.err = fmt.Errorf("forest: load: %w", err)
	}
}

func (d *decoder) bytes(p []byte) {
	if d.err != nil {
		clear(p)
		return
	}
	if _, err := io.ReadFull(d.in, p); err != nil {
		d.readError(err)
		return
	}
	d.sum = crc32.Update(d.sum, crc32.IEEETable, p)
}

// uint reads a varint of at most limit.
func (d *decoder) uint(limit uint64) uint64 {
	var v uint64
	var b [1]byte
	for shift := 0; d.err == nil; shift += 7 {
		d.bytes(b[:])
		if shift == 63 && b[0] > 1 {
			d.fail("a number that is too long")
			break
		}
		v |= uint64(b[0]&0x7f) << shift
		if b[0] < 0x80 {
			break
		}
	}
	if v > limit {
		d.fail("the number %d where at most %d is possible", v, limit)
	}
	if d.err != nil {
		return 0
	}
	return v
}

// float reads a finite number.
func (d *decoder) float() float64 {
	var b [8]byte
	d.bytes(b[:])
	v := math.Float64frombits(binary.LittleEndian.Uint64(b[:]))
	if v-v != 0 {
		d.fail("a number that is not finite")
	}
	return v
}

func (d *decoder) header() (h saveHeader) {
	magic := make([]byte, len(saveMagic))
	d.bytes(magic)
	if d.err == nil && string(magic) != saveMagic {
		d.fail("it starts with %q", magic)
	}
	text := d.text(int64(d.uint(maxHeader)))
	if d.err != nil {
		return h
	}
	if err := json.Unmarshal(text, &h); err != nil {
		d.fail("header: %v", err)
	} else if err := h.Params.Validate(); err != nil {
		d.fail("header: %v", err)
	}
	if len(h.Labels) == 0 || !slices.IsSorted(h.Labels) || len(slices.Compact(slices.Clone(h.Labels))) != len(h.Labels) {
		d.fail("header: the labels are not ascending")
	}
	if h.Features < 1 || h.Features > maxFeatures {
		d.fail("header: %d features", h.Features)
	}
	return h
}

// text reads n bytes, taking memory only as they come.
func (d *decoder) text(n int64) []byte {
	var b bytes.Buffer
	if d.err != nil {
		return nil
	}
	if _, err := io.CopyN(&b, d.in, n); err != nil {
		d.readError(err)
	}
	d.sum = crc32.Update(d.sum, crc32.IEEETable, b.Bytes())
	return b.Bytes()
}

func (d *decoder) checksum() {
	want := d.sum
	var b [4]byte
	d.bytes(b[:])
	if d.err == nil && binary.LittleEndian.Uint32(b[:]) != want {
		d.fail("the checksum does not match")
	}
}

func (d *decoder) tree(classes, features int) (seed uint32, t *Tree) {
	t = &Tree{Classes: classes}
	seed = uint32(d.uint(math.MaxUint32))
	nodes := int(d.uint(math.MaxInt32))
	if nodes == 0 {
		d.fail("a tree without nodes")
	}
	sums := make([]uint64, classes)
	for id := 0; id < nodes && d.err == nil; id++ {
		d.node(t, id, nodes, features, sums)
	}
	if d.err == nil {
		d.measure(t)
	}
	return seed, t
}

func (d *decoder) node(t *Tree, id, nodes, features int, sums []uint64) {
	var flags [1]byte
	d.bytes(flags[:])
	split := flags[0]&flagSplit != 0
	left, right, feature, threshold := int32(treeLeaf), int32(treeLeaf), int32(treeUndefined), float64(treeUndefined)
	if split {
		feature = int32(d.uint(uint64(features - 1)))
		threshold = d.float()
		left = int32(id + 1)
		if flags[0]&flagNext == 0 {
			left = int32(d.uint(uint64(nodes - 1)))
		}
		right = int32(d.uint(uint64(nodes - 1)))
		if int(left) <= id || int(right) <= id || int(left) >= nodes {
			d.fail("node %d of %d has children %d and %d", id, nodes, left, right)
		}
	}
	t.Left, t.Right = append(t.Left, left), append(t.Right, right)
	t.Feature, t.Threshold = append(t.Feature, feature), append(t.Threshold, threshold)
	t.MissingGoToLeft = append(t.MissingGoToLeft, flags[0]&flagMissing != 0)
	t.NodeSamples = append(t.NodeSamples, int32(d.uint(math.MaxInt32)))
	if flags[0]&flagCounts != 0 {
		d.counts(t, sums, flags[0]&flagGini != 0)
	} else {
		d.shares(t)
	}
	if flags[0]&flagGini == 0 {
		t.Impurity = append(t.Impurity, d.float())
	}
}

// counts reads class weights as whole numbers.
func (d *decoder) counts(t *Tree, sums []uint64, wantGini bool) {
	weight, squares := 0.0, 0.0
	for k := range sums {
		sums[k] = d.uint(maxCount)
		n := float64(sums[k])
		weight += n
		squares += float64(n * n)
	}
	if weight == 0 {
		d.fail("a node without weight")
	}
	t.WeightedNodeSamples = append(t.WeightedNodeSamples, weight)
	for _, n := range sums {
		t.Values = append(t.Values, float64(n)/weight)
	}
	if wantGini {
		t.Impurity = append(t.Impurity, giniOf(squares, weight))
	}
}

// shares reads weight and values as floats.
func (d *decoder) shares(t *Tree) {
	weight := d.float()
	if !(weight > 0) {
		d.fail("a node of weight %v", weight)
	}
	t.WeightedNodeSamples = append(t.WeightedNodeSamples, weight)
	for range t.Classes {
		v := d.float()
		if outside(v, 2) { // rounding may exceed 1
			d.fail("a share of %v", v)
		}
		t.Values = append(t.Values, v)
		if d.err != nil {
			return
		}
	}
}

// measure checks that every node but the root has one parent, and finds the depth.
func (d *decoder) measure(t *Tree) {
	depth := make([]int, t.Nodes())
	for id := range depth {
		if id > 0 && depth[id] == 0 {
			d.fail("node %d has no parent", id)
			return
		}
		t.MaxDepth = max(t.MaxDepth, depth[id])
		if t.isLeaf(id) {
			continue
		}
		for _, child := range [2]int32{t.Left[id], t.Right[id]} {
			if depth[child] != 0 {
				d.fail("node %d has two parents", child)
				return
			}
			depth[child] = depth[id] + 1
		}
	}
}
