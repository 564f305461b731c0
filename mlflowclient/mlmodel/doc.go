// Package mlmodel reads and writes model folders as MLflow 3.17 does, without a server.
//
// A model folder is a directory with a file named MLmodel (YAML) and whatever it refers to:
//
//	MLmodel                     flavors, signature, ids, versions: a [Model]
//	model.onnx, model.skops …   the data of the flavors
//	requirements.txt            what pip must install to load it; conda.yaml and python_env.yaml say the same for
//	                            their tools: an [Environment]
//	input_example.json          a few rows of input: an [Example], or of any form an [InputExample];
//	                            serving_input_example.json is the same as the body of a request to a scoring server
//
// A flavor is one way to load the model: "onnx" by mlflow.onnx, "sklearn" by mlflow.sklearn, and "python_function" by
// mlflow.pyfunc, the flavor that every tool understands. A [Signature] says which columns or tensors go in and out.
//
// [Parse] and [Model.Encode] are the file MLmodel. Files that Python wrote come out with the same bytes: keys in the
// order, strings in the quotes and lines folded at the place that PyYAML chooses. Flavors and keys that this package
// does not know are kept. [ONNXModel] describes a new model with the flavors onnx, python_function and, where it has
// one, sklearn, as a list of files for an upload or as a folder on disk; [OpenFolder] reads a folder of any flavor. A
// folder may come from anywhere: nothing in it can make a reader leave it.
package mlmodel
