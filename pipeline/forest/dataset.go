package forest

import (
	"fmt"
	"math"
	"slices"
)

// dataset is what all trees of a forest learn from: every feature as ranks among its distinct values. Trees compare
// values only, so ranks carry all there is to know, in fewer bits; the values come back for thresholds.
type dataset struct {
	rows, features int
	labels         []int       // the classes, ascending
	class          []uint32    // class index of each row
	codes          [][]uint32  // codes[f][row]: rank of the row's value of feature f
	values         [][]float32 // values[f][code]: the distinct values of feature f, ascending
}

const (
	maxRows     = 1 << 26 // keeps sums of squared weights below 2⁵³, where floats are exact
	maxFeatures = 1 << 20 // so that a forged file cannot ask for much memory
)

func newDataset(x Matrix, y []int) (*dataset, error) {
	if err := x.check(); err != nil {
		return nil, err
	}
	switch {
	case x.Rows == 0:
		return nil, fmt.Errorf("%w: no rows to learn from", ErrInput)
	case x.Rows > maxRows:
		return nil, fmt.Errorf("%w: %d rows; at most %d can be handled exactly", ErrInput, x.Rows, maxRows)
	case x.Cols > maxFeatures:
		return nil, fmt.Errorf("%w: %d columns; at most %d are supported", ErrInput, x.Cols, maxFeatures)
	case len(y) != x.Rows:
		return nil, fmt.Errorf("%w: %d labels for %d rows", ErrInput, len(y), x.Rows)
	}
	d := &dataset{
		rows:     x.Rows,
		features: x.Cols,
		codes:    make([][]uint32, x.Cols),
		values:   make([][]float32, x.Cols),
	}
	d.labels, d.class = encodeLabels(y)
	keys, scratch := make([]uint64, x.Rows), make([]uint64, x.Rows)
	for f := range x.Cols {
		for r := range keys {
			keys[r] = uint64(sortable(float32(x.Data[r*x.Cols+f])))<<32 | uint64(r)
		}
		radixSort64(keys, scratch)
		d.codes[f], d.values[f] = rank(keys)
	}
	return d, nil
}

func encodeLabels(y []int) (labels []int, class []uint32) {
	labels = slices.Clone(y)
	slices.Sort(labels)
	labels = slices.Clip(slices.Compact(labels))
	class = make([]uint32, len(y))
	for i, label := range y {
		k, _ := slices.BinarySearch(labels, label)
		class[i] = uint32(k)
	}
	return labels, class
}

// rank turns sorted (value, row) keys into each row's rank among the distinct values.
func rank(keys []uint64) (codes []uint32, values []float32) {
	codes = make([]uint32, len(keys))
	for i, key := range keys {
		if i == 0 || key>>32 != keys[i-1]>>32 {
			values = append(values, unsortable(uint32(key>>32)))
		}
		codes[uint32(key)] = uint32(len(values) - 1)
	}
	return codes, slices.Clip(values)
}

const signBit = 1 << 31

// sortable maps floats to integers in the same order. Both zeros become one.
func sortable(f float32) uint32 {
	if f == 0 {
		return signBit
	}
	b := math.Float32bits(f)
	if b&signBit != 0 {
		return ^b
	}
	return b | signBit
}

func unsortable(u uint32) float32 {
	if u&signBit != 0 {
		return math.Float32frombits(u &^ signBit)
	}
	return math.Float32frombits(^u)
}

// radixSort64 sorts by the upper 32 bits, least significant digit first, so that equal ones keep their order.
func radixSort64(keys, scratch []uint64) {
	const digits, width = 3, 11
	var counts [digits][1 << width]int
	for _, k := range keys {
		for d := range counts {
			counts[d][k>>(32+d*width)&(1<<width-1)]++
		}
	}
	src, dst := keys, scratch
	for d := range counts {
		offset := 0
		next := &counts[d] // where the next key with a digit goes
		for i, c := range next {
			next[i] = offset
			offset += c
		}
		for _, k := range src {
			p := &next[k>>(32+d*width)&(1<<width-1)]
			dst[*p] = k
			*p++
		}
		src, dst = dst, src
	}
	copy(keys, src)
}
