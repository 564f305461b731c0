package mlmodel

import (
	"errors"
	"fmt"
	"strings"
)

// SparseMatrix makes the data of a [CSRExample] or [CSCExample] as scipy keeps them: of each row (or column) i the values
// are data[indptr[i]:indptr[i+1]], and indices holds their columns (or rows). The matrix has shape[0] rows and shape[1]
// columns.
func SparseMatrix(data []float64, indices, indptr []int, shape [2]int) Map {
	return Map{{"data", list(data)}, {"indices", list(indices)}, {"indptr", list(indptr)}, {"shape", list(shape[:])}}
}

func list[T any](values []T) []any {
	items := make([]any, len(values))
	for i, v := range values {
		items[i] = v
	}
	return items
}

// sparse is a sparse matrix whose parts fit together.
type sparse struct {
	data            []any
	indices, indptr []int
	rows, cols      int
}

// maxSparseCells bounds the dense form, which a few bytes of sparse form could make as large as they like.
const maxSparseCells = 10_000_000

func readSparse(doc Map) (*sparse, error) {
	var m sparse
	var ok bool
	if m.data, ok = doc.value("data").([]any); !ok {
		return nil, errors.New("mlmodel: a sparse matrix without data")
	}
	shape, err := wholeNumbers(doc, "shape")
	if err != nil {
		return nil, err
	}
	if m.indices, err = wholeNumbers(doc, "indices"); err != nil {
		return nil, err
	}
	if m.indptr, err = wholeNumbers(doc, "indptr"); err != nil {
		return nil, err
	}
	if len(shape) != 2 || len(m.indices) != len(m.data) || shape[1] > 0 && shape[0] > maxSparseCells/shape[1] || shape[0] > maxSparseCells {
		return nil, fmt.Errorf("mlmodel: a sparse matrix of shape %v, %d values and %d indices", shape, len(m.data), len(m.indices))
	}
	m.rows, m.cols = shape[0], shape[1]
	return &m, nil
}

func wholeNumbers(doc Map, key string) ([]int, error) {
	items, ok := doc.value(key).([]any)
	if !ok {
		return nil, fmt.Errorf("mlmodel: a sparse matrix without %s", key)
	}
	numbers := make([]int, len(items))
	for i, it := range items {
		var n int64
		var err error
		switch it := it.(type) {
		case int:
			n = int64(it)
		case int64:
			n = it
		case Number:
			n, err = it.int64()
		default:
			err = errors.New("not a number")
		}
		if err != nil || n < 0 || n > 1<<40 {
			return nil, fmt.Errorf("mlmodel: %v in %s of a sparse matrix", it, key)
		}
		numbers[i] = int(n)
	}
	return numbers, nil
}

// dense writes all cells, row by row. Cells without a value are zeros of the values' type.
func (m *sparse) dense(byColumn bool) []any {
	var zero any = 0.0
	for _, v := range m.data {
		n, isNumber := v.(Number)
		_, isInt := v.(int64)
		if isInt || isNumber && !strings.ContainsAny(string(n), ".eEnN") {
			zero = int64(0)
		}
	}
	rows := make([]any, m.rows)
	for r := range rows {
		row := make([]any, m.cols)
		for c := range row {
			row[c] = zero
		}
		rows[r] = row
	}
	for i := range len(m.indptr) - 1 {
		for at := m.indptr[i]; at < min(m.indptr[i+1], len(m.data)); at++ {
			r, c := i, m.indices[at]
			if byColumn {
				r, c = c, r
			}
			if r < m.rows && c < m.cols {
				row, _ := rows[r].([]any)
				row[c] = m.data[at]
			}
		}
	}
	return rows
}
