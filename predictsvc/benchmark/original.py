"""Trains scikit-learn's forest on the wine data, registers it twice, as scikit-learn's own model and as ONNX, by the packages' own exporters, and then
times onnxruntime.

Usage: original.py CSV NAME TREES FILE, with MLFLOW_TRACKING_URI in the environment. Registers NAME-sklearn and NAME-onnx with the alias champion,
writes the ONNX model to FILE and prints "ready". Then it reads standard input: "rows SIZE FILE" names a file of float64, rows for calls with so many of
them each; "time CALLS" is answered by the seconds that onnxruntime takes for one of so many calls.
"""

import sys
import time

import mlflow
import numpy as np
import onnxruntime
import pandas as pd
from mlflow.models import infer_signature
from skl2onnx import to_onnx
from skl2onnx.common.data_types import DoubleTensorType
from sklearn.ensemble import RandomForestClassifier
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

COLUMNS = ["volatile acidity", "citric acid", "sulphates", "alcohol"]


def main(csv: str, name: str, trees: int, path: str) -> None:
    wine = pd.read_csv(csv, sep=None, engine="python")
    x, _, y, _ = train_test_split(wine[COLUMNS], wine["quality"], test_size=0.3, random_state=42)
    model = make_pipeline(StandardScaler(), RandomForestClassifier(n_estimators=trees, random_state=42, n_jobs=2)).fit(x.to_numpy(), y)
    model[-1].set_params(n_jobs=None)
    signature = infer_signature(x, model.predict(x.to_numpy()))
    mlflow.set_experiment(name)
    with mlflow.start_run():
        mlflow.sklearn.log_model(
            model,
            name="sklearn",
            signature=signature,
            input_example=x.head(2),
            registered_model_name=name + "-sklearn",
            skops_trusted_types=["sklearn.tree._tree.Tree"],
            pip_requirements=[],
        )
        onnx = to_onnx(model, initial_types=[("input", DoubleTensorType([None, len(COLUMNS)]))], options={"zipmap": False}, target_opset=18)
        mlflow.onnx.log_model(onnx, name="onnx", signature=signature, input_example=None, registered_model_name=name + "-onnx", pip_requirements=[])
    client = mlflow.MlflowClient()
    for kind in ("-sklearn", "-onnx"):
        client.set_registered_model_alias(name + kind, "champion", "1")
    with open(path, "wb") as file:
        file.write(onnx.SerializeToString())
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    print("ready", flush=True)
    batches = []
    for line in sys.stdin:
        what, number, *file = line.rstrip("\n").split(" ", 2)
        if what == "rows":
            batches = [{"input": batch} for batch in np.fromfile(file[0], "<f8").reshape(-1, int(number), len(COLUMNS))]
            continue
        session.run(None, batches[0])
        start = time.perf_counter()
        for i in range(int(number)):
            session.run(None, batches[i % len(batches)])
        print((time.perf_counter() - start) / int(number), flush=True)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4])
