"""Loads a registered model as MLflow's users do and predicts every row of a table with it.

Usage: registered.py TRACKING_URI MODEL_URI CSV, run with the interpreter that `stack/venv mlflow` prints. Prints one JSON object.
"""

import json
import sys

import mlflow
import numpy as np
import pandas as pd

mlflow.set_tracking_uri(sys.argv[1])
model = mlflow.pyfunc.load_model(sys.argv[2])
features = [column.name for column in model.metadata.signature.inputs]
table = pd.read_csv(sys.argv[3])
# The wine that the Python original tests its service with.
wine = pd.DataFrame([[0.7, 0.0, 0.56, 9.4]], columns=["volatile acidity", "citric acid", "sulphates", "alcohol"])
logged = mlflow.get_logged_model(model.metadata.model_id)
print(json.dumps({
    "features": features,
    "labels": model.predict(table[features].astype(np.float64)).tolist(),
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
