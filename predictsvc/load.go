package predictsvc

import (
	"errors"
	"fmt"

	"mlopsgo/internal/onnx"
	"mlopsgo/internal/sklearn"
	"mlopsgo/mlflowclient/mlmodel"
)

// errChanged is in the chain of the errors of loading a file that is not the one that was downloaded. The cache leaves out of its check
// what a compact form stands for, so it shows only when that form is of no use.
var errChanged = errors.New("it was changed since it was downloaded")

// loadEngine compiles the file that is served, or its compact form unless that is nil, and finds out what columns it takes.
func loadEngine(folder *mlmodel.Folder, form *compactForm) (*columns, *engine, error) {
	f, err := chooseFlavor(folder.Model)
	if err != nil {
		return nil, nil, err
	}
	if form != nil && form.File != f.file {
		return nil, nil, fmt.Errorf("the compact form beside its folder is of the file %q, and %q is served: %w", form.File, f.file, errChanged)
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
	data, err := readModelFile(folder, f, form)
	if err != nil {
		return nil, nil, err
	}
	m, err := readSklearn(data, f)
	if err != nil {
		return nil, nil, err
	}
	c, e, err := newSklearnEngine(m, f, folder.Model.Signature)
	if err == nil {
		e.compact = m.Compact
	}
	return c, e, err
}

// readModelFile reads the file that is served. Where a compact form that this program cannot read stands for it, its sum was not checked
// yet.
func readModelFile(folder *mlmodel.Folder, f flavor, form *compactForm) ([]byte, error) {
	data, err := folder.ReadFile(f.file)
	if err == nil && form != nil && sumOf(data) != form.Of {
		err = fmt.Errorf("file %s: %w", f.file, errChanged)
	}
	return data, err
}

func loadONNX(folder *mlmodel.Folder, f flavor, form *compactForm) (*columns, *engine, error) {
	c, err := newColumns(folder.Model.Signature)
	if err != nil {
		return nil, nil, err
	}
	file, session, compact, err := readONNX(folder, f, form)
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
	if err != nil {
		return nil, nil, err
	}
	e.compact = compact
	if f.predict == predictLabels {
		err = e.answerLabel()
	}
	return c, e, err
}

// readONNX gives a graph, and what makes the compact form that it was not read from.
func readONNX(folder *mlmodel.Folder, f flavor, form *compactForm) (*onnx.Model, *onnx.Session, func() ([]byte, bool), error) {
	if form != nil {
		if file, session, err := onnx.LoadCompact(form.data); err == nil { // otherwise it is another version's
			return file, session, nil, nil
		}
	}
	data, err := readModelFile(folder, f, form)
	if err != nil {
		return nil, nil, nil, err
	}
	file, err := onnx.Decode(data)
	if err != nil {
		return nil, nil, nil, err
	}
	session, err := onnx.Load(file)
	if err != nil {
		return nil, nil, nil, err
	}
	return file, session, session.Compact, nil
}
