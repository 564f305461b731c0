package skops

import (
	"errors"
	"fmt"
)

// Classifier is the last step of a [Pipeline]: [LinearSVC], [SVC] or [KNeighbors].
type Classifier interface {
	step() string
	check(features int) error
	node(features int) *Node
}

// Labels are the classes in ascending order: either integers or strings.
type Labels struct {
	Ints  []int64
	Texts []string
}

func (l Labels) count() int { return len(l.Ints) + len(l.Texts) }

func (l Labels) check() error {
	if (len(l.Ints) == 0) == (len(l.Texts) == 0) {
		return errors.New("a classifier has either integer or string classes")
	}
	return nil
}

func (l Labels) node() *Node {
	if l.Texts != nil {
		return objects(l.Texts)
	}
	return array(int64s(l.Ints...))
}

// LinearSVC is a fitted sklearn.svm.LinearSVC; what has no field has scikit-learn's default.
type LinearSVC struct {
	C, Tol           float64
	FitIntercept     bool
	InterceptScaling float64
	MaxIter          int
	Classes          Labels
	// Coef has a row of weights for each class, or one row for two classes; Intercept a number for each row.
	Coef, Intercept []float64
	Iterations      int
}

func (*LinearSVC) step() string { return "linearsvc" }

func (l *LinearSVC) check(features int) error {
	rows := l.Classes.count()
	if rows == 2 {
		rows = 1
	}
	if len(l.Coef) != rows*features || len(l.Intercept) != rows {
		return fmt.Errorf("%d weights and %d intercepts for %d surfaces in %d features", len(l.Coef), len(l.Intercept), rows, features)
	}
	return l.Classes.check()
}

func (l *LinearSVC) node(features int) *Node {
	intercept := array(float64s(l.Intercept))
	if !l.FitIntercept {
		intercept = float(0)
	}
	return object(svmModule, "LinearSVC",
		field{"dual", text("auto")}, field{"tol", float(l.Tol)}, field{"C", float(l.C)}, field{"multi_class", text("ovr")},
		field{"fit_intercept", truth(l.FitIntercept)}, field{"intercept_scaling", whole(l.InterceptScaling)}, field{"class_weight", none},
		field{"verbose", integer(0)}, field{"random_state", none}, field{"max_iter", integer(l.MaxIter)},
		field{"penalty", text("l2")}, field{"loss", text("squared_hinge")},
		field{"n_features_in_", integer(features)}, field{"classes_", l.Classes.node()},
		field{"coef_", array(float64s(l.Coef, len(l.Intercept), features))}, field{"intercept_", intercept},
		field{"n_iter_", integer(l.Iterations)},
	)
}

const svmModule = "sklearn.svm._classes"

// whole writes a number without a fraction as an int, as scikit-learn's defaults are written.
func whole(f float64) *Node {
	if f == float64(int(f)) {
		return integer(int(f))
	}
	return float(f)
}
