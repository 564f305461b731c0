package pyobject

import "slices"

// Classes tells whether an object in a file may be of a class, by its full name. The list is what the readers of files share; what can be
// predicted with is less.
func Classes(name string) bool { return slices.Contains(classes, name) }

var classes = []string{
	"sklearn.pipeline.Pipeline",
	"sklearn.preprocessing._data.StandardScaler", "sklearn.preprocessing._data.MinMaxScaler",
	"sklearn.ensemble._forest.RandomForestClassifier", "sklearn.ensemble._forest.ExtraTreesClassifier",
	"sklearn.ensemble._gb.GradientBoostingClassifier",
	"sklearn.tree._classes.DecisionTreeClassifier", "sklearn.tree._classes.ExtraTreeClassifier",
	"sklearn.tree._classes.DecisionTreeRegressor", "sklearn.tree._tree.Tree",
	"sklearn.linear_model._logistic.LogisticRegression",
	"sklearn.svm._classes.LinearSVC", "sklearn.svm._classes.SVC",
	"sklearn.neighbors._classification.KNeighborsClassifier",

	// What those hold besides, and predictions have no need of
	"sklearn.dummy.DummyClassifier",
	"sklearn.neighbors._kd_tree.KDTree", "sklearn.neighbors._ball_tree.BallTree",
	"sklearn.metrics._dist_metrics.EuclideanDistance64", "sklearn.metrics._dist_metrics.EuclideanDistance",
	"sklearn.metrics._dist_metrics.MinkowskiDistance64",
	"sklearn._loss.loss.HalfBinomialLoss", "sklearn._loss.loss.HalfMultinomialLoss", "sklearn._loss.loss.ExponentialLoss",
	"sklearn._loss._loss.CyHalfBinomialLoss", "sklearn._loss._loss.CyHalfMultinomialLoss", "sklearn._loss._loss.CyExponentialLoss",
	"sklearn._loss.link.Interval", "sklearn._loss.link.LogitLink", "sklearn._loss.link.HalfLogitLink", "sklearn._loss.link.MultinomialLogit",
	"numpy.random.mtrand.RandomState", "numpy.random._mt19937.MT19937", "numpy.random.bit_generator.SeedSequence",
}
