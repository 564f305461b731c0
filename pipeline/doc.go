// Package pipeline holds the steps of the wine quality project as functions: put the data into object storage, load it, divide and scale it,
// optimise a random forest's hyper-parameters, train one, register the best. The commands below this folder only read flags and call it.
//
// A [Problem] (features, target, test share) applied to a table gives a [Split], which everything else reads and nothing changes. A
// [Study] proposes hyper-parameters from a [ForestSpace], trains a forest for each on the split, and hands every finished [Trial] on in
// the order of the trials' numbers, whatever runs at once. A [Tracker] writes a study to MLflow while it goes on: one parent run for the
// study, one child run a trial. [Train] is one forest with given parameters, kept as a folder and as a run.
// [Baselines] are the four classifiers to start from, with default parameters. An [Exploration] describes a table and what tells of its target.
//
// [Ingest] puts a table where the other steps find it. A [Registration] makes the Prefect flow that trains the forest of a study's best run
// and registers it in MLflow, in the forms that [ForestModel] writes; a [Deployment] gives that flow a place and a time to run, and a
// worker of package prefectclient runs it. [Flows] has all steps as flows, which run without Prefect too, and a [Pool] has the trials of a study
// carried out by workers on any machines.
//
// The figures are those of the Python original: the same seed gives scikit-learn's split, scaler and trees and Optuna's proposals.
package pipeline
