package svm

// rowCache gives rows of a pair's Q, y y' times the kernel, in the solver's order of rows, and keeps those asked for last.
type rowCache struct {
	gram      *gram
	positions []int32 // of the row at each index among all training rows
	y         []float64
	diagonal  []float64
	rows      [][]float32 // as far as they are filled; nil when not there
	used      []int       // when each was asked for last
	clock     int
	held      int // rows there
	limit     int
}

// newRowCache takes positions and y over.
func newRowCache(g *gram, positions []int32, y []float64, limit int) *rowCache {
	c := &rowCache{
		gram: g, positions: positions, y: y, limit: limit,
		diagonal: make([]float64, len(y)), rows: make([][]float32, len(y)), used: make([]int, len(y)),
	}
	for k, position := range positions {
		c.diagonal[k] = g.at(int(position), int(position))
	}
	return c
}

// row returns the first n elements, and maybe more, of row i. It is good until rows are asked for that do not fit beside it.
func (c *rowCache) row(i, n int) []float32 {
	c.clock++
	c.used[i] = c.clock
	row := c.rows[i]
	if len(row) >= n {
		return row
	}
	if row == nil {
		if c.held == c.limit {
			c.drop(c.oldest())
		}
		c.held++
		row = make([]float32, 0, len(c.y))
	}
	c.rows[i] = c.fill(row, i, n)
	return c.rows[i]
}

// row2 returns two rows that are good together.
func (c *rowCache) row2(i, j, n int) (qi, qj []float32) {
	qi = c.row(i, n)
	qj = c.row(j, n)
	return qi, qj
}

// fill extends row i to n elements.
func (c *rowCache) fill(row []float32, i, n int) []float32 {
	yi := float32(c.y[i])
	start := len(row)
	row = row[:n]
	if all := c.gram.row(int(c.positions[i])); all != nil {
		for k := start; k < n; k++ {
			row[k] = yi * float32(c.y[k]) * all[c.positions[k]]
		}
		return row
	}
	for k := start; k < n; k++ {
		row[k] = yi * float32(c.y[k]) * float32(c.gram.at(int(c.positions[i]), int(c.positions[k])))
	}
	return row
}

func (c *rowCache) oldest() int {
	oldest := -1
	for i, row := range c.rows {
		if row != nil && (oldest < 0 || c.used[i] < c.used[oldest]) {
			oldest = i
		}
	}
	return oldest
}

func (c *rowCache) drop(i int) {
	c.rows[i] = nil
	c.held--
}

// swap exchanges two rows, and their columns in the rows that are kept. A row that ends between them is forgotten.
func (c *rowCache) swap(i, j int) {
	c.positions[i], c.positions[j] = c.positions[j], c.positions[i]
	c.y[i], c.y[j] = c.y[j], c.y[i]
	c.diagonal[i], c.diagonal[j] = c.diagonal[j], c.diagonal[i]
	c.rows[i], c.rows[j] = c.rows[j], c.rows[i]
	c.used[i], c.used[j] = c.used[j], c.used[i]
	i, j = min(i, j), max(i, j)
	for k, row := range c.rows {
		switch {
		case len(row) > j:
			row[i], row[j] = row[j], row[i]
		case len(row) > i:
			c.drop(k)
		}
	}
}
