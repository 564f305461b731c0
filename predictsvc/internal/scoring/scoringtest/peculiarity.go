package scoringtest

import "slices"

// Peculiarity is something that MLflow's server answers, or breaks at, and that is refused here.
type Peculiarity string

// What a body may have of it.
const (
	Missing     Peculiarity = "a required value that is missing, null or NaN"
	NotFinite   Peculiarity = "a number that is not finite in the column's type"
	Fraction    Peculiarity = "a fraction for an integer"
	OutOfRange  Peculiarity = "an integer beyond the column's type"
	NoTruth     Peculiarity = "something else than true, false, 0 and 1 for a truth value"
	OtherIndex  Peculiarity = "an index of another length than the data"
	DataObject  Peculiarity = "dataframe_split with data by column"
	NamesObject Peculiarity = "dataframe_split with an object for names"
	NestedName  Peculiarity = "an array or an object for a column's name"
	EmptyObject Peculiarity = "an object without members among instances"
	Deep        Peculiarity = "arrays nested a thousand deep"
	HugeNumber  Peculiarity = "an integer of more than 4300 digits"
	NoType      Peculiarity = "no Content-Type"
	Parquet     Peculiarity = "Parquet"
)

// Huge is a number in a column of doubles that no float32 can hold. It is refused nowhere here, and by MLflow's server only when
// scikit-learn's trees, which work on float32, evaluate the model; the same trees as a graph compare it as any other.
const Huge Peculiarity = "a number beyond float32"

// NoRows is a table without rows, which is no difference: scikit-learn refuses it on both servers, and a graph answers it on both.
const NoRows Peculiarity = "a table without rows"

// Difference is what MLflow's server does with something that is refused here: the status that it gives, and why it is refused.
type Difference struct {
	Status int
	Why    string
}

// Differences are all that there are.
var Differences = map[Peculiarity]Difference{
	Missing:     {200, "the model would get NaN, or false, for a value that its signature requires"},
	NotFinite:   {200, "no feature is infinite, and only some models refuse it themselves"},
	Fraction:    {200, "MLflow cuts it off, and answers for another value than the one sent"},
	OutOfRange:  {200, "MLflow wraps it around"},
	NoTruth:     {200, `MLflow takes "false", 7 and [0] for true, and null for false`},
	OtherIndex:  {200, "MLflow repeats a single row for each item, or drops it"},
	DataObject:  {200, `pandas takes more forms for data than it writes with orient="split"`},
	NamesObject: {200, "likewise for names"},
	NestedName:  {500, "MLflow breaks at a name that cannot be a dictionary's key"},
	EmptyObject: {200, "MLflow drops it, so that there are fewer answers than questions"},
	Deep:        {500, "MLflow breaks at Python's limit of recursion"},
	HugeNumber:  {500, "MLflow breaks at Python's limit of digits"},
	NoType:      {500, "MLflow breaks at a missing header"},
	Parquet:     {400, "there is no reader for it here, and 415 says so"},
}

// Explains finds the difference that explains why one server gave a status and the other another: that the body is refused here, and has
// something that MLflow is known to treat so; or that it has a Huge number, and is refused there.
func (b *Body) Explains(mlflow, here int) (Peculiarity, bool) {
	if mlflow == 400 && here == 200 && slices.Contains(b.Peculiar, Huge) {
		return Huge, true
	}
	if here < 400 || here > 499 {
		return "", false
	}
	for _, p := range b.Peculiar {
		if d, ok := Differences[p]; ok && (mlflow == d.Status || mlflow == here) {
			return p, true
		}
	}
	return "", false
}
