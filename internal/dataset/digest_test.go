package dataset

import (
	"slices"
	"testing"
)

// TestSipHash holds the reference vectors of the SipHash paper's test program: key 00 01 … 0f, messages of 0, 1, 7, 8 and 15
// bytes 00 01 ….
func TestSipHash(t *testing.T) {
	const k0, k1 = 0x0706050403020100, 0x0f0e0d0c0b0a0908
	message := "\x00\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e"
	for length, want := range map[int]uint64{0: 0x726fdb47dd0e0e31, 1: 0x74f839c593dc67fd, 8: 0x93f5f5799a932462, 15: 0xa129ca6149be45e5} {
		if got := sipHash(k0, k1, message[:length]); got != want {
			t.Errorf("%d bytes: %#x, wanted %#x", length, got, want)
		}
	}
}

// TestRowHashes holds the values that pandas' own documentation of hash_pandas_object prints for Series([1, 2, 3]), which is
// hashed as a frame of one column.
func TestRowHashes(t *testing.T) {
	table, err := New("t", IntColumn("a", []int64{1, 2, 3}))
	if err != nil {
		t.Fatal(err)
	}
	want := []uint64{14639053686158035780, 3869563279212530728, 393322362522515241}
	if got := table.rowHashes(3); !slices.Equal(got, want) {
		t.Errorf("%d, wanted %d", got, want)
	}
}

func TestDigestTellsTablesApart(t *testing.T) {
	digests := map[string]string{}
	for name, columns := range map[string][]Column{
		"base":          {IntColumn("a", []int64{1, 2}), FloatColumn("b", []float64{1, 2})},
		"other value":   {IntColumn("a", []int64{1, 3}), FloatColumn("b", []float64{1, 2})},
		"other name":    {IntColumn("a", []int64{1, 2}), FloatColumn("c", []float64{1, 2})},
		"other kind":    {FloatColumn("a", []float64{1, 2}), FloatColumn("b", []float64{1, 2})},
		"rows swapped":  {IntColumn("a", []int64{2, 1}), FloatColumn("b", []float64{2, 1})},
		"columns moved": {FloatColumn("b", []float64{1, 2}), IntColumn("a", []int64{1, 2})},
	} {
		table, err := New("t", columns...)
		if err != nil {
			t.Fatal(err)
		}
		digest := table.Digest()
		if other, ok := digests[digest]; ok {
			t.Errorf("%s and %s have the digest %s", name, other, digest)
		}
		digests[digest] = name
	}
}

func TestPythonJSON(t *testing.T) {
	for in, want := range map[string]string{
		"":              `""`,
		"pH":            `"pH"`,
		"a\"b\\c/":      `"a\"b\\c/"`,
		"\n\r\t\f\b":    `"\n\r\t\f\b"`,
		"\x00\x1f\x7f":  `"\u0000\u001f\u007f"`,
		"ü\u2028\uffff": `"\u00fc\u2028\uffff"`,
		"😀":             `"\ud83d\ude00"`,
		"<&>":           `"<&>"`,
	} {
		if got := pythonJSON(in); got != want {
			t.Errorf("%q: %s, wanted %s", in, got, want)
		}
	}
}
