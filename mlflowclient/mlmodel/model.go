package mlmodel

import (
	"errors"
	"fmt"
	"time"
)

// FileName is the name of the file in every model folder.
const FileName = "MLmodel"

// ErrFormat is in the chain of every error about the content of a file that MLflow did not write.
var ErrFormat = errors.New("not a valid MLflow model file")

// Model is the file MLmodel.
type Model struct {
	// ArtifactPath is where the model was logged, RunID the run that made it; "" when it was only saved.
	ArtifactPath string
	RunID        string
	// ModelID is the id of the LoggedModel (m-…), ModelUUID that of the file; in a logged model both are the same.
	ModelID   string
	ModelUUID string
	// SizeBytes is the size of the model's data and examples.
	SizeBytes int64
	// MLflowVersion is the version of MLflow that the file conforms to.
	MLflowVersion string
	// TimeCreated is the time as in the file, "2006-01-02 15:04:05.000000" in UTC: see [FormatTime].
	TimeCreated string
	Flavors     []Flavor
	Signature   *Signature
	ExampleInfo *ExampleInfo
	// Extra holds all other keys of the file (metadata, prompts, resources …), and those above that are null in it.
	Extra Map
}

// Flavor is one way to load a model: "python_function", "onnx", "sklearn" …
type Flavor struct {
	Name   string
	Config Map
}

// ExampleInfo says where the input example is: saved_input_example_info.
type ExampleInfo struct {
	ArtifactPath string
	ServingPath  string
	Type         string // dataframe, ndarray, json_object …
	PandasOrient string // split, for dataframe
	Extra        Map
}

// FormatTime writes a time as MLflow writes utc_time_created.
func FormatTime(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05.000000") }

// Flavor returns the configuration of a flavor.
func (m *Model) Flavor(name string) (Map, bool) {
	for _, f := range m.Flavors {
		if f.Name == name {
			return f.Config, true
		}
	}
	return nil, false
}

// textField binds a key of the file to a field.
type textField struct {
	key   string
	value *string
}

func (m *Model) textFields() []textField {
	return []textField{
		{"artifact_path", &m.ArtifactPath},
		{"run_id", &m.RunID},
		{"model_id", &m.ModelID},
		{"model_uuid", &m.ModelUUID},
		{"mlflow_version", &m.MLflowVersion},
		{"utc_time_created", &m.TimeCreated},
	}
}

// Parse reads a file MLmodel. Errors wrap [ErrFormat] and name line or key.
func Parse(data []byte) (*Model, error) {
	doc, err := readYAML(data)
	if err != nil {
		return nil, fmt.Errorf("mlmodel: %w: %w", ErrFormat, err)
	}
	m := &Model{}
	if err := m.read(doc); err != nil {
		return nil, fmt.Errorf("mlmodel: %w: %w", ErrFormat, err)
	}
	return m, nil
}

func (m *Model) read(doc Map) error {
	fields := map[string]*string{}
	for _, f := range m.textFields() {
		fields[f.key] = f.value
	}
	for _, it := range doc {
		key, _ := it.Key.(string)
		if it.Value == nil { // kept, so that the key is written again
			m.Extra = append(m.Extra, it)
			continue
		}
		var err error
		switch {
		case fields[key] != nil:
			err = readText(fields[key], it.Value)
		case key == "model_size_bytes":
			n, ok := it.Value.(int64)
			if m.SizeBytes = n; !ok || n <= 0 {
				err = errors.New("want a positive integer")
			}
		case key == "flavors":
			m.Flavors, err = readFlavors(it.Value)
		case key == "signature":
			m.Signature, err = readSignature(it.Value)
		case key == "saved_input_example_info":
			m.ExampleInfo, err = readExampleInfo(it.Value)
		default:
			m.Extra = append(m.Extra, it)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", key, err)
		}
	}
	if len(m.Flavors) == 0 {
		return errors.New("it has no flavors")
	}
	return nil
}

func readText(dst *string, v any) error {
	s, ok := v.(string)
	if !ok || s == "" {
		return fmt.Errorf("want text, not %v", v)
	}
	*dst = s
	return nil
}

func readFlavors(v any) ([]Flavor, error) {
	doc, ok := v.(Map)
	if !ok {
		return nil, errors.New("want a mapping")
	}
	var flavors []Flavor
	for _, it := range doc {
		name, ok := it.Key.(string)
		config, isMap := it.Value.(Map)
		if !ok || !isMap {
			return nil, fmt.Errorf("flavor %v is not a mapping", it.Key)
		}
		flavors = append(flavors, Flavor{name, config})
	}
	return flavors, nil
}

func readExampleInfo(v any) (*ExampleInfo, error) {
	doc, ok := v.(Map)
	if !ok {
		return nil, errors.New("want a mapping")
	}
	return &ExampleInfo{
		ArtifactPath: doc.Text("artifact_path"),
		ServingPath:  doc.Text("serving_input_path"),
		Type:         doc.Text("type"),
		PandasOrient: doc.Text("pandas_orient"),
		Extra:        doc.without("artifact_path", "serving_input_path", "type", "pandas_orient"),
	}, nil
}

// Encode writes the file as Python's MLflow does.
func (m *Model) Encode() ([]byte, error) {
	doc := m.Extra
	for _, f := range m.textFields() {
		if *f.value != "" {
			doc = doc.With(f.key, *f.value)
		}
	}
	if m.SizeBytes != 0 {
		doc = doc.With("model_size_bytes", m.SizeBytes)
	}
	flavors := Map{}
	for _, f := range m.Flavors {
		if _, ok := flavors.Get(f.Name); ok {
			return nil, fmt.Errorf("mlmodel: flavor %q is there twice", f.Name)
		}
		flavors = append(flavors, Item{f.Name, f.Config})
	}
	doc = doc.With("flavors", flavors)
	if m.Signature != nil {
		s, err := m.Signature.document()
		if err != nil {
			return nil, fmt.Errorf("mlmodel: signature: %w", err)
		}
		doc = doc.With("signature", s)
	}
	if m.ExampleInfo != nil {
		doc = doc.With("saved_input_example_info", m.ExampleInfo.document())
	}
	data, err := writeYAML(doc, true)
	if err != nil {
		return nil, fmt.Errorf("mlmodel: %w", err)
	}
	return data, nil
}

func (e *ExampleInfo) document() Map {
	doc := e.Extra
	for _, f := range []textField{
		{"artifact_path", &e.ArtifactPath},
		{"serving_input_path", &e.ServingPath},
		{"type", &e.Type},
		{"pandas_orient", &e.PandasOrient},
	} {
		if *f.value != "" {
			doc = doc.With(f.key, *f.value)
		}
	}
	return doc
}
