package forest

import (
	"fmt"
	"math"
)

// Matrix is a dense table of numbers in row-major order: the value of row r and column c is Data[r*Cols+c].
// It is a view: functions of this package never change Data, and results never share it.
type Matrix struct {
	Data       []float64
	Rows, Cols int
}

// NewMatrix wraps data as a matrix of rows×cols without copying it. It fails when the length does not fit the shape.
func NewMatrix(rows, cols int, data []float64) (Matrix, error) {
	m := Matrix{Data: data, Rows: rows, Cols: cols}
	return m, m.checkShape()
}

// Row returns row r as a slice into Data. It panics, as an index out of range does, when there is no such row.
func (m Matrix) Row(r int) []float64 {
	return m.Data[r*m.Cols : (r+1)*m.Cols : (r+1)*m.Cols]
}

// Take returns a new matrix made of the given rows, in that order, for instance the training part of a split.
func (m Matrix) Take(rows []int) (Matrix, error) {
	if err := m.checkShape(); err != nil {
		return Matrix{}, err
	}
	out := Matrix{Data: make([]float64, 0, len(rows)*m.Cols), Rows: len(rows), Cols: m.Cols}
	for _, r := range rows {
		if r < 0 || r >= m.Rows {
			return Matrix{}, fmt.Errorf("%w: row %d of a matrix of %d rows", ErrInput, r, m.Rows)
		}
		out.Data = append(out.Data, m.Row(r)...)
	}
	return out, nil
}

func (m Matrix) checkShape() error {
	if m.Rows < 0 || m.Cols < 0 {
		return fmt.Errorf("%w: a matrix of %d×%d", ErrInput, m.Rows, m.Cols)
	}
	if m.Cols != 0 && m.Rows > math.MaxInt/m.Cols || len(m.Data) != m.Rows*m.Cols {
		return fmt.Errorf("%w: %d values for a matrix of %d rows × %d columns", ErrInput, len(m.Data), m.Rows, m.Cols)
	}
	return nil
}

// checkFinite refuses what scikit-learn refuses after its conversion to 32-bit floats, and NaN as well:
// this package does not learn from missing values.
func (m Matrix) checkFinite() error {
	for i, v := range m.Data {
		if f := float32(v); f-f != 0 {
			return fmt.Errorf("%w: value %v in row %d, column %d; every value must be a finite 32-bit float"+
				" (impute or drop missing values first)", ErrInput, v, i/m.Cols, i%m.Cols)
		}
	}
	return nil
}

// check refuses a matrix that is misshapen, has no column or holds a value that is not finite.
func (m Matrix) check() error {
	if err := m.checkShape(); err != nil {
		return err
	}
	if m.Cols == 0 {
		return fmt.Errorf("%w: a matrix without columns; at least one feature is needed", ErrInput)
	}
	return m.checkFinite()
}
