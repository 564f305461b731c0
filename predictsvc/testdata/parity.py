"""Registers the models with which the predictor is compared with `mlflow models serve`.

    python parity.py WINE.csv NAME

logs to the server of MLFLOW_TRACKING_URI and registers, each with the alias champion: NAME-skops (a tensor for a signature), NAME-cloudpickle
(columns of every type, and parameters), NAME-skl2onnx (columns) and NAME-skl2onnx-tensor. It runs with the packages of
stack/requirements/mlflow.txt: scikit-learn 1.9.1, skops 0.16.0, cloudpickle 3.1.2, skl2onnx 1.20.0, MLflow 3.17.2.
"""

import logging
import sys
import warnings

import mlflow
import numpy as np
import pandas as pd
from mlflow.models import ModelSignature
from mlflow.types import ColSpec, DataType, ParamSchema, ParamSpec, Schema, TensorSpec
from skl2onnx import to_onnx
from sklearn.ensemble import RandomForestClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

COLUMNS = ["volatile acidity", "citric acid", "sulphates", "alcohol"]
PARAMS = ParamSchema([
    ParamSpec("top", DataType.long, 3), ParamSpec("weights", DataType.double, [1.0], shape=(-1,)),
    ParamSpec("exact", DataType.boolean, True), ParamSpec("name", DataType.string, "x"),
])


def forest():
    return make_pipeline(StandardScaler(), RandomForestClassifier(10, random_state=1))


def signature(inputs, params=None):
    return ModelSignature(inputs=Schema(inputs), outputs=Schema([TensorSpec(np.dtype("int64"), (-1,))]), params=params)


def main(wine, name):
    warnings.filterwarnings("ignore")
    logging.getLogger("mlflow").setLevel(logging.ERROR)
    table = pd.read_csv(wine)
    X, y = table[COLUMNS], table["quality"].to_numpy()
    mixed = pd.DataFrame({
        "acid": table["volatile acidity"], "alcohol": table["alcohol"].astype("float32"), "year": table["total sulfur dioxide"].astype("int32"),
        "bottles": table["free sulfur dioxide"].astype("int64"), "red": table["pH"] > 3.3,
    })
    kinds = [("acid", "double"), ("alcohol", "float"), ("year", "integer"), ("bottles", "long"), ("red", "boolean")]
    columns = signature([ColSpec("double", c) for c in COLUMNS])
    graph = to_onnx(forest().fit(X.to_numpy(np.float32), y), X.to_numpy(np.float32)[:1])
    mlflow.set_experiment(name)
    with mlflow.start_run():
        rest = {"pip_requirements": ["scikit-learn"]}
        mlflow.sklearn.log_model(forest().fit(X.to_numpy(), y), name="skops", registered_model_name=name + "-skops", serialization_format="skops",
                                 skops_trusted_types=["sklearn.tree._tree.Tree"], signature=signature([TensorSpec(np.dtype("float64"), (-1, 4))]), **rest)
        mlflow.sklearn.log_model(forest().fit(mixed, y), name="cloudpickle", registered_model_name=name + "-cloudpickle",
                                 serialization_format="cloudpickle", signature=signature([ColSpec(k, c) for c, k in kinds], PARAMS), **rest)
        mlflow.onnx.log_model(graph, name="onnx", registered_model_name=name + "-skl2onnx", signature=columns, pip_requirements=["onnxruntime"])
        mlflow.onnx.log_model(graph, name="tensor", registered_model_name=name + "-skl2onnx-tensor", pip_requirements=["onnxruntime"],
                              signature=signature([TensorSpec(np.dtype("float32"), (-1, 4))]))
    client = mlflow.MlflowClient()
    for kind in "skops", "cloudpickle", "skl2onnx", "skl2onnx-tensor":
        client.set_registered_model_alias(f"{name}-{kind}", "champion", "1")


main(*sys.argv[1:])
