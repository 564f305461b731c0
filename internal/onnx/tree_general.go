package onnx

import "math"

// walk follows one row down the tree at root and returns the leaf's row of weights. It understands every mode and NaN;
// the ranked layout is the faster way for most.
func (e *ensemble) walk(root uint32, row []float64) uint32 {
	if e.ranked != nil {
		return e.ranked.walk(root, row)
	}
	n := &e.nodes[root]
	for n.mode != leafNode {
		x := row[n.feature]
		if branches(n.mode, x, n.value) || (n.missing && math.IsNaN(x)) {
			n = &e.nodes[n.yes]
		} else {
			n = &e.nodes[n.no]
		}
	}
	return n.yes
}

func branches(mode branchMode, x, value float64) bool {
	switch mode {
	case branchLEQ:
		return x <= value
	case branchLT:
		return x < value
	case branchGTE:
		return x >= value
	case branchGT:
		return x > value
	case branchEQ:
		return x == value
	default:
		return x != value
	}
}

// scoreRow adds up the leaves of all trees for one row, and marks the classes that some leaf names. single rounds
// every sum to float32.
func (e *ensemble) scoreRow(row, sums []float64, named []bool, single bool) {
	clear(sums)
	clear(named)
	for _, root := range e.roots {
		at := int(e.walk(root, row)) * e.columns
		for c := range sums {
			sums[c] += e.leaves[at+c]
			if single {
				sums[c] = float64(float32(sums[c]))
			}
			named[c] = named[c] || e.listed[at+c]
		}
	}
}
