package main

import (
	"encoding/binary"
	"fmt"
	"math"
	"os"
	"path/filepath"

	"mlopsgo/pipeline/forest"
)

// benchCase is a data set, a forest, and how many times as fast as scikit-learn it must be.
type benchCase struct {
	name    string
	about   string
	trees   int
	fit     float64
	predict float64
}

var cases = []benchCase{
	{"wine", "red wine, 1,199×4, 500 trees; predict 400 rows", 500, 7, 5},
	{"10k", "10,000×20, 100 trees; predict 10,000 rows", 100, 4, 2},
	{"100k", "100,000×20, 20 trees; predict 25,000 rows", 20, 4, 2},
}

// tiny shows that the benchmark works; it proves nothing.
var tiny = benchCase{"tiny", "300×20, 5 trees", 5, 0, 0}

func selectCases(only string) ([]benchCase, error) {
	if only == "" {
		return cases, nil
	}
	for _, c := range append([]benchCase{tiny}, cases...) {
		if c.name == only {
			return []benchCase{c}, nil
		}
	}
	return nil, fmt.Errorf("no case %q", only)
}

// data is one case's data, as original.py writes it.
type data struct {
	x, query forest.Matrix
	y        []int
}

func loadData(folder, name string) (d data, err error) {
	raw, err := os.ReadFile(filepath.Join(folder, name+".bin"))
	if err != nil {
		return d, err
	}
	if len(raw) < 24 {
		return d, fmt.Errorf("%s.bin: too short", name)
	}
	word := func(i int) uint64 { return binary.LittleEndian.Uint64(raw[8*i:]) }
	rows, cols, queries := int(word(0)), int(word(1)), int(word(2))
	if len(raw) != 8*(3+rows*cols+rows+queries*cols) {
		return d, fmt.Errorf("%s.bin: %d bytes do not fit its shape", name, len(raw))
	}
	values := make([]float64, len(raw)/8-3)
	for i := range values {
		values[i] = math.Float64frombits(word(3 + i))
	}
	x, rest := values[:rows*cols], values[rows*cols:]
	d.y = make([]int, rows)
	for i, label := range rest[:rows] {
		d.y[i] = int(label)
	}
	d.x = forest.Matrix{Data: x, Rows: rows, Cols: cols}
	d.query = forest.Matrix{Data: rest[rows:], Rows: queries, Cols: cols}
	return d, nil
}

func readLabels(folder, name string) ([]int, error) {
	raw, err := os.ReadFile(filepath.Join(folder, name+".labels"))
	if err != nil {
		return nil, err
	}
	labels := make([]int, len(raw)/8)
	for i := range labels {
		labels[i] = int(binary.LittleEndian.Uint64(raw[8*i:]))
	}
	return labels, nil
}

func params(c benchCase, jobs int) forest.Params {
	p := forest.DefaultParams()
	p.NEstimators, p.NJobs = c.trees, jobs
	return p
}
