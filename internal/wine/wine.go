// Package wine holds the UCI red wine quality table inside the binary, so that the pipeline runs on a machine with no network.
//
// The table has 1,599 rows and 12 columns: 11 measurements (float64) and the taster's score "quality" (int64, 3 to 8), which is
// the target. README.md names the authors, the licence (CC BY 4.0) and how the file was fetched. The package gives only the
// text: package dataset reads it.
package wine

import (
	_ "embed"
	"io"
	"strings"
)

const (
	// Name is the table's file name at the UCI repository, and the name MLflow shows for it.
	Name = "winequality-red.csv"
	// Rows is the number of wines.
	Rows = 1599
	// Columns is the number of columns, the target among them.
	Columns = 12
	// Target is the column that holds the taster's score.
	Target = "quality"
	// SHA256 is the hex checksum of the embedded text.
	SHA256 = "f5eb6b494f4f6431698dce8fb15c356d091c2a5dc13f823742dcc9709a327b4a"
	// Digest is the digest MLflow computes for the table as pandas reads it.
	Digest = "9e3cd6ce"
)

//go:embed winequality-red.csv
var text string

// Open returns a new reader of the table's CSV text: a header, then one line a wine, separated by commas.
func Open() io.Reader { return strings.NewReader(text) }
