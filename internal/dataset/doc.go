// Package dataset holds a table of numbers the way the pipeline needs it: read from CSV with nothing doubtful let through,
// handed to the forest as a row-major matrix, and recorded in MLflow exactly as Python records the same table.
//
// A [Table] is columns of equal length, each int64, float64 or text, typed as pandas.read_csv types them: int64 when every
// cell is an integer, float64 when every cell is a number, text only where [ReadOptions.Text] allows it. There is no missing
// value, no NaN and no infinity in a Table: [ReadCSV] refuses them and says in which file, line and column they stand
// (a [*ReadError]), and [New] refuses them in tables built in memory. A Table never changes after it is made.
//
// [Table.Record] gives the six fields MLflow stores for a dataset input, equal to those of
// mlflow.data.from_pandas(pandas.read_csv(path), source, name=…) in mlflow 3.17.2 with pandas 3.1.1. Its digest is the first
// eight hex digits of an MD5 over pandas' row hashes of at most 10,000 rows ([Table.Digest]).
//
// The package imports no other package of the module.
package dataset
