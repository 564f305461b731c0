package onnx

import (
	"errors"
	"slices"
	"testing"

	"google.golang.org/protobuf/encoding/protowire"
)

// TestNumbersOneByOne reads lists whose numbers stand alone, as Python writes them, and broken ones.
func TestNumbersOneByOne(t *testing.T) {
	var data []byte
	integer := func(v uint64) {
		data = protowire.AppendVarint(protowire.AppendTag(data, 8, protowire.VarintType), v)
	}
	float := func(bits uint32) {
		data = protowire.AppendFixed32(protowire.AppendTag(data, 7, protowire.Fixed32Type), bits)
	}
	text := func(s string) {
		data = protowire.AppendString(protowire.AppendTag(data, 9, protowire.BytesType), s)
	}
	integer(1)
	integer(300)
	float(0x3f800000)
	float(0x40000000)
	integer(1<<64 - 1)
	for _, s := range []string{"LEAF", "BRANCH", "LEAF", "", "", "BRANCH"} {
		text(s)
	}
	integer(7)
	d := &decoder{budget: memoryFor(len(data))}
	a := decodeAttribute(d.message("attribute", data, 0))
	if d.err != nil || !slices.Equal(a.Ints, []int64{1, 300, -1, 7}) || !slices.Equal(a.Floats, []float32{1, 2}) {
		t.Fatalf("%v %v %v", a.Ints, a.Floats, d.err)
	}
	var texts []string
	for _, s := range a.Strings {
		texts = append(texts, string(s))
	}
	if !slices.Equal(texts, []string{"LEAF", "BRANCH", "LEAF", "", "", "BRANCH"}) {
		t.Fatalf("%q", texts)
	}

	whole := data
	broken := 0
	for n := range whole {
		d := &decoder{budget: memoryFor(len(whole))}
		decodeAttribute(d.message("attribute", whole[:n], 0))
		if d.err != nil {
			broken++
			if !errors.Is(d.err, ErrFormat) {
				t.Errorf("%d bytes: %v", n, d.err)
			}
		}
	}
	if broken < len(whole)/2 {
		t.Errorf("%d of %d beginnings are refused", broken, len(whole))
	}
	small := &decoder{budget: 20}
	decodeAttribute(small.message("attribute", whole, 0))
	if small.err == nil {
		t.Error("a budget of 20 bytes was enough")
	}
}
