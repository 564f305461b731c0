package drift

import "fmt"

// Method is a way to compare the two sides of a column, under Evidently's own short name.
type Method string

// The methods. The first four score by p-value or by distance as the table of the package comment says.
const (
	MethodKS            Method = "ks"
	MethodWasserstein   Method = "wasserstein"
	MethodChiSquare     Method = "chisquare"
	MethodZ             Method = "z"
	MethodJensenShannon Method = "jensenshannon"
	MethodPSI           Method = "psi"
	MethodKL            Method = "kl_div"
)

// traits of a method, as its StatTest is registered in evidently/legacy/calculations/stattests.
type traits struct {
	displayName string
	threshold   float64
	kinds       []Kind
	drifted     func(score, threshold float64) bool
}

func atMost(score, threshold float64) bool  { return score <= threshold }
func below(score, threshold float64) bool   { return score < threshold }
func atLeast(score, threshold float64) bool { return score >= threshold }

func (m Method) traits() (traits, error) {
	numerical, categorical, both := []Kind{Numerical}, []Kind{Categorical}, []Kind{Numerical, Categorical}
	switch m {
	case MethodKS:
		return traits{"K-S p_value", 0.05, numerical, atMost}, nil
	case MethodWasserstein:
		return traits{"Wasserstein distance (normed)", 0.1, numerical, atLeast}, nil
	case MethodChiSquare:
		return traits{"chi-square p_value", 0.05, categorical, below}, nil
	case MethodZ:
		return traits{"Z-test p_value", 0.05, categorical, below}, nil
	case MethodJensenShannon:
		return traits{"Jensen-Shannon distance", 0.1, both, atLeast}, nil
	case MethodPSI:
		return traits{"PSI", 0.1, both, atLeast}, nil
	case MethodKL:
		return traits{"Kullback-Leibler divergence", 0.1, both, atLeast}, nil
	default:
		return traits{}, fmt.Errorf("%w: no method is named %q", ErrOptions, string(m))
	}
}

// DisplayName is what Evidently writes into its reports, such as "K-S p_value"; for an unknown method, the method itself.
func (m Method) DisplayName() string {
	t, err := m.traits()
	if err != nil {
		return string(m)
	}
	return t.displayName
}

// Threshold is the method's default threshold; 0 for an unknown method.
func (m Method) Threshold() float64 {
	t, err := m.traits()
	if err != nil {
		return 0
	}
	return t.threshold
}

// Drifted is the verdict of the method on a score: p-values are compared with ≤ (Kolmogorov-Smirnov) or < (chi-square, z), distances with ≥.
// NaN, and an unknown method, never drift.
func (m Method) Drifted(score, threshold float64) bool {
	t, err := m.traits()
	return err == nil && t.drifted(score, threshold)
}

const (
	smallReference = 1000 // up to so many clean reference rows a test decides, above a distance
	fewValues      = 5    // a numerical column with at most so many values is compared value by value
	twoValues      = 2    // what the z-test of proportions can compare
)

// defaultMethod is Evidently's choice (_get_default_stattest in stattests/registry.py). distinct counts the values of both sides together; it
// may stop counting above fewValues.
func defaultMethod(kind Kind, referenceRows, distinct int) Method {
	byValue := kind == Categorical || distinct <= fewValues
	switch {
	case referenceRows > smallReference && byValue:
		return MethodJensenShannon
	case referenceRows > smallReference:
		return MethodWasserstein
	case byValue && distinct <= twoValues:
		return MethodZ
	case byValue:
		return MethodChiSquare
	default:
		return MethodKS
	}
}
