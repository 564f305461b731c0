// Package pyobject holds Python objects as plain data: what a file of skops or pickle says about a model of scikit-learn, with nothing
// of it executed.
//
// A [Value] is nil (None), bool, int64, *big.Int, float64, string, [Bytes], *[List], [Tuple], *[Dict], [Type], *[Object] or *[Array]. An
// object is the name of its class, the arguments that make it and its attributes; an array is numpy's, with its elements as bytes until
// somebody asks for numbers. The readers of both formats give the same tree for the same object, and [Check] has seen that it has no
// cycles and bounded depth: whoever walks it comes to an end.
package pyobject
