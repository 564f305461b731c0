package pipeline

import (
	"context"
	"fmt"
	"strings"

	"mlopsgo/mlflowclient/mlmodel"
	"mlopsgo/pipeline/forest"
	"mlopsgo/pipeline/neighbors"
	"mlopsgo/pipeline/svm"
)

// baselineKind is a class of scikit-learn with its default parameters.
type baselineKind struct {
	class string
	// repr is how Python writes the untrained object.
	repr string
	// params are get_params(), by name, as Python writes the values.
	params [][2]string
	fit    func(ctx context.Context, split *Split) (*fittedBaseline, error)
}

// fittedBaseline is a trained classifier. Its functions take scaled rows.
type fittedBaseline struct {
	classes []int
	predict func(ctx context.Context, x forest.Matrix) ([]int, error)
	// proba is predict_proba, decision decision_function; nil where the class has none.
	proba, decision func(ctx context.Context, x forest.Matrix) (forest.Matrix, error)
	export          func(ctx context.Context) (mlmodel.ONNXModel, error)
}

// step is the classifier's name in a pipeline that make_pipeline makes.
func (k baselineKind) step() string { return strings.ToLower(k.class) }

// baselineKinds lists them in the original's order.
func baselineKinds(seed uint32) []baselineKind {
	params := forest.DefaultParams()
	params.RandomState = seed
	return []baselineKind{
		{class: "LinearSVC", repr: "LinearSVC()", params: linearDefaults, fit: fitLinearBaseline},
		{class: "SVC", repr: "SVC()", params: svcDefaults, fit: fitSVCBaseline},
		{class: "KNeighborsClassifier", repr: "KNeighborsClassifier()", params: neighborsDefaults, fit: fitNeighborsBaseline},
		{
			class: "RandomForestClassifier", repr: fmt.Sprintf("RandomForestClassifier(random_state=%d)", seed),
			params: append(AllNamed(params), [2]string{"monotonic_cst", "None"}, [2]string{"n_jobs", "None"},
				[2]string{"verbose", "0"}, [2]string{"warm_start", "False"}),
			fit: func(ctx context.Context, split *Split) (*fittedBaseline, error) {
				return fitForestBaseline(ctx, split, params)
			},
		},
	}
}

// The defaults of scikit-learn 1.9.1, of which the packages below implement those that are not fixed by them.
var (
	linearDefaults = [][2]string{
		{"C", "1.0"},
		{"class_weight", "None"},
		{"dual", "auto"},
		{"fit_intercept", "True"},
		{"intercept_scaling", "1"},
		{"loss", "squared_hinge"},
		{"max_iter", "1000"},
		{"multi_class", "ovr"},
		{"penalty", "l2"},
		{"random_state", "None"},
		{"tol", "0.0001"},
		{"verbose", "0"},
	}
	svcDefaults = [][2]string{
		{"C", "1.0"},
		{"break_ties", "False"},
		{"cache_size", "200"},
		{"class_weight", "None"},
		{"coef0", "0.0"},
		{"decision_function_shape", "ovr"},
		{"degree", "3"},
		{"gamma", "scale"},
		{"kernel", "rbf"},
		{"max_iter", "-1"},
		{"probability", "deprecated"},
		{"random_state", "None"},
		{"shrinking", "True"},
		{"tol", "0.001"},
		{"verbose", "False"},
	}
	neighborsDefaults = [][2]string{
		{"algorithm", "auto"},
		{"leaf_size", "30"},
		{"metric", "minkowski"},
		{"metric_params", "None"},
		{"n_jobs", "None"},
		{"n_neighbors", "5"},
		{"p", "2"},
		{"weights", "uniform"},
	}
)

func fitLinearBaseline(ctx context.Context, split *Split) (*fittedBaseline, error) {
	m, err := svm.FitLinear(ctx, svm.Matrix(split.TrainX), split.TrainY, svm.DefaultLinearParams())
	if err != nil {
		return nil, err
	}
	return fittedVectors(m, func(ctx context.Context) (mlmodel.ONNXModel, error) { return split.exportLinear(ctx, m) }), nil
}

func fitSVCBaseline(ctx context.Context, split *Split) (*fittedBaseline, error) {
	m, err := svm.FitSVC(ctx, svm.Matrix(split.TrainX), split.TrainY, svm.DefaultParams())
	if err != nil {
		return nil, err
	}
	return fittedVectors(m, func(ctx context.Context) (mlmodel.ONNXModel, error) { return split.exportSVC(ctx, m) }), nil
}

// vectorMachine is what the two support vector classifiers have in common.
type vectorMachine interface {
	Classes() []int
	Predict(ctx context.Context, x svm.Matrix) ([]int, error)
	Decision(ctx context.Context, x svm.Matrix) (svm.Matrix, error)
}

func fittedVectors(m vectorMachine, export func(context.Context) (mlmodel.ONNXModel, error)) *fittedBaseline {
	return &fittedBaseline{
		classes: m.Classes(),
		export:  export,
		predict: func(ctx context.Context, x forest.Matrix) ([]int, error) { return m.Predict(ctx, svm.Matrix(x)) },
		decision: func(ctx context.Context, x forest.Matrix) (forest.Matrix, error) {
			values, err := m.Decision(ctx, svm.Matrix(x))
			return forest.Matrix(values), err
		},
	}
}

func fitNeighborsBaseline(_ context.Context, split *Split) (*fittedBaseline, error) {
	m, err := neighbors.Fit(neighbors.Matrix(split.TrainX), split.TrainY, neighbors.DefaultParams())
	if err != nil {
		return nil, err
	}
	return &fittedBaseline{
		classes: m.Classes(),
		export:  func(ctx context.Context) (mlmodel.ONNXModel, error) { return split.exportNeighbors(ctx, m) },
		predict: func(ctx context.Context, x forest.Matrix) ([]int, error) { return m.Predict(ctx, neighbors.Matrix(x)) },
		proba: func(ctx context.Context, x forest.Matrix) (forest.Matrix, error) {
			shares, err := m.PredictProba(ctx, neighbors.Matrix(x))
			return forest.Matrix(shares), err
		},
	}, nil
}

func fitForestBaseline(ctx context.Context, split *Split, params forest.Params) (*fittedBaseline, error) {
	m, err := forest.Fit(ctx, split.TrainX, split.TrainY, params)
	if err != nil {
		return nil, err
	}
	return &fittedBaseline{
		classes: m.Classes(),
		predict: m.Predict,
		proba:   m.PredictProba,
		export:  split.Model(m).Export,
	}, nil
}
