"""Fits the four baselines with scikit-learn under mlflow.sklearn.autolog, and compares with what Go recorded (versions:
stack/requirements/mlflow.txt).

baselines.py CSV STORE OWN CASES.json   STORE is the tracking URI that Go wrote to, OWN one for Python's runs. CASES is a list of {"target",
                                        "features", "seed", "runs": {class: {"run", "model"}}}. Prints JSON: {"different": [line, …],
                                        "table": [[target, class, accuracy, rows with another label], …]}
"""
import json
import os
import sys
import warnings

import numpy as np
import pandas as pd
from sklearn.base import clone
from sklearn.ensemble import RandomForestClassifier
from sklearn.model_selection import train_test_split
from sklearn.neighbors import KDTree, KNeighborsClassifier
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC, LinearSVC

import mlflow
import onnxruntime

warnings.filterwarnings("ignore")
table = pd.read_csv(sys.argv[1])
store, own = sys.argv[2], sys.argv[3]
different, results = [], []


def near(got, want, tolerance=1e-9):
    return np.shape(got) == np.shape(want) and np.allclose(np.asarray(got, float), np.asarray(want, float), rtol=tolerance, atol=tolerance)


def compare(path, got, want):
    """Notes where two objects differ in type, in shape or by more than rounding."""
    if type(got) is not type(want):
        different.append(f"{path}: {type(got)}, want {type(want)}")
    elif isinstance(want, np.ndarray):
        if got.dtype != want.dtype or got.shape != want.shape:
            different.append(f"{path}: {got.dtype} {got.shape}, want {want.dtype} {want.shape}")
        elif want.dtype.names:
            for name in want.dtype.names:
                compare(f"{path}.{name}", got[name], want[name])
        elif want.dtype.kind == "f" and not near(got, want) or want.dtype.kind != "f" and got.tolist() != want.tolist():
            different.append(f"{path}: {got!r:.80}, want {want!r:.80}")
    elif isinstance(want, (list, tuple)):
        if len(got) != len(want):
            different.append(f"{path}: {len(got)} items, want {len(want)}")
        for i, (g, w) in enumerate(zip(got, want)):
            compare(f"{path}[{i}]", g, w)
    elif isinstance(want, dict):
        if list(sorted(got, key=str)) != list(sorted(want, key=str)):
            different.append(f"{path}: keys {sorted(set(got) ^ set(want), key=str)}")
        for k in want:
            if k in got:
                compare(f"{path}.{k}", got[k], want[k])
    elif isinstance(want, (float, np.floating)):
        if not near(got, want):
            different.append(f"{path}: {got!r}, want {want!r}")
    elif isinstance(want, KDTree):  # whose state counts its queries, too
        compare(path, got.__getstate__()[:7], want.__getstate__()[:7])
        compare(path, got.__getstate__()[11:], want.__getstate__()[11:])
    elif hasattr(want, "__getstate__") and not isinstance(want, (str, int, bool, np.generic, type(None))):
        compare(path, got.__getstate__(), want.__getstate__())
    elif got != want:
        different.append(f"{path}: {got!r}, want {want!r}")


def record(run_id, uri):
    client = mlflow.MlflowClient(tracking_uri=uri)
    run = client.get_run(run_id)
    return {
        "params": run.data.params,
        "metrics": run.data.metrics,
        "tags": {k: v for k, v in run.data.tags.items() if k.startswith("estimator")},
        "inputs": {
            (i.dataset.name, i.dataset.digest, i.dataset.schema, i.dataset.profile, tuple((t.key, t.value) for t in i.tags))
            for i in run.inputs.dataset_inputs
        },
        "artifacts": {a.path for a in client.list_artifacts(run_id)},
        "status": run.info.status,
        "info": json.load(open(mlflow.artifacts.download_artifacts(run_id=run_id, artifact_path="metric_info.json", tracking_uri=uri))),
    }


def same_run(path, got, want):
    for name in "params", "tags", "info", "status":
        if got[name] != want[name]:
            different.append(f"{path} {name}: {got[name]}, want {want[name]}")
    for name in "inputs", "artifacts":
        if not want[name] <= got[name]:
            different.append(f"{path} {name}: {got[name]} lack {want[name] - got[name]}")
    for name, value in want["metrics"].items():
        if name not in got["metrics"] or not near(got["metrics"][name], value, 1e-12):
            different.append(f"{path} metric {name}: {got['metrics'].get(name)}, want {value}")
    extra = {m for m in got["metrics"] if m.startswith("training_")} - set(want["metrics"])
    if extra:
        different.append(f"{path}: further metrics {extra}")


def same_model(path, model_id, want, train, test, x):
    """Loads Go's model by every flavor; want is scikit-learn's own."""
    mlflow.set_tracking_uri(store)
    uri = f"models:/{model_id}"
    got = mlflow.sklearn.load_model(uri)
    assert type(got) is Pipeline
    del want._mlflow_run_id  # autolog's own
    compare(path, got, want)
    labels = want.predict(x)
    for name in "decision_function", "predict_proba":
        if hasattr(want, name) and not near(getattr(got, name)(x), getattr(want, name)(x), 1e-10):
            different.append(f"{path}: {name} differs")
    for name, other in {"predict": got.predict(x), "pyfunc": mlflow.pyfunc.load_model(uri).predict(x), "fitted again": clone(got).fit(*train).predict(x)}.items():
        if (np.asarray(other) != labels).any():
            different.append(f"{path}: {name} gives {(np.asarray(other) != labels).sum()} other labels")
    folder = mlflow.artifacts.download_artifacts(uri)
    graph = os.path.join(folder, "model.onnx")
    if os.path.exists(graph):
        session = onnxruntime.InferenceSession(graph, providers=["CPUExecutionProvider"])
        answers = session.run(["label"], {"input": x.to_numpy()})[0]
        if (answers != labels).any():
            different.append(f"{path}: onnxruntime gives {(answers != labels).sum()} other labels")
    elif not isinstance(want[-1], KNeighborsClassifier):
        different.append(f"{path}: no model.onnx")
    return int((np.asarray(got.predict(x)) != labels).sum())


def case(c):
    x, y = table[c["features"]], table[c["target"]]
    X_train, X_test, y_train, y_test = train_test_split(x, y, test_size=0.25, random_state=0)
    for classifier in LinearSVC(), SVC(), KNeighborsClassifier(), RandomForestClassifier(random_state=c["seed"]):
        mlflow.set_tracking_uri(own)
        name = type(classifier).__name__
        path = f"{c['target']} {name}"
        pipeline = make_pipeline(StandardScaler(), classifier)
        with mlflow.start_run() as run:
            pipeline.fit(X_train, y_train)
            accuracy = pipeline.score(X_test, y_test)
        same_run(path, record(c["runs"][name]["run"], store), record(run.info.run_id, own))
        other = same_model(path, c["runs"][name]["model"], pipeline, (X_train, y_train), (X_test, y_test), x)
        results.append([c["target"], name, accuracy, other])


mlflow.set_tracking_uri(own)
mlflow.set_experiment("red-wine-quality-prediction")
# Models are compared by themselves: to log one, Python works out what to install for it, which takes it ten seconds.
mlflow.sklearn.autolog(log_models=False)
for one in json.load(open(sys.argv[4])):
    case(one)
print(json.dumps({"different": different, "table": results}))
