package scoring

import (
	"encoding/json"
	"strings"
	"testing"
)

// BenchmarkParse reads bodies of one row and of a thousand, beside encoding/json, which only makes Go values of them.
func BenchmarkParse(b *testing.B) {
	in := wine(b)
	row := `[0.5,9.4]`
	for name, body := range map[string]string{
		"one row":       `{"dataframe_split":{"columns":["acid","alcohol"],"data":[` + row + `]}}`,
		"thousand rows": `{"dataframe_split":{"columns":["acid","alcohol"],"data":[` + strings.Repeat(row+",", 999) + row + `]}}`,
	} {
		b.Run(name, func(b *testing.B) {
			var table Table
			b.ReportAllocs()
			for b.Loop() {
				if err := in.Parse(&table, "application/json", []byte(body), Limits{Rows: 1000}); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(name+", encoding json", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				var v any
				if err := json.Unmarshal([]byte(body), &v); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
