package pipeline

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"

	"mlopsgo/internal/dataset"
	"mlopsgo/internal/onnx"
	"mlopsgo/internal/pickle"
	"mlopsgo/internal/pyobject"
	"mlopsgo/internal/sklearn"
	"mlopsgo/internal/skops"
	"mlopsgo/mlflowclient"
	"mlopsgo/mlflowclient/mlmodel"
)

// errNotEvaluable is in the chain of errors for a registered model that cannot be evaluated here, whoever tries again.
var errNotEvaluable = errors.New("it cannot be evaluated here")

// notEvaluable says why.
func notEvaluable(format string, args ...any) error {
	return fmt.Errorf("%w: %w", errNotEvaluable, fmt.Errorf(format, args...))
}

// maxModelFile bounds a file of a registered model in memory: an ONNX file cannot be larger.
const maxModelFile = 2 << 30

// labels has a version of a registered model predict rows of a table, and gives its labels as text. Only the files that it takes are read.
// The error is errNotEvaluable unless MLflow itself failed.
func (r Registration) labels(ctx context.Context, version string, table *dataset.Table, rows []int) ([]string, error) {
	model, err := r.Client.ResolveModel(ctx, "models:/"+r.Model+"/"+version)
	if err != nil {
		return nil, absence(err)
	}
	store, err := r.Client.Artifacts.At(model.ArtifactURI)
	if err != nil {
		return nil, notEvaluable("%w", err)
	}
	text, err := readModelFile(ctx, store, mlmodel.FileName)
	if err != nil {
		return nil, err
	}
	description, err := mlmodel.Parse(text)
	if err != nil {
		return nil, notEvaluable("%w", err)
	}
	x, err := modelInput(description, table, rows)
	if err != nil {
		return nil, err
	}
	flavor, evaluate := "data", onnxLabels
	config, ok := description.Flavor("onnx")
	if !ok {
		if config, ok = description.Flavor("sklearn"); !ok {
			return nil, notEvaluable("it has neither flavor onnx nor sklearn, only %s", flavorNames(description))
		}
		flavor, evaluate = "pickled_model", skopsLabels
		if config.Text("serialization_format") != "skops" {
			evaluate = pickleLabels
		}
	}
	data, err := readModelFile(ctx, store, config.Text(flavor))
	if err != nil {
		return nil, err
	}
	labels, err := evaluate(data, x)
	if err != nil {
		return nil, notEvaluable("%w", err)
	}
	if len(labels) != len(rows) {
		return nil, notEvaluable("it gave %d labels for %d rows", len(labels), len(rows))
	}
	return labels, nil
}

func flavorNames(model *mlmodel.Model) []string {
	var names []string
	for _, flavor := range model.Flavors {
		names = append(names, flavor.Name)
	}
	return names
}

// absence tells a model that is not there, or not whole, from an MLflow that fails.
func absence(err error) error {
	if errors.Is(err, mlflowclient.ErrNotFound) || errors.Is(err, mlflowclient.ErrInvalidState) || errors.Is(err, mlflowclient.ErrInvalidParameter) {
		return notEvaluable("%w", err)
	}
	return err
}

func readModelFile(ctx context.Context, store *mlflowclient.ArtifactStore, name string) ([]byte, error) {
	file, err := store.Open(ctx, name)
	if err != nil {
		return nil, absence(err)
	}
	defer file.Close()
	data, err := io.ReadAll(io.LimitReader(file, maxModelFile+1))
	if err != nil {
		return nil, fmt.Errorf("read %s of the model: %w", name, err)
	}
	if len(data) > maxModelFile {
		return nil, notEvaluable("its file %s has more than %d bytes", name, maxModelFile)
	}
	return data, nil
}

// modelMatrix is what a model is given: one row a wine, one column a feature.
type modelMatrix struct {
	names  []string
	values []float64
	rows   int
}

// modelInput takes the columns that a model's signature names out of a table.
func modelInput(model *mlmodel.Model, table *dataset.Table, rows []int) (*modelMatrix, error) {
	if model.Signature == nil || model.Signature.Inputs == nil || len(model.Signature.Inputs.Columns) == 0 {
		return nil, notEvaluable("its MLmodel has no signature that names its columns")
	}
	var names []string
	for _, column := range model.Signature.Inputs.Columns {
		names = append(names, column.Name)
	}
	all, err := table.Matrix(names...)
	if err != nil {
		return nil, notEvaluable("the data does not have what it was trained on: %w", err)
	}
	x := &modelMatrix{names: names, rows: len(rows)}
	for _, row := range rows {
		x.values = append(x.values, all[row*len(names):(row+1)*len(names)]...)
	}
	return x, nil
}

func skopsLabels(data []byte, x *modelMatrix) ([]string, error) {
	return sklearnLabels(skops.Read, data, x)
}

func pickleLabels(data []byte, x *modelMatrix) ([]string, error) {
	return sklearnLabels(pickle.Read, data, x)
}

// sklearnLabels evaluates an object of scikit-learn, read as plain data.
func sklearnLabels(read func([]byte) (pyobject.Value, error), data []byte, x *modelMatrix) ([]string, error) {
	object, err := read(data)
	if err != nil {
		return nil, err
	}
	model, err := sklearn.New(object)
	if err != nil {
		return nil, err
	}
	if names := model.FeatureNames(); model.Features() != len(x.names) || names != nil && !slices.Equal(names, x.names) {
		return nil, fmt.Errorf("it was fitted on %d columns %q, and its signature names %q", model.Features(), names, x.names)
	}
	evaluator, classes := model.NewEvaluator(), model.Classes()
	if err := evaluator.Evaluate(x.values, false); err != nil {
		return nil, err
	}
	var labels []string
	for _, class := range evaluator.Labels {
		labels = append(labels, classes.Text(class))
	}
	return labels, nil
}

// onnxLabels evaluates an ONNX graph. It takes the whole matrix, or one column for each of its inputs, as converters from Python make them.
func onnxLabels(data []byte, x *modelMatrix) ([]string, error) {
	file, err := onnx.Decode(data)
	if err != nil {
		return nil, err
	}
	session, err := onnx.Load(file)
	if err != nil {
		return nil, err
	}
	inputs, err := onnxInputs(session, x)
	if err != nil {
		return nil, err
	}
	outputs, err := session.NewRunner().Run(inputs...)
	if err != nil {
		return nil, err
	}
	ports := session.Outputs()
	// The label comes first, whatever a converter calls it.
	at := max(0, slices.IndexFunc(ports, func(p onnx.Port) bool { return p.Name == onnx.ForestLabel }))
	if ports[at].Map {
		return nil, fmt.Errorf("its output %q is a map, where a label was expected", ports[at].Name)
	}
	return labelTexts(outputs[at])
}

func onnxInputs(session *onnx.Session, x *modelMatrix) ([]*onnx.Tensor, error) {
	ports := session.Inputs()
	if len(ports) == 1 {
		tensor, err := floatTensor(ports[0], x.values, x.rows, len(x.names))
		return []*onnx.Tensor{tensor}, err
	}
	var tensors []*onnx.Tensor
	for _, port := range ports {
		column := slices.Index(x.names, port.Name)
		if column < 0 {
			return nil, fmt.Errorf("its graph takes %q, which its signature does not name", port.Name)
		}
		var values []float64
		for row := range x.rows {
			values = append(values, x.values[row*len(x.names)+column])
		}
		tensor, err := floatTensor(port, values, x.rows, 1)
		if err != nil {
			return nil, err
		}
		tensors = append(tensors, tensor)
	}
	return tensors, nil
}

func floatTensor(port onnx.Port, values []float64, rows, columns int) (*onnx.Tensor, error) {
	tensor := &onnx.Tensor{Type: port.Type, Dims: []int64{int64(rows), int64(columns)}}
	switch port.Type {
	case onnx.Double:
		tensor.F64 = values
	case onnx.Float:
		for _, v := range values {
			tensor.F32 = append(tensor.F32, float32(v))
		}
	default:
		return nil, fmt.Errorf("its graph takes %q as %v; only FLOAT and DOUBLE are given here", port.Name, port.Type)
	}
	return tensor, nil
}

// labelTexts writes labels as the target column does. Numbers with a fraction are no classes.
func labelTexts(labels *onnx.Tensor) ([]string, error) {
	var texts []string
	switch labels.Type {
	case onnx.String:
		return slices.Clone(labels.Str), nil
	case onnx.Int64:
		for _, v := range labels.I64 {
			texts = append(texts, strconv.FormatInt(v, 10))
		}
	case onnx.Float, onnx.Double:
		values := labels.F64
		for _, v := range labels.F32 {
			values = append(values, float64(v))
		}
		for _, v := range values {
			if v != math.Trunc(v) {
				return nil, fmt.Errorf("it predicts %v, which is no class", v)
			}
			texts = append(texts, strconv.FormatFloat(v, 'f', -1, 64))
		}
	default:
		return nil, fmt.Errorf("its labels are of type %v", labels.Type)
	}
	return texts, nil
}
