package onnx

import (
	"math/rand/v2"
	"testing"
)

// grownTree makes one tree of about so many branches, whose features and thresholds are drawn from as many as told.
func grownTree(rng *rand.Rand, branches, features, thresholds int) *ensemble {
	e := &ensemble{columns: 1, features: features, roots: []uint32{0}, nodes: []treeNode{{mode: leafNode}}}
	for range branches {
		at := rng.IntN(len(e.nodes))
		for e.nodes[at].mode != leafNode {
			at = int(e.nodes[at].yes) + rng.IntN(2)
		}
		first := uint32(len(e.nodes))
		e.nodes[at] = treeNode{mode: branchLEQ, feature: int32(rng.IntN(features)), value: float64(rng.IntN(thresholds)), yes: first, no: first + 1}
		e.nodes = append(e.nodes, treeNode{mode: leafNode}, treeNode{mode: leafNode})
	}
	for i := range e.nodes {
		if n := &e.nodes[i]; n.mode == leafNode {
			n.yes = uint32(len(e.leaves))
			e.leaves = append(e.leaves, float64(i))
		}
	}
	return e
}

// TestPack: trees are packed as long as they fit, and whatever their layout is, rows reach the same leaves.
func TestPack(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 8))
	for _, test := range []struct {
		name                           string
		branches, features, thresholds int
		packed                         bool
	}{
		{"small", 400, 4, 300, true},
		{"as many features as fit", 2000, packedSlots, 50, true},
		{"a feature more", 2000, packedSlots + 1, 50, false},
		{"many thresholds", 3500, 1, packedRanks, true},
		{"too many thresholds", 20_000, 1, 20_000, false},
		{"many nodes", 4000, 8, 300, true},
		{"children too far away", 60_000, 8, 300, false},
		{"too many leaves", packedLeaves, 8, 300, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			e := grownTree(rng, test.branches, test.features, test.thresholds)
			list := layouts(e)
			if packed := len(list) == 2; packed != test.packed {
				t.Fatalf("packed is %v", packed)
			}
			rows := make([][]float64, blockRows-3)
			for i := range rows {
				rows[i] = make([]float64, test.features)
				for f := range rows[i] {
					rows[i][f] = float64(rng.IntN(test.thresholds+2)) - 1
				}
			}
			for _, w := range list {
				sameWalks(t, e, w, rows)
			}
		})
	}
}

// TestPackShared: nodes with several parents, which only a damaged file can hold, are not copied for each of them.
func TestPackShared(t *testing.T) {
	r := &ranked{roots: []uint32{0}, features: []int32{0}, thresholds: [][]float64{{0}}}
	const levels = 60 // of two nodes, with the two of the next level as children of each: 2^60 ways down
	for i := range 2 * levels {
		r.nodes = append(r.nodes, uint64(2*(i/2)+2))
	}
	for i := range 2 {
		r.nodes = append(r.nodes, leafWord|uint64(2*levels+i))
	}
	r.rows = make([]uint32, len(r.nodes))
	if r.pack(1) != nil {
		t.Fatal("it is packed")
	}
}
