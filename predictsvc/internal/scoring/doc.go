// Package scoring reads the bodies of requests for predictions: what a client of MLflow's scoring server (mlflow models serve, of MLflow
// 3.17.2) posts to /invocations, and what a client of the Open Inference Protocol posts to infer. It makes of them the rows of numbers
// that a model takes, and enforces the model's signature on the way. Texts have a list of their own, and their places in it are the numbers.
//
//	input, err := scoring.NewInput(folder.Model.Signature)
//	var table scoring.Table
//	refused := input.Parse(&table, "application/json", body, scoring.Limits{Rows: 10000})
//
// # As MLflow does it
//
// MLflow parses JSON in Python, makes a DataFrame or an array of it in pandas or numpy, casts its columns to the types of the signature,
// and enforces the signature on the result. This package takes the same bodies, with the same rows as the result, and refuses the same
// ones with the same status and error code. Where they differ, it is on purpose, and always to one side: MLflow's server casts some values
// into others without a word, and then answers a question that nobody asked. These are refused here, with the column's name:
//
//   - a missing value (null, NaN, a row without the column) in a column that the signature requires, and numbers that are not finite
//   - a fraction for an integer, and a number beyond the type's range, which MLflow cuts off and wraps around
//   - a text, a null, or a number other than 0 and 1 for a truth value
//   - anything but a text for a text
//
// A number as a text ("0.7") is taken, as there: nothing of it is lost.
package scoring
