package pipeline

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"mlopsgo/pipeline/forest"
)

// Named lists the hyper-parameters of the original's study as scikit-learn names them and Python writes them, in the original's order.
func Named(p forest.Params) [][2]string {
	return [][2]string{
		{"n_estimators", strconv.Itoa(p.NEstimators)},
		{"max_features", pythonMaxFeatures(p.MaxFeatures)},
		{"max_depth", pythonNone(p.MaxDepth)},
		{"bootstrap", pythonBool(p.Bootstrap)},
		{"min_samples_leaf", pythonSize(p.MinSamplesLeaf, p.MinSamplesLeafFraction)},
		{"min_samples_split", pythonSize(p.MinSamplesSplit, p.MinSamplesSplitFraction)},
		{"random_state", strconv.FormatUint(uint64(p.RandomState), 10)},
	}
}

// AllNamed lists every hyper-parameter, the further ones by name.
func AllNamed(p forest.Params) [][2]string {
	criterion := p.Criterion
	if criterion == "" {
		criterion = forest.Gini
	}
	maxSamples := "None"
	if p.MaxSamples != 0 || p.MaxSamplesFraction != 0 {
		maxSamples = pythonSize(p.MaxSamples, p.MaxSamplesFraction)
	}
	return append(Named(p), [][2]string{
		{"ccp_alpha", pythonFloat(p.CcpAlpha)},
		{"class_weight", pythonClassWeight(p)},
		{"criterion", string(criterion)},
		{"max_leaf_nodes", pythonNone(p.MaxLeafNodes)},
		{"max_samples", maxSamples},
		{"min_impurity_decrease", pythonFloat(p.MinImpurityDecrease)},
		{"min_weight_fraction_leaf", pythonFloat(p.MinWeightFractionLeaf)},
		{"oob_score", pythonBool(p.OOBScore)},
	}...)
}

// pythonBool writes a bool as Python's str does; the functions below do so for other types.
func pythonBool(b bool) string {
	if b {
		return "True"
	}
	return "False"
}

func pythonNone(n int) string {
	if n == 0 {
		return "None"
	}
	return strconv.Itoa(n)
}

func pythonFloat(f float64) string {
	text := strconv.FormatFloat(f, 'g', -1, 64)
	if !strings.ContainsAny(text, ".e") {
		text += ".0"
	}
	return text
}

// pythonSize writes a number of rows that may also be a fraction of them.
func pythonSize(count int, fraction float64) string {
	if fraction != 0 {
		return pythonFloat(fraction)
	}
	return strconv.Itoa(count)
}

func pythonMaxFeatures(m forest.MaxFeatures) string {
	switch m {
	case "":
		return string(forest.MaxFeaturesSqrt)
	case forest.MaxFeaturesAll:
		return "None"
	default:
		return string(m)
	}
}

func pythonClassWeight(p forest.Params) string {
	switch {
	case p.ClassWeightRule != forest.ClassWeightNone:
		return string(p.ClassWeightRule)
	case len(p.ClassWeights) == 0:
		return "None"
	}
	var parts []string
	for class, weight := range p.ClassWeights {
		parts = append(parts, fmt.Sprintf("%d: %s", class, pythonFloat(weight)))
	}
	slices.Sort(parts)
	return "{" + strings.Join(parts, ", ") + "}"
}

// setters read one parameter each from Python's way of writing it.
var setters = map[string]func(*forest.Params, string) error{
	"n_estimators": func(p *forest.Params, v string) error { return setInt(&p.NEstimators, v) },
	"criterion":    func(p *forest.Params, v string) error { p.Criterion = forest.Criterion(v); return nil },
	"max_depth":    func(p *forest.Params, v string) error { return setIntOrNone(&p.MaxDepth, v) },
	"min_samples_split": func(p *forest.Params, v string) error {
		return setSize(&p.MinSamplesSplit, &p.MinSamplesSplitFraction, v)
	},
	"min_samples_leaf": func(p *forest.Params, v string) error {
		return setSize(&p.MinSamplesLeaf, &p.MinSamplesLeafFraction, v)
	},
	"min_weight_fraction_leaf": func(p *forest.Params, v string) error { return setFloat(&p.MinWeightFractionLeaf, v) },
	"max_features":             setMaxFeatures,
	"max_leaf_nodes":           func(p *forest.Params, v string) error { return setIntOrNone(&p.MaxLeafNodes, v) },
	"min_impurity_decrease":    func(p *forest.Params, v string) error { return setFloat(&p.MinImpurityDecrease, v) },
	"bootstrap":                func(p *forest.Params, v string) error { return setBool(&p.Bootstrap, v) },
	"oob_score":                func(p *forest.Params, v string) error { return setBool(&p.OOBScore, v) },
	"n_jobs":                   setJobs,
	"random_state":             setRandomState,
	"class_weight":             setClassWeight,
	"ccp_alpha":                func(p *forest.Params, v string) error { return setFloat(&p.CcpAlpha, v) },
	"max_samples":              setMaxSamples,
}

// ParseParams reads hyper-parameters by scikit-learn's names and in Python's way of writing values; what is not named keeps
// scikit-learn's default. It fails on a name or a value that scikit-learn would refuse.
func ParseParams(named map[string]string) (forest.Params, error) {
	p := forest.DefaultParams()
	for _, name := range slices.Sorted(maps.Keys(named)) {
		set, known := setters[name]
		if !known {
			return p, fmt.Errorf("parameter %q is not one of RandomForestClassifier's: %s", name, strings.Join(slices.Sorted(maps.Keys(setters)), ", "))
		}
		if err := set(&p, strings.TrimSpace(named[name])); err != nil {
			return p, fmt.Errorf("parameter %s=%s: %w", name, named[name], err)
		}
	}
	return p, p.Validate()
}

var (
	errInt   = errors.New("not a whole number")
	errFloat = errors.New("not a number")
	errBool  = errors.New("neither True nor False")
)

func setInt(to *int, value string) error {
	n, err := strconv.Atoi(value)
	if err != nil {
		return errInt
	}
	*to = n
	return nil
}

func setIntOrNone(to *int, value string) error {
	if value == "None" {
		*to = 0
		return nil
	}
	if err := setInt(to, value); err != nil {
		return fmt.Errorf("neither None nor a whole number")
	}
	if *to <= 0 {
		return fmt.Errorf("must be None or at least 1")
	}
	return nil
}

func setFloat(to *float64, value string) error {
	f, err := strconv.ParseFloat(value, 64)
	if err != nil {
		return errFloat
	}
	*to = f
	return nil
}

func setBool(to *bool, value string) error {
	switch value {
	case "True", "true":
		*to = true
	case "False", "false":
		*to = false
	default:
		return errBool
	}
	return nil
}

// setSize reads a number of rows: an integer is a count, anything with a point or an exponent a fraction.
func setSize(count *int, fraction *float64, value string) error {
	if n, err := strconv.Atoi(value); err == nil {
		*count = n
		return nil
	}
	if err := setFloat(fraction, value); err != nil {
		return err
	}
	if *fraction == 0 {
		return fmt.Errorf("a fraction of 0")
	}
	return nil
}

func setMaxFeatures(p *forest.Params, value string) error {
	if value == "None" {
		value = string(forest.MaxFeaturesAll)
	}
	p.MaxFeatures = forest.MaxFeatures(value)
	return nil
}

func setMaxSamples(p *forest.Params, value string) error {
	if value == "None" {
		return nil
	}
	return setSize(&p.MaxSamples, &p.MaxSamplesFraction, value)
}

// setJobs takes scikit-learn's -1 and None for all cores.
func setJobs(p *forest.Params, value string) error {
	if value == "-1" || value == "None" {
		return nil
	}
	return setInt(&p.NJobs, value)
}

func setRandomState(p *forest.Params, value string) error {
	seed, err := strconv.ParseUint(value, 10, 32)
	if err != nil {
		return fmt.Errorf("not a whole number from 0 to 4294967295 (None, a different forest each time, is not offered)")
	}
	p.RandomState = uint32(seed)
	return nil
}

func setClassWeight(p *forest.Params, value string) error {
	if value != "None" {
		p.ClassWeightRule = forest.ClassWeightRule(value)
	}
	return nil
}
