package mlmodel

import "cmp"

// SklearnObject is a model as an object of scikit-learn, in the file format of skops, which is the one that MLflow's
// flavor sklearn writes by default.
//
// A model that has it is loaded by mlflow.pyfunc through that flavor, as one that Python logs with mlflow.sklearn: predict
// of a table then gives the labels as a vector, where flavor onnx gives a table with a column for each output of the
// graph. mlflow.evaluate, for one, wants labels.
type SklearnObject struct {
	// Data is the file model.skops.
	Data []byte
	// Version is that of scikit-learn whose object it is; "" means that of SklearnEnvironment.
	Version string
	// Trusted are the types in it that skops loads only because this list names them, such as
	// "sklearn.tree._tree.Tree" for a forest. What skops knows as harmless need not be named.
	Trusted []string
}

const (
	skopsDataFile  = "model.skops"
	sklearnVersion = "1.9.1"
	sklearnFlavor  = "sklearn"
	sklearnLoader  = "mlflow.sklearn"
)

// SklearnEnvironment is what a model with the flavors onnx and sklearn needs: the versions with which this package is
// tested.
func SklearnEnvironment() Environment {
	e := DefaultEnvironment()
	e.Requirements = append(e.Requirements, "pandas==3.1.1", "scikit-learn=="+sklearnVersion, "scipy==1.17.1", "skops==0.16.0")
	return e
}

func (o *SklearnObject) flavor() Flavor {
	return Flavor{sklearnFlavor, Map{
		{"code", nil},
		{"pickled_model", skopsDataFile},
		{"serialization_format", "skops"},
		{"sklearn_version", cmp.Or(o.Version, sklearnVersion)},
		{"skops_trusted_types", texts(o.Trusted)},
	}}
}

func (*SklearnObject) pyfunc(env Map, python string) Flavor {
	return Flavor{pyfuncFlavor, Map{
		{"env", env}, {"loader_module", sklearnLoader}, {"model_path", skopsDataFile}, {"predict_fn", "predict"}, {"python_version", python},
	}}
}
