package onnx

// scratch are buffers that a step keeps between runs.
type scratch struct {
	dims, shape []int64
	workers     []*treeWorker
	svm         *svmBuffers
	body        *scanBody
	best        []ranking
}
