package predictsvc

import (
	"fmt"
	"strings"

	"mlopsgo/mlflowclient/mlmodel"
)

// Formats of a model's file.
const (
	formatONNX   = "onnx"
	formatSkops  = "skops"
	formatPickle = "pickle"
)

// flavor is the file of a model folder that is served, and what mlflow.pyfunc makes of it.
type flavor struct {
	file, format string
	// predict is the function of scikit-learn with which pyfunc answers; "" for a model that it loads as ONNX, and answers with the
	// graph's outputs.
	predict string
}

// Functions of a scikit-learn model that pyfunc can answer with; MLflow knows others, which are refused.
const (
	predictLabels        = "predict"
	predictProbabilities = "predict_proba"
)

// chooseFlavor prefers ONNX, which is evaluated fastest.
func chooseFlavor(m *mlmodel.Model) (flavor, error) {
	graph, isONNX := m.Flavor("onnx")
	object, isSklearn := m.Flavor("sklearn")
	pyfunc, _ := m.Flavor("python_function")
	var f flavor
	if pyfunc.Text("loader_module") == "mlflow.sklearn" || !isONNX {
		if f.predict = pyfunc.Text("predict_fn"); f.predict == "" {
			f.predict = predictLabels
		}
	}
	switch {
	case isONNX && f.predict != predictProbabilities:
		f.file, f.format = graph.Text("data"), formatONNX
	case isSklearn:
		f.file = object.Text("pickled_model")
		switch format := object.Text("serialization_format"); format {
		case "skops":
			f.format = formatSkops
		case "pickle", "cloudpickle":
			f.format = formatPickle
		default:
			return f, fmt.Errorf("its flavor sklearn has the serialization_format %q; this service reads skops, cloudpickle and pickle", format)
		}
	default:
		names := make([]string, len(m.Flavors))
		for i, one := range m.Flavors {
			names[i] = one.Name
		}
		return f, fmt.Errorf("its MLmodel has the flavors %s; this service evaluates onnx and sklearn", strings.Join(names, ", "))
	}
	if f.predict != "" && f.predict != predictLabels && f.predict != predictProbabilities {
		return f, fmt.Errorf("its predict_fn is %q; this service answers with predict and predict_proba", f.predict)
	}
	if f.file == "" {
		return f, fmt.Errorf("its MLmodel names no file for the format %s", f.format)
	}
	return f, nil
}

// usedFiles are the files of a model folder that serving needs, beside MLmodel: a model has several flavors and its environment, and only
// one file of it is evaluated.
func usedFiles(m *mlmodel.Model) ([]string, error) {
	f, err := chooseFlavor(m)
	if err != nil {
		return nil, err
	}
	files := []string{f.file}
	if m.ExampleInfo != nil && m.ExampleInfo.ArtifactPath != "" {
		files = append(files, m.ExampleInfo.ArtifactPath)
	}
	return files, nil
}
