"""Registers champions that Python trained, as its users do: as ONNX that skl2onnx made, as skops and as pickle.

Usage: champions.py TRACKING_URI NAME CSV, run with the interpreter that `stack/venv mlflow` prints. The models are NAME-onnx, NAME-skops and
NAME-pickle. Prints their accuracy and macro F1 on the test part as JSON; skl2onnx rounds to float32, so ONNX has figures of its own.
"""

import json
import os
import sys

import mlflow
import onnxruntime
import pandas as pd
from mlflow.models import infer_signature
from skl2onnx import to_onnx
from sklearn.ensemble import RandomForestClassifier
from sklearn.metrics import accuracy_score, f1_score
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

os.environ["MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT"] = "true"  # standard output is for the answer
uri, name, csv = sys.argv[1:]
mlflow.set_tracking_uri(uri)
mlflow.set_experiment(name)
client = mlflow.MlflowClient()

wines = pd.read_csv(csv)
# More columns than the flow's own model takes.
features = ["alcohol", "volatile acidity", "sulphates", "citric acid", "pH", "density"]
train_x, test_x, train_y, test_y = train_test_split(wines[features], wines["quality"], test_size=0.25, random_state=0)
model = make_pipeline(StandardScaler(), RandomForestClassifier(n_estimators=20, max_depth=6, random_state=1)).fit(train_x, train_y)
predicted = model.predict(test_x)
signature = infer_signature(train_x, predicted)
requirements = ["scikit-learn"]


def champion(kind, log):
    with mlflow.start_run(run_name=kind):
        log(name=kind, registered_model_name=f"{name}-{kind}", signature=signature, pip_requirements=requirements)
    client.set_registered_model_alias(f"{name}-{kind}", "champion", "1")


options = {id(model): {"zipmap": False}}
graph = to_onnx(model, train_x.to_numpy()[:1].astype("float64"), options=options)
champion("onnx", lambda **kw: mlflow.onnx.log_model(graph, **kw))
champion("skops", lambda **kw: mlflow.sklearn.log_model(model, skops_trusted_types=["sklearn.tree._tree.Tree"], **kw))
champion("pickle", lambda **kw: mlflow.sklearn.log_model(model, serialization_format="cloudpickle", **kw))
session = onnxruntime.InferenceSession(graph.SerializeToString())
labels = session.run(None, {session.get_inputs()[0].name: test_x.to_numpy()})[0]
figures = {}
for kind, labels in [("onnx", labels), ("skops", predicted), ("pickle", predicted)]:
    figures[kind] = {"accuracy": accuracy_score(test_y, labels), "f1_macro": f1_score(test_y, labels, average="macro")}
print(json.dumps(figures))
