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
import onnx
import onnxruntime
import pandas as pd
import skl2onnx
from mlflow.models import infer_signature
from skl2onnx.common.data_types import DoubleTensorType, FloatTensorType, Int64TensorType, StringTensorType
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import ExtraTreesClassifier, GradientBoostingClassifier, RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import MinMaxScaler, OneHotEncoder, OrdinalEncoder, StandardScaler
from sklearn.svm import SVC, LinearSVC
from sklearn.tree import DecisionTreeClassifier

TEXTS = ["body", "style"]
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
    row = FloatTensorType([None, len(COLUMNS)])
    for name, model, zipmap in [("forest, zipmap", scaled(RandomForestClassifier(10, random_state=1)), True),
                                ("forest, matrix", scaled(RandomForestClassifier(10, random_state=1)), False),
                                ("logistic, zipmap", scaled(LogisticRegression()), True)]:
        graph = skl2onnx.to_onnx(model.fit(X, y), initial_types=[("X", row)], target_opset=15, options={id(model): {"zipmap": zipmap}})
        labels, scores = onnxruntime.InferenceSession(graph.SerializeToString()).run(None, {"X": X.to_numpy(np.float32)})
        shares = [list(r.values()) for r in scores] if zipmap else scores.tolist()
        mlflow.onnx.save_model(graph, os.path.join(folder, name + "-onnx"), signature=infer_signature(X.astype(np.float32)), pip_requirements=["onnx"])
        yield {"kind": name, "labels": labels.tolist(), "probabilities": shares, "rows": X.to_numpy().ravel().tolist()}
    # skl2onnx 1.20 exports a LinearSVC only where no Pipeline is around it.
    for name, model in [("linear machine", LinearSVC()), ("linear machine of words", LinearSVC()), ("machine", scaled(SVC())),
                        ("machine of two", scaled(SVC(kernel="poly")))]:
        wanted = y > 5 if "two" in name else np.array(["poor", "good"])[(y > 5).astype(int)] if "words" in name else y
        graph = skl2onnx.to_onnx(model.fit(X, wanted), initial_types=[("X", row)], target_opset=15)
        labels, _ = onnxruntime.InferenceSession(graph.SerializeToString()).run(None, {"X": X.to_numpy(np.float32)})
        mlflow.onnx.save_model(graph, os.path.join(folder, name + "-onnx"), signature=infer_signature(X.astype(np.float32)), pip_requirements=["onnx"])
        yield {"kind": name, "labels": labels.tolist(), "probabilities": None, "rows": X.to_numpy().ravel().tolist()}
    yield from graphs_of_columns(folder, X, y)


def graphs_of_columns(folder, X, y):
    """Exports models with one input for each column, among them columns of texts and of integers."""
    mixed = with_texts(X)
    encoded = ColumnTransformer([("numbers", StandardScaler(), COLUMNS), ("texts", OneHotEncoder(handle_unknown="ignore"), TEXTS)])
    ordered = ColumnTransformer([("texts", OrdinalEncoder(), TEXTS), ("level", OneHotEncoder(), ["level"])], remainder="passthrough")
    strict = ColumnTransformer([("texts", OneHotEncoder(), TEXTS), ("numbers", "passthrough", COLUMNS)])
    for name, model, frame, real in [
        ("columns", scaled(RandomForestClassifier(10, random_state=1)), X, FloatTensorType),
        ("columns of doubles", scaled(LogisticRegression()), X, DoubleTensorType),
        ("columns, one hot", make_pipeline(encoded, LogisticRegression(max_iter=500)), mixed, FloatTensorType),
        ("columns, ordinal", make_pipeline(ordered, RandomForestClassifier(10, random_state=1)), mixed, FloatTensorType),
        ("columns, known texts only", make_pipeline(strict, DecisionTreeClassifier(max_depth=5, random_state=1)), mixed, FloatTensorType),
        ("texts", make_pipeline(OneHotEncoder(), LogisticRegression()), mixed[TEXTS], None),
    ]:
        kinds = {"O": StringTensorType, "i": Int64TensorType, "f": real}
        types = [(c, kinds[kind_of(frame[c])]([None, 1])) for c in frame]
        if name == "texts":
            types = [("X", StringTensorType([None, len(TEXTS)]))]
        graph = skl2onnx.to_onnx(model.fit(frame, y), initial_types=types, target_opset=15, options={id(model): {"zipmap": False}})
        session = onnxruntime.InferenceSession(graph.SerializeToString())
        columns = {c.replace(" ", "_"): frame[[c]].to_numpy(object if kind_of(frame[c]) == "O" else None) for c in frame}
        if name == "texts":
            columns = {"X": frame.to_numpy(object)}
        if real is FloatTensorType:
            columns = {c: v.astype(np.float32) if v.dtype == np.float64 else v for c, v in columns.items()}
        labels, shares = session.run(None, columns)
        example = None if "hot" in name else frame.head(2)
        mlflow.onnx.save_model(graph, os.path.join(folder, name + "-onnx"), signature=infer_signature(frame), pip_requirements=["onnx"], input_example=example)
        yield {"kind": name, "labels": labels.tolist(), "probabilities": shares.tolist()} | cells(frame)
    yield vectors(folder, mixed, y)


def vectors(folder, frame, y):
    """A graph that takes a vector for each column, which is what mlflow.pyfunc gives to one of several inputs."""
    frame = frame.rename(columns=lambda c: c.replace(" ", "_"))
    numbers = [c.replace(" ", "_") for c in COLUMNS]
    model = make_pipeline(ColumnTransformer([("n", StandardScaler(), numbers), ("t", OneHotEncoder(), TEXTS)]), LogisticRegression(max_iter=500))
    kinds = {"O": StringTensorType, "i": Int64TensorType, "f": DoubleTensorType}
    types = [(c, kinds[kind_of(frame[c])]([None, 1])) for c in frame]
    graph = skl2onnx.to_onnx(model.fit(frame, y), initial_types=types, target_opset=15, options={id(model): {"zipmap": False}})
    shape = onnx.numpy_helper.from_array(np.array([-1, 1], np.int64), "a column")
    graph.graph.initializer.append(shape)
    for at, given in enumerate(graph.graph.input):
        graph.graph.node.insert(at, onnx.helper.make_node("Reshape", [given.name + " as a vector", "a column"], [given.name]))
        given.name += " as a vector"
        del given.type.tensor_type.shape.dim[1]
    for node in graph.graph.node:  # pyfunc finds a column by the input's name
        for names in node.input, node.output:
            for i, name in enumerate(names):
                plain = name.removesuffix(" as a vector")
                names[i] = plain if plain != name else name + " as a column" if name in frame.columns else name
    for given in graph.graph.input:
        given.name = given.name.removesuffix(" as a vector")
    folder = os.path.join(folder, "vectors-onnx")
    mlflow.onnx.save_model(graph, folder, signature=infer_signature(frame), pip_requirements=["onnx"], input_example=frame.head(2))
    session = onnxruntime.InferenceSession(graph.SerializeToString())
    labels, shares = session.run(None, {c: frame[c].to_numpy(object if kind_of(frame[c]) == "O" else None) for c in frame})
    return {"kind": "vectors", "labels": labels.tolist(), "probabilities": shares.tolist()} | cells(frame)


def with_texts(X):
    """Adds columns of texts and of integers."""
    return X.assign(
        body=np.array(["light", "medium", "full"])[np.digitize(X["alcohol"], [9.5, 11])], style=np.array(["dry", "süß"])[(X["sulphates"] > 0.6).astype(int)],
        level=(X["citric acid"] * 5).round().astype(np.int64))


def kind_of(column):
    return column.dtype.kind if column.dtype.kind in "if" else "O"


def cells(frame):
    """The rows as numbers, those of a text its place in the list of texts."""
    texts, rows = [], []
    for row in frame.itertuples(index=False):
        for value in row:
            if isinstance(value, str):
                texts.append(value)
                value = len(texts) - 1
            rows.append(float(value))
    return {"rows": rows, "texts": texts}


def save(model, folder, name, frame, predicted):
    for form in FORMATS:
        mlflow.sklearn.save_model(
            model, os.path.join(folder, name + "-" + form), serialization_format=form, signature=infer_signature(frame, predicted),
            input_example=frame.head(2), pip_requirements=["scikit-learn"], skops_trusted_types=TRUSTED if form == "skops" else None)


main(*sys.argv[1:])
