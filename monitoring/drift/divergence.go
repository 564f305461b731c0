package drift

import (
	"fmt"
	"math"
)

// JensenShannon is the Jensen-Shannon distance of two distributions over the same bins: the square root of their divergence, with natural
// logarithms, between 0 and √ln 2 ≈ 0.833. Shares are normalised to add up to 1. Source: scipy.spatial.distance.jensenshannon; where
// rounding makes its divergence negative, and its distance NaN, this is 0.
func JensenShannon(reference, current []float64) (float64, error) {
	p, q, err := normalised(reference, current)
	if err != nil {
		return 0, fmt.Errorf("Jensen-Shannon distance: %w", err)
	}
	divergence := 0.0
	for i := range p {
		middle := (p[i] + q[i]) / 2
		divergence += relativeEntropy(p[i], middle) + relativeEntropy(q[i], middle)
	}
	return math.Sqrt(max(divergence, 0) / 2), nil
}

// PSI is the population stability index Σ (r-c)·ln(r/c) over the shares r and c of the same bins. An empty bin counts as 0.0001, or as a
// millionth of the smallest share of its side if that is at most 0.0001 (stattests/psi.py, get_binned_data in stattests/utils.py).
func PSI(reference, current []float64) (float64, error) {
	if err := checkShares(reference, current); err != nil {
		return 0, fmt.Errorf("population stability index: %w", err)
	}
	r, c := fillZeros(reference), fillZeros(current)
	index := 0.0
	for i := range r {
		index += (r[i] - c[i]) * math.Log(r[i]/c[i])
	}
	return index, nil
}

// KullbackLeibler is the divergence Σ r·ln(r/c) of the reference from the current shares of the same bins; empty bins are filled as for
// [PSI], then both sides are normalised to add up to 1 (stattests/kl_div.py, scipy.stats.entropy).
func KullbackLeibler(reference, current []float64) (float64, error) {
	if err := checkShares(reference, current); err != nil {
		return 0, fmt.Errorf("Kullback-Leibler divergence: %w", err)
	}
	r, c, err := normalised(fillZeros(reference), fillZeros(current))
	if err != nil {
		return 0, fmt.Errorf("Kullback-Leibler divergence: %w", err)
	}
	divergence := 0.0
	for i := range r {
		divergence += relativeEntropy(r[i], c[i])
	}
	return divergence, nil
}

// relativeEntropy is p·ln(p/q), which is 0 at p = 0; q > 0 where p > 0.
func relativeEntropy(p, q float64) float64 {
	if p == 0 {
		return 0
	}
	return p * math.Log(p/q)
}

// checkShares refuses shares that are no distribution over common bins.
func checkShares(reference, current []float64) error {
	if len(reference) != len(current) {
		return fmt.Errorf("%w: %d reference bins, %d current ones", ErrKind, len(reference), len(current))
	}
	for _, side := range [][]float64{reference, current} {
		total := 0.0
		for i, share := range side {
			if !(share >= 0) || math.IsInf(share, 1) {
				return fmt.Errorf("%w: bin %d has share %v", ErrRange, i, share)
			}
			total += share
		}
		if total == 0 {
			return ErrEmpty
		}
		if math.IsInf(total, 1) {
			return fmt.Errorf("%w: the shares add up to infinity", ErrRange)
		}
	}
	return nil
}

func normalised(reference, current []float64) (p, q []float64, err error) {
	if err := checkShares(reference, current); err != nil {
		return nil, nil, err
	}
	return scaledToOne(reference), scaledToOne(current), nil
}

func scaledToOne(shares []float64) []float64 {
	total := 0.0
	for _, share := range shares {
		total += share
	}
	scaled := make([]float64, len(shares))
	for i, share := range shares {
		scaled[i] = share / total
	}
	return scaled
}

// fillZeros is a copy of the shares in which the logarithm of every one is finite.
func fillZeros(shares []float64) []float64 {
	const fill, millionth = 0.0001, 1e6
	smallest := math.Inf(1)
	for _, share := range shares {
		if share != 0 {
			smallest = min(smallest, share)
		}
	}
	filler := fill
	if smallest <= fill {
		filler = smallest / millionth
	}
	filled := make([]float64, len(shares))
	for i, share := range shares {
		filled[i] = share
		if share == 0 {
			filled[i] = filler
		}
	}
	return filled
}
