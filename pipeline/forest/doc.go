// Package forest is scikit-learn 1.9.1's RandomForestClassifier in Go, bit for bit: the same data, parameters and seed
// give the same trees (every array of every node), the same probabilities and the same importances, several times as
// fast. StandardScaler and TrainTestSplit do the same for the steps around it. The package depends on nothing else.
//
//	train, test, err := forest.TrainTestSplit(x.Rows, 0.25, 0)   // the rows of each part
//	scaler, err := forest.FitStandardScaler(xTrain)               // scaler.Transform(xTest)
//	f, err := forest.Fit(ctx, xTrain, yTrain, forest.DefaultParams())
//	labels, err := f.Predict(ctx, xTest)
//
// # How a forest comes about
//
// One Mersenne Twister, started from Params.RandomState, gives each tree its own seed; so trees do not depend on each
// other, the first k trees of a forest are the forest of k trees, and the number of goroutines changes nothing. A tree
// starts from that seed twice: to draw its rows with replacement (the bootstrap: a row drawn three times weighs three),
// and to seed the small generator that draws the features each split looks at. A split is the threshold on one of those
// features that lowers the impurity most; nodes are split until pure or until Params stops them.
//
// Values are compared as 32-bit floats and count as equal up to 1e-7, as in scikit-learn. Impurities and thresholds are
// 64-bit floats, evaluated in scikit-learn's order without fused operations.
//
// # What can differ
//
// With criterion entropy or log_loss a logarithm can differ from the C library's in its last bit, and so can impurities;
// in rare ties another split wins. All else is exact or refused: NaN (scikit-learn can learn from missing values, this
// package cannot), monotonic constraints and sample weights have no parameter here. scikit-learn itself is only
// reproducible in PredictProba with n_jobs=1.
//
// # Three splitters
//
// When weights are whole numbers (always but with class weights outside the bootstrap) sums are exact in any order, so
// the order of samples is free and two fast splitters can work: presorted for few features, ranked for many. Both read
// off most candidates, from bounds that rounding cannot cross, that they are worse than the best so far, and evaluate
// the rest exactly as scikit-learn does. For other weights, and for entropy, literal follows scikit-learn step for step.
// Tests hold all three against each other and against scikit-learn.
package forest
