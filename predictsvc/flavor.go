package predictsvc

import (
	"fmt"
	"strings"

	"mlopsgo/internal/onnx"
	"mlopsgo/internal/sklearn"
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

// loadEngine compiles the file that is served, or its compact form unless that is nil, and finds out what columns it takes.
func loadEngine(folder *mlmodel.Folder, form *compactForm) (*columns, *engine, error) {
	f, err := chooseFlavor(folder.Model)
	if err != nil {
		return nil, nil, err
	}
	if form != nil && form.File != f.file {
		form = nil
	}
	var c *columns
	var e *engine
	if f.format == formatONNX {
		c, e, err = loadONNX(folder, f, form)
	} else {
		c, e, err = loadSklearn(folder, f, form)
	}
	if err != nil {
		return nil, nil, err
	}
	e.file = f.file
	return c, e, nil
}

func loadSklearn(folder *mlmodel.Folder, f flavor, form *compactForm) (*columns, *engine, error) {
	if form != nil {
		if m, err := sklearn.ReadCompact(form.data); err == nil { // otherwise it is another version's
			return newSklearnEngine(m, f, folder.Model.Signature)
		}
	}
	data, err := folder.ReadFile(f.file)
	if err != nil {
		return nil, nil, err
	}
	m, err := readSklearn(data, f)
	if err != nil {
		return nil, nil, err
	}
	return newSklearnEngine(m, f, folder.Model.Signature)
}

func loadONNX(folder *mlmodel.Folder, f flavor, form *compactForm) (*columns, *engine, error) {
	c, err := newColumns(folder.Model.Signature)
	if err != nil {
		return nil, nil, err
	}
	file, session, err := readONNX(folder, f, form)
	if err != nil {
		return nil, nil, err
	}
	e, err := newONNXEngine(file, session, c, func() (*table, error) {
		example, _, err := c.exampleOf(folder)
		if err != nil {
			return nil, err
		}
		var t table
		return &t, c.table(&t, example)
	})
	if err == nil && f.predict == predictLabels {
		err = e.answerLabel()
	}
	return c, e, err
}

func readONNX(folder *mlmodel.Folder, f flavor, form *compactForm) (*onnx.Model, *onnx.Session, error) {
	if form != nil {
		if file, session, err := onnx.LoadCompact(form.data); err == nil { // otherwise it is another version's
			return file, session, nil
		}
	}
	data, err := folder.ReadFile(f.file)
	if err != nil {
		return nil, nil, err
	}
	file, err := onnx.Decode(data)
	if err != nil {
		return nil, nil, err
	}
	session, err := onnx.Load(file)
	return file, session, err
}
