package onnx

// scratch are buffers that a step keeps between runs.
type scratch struct {
	dims    []int64
	workers []*treeWorker
}
