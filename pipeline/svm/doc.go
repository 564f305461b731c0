// Package svm holds scikit-learn 1.9.1's two support vector classifiers: LinearSVC (liblinear's trust-region Newton method) and SVC
// (libsvm's sequential minimal optimisation), by the same algorithms with the same stopping rules. The package depends on nothing else.
//
//	model, err := svm.FitSVC(ctx, x, y, svm.DefaultParams())        // SVC(): RBF kernel, gamma="scale", C=1
//	line, err := svm.FitLinear(ctx, x, y, svm.DefaultLinearParams()) // LinearSVC()
//	labels, err := model.Predict(ctx, xTest)
//
// # What they learn
//
// A support vector machine separates two classes by the surface with the widest margin; rows on the wrong side cost C each. LinearSVC's
// surface is a plane in the features, found once for each class against the rest. SVC's lies in the space that a [Kernel] spans, and is
// found for every pair of classes; it is a weighted sum of the kernel between a row and the support vectors, the training rows on or
// inside the margin. Pairs vote for the class of a row.
//
// # How equal they are
//
// Both algorithms stop at a tolerance, so their solutions are equal to scikit-learn's only because every step is: iterations are equal in
// number, decision values up to the last bits of the exponential and of the order of sums (1e-12 for LinearSVC, 1e-10 for SVC), and labels
// wherever a row does not lie on the surface itself. Pairs and classes are solved by several goroutines at once, which changes nothing.
//
// LinearSVC of scikit-learn turns to a randomised dual method when there are fewer rows than features. This package keeps to the primal one,
// whose optimum is the same. Sample weights, class weights, probabilities and sparse data have no parameter here.
//
// The methods are described in: R.-E. Fan, P.-H. Chen, C.-J. Lin, Working set selection using second order information for training SVM
// (JMLR 6, 2005); C.-C. Chang, C.-J. Lin, LIBSVM (2011); C.-J. Lin, R. Weng, S. Keerthi, Trust region Newton method for large-scale
// logistic regression (JMLR 9, 2008).
package svm
