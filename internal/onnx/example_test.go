package onnx_test

import (
	"fmt"

	"mlopsgo/internal/onnx"
)

// A forest of one tree on two features, written as an ONNX file, read back and evaluated on one row.
func Example() {
	forest := onnx.Forest{
		Mean: []float64{10, 0}, Scale: []float64{2, 1},
		IntClasses: []int64{5, 6},
		Trees: []onnx.Tree{{
			Left: []int{1, -1, -1}, Right: []int{2, -1, -1},
			Feature: []int{0, -2, -2}, Threshold: []float64{0.5, -2, -2},
			Values: []float64{0.5, 0.5, 0.75, 0.25, 0, 1},
		}},
	}
	model, err := forest.Model()
	if err != nil {
		fmt.Println(err)
		return
	}
	model, err = onnx.Decode(model.Encode())
	if err != nil {
		fmt.Println(err)
		return
	}
	session, err := onnx.Load(model)
	if err != nil {
		fmt.Println(err)
		return
	}
	out, err := session.NewRunner().Run(onnx.NewDoubles([]float64{11, 3}, 1, 2)) // (11-10)/2 <= 0.5: left
	if err != nil {
		fmt.Println(err)
		return
	}
	for i, port := range session.Outputs() {
		fmt.Println(port.Name, port.Type, out[i].I64, out[i].F32)
	}
	// Output:
	// label INT64 [5] []
	// probability_5 FLOAT [] [0.75]
	// probability_6 FLOAT [] [0.25]
}
