package pipeline

import (
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
	"text/tabwriter"

	"mlopsgo/internal/dataset"
)

// SchemaFile is the ending of the object, beside the table's, and the name of the artifact that hold an ingestion's [SchemaReport] as JSON.
const SchemaFile = "schema.json"

// SchemaReport is what an ingestion found in a table.
type SchemaReport struct {
	Rows int `json:"rows"`
	// Incomplete is the number of further rows, which lack a value and are no part of what was measured.
	Incomplete int            `json:"incomplete_rows"`
	Digest     string         `json:"digest"`
	Columns    []ColumnReport `json:"columns"`
}

// ColumnReport is one column.
type ColumnReport struct {
	Name string `json:"column"`
	// Type is pandas' name: int64, float64 or str.
	Type string `json:"type"`
	// Min and Max are the smallest and the largest value, of texts in alphabetical order.
	Min string `json:"min"`
	Max string `json:"max"`
	// Distinct is the number of different values, Missing that of the cells without one.
	Distinct int `json:"distinct"`
	Missing  int `json:"missing"`
}

// schemaOfTable measures the columns of a table.
func schemaOfTable(table *dataset.Table) *SchemaReport {
	report := &SchemaReport{Rows: table.Rows(), Incomplete: table.Incomplete().Rows(), Digest: table.Digest()}
	for _, column := range table.Columns() {
		one := ColumnReport{Name: column.Name(), Type: column.Kind().String(), Missing: table.Incomplete().Cells(column.Name())}
		one.Min, one.Max, one.Distinct = rangeOf(column)
		report.Columns = append(report.Columns, one)
	}
	return report
}

func rangeOf(column dataset.Column) (least, most string, distinct int) {
	if column.Kind() == dataset.String {
		seen := map[string]bool{}
		for row, text := range column.Strings() {
			seen[text] = true
			if row == 0 {
				least, most = text, text
			}
			least, most = min(least, text), max(most, text)
		}
		return least, most, len(seen)
	}
	seen := map[float64]bool{}
	low, high := math.Inf(1), math.Inf(-1)
	for _, value := range column.Floats() {
		seen[value] = true
		low, high = min(low, value), max(high, value)
	}
	number := func(v float64) string { return strconv.FormatFloat(v, 'g', -1, 64) }
	return number(low), number(high), len(seen)
}

// Write prints the report as a table of text.
func (s *SchemaReport) Write(w io.Writer) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	rows := [][]string{{"column", "type", "min", "max", "distinct", "missing"}}
	for _, c := range s.Columns {
		rows = append(rows, []string{c.Name, c.Type, c.Min, c.Max, strconv.Itoa(c.Distinct), strconv.Itoa(c.Missing)})
	}
	for _, row := range rows {
		if _, err := fmt.Fprintln(table, strings.Join(row, "\t")); err != nil {
			return err
		}
	}
	return table.Flush()
}

// Markdown writes the report for a page.
func (s *SchemaReport) Markdown() string {
	var text strings.Builder
	fmt.Fprintf(&text, "%d rows, and %d that lack a value; digest %s.\n\n| column | type | min | max | distinct | missing |\n|---|---|---:|---:|---:|---:|\n",
		s.Rows, s.Incomplete, s.Digest)
	for _, c := range s.Columns {
		fmt.Fprintf(&text, "| %s | %s | %s | %s | %d | %d |\n", c.Name, c.Type, c.Min, c.Max, c.Distinct, c.Missing)
	}
	return text.String()
}
