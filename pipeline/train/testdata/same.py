"""Trains with scikit-learn what the command trained, and predicts every row with that and with the command's folder as MLflow's
flavors load it.

Usage: same.py CSV FOLDER, with FOLDER as the command wrote it. Prints one JSON object.
"""

import ast
import json
import pathlib
import sys

import mlflow
import mlflow.onnx
import mlflow.sklearn
import numpy as np
import onnxruntime
import pandas as pd
from sklearn.ensemble import RandomForestClassifier
from sklearn.metrics import accuracy_score
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

table, folder = pd.read_csv(sys.argv[1]), pathlib.Path(sys.argv[2])
training = json.loads((folder / "training.json").read_text())


def value(text: str):
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return text


x, y = table[training["features"]], table[training["target"]]
train_x, test_x, train_y, test_y = train_test_split(x, y, test_size=0.25, random_state=0)
params = {name: value(text) for name, text in training["params"].items()}
model = make_pipeline(StandardScaler(), RandomForestClassifier(**params, n_jobs=1)).fit(train_x, train_y)

labels = [mlflow.pyfunc.load_model(str(folder)).predict(x.astype(np.float64))]
sklearn = mlflow.sklearn.load_model(str(folder)).predict_proba(x)
session = onnxruntime.InferenceSession(mlflow.onnx.load_model(str(folder)).SerializeToString())
label, *probabilities = session.run(None, {"input": x.to_numpy(np.float64)})
labels.append(np.asarray(label))
want = model.predict_proba(x)
print(json.dumps({
    "accuracy": accuracy_score(test_y, model.predict(test_x)),
    "rows": len(x),
    "different_labels": sum(int((label.astype(str) != model.predict(x).astype(str)).sum()) for label in labels),
    "probability_error": float(np.abs(np.stack(probabilities, 1) - want).max()),
    "sklearn_error": float(np.abs(sklearn - want).max()),
}))
