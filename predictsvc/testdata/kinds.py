"""Exports classifiers of scikit-learn with MLflow, and says what they predict of every wine.

    python kinds.py WINE.csv FOLDER

makes a model folder FOLDER/<kind>-<format> for every kind and format, and FOLDER/kinds.json with what the kind predicts. It runs with the
packages of stack/requirements/mlflow.txt: scikit-learn 1.9.1, skops 0.16.0, cloudpickle 3.1.2, MLflow 3.17.2.
"""

import json
import logging
import os
import sys
import warnings

import mlflow.onnx
import mlflow.sklearn
import numpy as np
import onnxruntime
import pandas as pd
import skl2onnx
from mlflow.models import infer_signature
from sklearn.ensemble import ExtraTreesClassifier, GradientBoostingClassifier, RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import MinMaxScaler, StandardScaler
from sklearn.svm import SVC, LinearSVC
from sklearn.tree import DecisionTreeClassifier

COLUMNS = ["volatile acidity", "citric acid", "sulphates", "alcohol"]
FORMATS = ["skops", "cloudpickle", "pickle"]
TRUSTED = [
    "sklearn.tree._tree.Tree", "sklearn.neighbors._kd_tree.KDTree", "sklearn.metrics._dist_metrics.EuclideanDistance64",
    "sklearn._loss.link.Interval", "sklearn._loss.link.MultinomialLogit", "sklearn._loss.loss.HalfMultinomialLoss",
    "sklearn._loss.link.LogitLink", "sklearn._loss.loss.HalfBinomialLoss",
]


def scaled(model):
    return make_pipeline(StandardScaler(), model)


def kinds(X, y):
    """Name, model, rows and labels of each kind."""
    forest = RandomForestClassifier(30, random_state=1, n_jobs=1)
    words = pd.Series(["poor", "fair", "good", "best"])[np.clip(y - 4, 0, 3)].reset_index(drop=True)
    yield "forest", scaled(forest), X, y
    yield "forest on float32", scaled(RandomForestClassifier(30, random_state=1)), X.astype(np.float32), y
    yield "forest on an array", RandomForestClassifier(10, random_state=1), X.to_numpy(), y
    yield "forest of words", scaled(RandomForestClassifier(10, random_state=1)), X, words
    yield "forest of numpy's words", scaled(RandomForestClassifier(10, random_state=1)), X, y.astype(str)
    yield "forest of objects", scaled(RandomForestClassifier(10, random_state=1)), X, words.to_numpy().astype(object)
    yield "forest of floats", scaled(RandomForestClassifier(10, random_state=1)), X, y.astype(float)
    yield "forest of truths", scaled(RandomForestClassifier(10, random_state=1)), X, y > 5
    yield "forest with a random state", RandomForestClassifier(5, random_state=np.random.RandomState(3)), X, y
    yield "extra trees", scaled(ExtraTreesClassifier(20, random_state=1)), X, y
    yield "tree", DecisionTreeClassifier(random_state=1), X, y
    yield "boosting", scaled(GradientBoostingClassifier(n_estimators=8, random_state=1)), X, y
    yield "boosting of two", GradientBoostingClassifier(n_estimators=8, random_state=1), X, y > 5
    yield "logistic", scaled(LogisticRegression()), X, y
    yield "logistic of two", scaled(LogisticRegression()), X, y > 5
    yield "logistic of words", make_pipeline(MinMaxScaler(clip=True), LogisticRegression()), X, words
    yield "logistic on float32", make_pipeline(MinMaxScaler(), LogisticRegression()), X.astype(np.float32), y
    yield "linear machine", scaled(LinearSVC()), X, y
    yield "linear machine of two", LinearSVC(fit_intercept=False), X, y > 5
    for kernel in "rbf", "linear", "poly", "sigmoid":
        yield "machine, " + kernel, scaled(SVC(kernel=kernel, coef0=0.5)), X, y
    yield "machine of words", scaled(SVC()), X, words
    yield "machine of two", SVC(gamma="auto"), X, y > 5
    yield "neighbours", scaled(KNeighborsClassifier()), X, y
    yield "one neighbour", KNeighborsClassifier(1, algorithm="kd_tree", leaf_size=5), X, y
    yield "neighbours of words", Pipeline([("scale", "passthrough"), ("knn", KNeighborsClassifier(7))]), X, words
    yield "neighbours without a tree", scaled(KNeighborsClassifier(4, algorithm="brute")), X, y


def main(wine, folder):
    warnings.filterwarnings("ignore")
    logging.getLogger("mlflow").setLevel(logging.ERROR)
    table = pd.read_csv(wine)
    X, y = table[COLUMNS], table["quality"].to_numpy()
    said = []
    for name, model, rows, labels in kinds(X, y):
        train = np.random.default_rng(len(name)).permutation(len(rows))[:1000]
        fit = rows.iloc[train] if isinstance(rows, pd.DataFrame) else rows[train]
        model.fit(fit, labels.iloc[train] if isinstance(labels, pd.Series) else labels[train])
        predicted = model.predict(rows)
        shares = model.predict_proba(rows).tolist() if hasattr(model, "predict_proba") else None
        frame = pd.DataFrame(np.asarray(rows), columns=COLUMNS)
        save(model, folder, name, frame, predicted)
        said.append({"kind": name, "labels": predicted.tolist(), "probabilities": shares, "rows": np.asarray(rows, np.float64).ravel().tolist()})
        if name == "forest":
            mlflow.sklearn.save_model(model, os.path.join(folder, "probabilities"), signature=infer_signature(frame, np.asarray(shares)),
                                      pip_requirements=["scikit-learn"], skops_trusted_types=TRUSTED, pyfunc_predict_fn="predict_proba")
            mlflow.sklearn.save_model(model, os.path.join(folder, "without a signature"), pip_requirements=["scikit-learn"], skops_trusted_types=TRUSTED)
    with open(os.path.join(folder, "kinds.json"), "w") as f:
        json.dump(said, f)
    with open(os.path.join(folder, "graphs.json"), "w") as f:
        json.dump(list(graphs(folder, X, y)), f)


def graphs(folder, X, y):
    """Exports models by skl2onnx, and says what onnxruntime makes of them: it rounds other than scikit-learn."""
    row = skl2onnx.common.data_types.FloatTensorType([None, len(COLUMNS)])
    for name, model, zipmap in [("forest, zipmap", scaled(RandomForestClassifier(10, random_state=1)), True),
                                ("forest, matrix", scaled(RandomForestClassifier(10, random_state=1)), False),
                                ("logistic, zipmap", scaled(LogisticRegression()), True)]:
        graph = skl2onnx.to_onnx(model.fit(X, y), initial_types=[("X", row)], target_opset=15, options={id(model): {"zipmap": zipmap}})
        labels, scores = onnxruntime.InferenceSession(graph.SerializeToString()).run(None, {"X": X.to_numpy(np.float32)})
        shares = [list(r.values()) for r in scores] if zipmap else scores.tolist()
        mlflow.onnx.save_model(graph, os.path.join(folder, name + "-onnx"), signature=infer_signature(X.astype(np.float32)), pip_requirements=["onnx"])
        yield {"kind": name, "labels": labels.tolist(), "probabilities": shares, "rows": X.to_numpy().ravel().tolist()}


def save(model, folder, name, frame, predicted):
    for form in FORMATS:
        mlflow.sklearn.save_model(
            model, os.path.join(folder, name + "-" + form), serialization_format=form, signature=infer_signature(frame, predicted),
            input_example=frame.head(2), pip_requirements=["scikit-learn"], skops_trusted_types=TRUSTED if form == "skops" else None)


main(*sys.argv[1:])
