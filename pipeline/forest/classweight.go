package forest

import (
	"fmt"
	"slices"
)

// rowWeights spreads the classes' weights over the rows. It returns nil when all rows weigh the same, and for
// balanced_subsample with bootstrap, which weighs each tree's rows by themselves.
func (p *Params) rowWeights(d *dataset) ([]float64, error) {
	var weights []float64
	switch {
	case len(p.ClassWeights) > 0:
		var err error
		if weights, err = givenWeights(p.ClassWeights, d.labels); err != nil {
			return nil, err
		}
	case p.ClassWeightRule == ClassWeightNone || p.balancesBootstrap():
		return nil, nil
	default:
		weights = balancedWeights(d.classCounts(nil))
	}
	rows, some := make([]float64, d.rows), false
	for i, k := range d.class {
		rows[i] = weights[k]
		some = some || weights[k] > 0
	}
	if !some {
		return nil, fmt.Errorf("%w: class_weight leaves no row with a positive weight", ErrParams)
	}
	return rows, nil
}

func (p *Params) balancesBootstrap() bool {
	return p.ClassWeightRule == ClassWeightBalancedSubsample && p.Bootstrap
}

// givenWeights orders weights by class. Like scikit-learn it tolerates labels that do not occur only when every class
// that does occur has a weight.
func givenWeights(given map[int]float64, labels []int) ([]float64, error) {
	weights, known := make([]float64, len(labels)), 0
	for k, label := range labels {
		weights[k] = 1
		if w, ok := given[label]; ok {
			weights[k] = w
			known++
		}
	}
	if known < len(labels) && known != len(given) {
		for label := range given {
			if !slices.Contains(labels, label) {
				return nil, fmt.Errorf("%w: class_weight names class %d, which is not in the labels", ErrParams, label)
			}
		}
	}
	return weights, nil
}

// balancedWeights is total / (classes · count) for each class that occurs, 0 for others.
func balancedWeights(counts []uint32) []float64 {
	total, classes := 0, 0
	for _, c := range counts {
		total += int(c)
		if c > 0 {
			classes++
		}
	}
	weights := make([]float64, len(counts))
	for k, c := range counts {
		if c > 0 {
			weights[k] = float64(total) / float64(classes*int(c))
		}
	}
	return weights
}

// classCounts counts the rows of each class, each as often as times says; nil means once.
func (d *dataset) classCounts(times []uint32) []uint32 {
	counts := make([]uint32, len(d.labels))
	for i, k := range d.class {
		if times == nil {
			counts[k]++
		} else {
			counts[k] += times[i]
		}
	}
	return counts
}
