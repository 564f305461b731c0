package sklearn

import (
	"errors"
	"fmt"
	"math"

	"mlopsgo/internal/onnx"
	"mlopsgo/internal/pyobject"
)

// Errors in the chains of those of this package.
var (
	// ErrFormat: the object is not what its class demands.
	ErrFormat = pyobject.ErrFormat
	// ErrUnsupported: the object is valid, and uses what this package does not evaluate.
	ErrUnsupported = errors.New("not supported")
	// ErrValues: the model does not take these values.
	ErrValues = errors.New("the model does not take these values")
)

// Model is a classifier with the steps before it: immutable, safe for concurrent use.
type Model struct {
	features int
	names    []string
	steps    []transform
	final    classifier
	classes  Classes
}

// transform changes rows in place. single says that they are to be treated as float32.
type transform interface {
	apply(x []float64, single bool)
}

// classifier finds the class of rows.
type classifier interface {
	// classify writes the number of the class of each row of x, and unless there are none the probabilities of all classes.
	classify(w *work, x []float64, labels []int, probabilities []float64)
	// probabilities tells whether classify writes them.
	probabilities() bool
	// check tells whether the classifier takes a value.
	check(v float64) error
}

// work are the buffers of a classifier.
type work struct {
	trees   onnx.TreeScratch
	numbers []float64
	votes   []int
	heap    heap
}

// New makes a model of the object of a file.
func New(root pyobject.Value) (*Model, error) {
	object, ok := root.(*pyobject.Object)
	if !ok {
		return nil, fmt.Errorf("sklearn: %w: the file holds %s, where a classifier was expected", ErrFormat, pyobject.Describe(root))
	}
	m := &Model{}
	var err error
	if object.Class == "sklearn.pipeline.Pipeline" {
		err = m.pipeline(object)
	} else {
		err = m.end(object)
	}
	if err != nil {
		return nil, fmt.Errorf("sklearn: %w", err)
	}
	return m, nil
}

// pipeline reads the steps, which are pairs of a name and an object.
func (m *Model) pipeline(object *pyobject.Object) error {
	f := fields{of: object}
	list, _ := f.value("steps").(*pyobject.List)
	if list == nil || len(list.Items) == 0 {
		return fmt.Errorf("%w: a Pipeline without steps", ErrFormat)
	}
	for i, item := range list.Items {
		step, _ := item.(pyobject.Tuple)
		if len(step) != 2 {
			return fmt.Errorf("%w: step %d of the Pipeline is %s", ErrFormat, i, pyobject.Describe(item))
		}
		name := pyobject.Describe(step[0])
		object, ok := step[1].(*pyobject.Object)
		switch text, isText := step[1].(string); {
		case i < len(list.Items)-1 && (step[1] == nil || (isText && text == "passthrough")):
			continue
		case !ok:
			return fmt.Errorf("%w: step %s of the Pipeline is %s", ErrUnsupported, name, pyobject.Describe(step[1]))
		}
		var err error
		if i < len(list.Items)-1 {
			err = m.transform(object)
		} else {
			err = m.end(object)
		}
		if err != nil {
			return fmt.Errorf("step %s: %w", name, err)
		}
	}
	return nil
}

// input notes what the first step with such knowledge takes, and makes sure that the others take as much.
func (m *Model) input(f *fields) int {
	n := f.integer("n_features_in_")
	if f.err != nil {
		return 0
	}
	if n < 1 || n > maxFeatures || (m.features != 0 && m.features != n) {
		f.err = fmt.Errorf("%w: %d features, and %d in the step before", ErrFormat, n, m.features)
		return 0
	}
	if m.features == 0 {
		m.features = n
		m.names = f.names("feature_names_in_", n)
	}
	return n
}

// maxFeatures bounds the features of a model.
const maxFeatures = 1 << 20

func (m *Model) transform(object *pyobject.Object) error {
	f := fields{of: object}
	n := m.input(&f)
	var step transform
	switch object.Class {
	case "sklearn.preprocessing._data.StandardScaler":
		step = newStandardScaler(&f, n)
	case "sklearn.preprocessing._data.MinMaxScaler":
		step = newMinMaxScaler(&f, n)
	default:
		return unknown(object)
	}
	if f.err != nil {
		return fmt.Errorf("%s: %w", object.Class, f.err)
	}
	m.steps = append(m.steps, step)
	return nil
}

func unknown(object *pyobject.Object) error {
	return fmt.Errorf("%w: %s is not one of the classes that this service evaluates", ErrUnsupported, object.Class)
}

// end reads the classifier.
func (m *Model) end(object *pyobject.Object) error {
	read, ok := classifiers[object.Class]
	if !ok {
		return unknown(object)
	}
	f := fields{of: object}
	n := m.input(&f)
	m.classes = f.classes()
	if f.err == nil {
		m.final = read(&f, n, m.classes.Len())
	}
	if f.err != nil {
		return fmt.Errorf("%s: %w", object.Class, f.err)
	}
	return nil
}

// classifiers are the classes that can stand at the end.
var classifiers = map[pyobject.Type]func(f *fields, features, classes int) classifier{
	"sklearn.ensemble._forest.RandomForestClassifier":        newForest,
	"sklearn.ensemble._forest.ExtraTreesClassifier":          newForest,
	"sklearn.tree._classes.DecisionTreeClassifier":           newTree,
	"sklearn.tree._classes.ExtraTreeClassifier":              newTree,
	"sklearn.ensemble._gb.GradientBoostingClassifier":        newBoosting,
	"sklearn.linear_model._logistic.LogisticRegression":      newLogistic,
	"sklearn.svm._classes.LinearSVC":                         newLinearSVC,
	"sklearn.svm._classes.SVC":                               newSVC,
	"sklearn.neighbors._classification.KNeighborsClassifier": newNeighbors,
}

// Features is the number of values of a row.
func (m *Model) Features() int { return m.features }

// FeatureNames are the names of the columns that the model was fitted on, nil when it was fitted on an array without names.
func (m *Model) FeatureNames() []string { return m.names }

// Classes are the labels, in the order of their numbers.
func (m *Model) Classes() Classes { return m.classes }

// Probabilities tells whether the model has predict_proba: a LinearSVC has none, and that of an SVC is not supported.
func (m *Model) Probabilities() bool { return m.final.probabilities() }

// Evaluator predicts with a model in buffers of its own, one call at a time.
type Evaluator struct {
	model *Model
	// Labels are the numbers of the classes of the rows; Probabilities those of all classes, row after row, empty when the model has
	// none. Both are valid until the next call.
	Labels        []int
	Probabilities []float64

	x    []float64
	work work
}

// NewEvaluator makes an evaluator.
func (m *Model) NewEvaluator() *Evaluator { return &Evaluator{model: m} }

// Evaluate predicts the rows of values; NaN is a missing one. With single they are numbers of float32 that scikit-learn would
// get as such: it then scales in float32. The error of values that scikit-learn refuses is in the chain of [ErrValues].
func (e *Evaluator) Evaluate(values []float64, single bool) error {
	m := e.model
	rows := len(values) / m.features
	if rows*m.features != len(values) || rows == 0 {
		return fmt.Errorf("sklearn: %d values are no rows of %d", len(values), m.features)
	}
	e.x = append(e.x[:0], values...)
	for i, v := range e.x {
		if math.IsInf(v, 0) {
			return e.refuse(i, fmt.Errorf("%w: infinity", ErrValues))
		}
	}
	for _, step := range m.steps {
		step.apply(e.x, single)
	}
	for i, v := range e.x {
		if err := m.final.check(v); err != nil {
			return e.refuse(i, err)
		}
	}
	e.Labels = resize(e.Labels, rows)
	e.Probabilities = e.Probabilities[:0]
	if m.Probabilities() {
		e.Probabilities = resize(e.Probabilities, rows*m.classes.Len())
	}
	m.final.classify(&e.work, e.x, e.Labels, e.Probabilities)
	return nil
}

// refuse says where the value is.
func (e *Evaluator) refuse(i int, err error) error {
	return fmt.Errorf("row %d, column %d: %w", i/e.model.features, i%e.model.features, err)
}

func resize[T any](s []T, n int) []T {
	if cap(s) < n {
		return make([]T, n)
	}
	return s[:n]
}

// checkFinite is the check of classifiers that compute in float64.
func checkFinite(v float64) error {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return fmt.Errorf("%w: %v; the classifier takes no missing and no infinite values", ErrValues, v)
	}
	return nil
}
