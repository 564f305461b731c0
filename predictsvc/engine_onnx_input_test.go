package predictsvc

import (
	"testing"

	"mlopsgo/internal/onnx"
)

// TestIntegersThatWereRoundedAreRefused: 2^53+1 comes here as 2^53, and stands for another category.
func TestIntegersThatWereRoundedAreRefused(t *testing.T) {
	const exact = 1<<53 - 1
	var into onnx.Tensor
	into.Type = onnx.Int64
	for _, v := range []float64{exact, -exact} {
		if err := fill(&into, []float64{v}, 1, nil); err != nil || into.I64[0] != int64(v) {
			t.Errorf("%v gives %v, %v", v, into.I64, err)
		}
		if err := fill(&into, []float64{v + v/exact}, 1, nil); err == nil {
			t.Errorf("%v: %v", v+v/exact, err)
		}
	}
}
