"""Loads a registered model as MLflow's users do, in every way, and predicts every row of a table with it.

Usage: registered.py TRACKING_URI MODEL_URI CSV, run with the interpreter that `stack/venv mlflow` prints. Prints one JSON object.
"""

import importlib.metadata
import json
import os
import pathlib
import subprocess
import sys
import tempfile

import mlflow
import mlflow.onnx
import mlflow.sklearn
import numpy as np
import onnxruntime
import pandas as pd
from sklearn.pipeline import Pipeline

os.environ["MPLBACKEND"] = "Agg"
os.environ["MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT"] = "true"  # standard output is for the answer
os.environ["MLFLOW_TRACKING_URI"] = sys.argv[1]
uri = sys.argv[2]
mlflow.set_tracking_uri(sys.argv[1])
model = mlflow.pyfunc.load_model(uri)
for requirement in pathlib.Path(mlflow.pyfunc.get_model_dependencies(uri)).read_text().split():
    name, version = requirement.split("==")
    assert importlib.metadata.version(name) == version, requirement
features = [column.name for column in model.metadata.signature.inputs]
table = pd.read_csv(sys.argv[3])
rows = table[features].astype(np.float64)
# The wine that the Python original tests its service with.
wine = pd.DataFrame([[0.7, 0.0, 0.56, 9.4]], columns=["volatile acidity", "citric acid", "sulphates", "alcohol"])
logged = mlflow.get_logged_model(model.metadata.model_id)
labels = model.predict(rows)
assert isinstance(labels, np.ndarray) and labels.ndim == 1, labels

sklearn = mlflow.sklearn.load_model(uri)
assert type(sklearn) is Pipeline, type(sklearn)
session = onnxruntime.InferenceSession(mlflow.onnx.load_model(uri).SerializeToString())

with tempfile.TemporaryDirectory() as folder:
    request, answer = pathlib.Path(folder) / "request.json", pathlib.Path(folder) / "answer.json"
    request.write_text(json.dumps({"dataframe_split": rows.head(100).to_dict("split")}))
    subprocess.run([sys.executable, "-m", "mlflow", "models", "predict", "-m", uri, "-i", request, "-o", answer, "-t", "json", "--env-manager", "local"],
                   check=True, capture_output=True)
    command = json.loads(answer.read_text())["predictions"]

mlflow.set_experiment(sys.argv[4])
with mlflow.start_run():
    evaluated = mlflow.models.evaluate(uri, table[[*features, "quality"]], targets="quality", model_type="classifier",
                                       evaluator_config={"log_explainer": False, "log_model_explainability": False})
print(json.dumps({
    "features": features,
    "labels": labels.tolist(),
    "sklearn": sklearn.predict(rows).tolist(),
    "onnx": session.run(["label"], {"input": rows.to_numpy()})[0].tolist(),
    "command": command,
    "evaluated": {name: evaluated.metrics[name] for name in ("accuracy_score", "log_loss", "example_count")},
    "wine": int(model.predict(wine)[0]),
    "example": len(model.predict(model.input_example)),
    "flavors": sorted(model.metadata.flavors),
    "model_id": model.metadata.model_id,
    "artifact_path": model.metadata.artifact_path,
    "artifact_location": logged.artifact_location,
    "status": str(logged.status),
    "metrics": {metric.key: [metric.value, metric.dataset_digest] for metric in logged.metrics},
    "points": len(mlflow.MlflowClient().get_metric_history(logged.source_run_id, "accuracy")),
}))
