package dataset

import (
	"crypto/md5" // MLflow's digest is an MD5; it identifies, it does not protect
	"encoding/binary"
	"encoding/hex"
	"io"
	"math"
	"slices"
	"strings"
)

// digestRows is how many rows MLflow hashes (mlflow.data.digest_utils.MAX_ROWS).
const digestRows = 10_000

// Digest returns MLflow's eight hex digits for the table, those of mlflow.data.digest_utils.compute_pandas_digest on the same
// pandas frame with its default index, or that of [Table.Take]: the MD5 of a hash of each of the first 10,000 rows, the number of rows, and the
// columns' names. Rows beyond the 10,000th count but are not looked at.
func (t *Table) Digest() string {
	sum := md5.New()
	var word [8]byte
	write := func(v uint64) {
		binary.LittleEndian.PutUint64(word[:], v)
		sum.Write(word[:])
	}
	for _, hash := range t.rowHashes(min(t.rows, digestRows)) {
		write(hash)
	}
	write(uint64(t.rows))
	for _, c := range t.columns {
		_, _ = io.WriteString(sum, c.name)
	}
	return hex.EncodeToString(sum.Sum(nil))[:8]
}

// rowHashes is pandas.util.hash_pandas_object of the first rows of the table with its index: CPython's former tuple
// hash over the cells' hashes and the index' hash.
func (t *Table) rowHashes(rows int) []uint64 {
	hashes := make([]uint64, rows)
	for row := range hashes {
		hashes[row] = 0x345678
	}
	multiplier := uint64(1000003)
	left := uint64(len(t.columns) + 1)
	combine := func(hash func(row int) uint64) {
		for row := range hashes {
			hashes[row] = (hashes[row] ^ hash(row)) * multiplier
		}
		multiplier += 82520 + 2*left
		left--
	}
	for _, c := range t.digestOrder() {
		combine(c.hash)
	}
	combine(func(row int) uint64 {
		if t.index != nil {
			row = t.index[row]
		}
		return scramble(uint64(row))
	})
	for row := range hashes {
		hashes[row] += 97531
	}
	return hashes
}

// digestOrder is the order in which MLflow hashes the columns. It takes the union of the text columns' and the numeric
// columns' names, and pandas sorts a union unless one side is empty.
func (t *Table) digestOrder() []Column {
	texts := 0
	for _, c := range t.columns {
		if c.kind == String {
			texts++
		}
	}
	if texts == 0 || texts == len(t.columns) {
		return t.columns
	}
	return slices.SortedFunc(slices.Values(t.columns), func(a, b Column) int { return strings.Compare(a.name, b.name) })
}

// hash is pandas.util.hash_array of one cell.
func (c Column) hash(row int) uint64 {
	switch c.kind {
	case Int64:
		return scramble(uint64(c.ints[row]))
	case Float64:
		if c.floats[row] == 0 {
			return scramble(0) // 0 and -0 are equal, so pandas gives them one hash
		}
		return scramble(math.Float64bits(c.floats[row]))
	case String:
		const key0, key1 = 0x3736353433323130, 0x3635343332313938 // "0123456789123456", little-endian
		return scramble(sipHash(key0, key1, c.texts[row]))
	}
	return 0
}

// scramble spreads the bits of a word: the finalizer of SplitMix64, which pandas applies to every hash.
func scramble(v uint64) uint64 {
	v = (v ^ v>>30) * 0xBF58476D1CE4E5B9
	v = (v ^ v>>27) * 0x94D049BB133111EB
	return v ^ v>>31
}
