package drift

import (
	"math"
	"slices"
)

const (
	radixBits    = 11
	radixBuckets = 1 << radixBits
	radixDigits  = (64 + radixBits - 1) / radixBits
	radixFrom    = 4096 // below, comparing is faster than counting digits
)

// sortFloats sorts numbers, none of them NaN. Sorting is nearly all of the work on a long column, and a radix sort on the bits is several
// times as fast as comparing.
func sortFloats(x []float64) {
	if len(x) < radixFrom {
		slices.Sort(x)
		return
	}
	keys, scratch := make([]uint64, len(x)), make([]uint64, len(x))
	histogram := new([radixDigits][radixBuckets]int)
	for i, v := range x {
		key := orderedBits(v)
		keys[i] = key
		for digit := range histogram {
			histogram[digit][bucket(key, digit)]++
		}
	}
	for digit := range histogram {
		if histogram[digit][bucket(keys[0], digit)] == len(keys) {
			continue // all numbers agree in this digit
		}
		place, next := &histogram[digit], 0
		for b, n := range place {
			place[b] = next
			next += n
		}
		for _, key := range keys {
			b := bucket(key, digit)
			scratch[place[b]] = key
			place[b]++
		}
		keys, scratch = scratch, keys
	}
	for i, key := range keys {
		x[i] = fromOrderedBits(key)
	}
}

func bucket(key uint64, digit int) uint64 { return key >> (digit * radixBits) & (radixBuckets - 1) }

const signBit = 1 << 63

// orderedBits maps numbers to integers in the same order: negative numbers have all their bits turned, others their sign only.
func orderedBits(v float64) uint64 {
	b := math.Float64bits(v)
	if b&signBit != 0 {
		return ^b
	}
	return b | signBit
}

func fromOrderedBits(key uint64) float64 {
	if key&signBit != 0 {
		return math.Float64frombits(key &^ signBit)
	}
	return math.Float64frombits(^key)
}
