package onnx

import (
	"math/rand/v2"
	"slices"
	"testing"
)

// TestAddLeaves: the sums of one row, which stay in registers, are those of a block's rows to the last bit.
func TestAddLeaves(t *testing.T) {
	rng := rand.New(rand.NewPCG(9, 10))
	for columns := 1; columns <= 11; columns++ {
		leaves, rows := make([]float64, 20*columns), make([]uint32, 300)
		for i := range leaves {
			leaves[i] = float64(float32(rng.NormFloat64()))
		}
		for i := range rows {
			rows[i] = rng.Uint32N(20)
		}
		for _, double := range []bool{false, true} {
			k := trees{ensemble: &ensemble{columns: columns, leaves: leaves}, columns: columns, double: double}
			one, block := make([]float64, columns), make([]float64, columns)
			one[0], block[0] = 0.5, 0.5
			for _, row := range rows {
				k.add(block, row)
			}
			if k.addAll(one, rows); !slices.Equal(one, block) {
				t.Errorf("%d columns, double %v: %v, one by one %v", columns, double, one, block)
			}
		}
	}
}
