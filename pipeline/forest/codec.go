package forest

import (
	"bufio"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"hash/crc32"
	"io"
	"math"
)

// The saved form is: the magic, a header in JSON after its length, then for each tree its seed, its number of nodes and
// the nodes, and last a CRC-32 of all before. Numbers are varints (encoding/binary), floats 8 bytes, little-endian.
// A node is a byte of flags, then what the flags leave open; what follows from other fields is not stored, so that most
// nodes take about a dozen bytes.
const saveMagic = "mlopsgo forest 1\n"

// Flags of a saved node.
const (
	flagSplit   = 1 << iota // feature, threshold, children
	flagMissing             // MissingGoToLeft
	flagNext                // the left child is the next node
	flagCounts              // class weights as whole numbers; weight and values follow from them
	flagGini                // the impurity follows from the class weights
)

// saveHeader describes the forest as a whole.
type saveHeader struct {
	Params   Params
	Labels   []int
	Features int
}

// maxCount is the largest weight that is stored as a count: beyond it, floats have gaps.
const maxCount = 1 << 53

// maxHeader bounds what Load reads before it knows anything: a million labels fit.
const maxHeader = 16 << 20

// Save writes the forest for Load: trees, labels and parameters, but neither the training data nor the out-of-bag score.
func (c *Classifier) Save(w io.Writer) error {
	header, err := json.Marshal(saveHeader{Params: c.params, Labels: c.labels, Features: c.features})
	if err != nil {
		return fmt.Errorf("forest: save: %w", err)
	}
	sum := crc32.NewIEEE()
	out := bufio.NewWriter(w)
	e := encoder{w: io.MultiWriter(out, sum)}
	e.buf = append(e.buf, saveMagic...)
	e.uint(uint64(len(header)))
	e.buf = append(e.buf, header...)
	for i, t := range c.trees {
		e.tree(t, c.seeds[i])
	}
	e.flush()
	if e.err == nil {
		_, e.err = out.Write(binary.LittleEndian.AppendUint32(nil, sum.Sum32()))
	}
	if e.err == nil {
		e.err = out.Flush()
	}
	if e.err != nil {
		return fmt.Errorf("forest: save: %w", e.err)
	}
	return nil
}

// encoder collects bytes and writes them tree by tree; it remembers the first error.
type encoder struct {
	w    io.Writer
	buf  []byte
	sums []uint64
	err  error
}

func (e *encoder) uint(v uint64) { e.buf = binary.AppendUvarint(e.buf, v) }

func (e *encoder) float(v float64) {
	e.buf = binary.LittleEndian.AppendUint64(e.buf, math.Float64bits(v))
}

func (e *encoder) flush() {
	if e.err == nil {
		_, e.err = e.w.Write(e.buf)
	}
	e.buf = e.buf[:0]
}

func (e *encoder) tree(t *Tree, seed uint32) {
	e.uint(uint64(seed))
	e.uint(uint64(t.Nodes()))
	for id := range t.Nodes() {
		e.node(t, id)
	}
	e.flush()
}

func (e *encoder) node(t *Tree, id int) {
	flags := e.flags(t, id)
	e.buf = append(e.buf, flags)
	if flags&flagSplit != 0 {
		e.uint(uint64(t.Feature[id]))
		e.float(t.Threshold[id])
		if flags&flagNext == 0 {
			e.uint(uint64(t.Left[id]))
		}
		e.uint(uint64(t.Right[id]))
	}
	e.uint(uint64(t.NodeSamples[id]))
	if flags&flagCounts != 0 {
		for _, n := range e.sums {
			e.uint(n)
		}
	} else {
		e.float(t.WeightedNodeSamples[id])
		for _, v := range t.Value(id) {
			e.float(v)
		}
	}
	if flags&flagGini == 0 {
		e.float(t.Impurity[id])
	}
}

// flags finds out what need not be stored, and leaves the class weights in e.sums.
func (e *encoder) flags(t *Tree, id int) (flags byte) {
	if t.MissingGoToLeft[id] {
		flags |= flagMissing
	}
	if !t.isLeaf(id) {
		flags |= flagSplit
		if int(t.Left[id]) == id+1 {
			flags |= flagNext
		}
	}
	weight := t.WeightedNodeSamples[id]
	e.sums = e.sums[:0]
	total, squares := 0.0, 0.0
	for _, v := range t.Value(id) {
		n := math.Round(v * weight)
		if !(n <= maxCount) || math.Float64bits(n/weight) != math.Float64bits(v) {
			return flags
		}
		e.sums = append(e.sums, uint64(n))
		total += n
		squares += float64(n * n)
	}
	if total != weight {
		return flags
	}
	flags |= flagCounts
	if math.Float64bits(giniOf(squares, weight)) == math.Float64bits(t.Impurity[id]) {
		flags |= flagGini
	}
	return flags
}
