package forest_test

import (
	"encoding/binary"
	"math"
	"os"
	"testing"

	"mlopsgo/pipeline/forest"
)

// sections reads what the Python scripts of testdata write: arrays of 8-byte values, each after its length.
type sections struct {
	t    *testing.T
	data []byte
}

func openSections(t *testing.T, path string) *sections {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return &sections{t, data}
}

func (s *sections) ints() []int64 {
	s.t.Helper()
	if len(s.data) < 8 {
		s.t.Fatal("the file from Python ends early")
	}
	n := int(binary.LittleEndian.Uint64(s.data))
	values := make([]int64, n)
	for i := range values {
		values[i] = int64(binary.LittleEndian.Uint64(s.data[8+8*i:]))
	}
	s.data = s.data[8+8*n:]
	return values
}

func (s *sections) floats() []float64 {
	s.t.Helper()
	bits := s.ints()
	values := make([]float64, len(bits))
	for i, b := range bits {
		values[i] = math.Float64frombits(uint64(b))
	}
	return values
}

func toInts(v []int64) []int {
	out := make([]int, len(v))
	for i, x := range v {
		out[i] = int(x)
	}
	return out
}

func matrix(t *testing.T, cols int, data []float64) forest.Matrix {
	t.Helper()
	m, err := forest.NewMatrix(len(data)/cols, cols, data)
	if err != nil {
		t.Fatal(err)
	}
	return m
}
