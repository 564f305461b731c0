package mlmodel

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"time"
)

// ONNXModel is a new model with the flavors onnx and python_function, and sklearn when it has that form too.
//
// For mlflow.pyfunc every output of the graph must be a vector, and a table is passed as one matrix in the order of the
// signature's columns when the graph has one input. With flavor sklearn, mlflow.pyfunc takes the scikit-learn object instead.
type ONNXModel struct {
	// Data is the file model.onnx; nil for a model that has only the form Sklearn, and no flavor onnx.
	Data []byte
	// Sklearn is the same model as an object of scikit-learn; nil for none. See [SklearnObject].
	Sklearn *SklearnObject
	// Signature is optional, but a model without it takes columns in whatever order they come.
	Signature *Signature
	// Example is optional; so is Input, an example that is no table or has parameters. A model has one of them.
	Example *Example
	Input   *InputExample
	// Environment is DefaultEnvironment when its Python is "", with what scikit-learn needs when there is Sklearn.
	Environment Environment
	// ONNXVersion is the version of Python's onnx package that reads the file; "" means that of DefaultEnvironment.
	ONNXVersion string
	// ArtifactPath, RunID and ModelID are set when the model is logged; see Model.
	ArtifactPath, RunID, ModelID string
	// Created is the time in MLmodel; zero means now.
	Created time.Time
	// Metadata is optional and free.
	Metadata Map
}

// File is one file of a model folder; Name is relative, with slashes.
type File struct {
	Name string
	Data []byte
}

const (
	onnxDataFile   = "model.onnx"
	mlflowVersion  = "3.17.2"
	onnxVersion    = "1.23.2"
	onnxFlavor     = "onnx"
	pyfuncFlavor   = "python_function"
	onnxLoader     = "mlflow.onnx"
	onnxOnlyOnCPUs = "CPUExecutionProvider"
)

// Files returns the files of the model, MLmodel last, so that a folder that is being filled is no model before it is
// complete.
func (m ONNXModel) Files() ([]File, error) {
	if len(m.Data) == 0 && m.Sklearn == nil {
		return nil, errors.New("mlmodel: an ONNX model without data")
	}
	if m.Environment.Python == "" {
		m.Environment = DefaultEnvironment()
		if m.Sklearn != nil {
			m.Environment = SklearnEnvironment()
		}
	}
	if err := m.Environment.check(); err != nil {
		return nil, fmt.Errorf("mlmodel: %w", err)
	}
	var files []File
	if len(m.Data) > 0 {
		files = append(files, File{onnxDataFile, m.Data})
	}
	if m.Sklearn != nil {
		if len(m.Sklearn.Data) == 0 {
			return nil, errors.New("mlmodel: a scikit-learn object without data")
		}
		files = append(files, File{skopsDataFile, m.Sklearn.Data})
	}
	example, err := m.exampleFiles()
	if err != nil {
		return nil, err
	}
	files = append(files, example...)
	var size int64
	for _, f := range files {
		size += int64(len(f.Data))
	}
	env, err := m.environmentFiles()
	if err != nil {
		return nil, err
	}
	data, err := m.model(size).Encode()
	if err != nil {
		return nil, err
	}
	return append(append(files, env...), File{FileName, data}), nil
}

// input is the example of whatever form, nil without one.
func (m ONNXModel) input() (*InputExample, error) {
	switch {
	case m.Example == nil:
		return m.Input, nil
	case m.Input != nil:
		return nil, errors.New("mlmodel: the model has two examples, Example and Input")
	}
	if err := m.Example.check(m.Signature); err != nil {
		return nil, fmt.Errorf("mlmodel: %w", err)
	}
	return m.Example.Input()
}

func (m ONNXModel) exampleFiles() ([]File, error) {
	example, err := m.input()
	if example == nil || err != nil {
		return nil, err
	}
	input, err := example.JSON()
	if err != nil {
		return nil, fmt.Errorf("mlmodel: %w", err)
	}
	serving, err := example.ServingJSON()
	if err != nil {
		return nil, fmt.Errorf("mlmodel: %w", err)
	}
	return []File{{exampleFile, input}, {servingFile, serving}}, nil
}

func (m ONNXModel) environmentFiles() ([]File, error) {
	conda, err := m.Environment.CondaYAML()
	if err != nil {
		return nil, fmt.Errorf("mlmodel: %s: %w", condaFile, err)
	}
	pythonEnv, err := m.Environment.PythonEnvYAML()
	if err != nil {
		return nil, fmt.Errorf("mlmodel: %s: %w", pythonEnvFile, err)
	}
	return []File{
		{requirementsFile, m.Environment.RequirementsTXT()}, {condaFile, conda}, {pythonEnvFile, pythonEnv},
	}, nil
}

// model is the content of MLmodel, given the size of data and examples.
func (m ONNXModel) model(size int64) *Model {
	created := m.Created
	if created.IsZero() {
		created = time.Now()
	}
	version := m.ONNXVersion
	if version == "" {
		version = onnxVersion
	}
	env := Map{{"conda", condaFile}, {"virtualenv", pythonEnvFile}}
	model := &Model{
		ArtifactPath: m.ArtifactPath, RunID: m.RunID, ModelID: m.ModelID, ModelUUID: m.ModelID,
		SizeBytes: size, MLflowVersion: mlflowVersion, TimeCreated: FormatTime(created), Signature: m.Signature,
		Flavors: []Flavor{
			{onnxFlavor, Map{
				{"code", nil},
				{"data", onnxDataFile},
				{"onnx_session_options", nil},
				{"onnx_version", version},
				{"providers", []any{onnxOnlyOnCPUs}},
			}},
			{pyfuncFlavor, Map{
				{"data", onnxDataFile}, {"env", env}, {"loader_module", onnxLoader}, {"python_version", m.Environment.Python},
			}},
		},
		Extra: Map{{"model_id", nil}, {"prompts", nil}},
	}
	if m.Sklearn != nil {
		sklearn := []Flavor{m.Sklearn.flavor(), m.Sklearn.pyfunc(env, m.Environment.Python)}
		if len(m.Data) > 0 {
			sklearn = append(model.Flavors[:1:1], sklearn...)
		}
		model.Flavors = sklearn
	}
	if m.ModelID == "" {
		model.ModelUUID = newUUID()
	}
	if m.Signature != nil {
		model.Extra = append(model.Extra, Item{"is_signature_from_type_hint", false}, Item{"type_hint_from_example", false})
	}
	if len(m.Metadata) > 0 {
		model.Extra = append(model.Extra, Item{"metadata", m.Metadata})
	}
	if example, err := m.input(); example != nil && err == nil {
		model.ExampleInfo = example.Info()
	}
	return model
}

// newUUID is 32 hexadecimal digits, as uuid4().hex in Python.
func newUUID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails: crypto/rand ends the program instead
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return hex.EncodeToString(b[:])
}
