// Package pickle reads Python's pickle files, protocols 0 to 5, as plain data.
//
// A pickle is a program for a small machine with a stack: some of its instructions name Python's functions and call them, which is why a
// crafted file can do anything to a Python that loads it. [Read] calls nothing. It knows a list of names (allowed.go), those that models of
// scikit-learn are made of, and makes of a call what it would make of data: an object with the called name and its arguments. A few calls
// that only wrap data (numpy's arrays and scalars, bytes in old protocols) become that data. Any other name, and any instruction that
// models do not need, is refused by its name.
//
// What cloudpickle writes for such models is an ordinary pickle. The meaning of the instructions is that of Python's module pickletools.
package pickle
