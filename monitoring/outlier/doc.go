// Package outlier finds rows unlike the rows that a model was trained on, one at a time, where package drift compares whole columns.
//
// # Model
//
// An isolation forest (F. T. Liu, K. M. Ting, Z.-H. Zhou, "Isolation forest", ICDM 2008) is a set of trees that split a small random sample
// of the rows at random places until rows stand alone. An unusual row is alone after few splits: the shorter its average path, the stranger
// the row. [Fit] grows the forest on reference rows, [Model.ScoreSamples] scores rows, [Model.Predict] says which are outliers. Rows are
// tables of finite numbers, all of the same width; scale does not matter, since every feature is split by itself.
//
// # Scores
//
// They follow scikit-learn's IsolationForest: a score is -2^(-E(h)/c(n)), between -1 (an outlier) and 0; about -0.5 is usual. A row is an
// outlier when its score is below the offset, which is -0.5, or, with a contamination, the score below which that share of the reference
// rows falls. Paths, depth limit and offset are scikit-learn's too; the random numbers are not, so single scores differ by the noise of a
// forest and converge as trees are added.
//
// # Why a wrapper
//
// Trees, nodes and path lengths are those of github.com/e-XpertSolutions/go-iforest v1.0.0. Its own training prints to standard output,
// writes a package variable without a lock, cannot be seeded and pads short tables with copies of the first row; its parallel scoring drops
// rows, and bad input panics. So this package grows the trees itself, in parallel and always the same for a seed, checks every row, and
// shares the rows among the processors itself. A Model is safe for concurrent use.
//
// Models are not saved: the same rows and the same seed give the same model in milliseconds.
package outlier
