package pickle

import (
	"slices"
	"strings"

	"mlopsgo/internal/pyobject"
)

// What becomes data instead of an object.
const (
	reconstructArray = "numpy._core.multiarray._reconstruct"
	scalarType       = "numpy._core.multiarray.scalar"
	arrayOfBuffer    = "numpy._core.numeric._frombuffer"
	arrayType        = "numpy.ndarray"
	elementType      = "numpy.dtype"
	encode           = "_codecs.encode"
	bytesType        = "builtins.bytes"
	bytearrayType    = "builtins.bytearray"
	objectType       = "builtins.object"
	reconstruct      = "copyreg._reconstructor"
)

// makers are functions that make an object of the class that is their first argument, or their only one.
var makers = []string{
	"sklearn.neighbors._kd_tree.newObj", "sklearn.neighbors._ball_tree.newObj", "sklearn.metrics._dist_metrics.newObj",
	"sklearn._loss._loss.__pyx_unpickle_CyHalfBinomialLoss", "sklearn._loss._loss.__pyx_unpickle_CyHalfMultinomialLoss",
	"sklearn._loss._loss.__pyx_unpickle_CyExponentialLoss",
}

// allowed are the functions and the types of numpy and Python that a file may name, beside the classes of [pyobject.Classes]. None of
// them is called.
var allowed = append([]string{
	reconstructArray, scalarType, arrayOfBuffer, arrayType, elementType, encode, bytesType, bytearrayType, objectType, reconstruct,
	"numpy.random._pickle.__randomstate_ctor", "numpy.random._pickle.__bit_generator_ctor",
	"numpy.random.bit_generator.__pyx_unpickle_SeedSequence",
}, makers...)

// allow finds a name that a file may hold, under the one that it has in Python 3 with numpy 2.
func allow(module, name string) (pyobject.Type, bool) {
	switch {
	case module == "__builtin__":
		module = "builtins"
	case module == "copy_reg":
		module = "copyreg"
	case module == "numpy.core" || strings.HasPrefix(module, "numpy.core."):
		module = "numpy._core" + strings.TrimPrefix(module, "numpy.core")
	}
	full := module + "." + name
	return pyobject.Type(full), slices.Contains(allowed, full) || pyobject.Classes(full)
}
