package dataset_test

import (
	"bytes"
	"errors"
	"math"
	"strings"
	"testing"

	"mlopsgo/internal/dataset"
)

// FuzzReadCSV checks that any text either is refused with one line naming the file, or gives a table that keeps the
// promises: equal lengths, finite numbers, and itself again when written out and read.
func FuzzReadCSV(f *testing.F) {
	for _, seed := range []string{
		"a,b\n1,2\n", "a;b\r\n1.5;x\r\n", "\ufeffa\n-0\n1e5\n", "\"a\nb\",c\n1,2\n", "t\nNA\n", "a,t\n9223372036854775808,q\n",
		"a\n0x1p-2\n", "a,a\n1,2\n", "a\n\n\n1", "t\n\"\"\"\"\n", "\xff\xfea", "a\n1_0\n",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		options := dataset.ReadOptions{Text: []string{"t"}, Limits: dataset.Limits{MaxBytes: 1 << 16, MaxRows: 1000, MaxColumns: 50}}
		table, err := dataset.ReadCSV(bytes.NewReader(text), "fuzz.csv", options)
		if err != nil {
			if _, ok := errors.AsType[*dataset.ReadError](err); !ok || !strings.HasPrefix(err.Error(), "fuzz.csv") || strings.ContainsAny(err.Error(), "\n\r") {
				t.Fatalf("%q gives the error %q", text, err)
			}
			return
		}
		for _, c := range table.Columns() {
			if c.Len() != table.Rows() {
				t.Fatalf("column %q has %d of %d rows", c.Name(), c.Len(), table.Rows())
			}
			for _, v := range c.Floats() {
				if math.IsNaN(v) || math.IsInf(v, 0) {
					t.Fatalf("column %q holds %v", c.Name(), v)
				}
			}
		}
		if len(table.Digest()) != 8 {
			t.Fatalf("digest %q", table.Digest())
		}
		rebuilt, err := dataset.New("again", table.Columns()...)
		if err != nil || table.Diff(rebuilt) != "" {
			t.Fatalf("%v, %s", err, table.Diff(rebuilt))
		}
	})
}
