// Package pipeline holds the steps of the wine quality project as functions: load the data, divide and scale it, optimise a random
// forest's hyper-parameters, train one. The commands below this folder only read flags and call it.
//
// A [Problem] (features, target, test share) applied to a table gives a [Split], which everything else reads and nothing changes. A
// [Study] proposes hyper-parameters from a [ForestSpace], trains a forest for each on the split, and hands every finished [Trial] on in
// the order of the trials' numbers, whatever runs at once. A [Tracker] writes a study to MLflow while it goes on: one parent run for the
// study, one child run a trial. [Train] is one forest with given parameters, kept as a folder and as a run.
//
// The figures are those of the Python original: the same seed gives scikit-learn's split, scaler and trees and Optuna's proposals.
package pipeline
