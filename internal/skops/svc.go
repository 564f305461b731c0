package skops

import "fmt"

// SVC is a fitted sklearn.svm.SVC; what has no field has scikit-learn's default.
type SVC struct {
	Kernel    string
	Degree    int
	Gamma     any // "scale", "auto" or a float64
	Coef0     float64
	Tol, C    float64
	Shrinking bool
	CacheSize float64
	MaxIter   int
	Classes   Labels
	// UsedGamma is the number that stands for Gamma, Rows the number of training rows.
	UsedGamma float64
	Rows      int
	// Support are the numbers of the rows that are support vectors, class by class, Counts how many there are of each class, Vectors
	// the rows themselves.
	Support, Counts []int32
	Vectors         []float64
	// DualCoef has classes−1 rows of a coefficient for each support vector, Intercept and Iterations a number for each pair of classes, with
	// libsvm's signs.
	DualCoef, Intercept []float64
	Iterations          []int32
}

func (*SVC) step() string { return "svc" }

func (s *SVC) check(features int) error {
	n, classes := len(s.Support), s.Classes.count()
	pairs, vectors := classes*(classes-1)/2, 0
	for _, count := range s.Counts {
		vectors += int(count)
	}
	switch {
	case vectors != n || len(s.Counts) != classes || len(s.Vectors) != n*features || len(s.DualCoef) != (classes-1)*n:
		return fmt.Errorf("%d support vectors, counts of %d, %d coordinates and %d coefficients for %d classes and %d features",
			n, vectors, len(s.Vectors), len(s.DualCoef), classes, features)
	case len(s.Intercept) != pairs || len(s.Iterations) != pairs:
		return fmt.Errorf("%d intercepts and %d iterations for %d pairs of classes", len(s.Intercept), len(s.Iterations), pairs)
	}
	for _, row := range s.Support {
		if row < 0 || int(row) >= s.Rows {
			return fmt.Errorf("support vector %d of %d rows", row, s.Rows)
		}
	}
	switch s.Gamma.(type) {
	case string, float64:
	default:
		return fmt.Errorf("gamma is a %T", s.Gamma)
	}
	return s.Classes.check()
}

func (s *SVC) node(features int) *Node {
	n, classes := len(s.Support), s.Classes.count()
	ones := make([]float64, classes)
	for i := range ones {
		ones[i] = 1
	}
	inner, iterations := array(float64s(s.DualCoef, classes-1, n)), array(int32s(s.Iterations))
	// With two classes scikit-learn turns the signs: positive is the second class.
	outer, intercept := inner, s.Intercept
	if classes == 2 {
		outer, intercept = array(float64s(negated(s.DualCoef), classes-1, n)), negated(s.Intercept)
	}
	return object(svmModule, "SVC",
		field{"decision_function_shape", text("ovr")}, field{"break_ties", no}, field{"kernel", text(s.Kernel)}, field{"degree", integer(s.Degree)},
		field{"gamma", number(s.Gamma)}, field{"coef0", float(s.Coef0)}, field{"tol", float(s.Tol)}, field{"C", float(s.C)},
		field{"nu", float(0)}, field{"epsilon", float(0)}, field{"shrinking", truth(s.Shrinking)}, field{"probability", text("deprecated")},
		field{"cache_size", whole(s.CacheSize)}, field{"class_weight", none}, field{"verbose", no}, field{"max_iter", integer(s.MaxIter)},
		field{"random_state", none}, field{"_sparse", no}, field{"n_features_in_", integer(features)},
		field{"class_weight_", array(float64s(ones))}, field{"classes_", s.Classes.node()}, field{"_effective_probability", no},
		field{"_gamma", s.usedGamma()}, field{"support_", array(int32s(s.Support))},
		field{"support_vectors_", array(float64s(s.Vectors, n, features))}, field{"_n_support", array(int32s(s.Counts))},
		field{"dual_coef_", outer}, field{"intercept_", array(float64s(intercept))},
		field{"_probA", array(float64s(nil))}, field{"_probB", array(float64s(nil))}, field{"fit_status_", integer(0)},
		field{"_num_iter", iterations}, field{"shape_fit_", tuple(integer(s.Rows), integer(features))},
		field{"_intercept_", array(float64s(s.Intercept))}, field{"_dual_coef_", inner}, field{"n_iter_", iterations},
	)
}

// usedGamma is a number of numpy where scale computed it, and a plain one otherwise.
func (s *SVC) usedGamma() *Node {
	if s.Gamma == "scale" {
		return scalar("float64", single(float64s([]float64{s.UsedGamma})))
	}
	return float(s.UsedGamma)
}

func negated(v []float64) []float64 {
	out := make([]float64, len(v))
	for i := range v {
		out[i] = -v[i]
	}
	return out
}
