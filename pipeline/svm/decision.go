package svm

import (
	"context"
	"math"
)

// Pairwise returns libsvm's decision values, decision_function_shape="ovo": for each row of x a column for each pair of classes (see
// [SVC.Intercept] for their order), above 0 for the first class of the pair. For two classes scikit-learn turns the sign, which this does not.
func (m *SVC) Pairwise(ctx context.Context, x Matrix) (Matrix, error) {
	if err := x.checkWidth(m.vectors.Cols); err != nil {
		return Matrix{}, err
	}
	out := Matrix{Data: make([]float64, x.Rows*len(m.intercept)), Rows: x.Rows, Cols: len(m.intercept)}
	err := eachBlock(x.Rows, func(from, to int) error {
		kernel := make([]float64, m.vectors.Rows)
		for r := from; r < to; r++ {
			m.judge(x.Row(r), kernel, out.Row(r))
		}
		return ctx.Err()
	})
	if err != nil {
		return Matrix{}, err
	}
	return out, nil
}

// judge fills the decision values of one row; kernel is scratch.
func (m *SVC) judge(row, kernel, values []float64) {
	s := m.similarity()
	for i := range kernel {
		kernel[i] = s.between(row, m.vectors.Row(i))
	}
	pair, startI := 0, 0
	for i, countI := range m.counts {
		startJ := startI + countI
		for j := i + 1; j < len(m.counts); j++ {
			sum := 0.0
			sum = continueDot(sum, m.coef.Row(j - 1)[startI:startI+countI], kernel[startI:])
			sum = continueDot(sum, m.coef.Row(i)[startJ:startJ+m.counts[j]], kernel[startJ:])
			values[pair] = sum + m.intercept[pair]
			pair++
			startJ += m.counts[j]
		}
		startI += countI
	}
}

func continueDot(sum float64, a, b []float64) float64 {
	b = b[:len(a)]
	for i, v := range a {
		sum += float64(v * b[i])
	}
	return sum
}

// Decision returns scikit-learn's decision function with decision_function_shape="ovr": for each row of x a column for each class, made of
// the pairs' votes, and between equal votes of their confidence; or one column when there are two classes, above 0 for the second.
func (m *SVC) Decision(ctx context.Context, x Matrix) (Matrix, error) {
	pairs, err := m.Pairwise(ctx, x)
	if err != nil {
		return Matrix{}, err
	}
	n := len(m.classes)
	if n == 2 {
		for i := range pairs.Data {
			pairs.Data[i] = -pairs.Data[i]
		}
		return pairs, nil
	}
	out := Matrix{Data: make([]float64, x.Rows*n), Rows: x.Rows, Cols: n}
	confidence := make([]float64, n)
	for r := range x.Rows {
		values, votes := pairs.Row(r), out.Row(r)
		clear(confidence)
		pair := 0
		for i := range n {
			for j := i + 1; j < n; j++ {
				confidence[i] += values[pair]
				confidence[j] -= values[pair]
				if values[pair] >= 0 {
					votes[i]++
				} else {
					votes[j]++
				}
				pair++
			}
		}
		for i, c := range confidence {
			votes[i] += c / (3 * (math.Abs(c) + 1))
		}
	}
	return out, nil
}

// Predict returns the label of each row: that with most votes, the first of equal ones.
func (m *SVC) Predict(ctx context.Context, x Matrix) ([]int, error) {
	pairs, err := m.Pairwise(ctx, x)
	if err != nil {
		return nil, err
	}
	labels, votes := make([]int, x.Rows), make([]float64, len(m.classes))
	for r := range labels {
		clear(votes)
		pair := 0
		for i := range m.classes {
			for j := i + 1; j < len(m.classes); j++ {
				if pairs.Row(r)[pair] > 0 {
					votes[i]++
				} else {
					votes[j]++
				}
				pair++
			}
		}
		best := 0
		for k, v := range votes {
			if v > votes[best] {
				best = k
			}
		}
		labels[r] = m.classes[best]
	}
	return labels, nil
}
