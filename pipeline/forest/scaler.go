package forest

import (
	"fmt"
	"math"
)

// StandardScaler moves each feature to mean 0 and scales it to variance 1, with the figures that scikit-learn's
// StandardScaler finds. The zero value refuses every row; use FitStandardScaler, or fill Mean and Scale from a model.
type StandardScaler struct {
	Mean  []float64 // mean of each feature
	Var   []float64 // its variance, Σ(x−mean)²/n
	Scale []float64 // √Var, or 1 for features that are constant up to rounding
}

// FitStandardScaler measures the columns of x. The sums are added as scikit-learn adds them for a pandas DataFrame,
// whose columns are contiguous (numpy's pairwise summation); a row-major numpy array gives it other last bits.
func FitStandardScaler(x Matrix) (*StandardScaler, error) {
	if err := x.check(); err != nil {
		return nil, err
	}
	if x.Rows == 0 {
		return nil, fmt.Errorf("%w: no rows to scale by", ErrInput)
	}
	s := &StandardScaler{
		Mean: make([]float64, x.Cols), Var: make([]float64, x.Cols), Scale: make([]float64, x.Cols),
	}
	column := make([]float64, x.Rows)
	for c := range x.Cols {
		for r := range column {
			column[r] = x.Data[r*x.Cols+c]
		}
		s.Mean[c], s.Var[c] = meanAndVariance(column)
		s.Scale[c] = math.Sqrt(s.Var[c])
		if nearlyConstant(s.Mean[c], s.Var[c], float64(x.Rows)) {
			s.Scale[c] = 1
		}
	}
	return s, nil
}

// meanAndVariance is the corrected two-pass algorithm of Chan, Golub and LeVeque (The American Statistician 37, 1983).
// It leaves the squared deviations in column.
func meanAndVariance(column []float64) (mean, variance float64) {
	n := float64(len(column))
	mean = pairwiseSum(column) / n
	for i, v := range column {
		column[i] = v - mean
	}
	correction := pairwiseSum(column)
	for i, t := range column {
		column[i] = t * t
	}
	squares := pairwiseSum(column) - float64(correction*correction)/n
	return mean, squares / n
}

// nearlyConstant bounds the rounding error that meanAndVariance makes on a constant column.
func nearlyConstant(mean, variance, n float64) bool {
	bound := n * mean * epsilon
	return variance <= float64(n*epsilon*variance)+float64(bound*bound)
}

// Transform returns (x − Mean) / Scale.
func (s *StandardScaler) Transform(x Matrix) (Matrix, error) {
	if err := x.checkShape(); err != nil {
		return Matrix{}, err
	}
	if err := s.check(x.Cols); err != nil {
		return Matrix{}, err
	}
	out := Matrix{Data: make([]float64, len(x.Data)), Rows: x.Rows, Cols: x.Cols}
	for r := range x.Rows {
		s.scaleRow(out.Row(r), x.Row(r))
	}
	return out, nil
}

// TransformRow writes the scaled row to dst, which may be row itself. It does not allocate.
func (s *StandardScaler) TransformRow(dst, row []float64) error {
	if err := s.check(len(row)); err != nil {
		return err
	}
	if len(dst) != len(row) {
		return fmt.Errorf("%w: room for %d scaled values, %d values", ErrInput, len(dst), len(row))
	}
	s.scaleRow(dst, row)
	return nil
}

func (s *StandardScaler) scaleRow(dst, row []float64) {
	for c, v := range row {
		dst[c] = (v - s.Mean[c]) / s.Scale[c]
	}
}

func (s *StandardScaler) check(cols int) error {
	if len(s.Mean) != len(s.Scale) {
		return fmt.Errorf("%w: a scaler with %d means and %d scales", ErrInput, len(s.Mean), len(s.Scale))
	}
	if cols != len(s.Mean) || cols == 0 {
		return fmt.Errorf("%w: %d columns for a scaler of %d features", ErrInput, cols, len(s.Mean))
	}
	return nil
}
