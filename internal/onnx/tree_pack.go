package onnx

// packed is the form of small trees: half the memory of [ranked], which most of a row's time goes to fetching.
//
// A node is one word. A branch holds the rank of its threshold (12 bits), its feature (5) and the distance to its first child (13); the second
// child follows the first. A leaf has the bit leafBit, the number of its row of weights (17 bits) and the distance 0. No rank of a row exceeds
// the word of a leaf, so that walking on from a leaf stays there: trees of different depth can be walked in step.
//
// The nodes below a node stand close behind it, down to the third level, so that they share its cache line.
type packed struct {
	ranked *ranked // with the thresholds
	nodes  []uint32
	roots  []uint32
}

const (
	leafBit      = 1 << 30
	packedRank   = 18
	packedSlot   = 13
	packedSlots  = 1 << (packedRank - packedSlot)
	packedChild  = 1<<packedSlot - 1
	packedRanks  = leafBit>>packedRank - 1
	packedLeaves = leafBit >> packedSlot
	// nearPairs is the number of pairs of children that follow their ancestor before any other does: one cache line with it.
	nearPairs = 7
)

// pack returns nil for trees that do not fit.
func (r *ranked) pack(leaves int) *packed {
	if len(r.features) > packedSlots || leaves > packedLeaves {
		return nil
	}
	for _, t := range r.thresholds {
		if len(t) > packedRanks {
			return nil
		}
	}
	p := packer{from: r, to: &packed{ranked: r, nodes: make([]uint32, 0, len(r.nodes)), roots: make([]uint32, 0, len(r.roots))}}
	for _, root := range r.roots {
		p.to.roots = append(p.to.roots, uint32(len(p.to.nodes)))
		p.node(root)
		for len(p.later) > 0 {
			last := p.later[len(p.later)-1]
			p.later = p.later[:len(p.later)-1]
			if !p.near(last) || len(p.to.nodes) > len(r.nodes) { // more nodes than there are: they have several parents
				return nil
			}
		}
	}
	return p.to
}

// packer lays out one tree after the other.
type packer struct {
	from  *ranked
	to    *packed
	later []branch // whose children are not laid out yet
	soon  []branch // those of them whose children come next
}

// branch is a node with children: where it is in each of the forms.
type branch struct{ from, to uint32 }

// node lays out a node without its children.
func (p *packer) node(from uint32) {
	word := p.from.nodes[from]
	if word == leafWord|uint64(from) {
		p.to.nodes = append(p.to.nodes, leafBit|p.from.rows[from]<<packedSlot)
		return
	}
	p.later = append(p.later, branch{from, uint32(len(p.to.nodes))})
	p.to.nodes = append(p.to.nodes, uint32(word>>rankShift)<<packedRank|uint32(featureOf(word))<<packedSlot)
}

// near lays out the nodes below a branch, level by level, as many as nearPairs says; false when they are too far from it.
func (p *packer) near(top branch) bool {
	before := len(p.later)
	p.soon = append(p.soon[:0], top)
	for at := 0; at < nearPairs && at < len(p.soon); at++ {
		b := p.soon[at]
		distance := uint32(len(p.to.nodes)) - b.to
		if distance > packedChild {
			return false
		}
		p.to.nodes[b.to] |= distance
		first := uint32(p.from.nodes[b.from] & childMask)
		p.node(first)
		p.node(first + 1)
		p.soon = append(p.soon, p.later[before:]...)
		p.later = p.later[:before]
	}
	for at := len(p.soon) - 1; at >= nearPairs; at-- { // the first of them comes next
		p.later = append(p.later, p.soon[at])
	}
	return true
}
