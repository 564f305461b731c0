package mlmodel

import (
	"errors"
	"fmt"
	"slices"
)

// ExampleKind is the form of an input example, as MLflow names it.
type ExampleKind string

// The forms of input examples that MLflow writes.
const (
	// DataFrameExample is a table: an [Example] holds it.
	DataFrameExample ExampleKind = "dataframe"
	// NDArrayExample is an array of numbers, booleans or strings as nested []any, or a [Map] of such arrays by the names of
	// the tensors.
	NDArrayExample ExampleKind = "ndarray"
	// ObjectExample is a [Map], a []any or a single value.
	ObjectExample ExampleKind = "json_object"
	// CSRExample and CSCExample are a sparse matrix, which [SparseMatrix] makes.
	CSRExample ExampleKind = "sparse_matrix_csr"
	CSCExample ExampleKind = "sparse_matrix_csc"
)

// InputExample is an input example of any form, with the parameters that go with it.
type InputExample struct {
	Kind ExampleKind
	// Data is made of nil, bool, string, int, int64, float64, [Number], []byte, []any and [Map]. MLflow writes times as text
	// in ISO 8601 and bytes in base64, and so does this package with []byte. In what was read numbers are [Number].
	Data any
	// Params are the values of parameters; nil for none.
	Params Map
}

// Input is the table as an example of any form.
func (e *Example) Input() (*InputExample, error) {
	doc, err := e.document()
	if err != nil {
		return nil, fmt.Errorf("mlmodel: %w", err)
	}
	return &InputExample{Kind: DataFrameExample, Data: doc}, nil
}

// Table is the table of an example that is one.
func (e *InputExample) Table() (*Example, error) {
	doc, _ := e.Data.(Map)
	if e.Kind != DataFrameExample {
		return nil, fmt.Errorf("mlmodel: the input example is of type %s, not a table", e.Kind)
	}
	return tableOf(doc)
}

// Keys of the files of an example.
const (
	inputsKey = "inputs"
	paramsKey = "params"
	splitKey  = "dataframe_split"
)

// JSON writes input_example.json.
func (e *InputExample) JSON() ([]byte, error) {
	if err := e.check(); err != nil {
		return nil, err
	}
	v := e.Data
	if e.Params != nil {
		v = Map{{inputsKey, e.Data}, {paramsKey, e.Params}}
	}
	text, err := pythonJSON(v, 0)
	return []byte(text), err
}

// ServingJSON writes serving_input_example.json: the body of a request to /invocations. That of an object with one of the
// keys messages, prompt and input, as language models take it, is the object itself.
func (e *InputExample) ServingJSON() ([]byte, error) {
	if err := e.check(); err != nil {
		return nil, err
	}
	var doc Map
	object, isObject := e.Data.(Map)
	switch {
	case e.Kind == DataFrameExample:
		doc = Map{{splitKey, e.Data}}
	case e.Kind == CSRExample || e.Kind == CSCExample:
		matrix, err := readSparse(object)
		if err != nil {
			return nil, err
		}
		doc = Map{{inputsKey, matrix.dense(e.Kind == CSCExample)}}
	case e.Kind == ObjectExample && isObject && slices.ContainsFunc(object, forLanguageModels):
		doc = object
		for _, p := range e.Params {
			doc = doc.With(fmt.Sprint(p.Key), p.Value)
		}
		text, err := pythonJSON(doc, 2)
		return []byte(text), err
	default:
		doc = Map{{inputsKey, e.Data}}
	}
	if e.Params != nil {
		doc = append(doc, Item{paramsKey, e.Params})
	}
	text, err := pythonJSON(doc, 2)
	return []byte(text), err
}

func forLanguageModels(it Item) bool {
	return it.Key == "messages" || it.Key == "prompt" || it.Key == "input"
}

// check finds what MLflow could not read again.
func (e *InputExample) check() error {
	switch e.Kind {
	case DataFrameExample:
		_, err := e.Table()
		return err
	case NDArrayExample:
		switch data := e.Data.(type) {
		case []any:
			return nil
		case Map:
			for _, it := range data {
				if _, ok := it.Value.([]any); !ok {
					return fmt.Errorf("mlmodel: tensor %v of the input example is no array", it.Key)
				}
			}
			return nil
		}
		return errors.New("mlmodel: an input example of type ndarray is an array, or a mapping of names to arrays")
	case CSRExample, CSCExample:
		object, _ := e.Data.(Map)
		_, err := readSparse(object)
		return err
	case ObjectExample:
		return nil
	default:
		return fmt.Errorf("mlmodel: an input example of unknown type %q", e.Kind)
	}
}

// Info describes the example's files for MLmodel.
func (e *InputExample) Info() *ExampleInfo {
	info := &ExampleInfo{ArtifactPath: exampleFile, ServingPath: servingFile, Type: string(e.Kind)}
	if e.Kind == DataFrameExample {
		info.PandasOrient = "values"
		if doc, _ := e.Data.(Map); doc.value("columns") != nil {
			info.PandasOrient = "split"
		}
	}
	if len(e.Params) > 0 {
		info.Extra = Map{{paramsKey, "true"}}
	}
	return info
}

// ParseInputExample reads input_example.json, given what MLmodel says of it. Errors wrap [ErrFormat].
func ParseInputExample(info *ExampleInfo, data []byte) (*InputExample, error) {
	v, err := parseJSON(data)
	if err != nil {
		return nil, fmt.Errorf("mlmodel: %w: %s: %w", ErrFormat, exampleFile, err)
	}
	e := &InputExample{Kind: ExampleKind(info.Type), Data: v}
	if info.Extra.Text(paramsKey) != "" {
		doc, _ := v.(Map)
		params, ok := doc.value(paramsKey).(Map)
		inputs, there := doc.Get(inputsKey)
		if !ok || !there || len(doc) != 2 {
			return nil, fmt.Errorf("mlmodel: %w: %s does not hold inputs and params", ErrFormat, exampleFile)
		}
		e.Data, e.Params = inputs, params
	}
	if err := e.check(); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrFormat, err)
	}
	return e, nil
}
