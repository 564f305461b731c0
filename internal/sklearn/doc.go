// Package sklearn predicts with classifiers of scikit-learn as their files describe them, in pure Go and with scikit-learn's own answers.
//
// [New] takes the object that package skops or package pickle has read: a classifier, or a Pipeline of scalers and a classifier.
// It checks all numbers once (shapes, bounds of trees' links and features, parameters that are not supported), so that a [Model] never
// answers wrongly, and what is not known here is refused by its name:
//
//	StandardScaler, MinMaxScaler, "passthrough"
//	RandomForestClassifier, ExtraTreesClassifier, DecisionTreeClassifier, ExtraTreeClassifier, GradientBoostingClassifier
//	LogisticRegression, LinearSVC, SVC (rbf, linear, poly, sigmoid), KNeighborsClassifier (Euclidean, uniform weights)
//
// Sums are made in scikit-learn's order where that decides labels: scaling in float64 (in float32 for rows of float32), rounding to
// float32 before trees and float64 thresholds in them, the votes of libsvm, the nearest neighbours in the order in which the k-d tree
// comes by them. The source of each rule is scikit-learn 1.9.1.
//
// A Model is immutable. Each goroutine takes its own [Evaluator], which keeps its buffers: after the first call a row is evaluated without
// allocating.
package sklearn
