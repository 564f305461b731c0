// Package skops writes and reads scikit-learn objects in the skops format, version 0.16.0, without Python: the format in which
// MLflow keeps models of flavor sklearn.
//
// A file is a zip archive. schema.json in it describes one object as a tree of nodes (a [Node]): a plain value, a list, a
// dict, a type by its name, or an object as its class and the dict of its attributes. Arrays lie beside it as files of
// numpy's npy format, which their nodes name. A reader builds the objects from that, and only those whose types it trusts:
// nothing in a file is code.
//
//	schema.json   {"__class__": "Pipeline", "__module__": "sklearn.pipeline", "__loader__": "ObjectNode", "content": …}
//	17.npy        an array of the node with "__id__": 17
//
// [Pipeline] is what this project trains: a StandardScaler and a RandomForestClassifier, as scikit-learn 1.9.1 has them in
// memory after fitting. What Python loads from it is the genuine object, with everything that fitting leaves behind, so
// that it can also be cloned, fitted again and pickled. The only type in it that skops asks its caller to trust is
// [TreeType].
//
// Python's own files name a shared object in every place in full. Files of this package do so once and refer to it by its
// id, which skops reads as well: for a forest of 2,000 trees that makes a schema of 4 MB instead of 85.
//
// [Read] reads files of either as plain data, in the types of package pyobject, and refuses types that models are not made of.
package skops
