package forest

import (
	"fmt"
	"math"
	"strconv"
)

// Criterion names the impurity that splits reduce.
type Criterion string

// The criteria of scikit-learn. Entropy and LogLoss are two names of one function.
const (
	Gini    Criterion = "gini"
	Entropy Criterion = "entropy"
	LogLoss Criterion = "log_loss"
)

// MaxFeatures says how many features each split looks at. It is one of the named rules below, or a number as text:
// an integer is a count, anything with a point or an exponent is a fraction of the features.
type MaxFeatures string

// The named rules; d is the number of features. The empty value means MaxFeaturesSqrt, scikit-learn's default.
const (
	MaxFeaturesSqrt MaxFeatures = "sqrt" // max(1, ⌊√d⌋)
	MaxFeaturesLog2 MaxFeatures = "log2" // max(1, ⌊log₂ d⌋)
	MaxFeaturesAll  MaxFeatures = "all"  // d; scikit-learn writes None
)

// MaxFeaturesCount is a fixed number of features, at most as many as there are.
func MaxFeaturesCount(n int) MaxFeatures { return MaxFeatures(strconv.Itoa(n)) }

// MaxFeaturesFraction is max(1, ⌊fraction·d⌋) features, 0 < fraction ≤ 1.
func MaxFeaturesFraction(fraction float64) MaxFeatures {
	text := strconv.FormatFloat(fraction, 'g', -1, 64)
	if _, err := strconv.Atoi(text); err == nil {
		text += ".0"
	}
	return MaxFeatures(text)
}

// ClassWeightRule names a way to derive the classes' weights from the data.
type ClassWeightRule string

// The rules of scikit-learn: n_samples / (n_classes · count of the class), over all rows or over each tree's bootstrap.
const (
	ClassWeightNone              ClassWeightRule = ""
	ClassWeightBalanced          ClassWeightRule = "balanced"
	ClassWeightBalancedSubsample ClassWeightRule = "balanced_subsample"
)

// Params are the parameters of scikit-learn's RandomForestClassifier under their Go names. Start from DefaultParams:
// the zero value is refused, because it has no trees. Of scikit-learn's parameters only monotonic_cst and sample_weight
// are missing; warm_start is the method Grow, verbose the option WithProgress.
type Params struct {
	NEstimators int       // n_estimators ≥ 1, the number of trees
	Criterion   Criterion // empty means Gini
	MaxDepth    int       // 0 means no limit, scikit-learn's None

	MinSamplesSplit         int     // ≥ 2 distinct rows to split a node
	MinSamplesSplitFraction float64 // if not 0: in place of MinSamplesSplit, max(2, ⌈fraction·rows⌉), at most 1
	MinSamplesLeaf          int     // ≥ 1 distinct rows in each leaf
	MinSamplesLeafFraction  float64 // if not 0: in place of MinSamplesLeaf, ⌈fraction·rows⌉, below 1
	MinWeightFractionLeaf   float64 // share of the total weight each leaf keeps, 0 to 0.5

	MaxFeatures         MaxFeatures
	MaxLeafNodes        int     // 0 means no limit; otherwise ≥ 2, and trees grow best split first
	MinImpurityDecrease float64 // a split must improve at least by this
	CcpAlpha            float64 // minimal cost-complexity pruning; 0 prunes nothing

	ClassWeightRule ClassWeightRule
	ClassWeights    map[int]float64 // weights by label, 1 where absent; excludes ClassWeightRule

	Bootstrap          bool    // each tree learns from rows drawn with replacement, otherwise from all rows
	MaxSamples         int     // if not 0: how many rows a bootstrap draws, instead of as many as there are
	MaxSamplesFraction float64 // if not 0: the same as a share of the rows (of their total weight with class weights)
	OOBScore           bool    // estimate the accuracy on the rows each tree did not draw; needs Bootstrap

	RandomState uint32 // the seed; the same seed gives scikit-learn's trees, bit for bit
	NJobs       int    // goroutines; 0 means one for each CPU Go may use. The result does not depend on it
}

// DefaultParams returns scikit-learn's defaults, with seed 0.
func DefaultParams() Params {
	return Params{
		NEstimators:     100,
		Criterion:       Gini,
		MinSamplesSplit: 2,
		MinSamplesLeaf:  1,
		MaxFeatures:     MaxFeaturesSqrt,
		Bootstrap:       true,
	}
}

// Validate reports the first parameter that scikit-learn would refuse, wrapped in ErrParams.
// What depends on the data, such as more class weights than classes, is found by Fit.
func (p Params) Validate() error {
	for _, check := range []func(Params) string{
		checkForestParams, checkNodeParams, checkWeightParams, checkSampleParams,
	} {
		if problem := check(p); problem != "" {
			return fmt.Errorf("%w: %s", ErrParams, problem)
		}
	}
	if _, err := p.MaxFeatures.Count(1); err != nil {
		return err
	}
	return nil
}

func checkForestParams(p Params) string {
	switch {
	case p.NEstimators < 1:
		return fmt.Sprintf("n_estimators is %d, must be at least 1 (start from DefaultParams)", p.NEstimators)
	case p.Criterion != "" && p.Criterion != Gini && p.Criterion != Entropy && p.Criterion != LogLoss:
		return fmt.Sprintf("criterion is %q, must be gini, entropy or log_loss", p.Criterion)
	case p.NJobs < 0:
		return fmt.Sprintf("n_jobs is %d, must be 0 (all cores) or positive", p.NJobs)
	case p.OOBScore && !p.Bootstrap:
		return "oob_score needs bootstrap: without it no row is out of bag"
	}
	return ""
}

func checkNodeParams(p Params) string {
	switch {
	case p.MaxDepth < 0:
		return fmt.Sprintf("max_depth is %d, must be 0 (no limit) or positive", p.MaxDepth)
	case p.MinSamplesSplitFraction == 0 && p.MinSamplesSplit < 2:
		return fmt.Sprintf("min_samples_split is %d, must be at least 2", p.MinSamplesSplit)
	case outside(p.MinSamplesSplitFraction, 1):
		return fmt.Sprintf("min_samples_split is the fraction %v, must be in (0, 1]", p.MinSamplesSplitFraction)
	case p.MinSamplesLeafFraction == 0 && p.MinSamplesLeaf < 1:
		return fmt.Sprintf("min_samples_leaf is %d, must be at least 1", p.MinSamplesLeaf)
	case outside(p.MinSamplesLeafFraction, 1) || p.MinSamplesLeafFraction == 1:
		return fmt.Sprintf("min_samples_leaf is the fraction %v, must be in (0, 1)", p.MinSamplesLeafFraction)
	case p.MaxLeafNodes < 0 || p.MaxLeafNodes == 1:
		return fmt.Sprintf("max_leaf_nodes is %d, must be 0 (no limit) or at least 2", p.MaxLeafNodes)
	case outside(p.MinImpurityDecrease, math.Inf(1)):
		return fmt.Sprintf("min_impurity_decrease is %v, must not be negative", p.MinImpurityDecrease)
	case outside(p.CcpAlpha, math.Inf(1)):
		return fmt.Sprintf("ccp_alpha is %v, must not be negative", p.CcpAlpha)
	}
	return ""
}

func checkWeightParams(p Params) string {
	switch {
	case outside(p.MinWeightFractionLeaf, 0.5):
		return fmt.Sprintf("min_weight_fraction_leaf is %v, must be in [0, 0.5]", p.MinWeightFractionLeaf)
	case p.ClassWeightRule != ClassWeightNone && p.ClassWeightRule != ClassWeightBalanced &&
		p.ClassWeightRule != ClassWeightBalancedSubsample:
		return fmt.Sprintf("class_weight is %q, must be balanced, balanced_subsample or weights", p.ClassWeightRule)
	case p.ClassWeightRule != ClassWeightNone && len(p.ClassWeights) > 0:
		return "class_weight is given both as a rule and as weights"
	}
	for label, weight := range p.ClassWeights {
		if !(weight >= 0) || math.IsInf(weight, 1) {
			return fmt.Sprintf("class_weight of %d is %v, must be finite and not negative", label, weight)
		}
	}
	return ""
}

func checkSampleParams(p Params) string {
	switch {
	case p.MaxSamples < 0:
		return fmt.Sprintf("max_samples is %d, must be 0 (all) or positive", p.MaxSamples)
	case outside(p.MaxSamplesFraction, math.MaxFloat64):
		return fmt.Sprintf("max_samples is the fraction %v, must be positive", p.MaxSamplesFraction)
	case p.MaxSamples != 0 && p.MaxSamplesFraction != 0:
		return "max_samples is given both as a count and as a fraction"
	case !p.Bootstrap && (p.MaxSamples != 0 || p.MaxSamplesFraction != 0):
		return "max_samples needs bootstrap"
	}
	return ""
}

// outside reports whether v is not in [0, high]; NaN is not.
func outside(v, high float64) bool { return !(v >= 0 && v <= high) }

// Count returns how many of a table's features each split looks at: rules that give the same count give the same trees. It fails with
// ErrParams when m is neither a rule nor a possible number.
func (m MaxFeatures) Count(features int) (int, error) {
	switch m {
	case MaxFeaturesSqrt, "":
		return max(1, int(math.Sqrt(float64(features)))), nil
	case MaxFeaturesLog2:
		return max(1, int(math.Log2(float64(features)))), nil
	case MaxFeaturesAll:
		return features, nil
	}
	if n, err := strconv.Atoi(string(m)); err == nil && n >= 1 {
		return n, nil
	} else if err == nil {
		return 0, fmt.Errorf("%w: max_features is %d, must be at least 1", ErrParams, n)
	}
	f, err := strconv.ParseFloat(string(m), 64)
	if err != nil || outside(f, 1) || f == 0 {
		return 0, fmt.Errorf("%w: max_features is %q, must be sqrt, log2, all, a count or a fraction in (0, 1]",
			ErrParams, string(m))
	}
	return max(1, int(f*float64(features))), nil
}
