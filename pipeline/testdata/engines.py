"""Answers rows with models that Go wrote, by scikit-learn and by onnxruntime (versions: stack/requirements/mlflow.txt).

engines.py ROWS FEATURES FOLDER…   ROWS is a file of float64; writes FOLDER/onnx and FOLDER/sklearn, float64 as well: for each
                                   row the position of its label among the classes and the probabilities
"""
import pathlib
import sys
import warnings

import mlflow.sklearn
import numpy as np
import onnxruntime

warnings.filterwarnings("ignore", message="X does not have valid feature names")
width = int(sys.argv[2])
rows = np.fromfile(sys.argv[1], dtype=np.float64).reshape(-1, width)
for folder in map(pathlib.Path, sys.argv[3:]):
    model = mlflow.sklearn.load_model(str(folder))
    probabilities = model.predict_proba(rows)
    # predict works the probabilities out again and takes the first of the largest, which costs as much once more
    labels = model.classes_.take(probabilities.argmax(axis=1)) if len(model[-1].estimators_) > 100 else model.predict(rows)
    names = [f"probability_{label}" for label in model.classes_]

    def write(engine, labels, probabilities):
        position = np.array([np.flatnonzero(model.classes_ == label)[0] for label in labels], dtype=np.float64)
        np.column_stack([position, probabilities]).astype(np.float64).tofile(folder / engine)

    write("sklearn", labels, probabilities)
    session = onnxruntime.InferenceSession(str(folder / "model.onnx"))
    label, *columns = session.run(["label", *names], {"input": rows})
    write("onnx", label, np.stack(columns, axis=1))
