// Package neighbors is scikit-learn 1.9.1's KNeighborsClassifier: a row gets the class that most of the nearest training rows have. The
// package depends on nothing else.
//
//	model, err := neighbors.Fit(x, y, neighbors.DefaultParams()) // KNeighborsClassifier()
//	labels, err := model.Predict(ctx, xTest)
//	shares, err := model.PredictProba(ctx, xTest)
//
// # Ties
//
// Data with repeated values has many rows at the same distance, and often more of them than there is room for among the k nearest. Which of
// them scikit-learn takes hangs on the order in which its tree looks at the rows. So this package builds the same tree: nodes split at the
// median of their widest feature, rows put in order by the selection algorithm of the GNU C++ library, a search that goes to the nearer
// child first, and a heap that lets nobody in at an equal distance. Equal numbers of votes go to the smallest class.
//
// With more than 15 features, or when k is at least half the rows, scikit-learn compares with every row instead, by the squares and products
// of a matrix multiplication, and which of equally distant rows it takes hangs on the number of its threads. This package takes those that one
// thread takes; from 16 features on the multiplication adds in an order of the processor's, so that
// distances that differ by rounding alone may be put in another order.
//
// The distance is Euclidean and votes count alike (weights="uniform"), which are the defaults; nothing else is offered.
package neighbors
