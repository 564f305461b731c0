// Package onnx reads, writes and evaluates ONNX models in pure Go.
//
// # The model
//
// An ONNX file is one protobuf message: a [Model] holds a [Graph]; a graph holds [Node] values (operators with
// [Attribute] settings) that connect named values, [Tensor] constants ("initializers") and the declared inputs and
// outputs. [Decode] and [Model.Encode] are the codec. It is written on the wire format itself, without generated
// code: fields that this package does not model are kept as bytes and written back.
//
// # Evaluation
//
// [Load] checks a model once and compiles its graph into a list of steps whose element types are all known; what is
// not supported (an operator, a version, a setting) is refused there by the node's name, so that a loaded model never
// answers wrongly. A [Session] is immutable and safe for concurrent use. Each goroutine takes its own [Runner], which
// keeps the intermediate buffers: after the first call a single row is evaluated without allocating.
//
// Tree ensembles are the point of this package. Their trees are checked (bounds, cycles, reachability) and laid out
// as nodes of one word, in which a threshold is replaced by its rank among the thresholds of its feature: of 4 bytes
// where trees, features and thresholds are few enough, else of 8. A row is ranked once per feature, exactly, and then
// walks integers; several trees (or rows) walk at the same time to hide the latency of memory. Scores are added in the
// order of the trees.
//
// # Operators
//
// Known are the operators that skl2onnx and onnxmltools write for classifiers on tables, trees, linear models, support vector machines,
// nearest neighbours, perceptrons and naive Bayes among them, and encoders of texts, with float32 and float64 inputs, integer and string
// classes, with ZipMap and without. Where a choice hangs on the last bit of a sum (the nearer of two neighbours, a vote), sums and products
// are added in onnxruntime's order.
//
// A runner takes no more memory than the inputs and constants of its model explain, so that a crafted model of a few bytes cannot fill
// the machine.
//
// # Export
//
// [Forest] is a standardised random forest as plain arrays; [Forest.Model] writes it so that onnxruntime gives
// scikit-learn's label in every row. See its documentation for the layout and why it is so.
//
// The meaning of operators follows the ONNX specification (github.com/onnx/onnx, docs/Operators.md and
// Operators-ml.md) and, where that is silent, what onnxruntime 1.32 answers; the tests compare with it.
package onnx
