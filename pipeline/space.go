package pipeline

import (
	"fmt"
	"slices"
	"strings"

	"mlopsgo/pipeline/forest"
	"mlopsgo/pipeline/tpe"
)

// ForestSpace says which hyper-parameters of a random forest a study tries.
type ForestSpace struct {
	NEstimators     tpe.IntRange
	MaxFeatures     []forest.MaxFeatures
	MaxDepth        tpe.IntRange
	Bootstrap       []bool
	MinSamplesLeaf  tpe.IntRange
	MinSamplesSplit tpe.IntRange
	// RandomState is the same for every forest: trials differ by what is tried, not by luck.
	RandomState uint32
}

// OriginalSpace is the space of the Python original.
func OriginalSpace() ForestSpace {
	return ForestSpace{
		NEstimators:     tpe.IntRange{Low: 50, High: 2000, Step: 50},
		MaxFeatures:     []forest.MaxFeatures{forest.MaxFeaturesSqrt, forest.MaxFeaturesLog2},
		MaxDepth:        tpe.IntRange{Low: 10, High: 100, Step: 10},
		Bootstrap:       []bool{true, false},
		MinSamplesLeaf:  tpe.IntRange{Low: 1, High: 4},
		MinSamplesSplit: tpe.IntRange{Low: 2, High: 10},
	}
}

// dimensions lists the parameters in the order in which the original asks for them: random start-up trials depend on it.
func (s ForestSpace) dimensions() []tpe.Dimension {
	return []tpe.Dimension{
		{Name: "n_estimators", Distribution: s.NEstimators},
		{Name: "max_features", Distribution: tpe.Choices(texts(s.MaxFeatures)...)},
		{Name: "max_depth", Distribution: s.MaxDepth},
		{Name: "bootstrap", Distribution: tpe.Choices(s.Bootstrap...)},
		{Name: "min_samples_leaf", Distribution: s.MinSamplesLeaf},
		{Name: "min_samples_split", Distribution: s.MinSamplesSplit},
	}
}

func texts(rules []forest.MaxFeatures) []string {
	all := make([]string, len(rules))
	for i, rule := range rules {
		all[i] = string(rule)
	}
	return all
}

// params reads a proposal for the space.
func (s ForestSpace) params(proposal *tpe.Trial) (forest.Params, error) {
	p := forest.DefaultParams()
	p.RandomState = s.RandomState
	for _, one := range proposal.Params() {
		switch value := one.Value.(type) {
		case bool:
			p.Bootstrap = value
		case string:
			p.MaxFeatures = forest.MaxFeatures(value)
		case int:
			switch one.Name {
			case "n_estimators":
				p.NEstimators = value
			case "max_depth":
				p.MaxDepth = value
			case "min_samples_leaf":
				p.MinSamplesLeaf = value
			case "min_samples_split":
				p.MinSamplesSplit = value
			}
		default:
			return p, fmt.Errorf("the sampler proposed %v for %s, which is no parameter of the space", one.Value, one.Name)
		}
	}
	return p, nil
}

// named lists the parameters with what is tried of each.
func (s ForestSpace) named() [][2]string {
	span := func(r tpe.IntRange) string {
		if r.Low == r.High {
			return fmt.Sprint(r.Low)
		}
		return fmt.Sprintf("%d to %d by %d", r.Low, r.High, max(1, r.Step))
	}
	both := func(all []bool) string {
		var texts []string
		for _, one := range all {
			texts = append(texts, pythonBool(one))
		}
		return strings.Join(texts, ", ")
	}
	return [][2]string{
		{"n_estimators", span(s.NEstimators)},
		{"max_features", strings.Join(texts(s.MaxFeatures), ", ")},
		{"max_depth", span(s.MaxDepth)},
		{"bootstrap", both(s.Bootstrap)},
		{"min_samples_leaf", span(s.MinSamplesLeaf)},
		{"min_samples_split", span(s.MinSamplesSplit)},
	}
}

// values lists the integers of a range in ascending order.
func values(r tpe.IntRange) []int {
	var all []int
	for v := r.Low; v <= r.High; v += max(1, r.Step) {
		all = append(all, v)
	}
	return all
}

// Points is the number of different combinations in the space.
func (s ForestSpace) Points() int {
	return len(values(s.NEstimators)) * len(s.MaxFeatures) * len(values(s.MaxDepth)) * len(s.Bootstrap) *
		len(values(s.MinSamplesLeaf)) * len(values(s.MinSamplesSplit))
}

// family is a set of forests of a space that differ only in depth and number of trees, and of which several points of the space are
// the same: Split holds the smallest min_samples_split that acts, and Equal counts the (max_features, min_samples_split) pairs that give
// the very same trees.
type family struct {
	params forest.Params
	equal  int
}

// families divides the space for a table of the given number of features, in the order bootstrap, leaf, split.
//
// Two rules of scikit-learn make points equal: max_features counts only by the number it stands for, and min_samples_split acts as
// max(min_samples_split, 2·min_samples_leaf).
func (s ForestSpace) families(features int) ([]family, error) {
	var all []family
	index := map[string]int{}
	for _, bootstrap := range s.Bootstrap {
		for _, leaf := range values(s.MinSamplesLeaf) {
			for _, split := range values(s.MinSamplesSplit) {
				for _, rule := range s.MaxFeatures {
					count, err := rule.Count(features)
					if err != nil {
						return nil, err
					}
					p := forest.DefaultParams()
					p.Bootstrap, p.MinSamplesLeaf, p.MinSamplesSplit, p.MaxFeatures = bootstrap, leaf, split, rule
					p.RandomState = s.RandomState
					p.NEstimators = slices.Max(values(s.NEstimators))
					key := fmt.Sprint(bootstrap, leaf, max(split, 2*leaf), count)
					at, seen := index[key]
					if !seen {
						at, index[key] = len(all), len(all)
						all = append(all, family{params: p})
					}
					all[at].equal++
				}
			}
		}
	}
	return all, nil
}
