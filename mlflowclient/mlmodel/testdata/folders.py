"""Writes model folders with the real MLflow (versions: stack/requirements/mlflow.txt).

folders.py DIR   one folder a model: sklearn, onnx, pyfunc with all column types and parameters, tensors, logged
"""
import datetime
import os
import sys
from pathlib import Path

OUT = Path(sys.argv[1]).absolute()
os.environ["MLFLOW_TRACKING_URI"] = f"sqlite:///{OUT}/mlflow.db"
os.chdir(OUT)  # MLflow makes ./mlruns

import mlflow
import numpy as np
import pandas as pd
from mlflow.models import ModelSignature, infer_signature
from mlflow.types.schema import AnyType, Array, ColSpec, Map, Object, ParamSchema, ParamSpec, Property, Schema, SparkMLVector, TensorSpec
from skl2onnx import to_onnx
from sklearn.ensemble import RandomForestClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler


class Same(mlflow.pyfunc.PythonModel):
    def predict(self, context, model_input, params=None):
        return model_input


x = pd.DataFrame({"volatile acidity": [0.1, 0.2, 0.3], "citric acid": [1.0, 2, 1e-7], "n": [1, 2, 3], "weiß": ["a", "b", "ü"]})
numeric = x[["volatile acidity", "citric acid", "n"]]
y = [3, 4, 3]
forest = make_pipeline(StandardScaler(), RandomForestClassifier(2)).fit(numeric, y)
trusted = ["sklearn.tree._tree.Tree"]
pip = ["mlflow==3.17.2", "scikit-learn==1.9.1", "numpy"]  # given, because MLflow infers them by loading each model
metadata = {
    "nested": {"list": [1, 2.5, None, True, "yes", "1e3", "x: y", "#no", "", " lead", "trail ", "a\nb", "tab\t", "é " * 60]},
    "no": "on", "1": 2, "date": datetime.date(2024, 1, 2), "empty": {}, "none": [], "big": 10**30, "small": 1e-10, "inf": float("inf"),
    "lists": [[1, [2, 3]], [{"a": 1, "b": [4]}]], "long": "word " * 40, "quote": "it's " * 40, "mixed": {3: "int", "k": 1},
}
mlflow.sklearn.save_model(forest, OUT / "sklearn", signature=infer_signature(numeric, forest.predict(numeric)),
                          input_example=numeric[:2], pip_requirements=pip, skops_trusted_types=trusted, metadata=metadata)
mlflow.onnx.save_model(to_onnx(forest, numeric[:1].to_numpy(np.float64)), OUT / "onnx",
                       signature=infer_signature(numeric, forest.predict(numeric)), input_example=numeric[:2].to_numpy(), pip_requirements=pip)

columns = [ColSpec(t, f"c_{t}") for t in ("boolean", "integer", "long", "float", "double", "string", "binary", "datetime")]
columns += [
    ColSpec(Array("string"), "array", required=False),
    ColSpec(Object([Property("b", "long", required=False), Property("a", Array(Object([Property("z", "double")])))]), "object"),
    ColSpec(Map("double"), "map"), ColSpec(AnyType(), "any"), ColSpec(Map(Array("long")), "nested"), ColSpec(SparkMLVector(), "vector"),
    ColSpec("string", 'name "quoted" ü 😀', required=False),
]
params = ParamSchema([
    ParamSpec("temperature", "double", 0.5), ParamSpec("stop", "string", ["a", "b"], (-1,)),
    ParamSpec("when", "datetime", datetime.datetime(2024, 1, 2, 3, 4, 5)), ParamSpec("n", "long", 3),
    ParamSpec("object", Object([Property("k", "string")]), {"k": "v"}), ParamSpec("none", "string", None),
    ParamSpec("flag", "boolean", True), ParamSpec("inf", "double", float("inf")), ParamSpec("small", "double", 1e-10),
])
mlflow.pyfunc.save_model(OUT / "pyfunc", python_model=Same(), pip_requirements=pip,
                         signature=ModelSignature(Schema(columns), Schema([TensorSpec(np.dtype("float32"), (-1, 3))]), params))
tensors = [TensorSpec(np.dtype("int64"), (-1, 28, 28), "img"), TensorSpec(np.dtype("str"), (-1,), "txt"),
           TensorSpec(np.dtype("datetime64[ns]"), (-1,), "t")]
mlflow.pyfunc.save_model(OUT / "tensors", python_model=Same(), pip_requirements=pip, signature=ModelSignature(Schema(tensors)))
mlflow.pyfunc.save_model(OUT / "unnamed", python_model=Same(), pip_requirements=pip, signature=ModelSignature(Schema([ColSpec("double")])))
mlflow.pyfunc.save_model(OUT / "plain", python_model=Same(), pip_requirements=pip)
mlflow.sklearn.save_model(forest, OUT / "text", input_example=x[:2], pip_requirements=pip, skops_trusted_types=trusted)

mlflow.set_experiment("e")
with mlflow.start_run():
    info = mlflow.sklearn.log_model(forest, name="model", signature=infer_signature(numeric), input_example=numeric[:2],
                                    pip_requirements=pip, skops_trusted_types=trusted)
    mlflow.artifacts.download_artifacts(info.model_uri, dst_path=str(OUT / "logged"))
