"""Trains forests with scikit-learn and dumps every bit of them for parity_test.go.

usage: train.py manifest.json folder

The manifest is a list of cases {name, data, params, grow}. For each the folder receives <name>.data (x, y, query) and
<name>.forest (what scikit-learn made of it) as sections: the number of values, then 8 bytes a value, little-endian.
"""

import json
import sys
import warnings

import numpy as np
from sklearn.ensemble import RandomForestClassifier

warnings.simplefilter("ignore")
WINE_FEATURES = ["volatile acidity", "citric acid", "sulphates", "alcohol"]


def wine(path, split):
    import pandas as pd
    from sklearn.model_selection import train_test_split
    from sklearn.preprocessing import StandardScaler

    table = pd.read_csv(path)
    x, y = table[WINE_FEATURES], table["quality"]
    if split is None:
        return np.ascontiguousarray(x.to_numpy()), y.to_numpy(), x.to_numpy()
    train, test, y_train, _ = train_test_split(x, y, test_size=0.25, random_state=split)
    scaler = StandardScaler().fit(train)
    return scaler.transform(train), y_train.to_numpy(), scaler.transform(test)


def blobs(rng, rows, cols, classes):
    y = rng.integers(0, classes, rows)
    x = rng.normal(size=(rows, cols)) + 0.7 * rng.normal(size=(classes, cols))[y]
    return x, y


def synthetic(name, seed):
    rng = np.random.default_rng(seed)
    if name == "ties":
        x, y = blobs(rng, 1500, 6, 3)
        x = np.round(x * 2) / 2
    elif name == "constants":
        x, y = blobs(rng, 800, 12, 3)
        x[:, [0, 3, 4, 9]] = [1.5, 0.0, -7.0, 1e20]
        x[:, 5] = np.where(rng.random(800) < 0.01, 1.0, 0.0)
        x[:, 6] = 3 + 1e-8 * rng.random(800)
    elif name == "zeros":
        x, y = blobs(rng, 700, 4, 2)
        x = np.where(rng.random(x.shape) < 0.4, np.where(rng.random(x.shape) < 0.5, 0.0, -0.0), x)
    elif name == "close":
        x, y = blobs(rng, 3000, 4, 3)
        x[:, 0] = 1e-7 * rng.integers(0, 40, 3000) * 0.9
        x[:, 1] = 3e-8 * rng.integers(0, 4000, 3000)
        x[:, 2] = 1e-9 * x[:, 2]
        x[:, 3] = 1e-6 * x[:, 3]
    elif name == "tiny":
        x, y = blobs(rng, 600, 5, 3)
        x = x * np.array([1e-30, 1e30, 1e-10, 1e10, 1.0])
    elif name == "wide":
        x, y = blobs(rng, 400, 200, 3)
    elif name == "ten":
        x, y = blobs(rng, 2500, 10, 10)
        y = y * 7 - 20
    elif name == "one":
        x, y = blobs(rng, 120, 3, 2)
        y[:] = 4
    elif name == "few":
        x, y = blobs(rng, 5, 3, 2)
        y[:2] = [0, 1]
    elif name == "noise":
        x, y = rng.normal(size=(4000, 8)), rng.integers(0, 4, 4000)
    elif name == "single":
        x, y = blobs(rng, 500, 1, 2)
    elif name == "many":
        x, y = rng.normal(size=(900, 5)), rng.integers(0, 60, 900)
    elif name == "rare":
        x, y = blobs(rng, 1000, 5, 4)
        y = np.where((y == 3) & (rng.random(1000) < 0.95), 0, y)
    elif name == "large":
        x, y = blobs(rng, 20000, 12, 3)
    else:
        raise ValueError(name)
    query = np.concatenate([x[:150], x[:150] * 1.01, rng.normal(size=(100, x.shape[1]))])
    return x, y, query


def data_of(case, wine_path):
    name, _, argument = case["data"].partition(":")
    if name == "wine":
        return wine(wine_path, int(argument) if argument else None)
    return synthetic(name, int(argument or 0))


def params_of(case):
    params = dict(case["params"])
    weights = params.get("class_weight")
    if isinstance(weights, dict):
        params["class_weight"] = {int(k): v for k, v in weights.items()}
    return params


def write(path, arrays):
    with open(path, "wb") as out:
        for a in arrays:
            a = np.ascontiguousarray(a)
            a = a.astype("<f8" if a.dtype.kind == "f" else "<i8").ravel()
            out.write(np.int64(a.size).tobytes())
            out.write(a.tobytes())


def arrays_of(forest, query):
    yield forest.classes_
    yield np.array([e.random_state for e in forest.estimators_])
    for e in forest.estimators_:
        t = e.tree_
        yield np.array([t.max_depth])
        yield from (t.children_left, t.children_right, t.feature, t.threshold, t.impurity, t.n_node_samples)
        yield from (t.weighted_n_node_samples, t.missing_go_to_left, t.value)
    forest.n_jobs = 1
    yield forest.predict_proba(query)
    yield forest.predict(query)
    yield forest.feature_importances_
    if forest.oob_score:
        yield np.array([forest.oob_score_])
        yield forest.oob_decision_function_


def main(manifest, folder):
    with open(manifest) as f:
        task = json.load(f)
    for case in task["cases"]:
        x, y, query = data_of(case, task["wine"])
        params = params_of(case)
        forest = RandomForestClassifier(**params, n_jobs=2)
        if case.get("grow"):
            forest.set_params(warm_start=True, n_estimators=case["grow"]).fit(x, y)
            forest.set_params(n_estimators=params["n_estimators"])
        forest.fit(x, y)
        write(f"{folder}/{case['name']}.data", [np.array(x.shape), x, y, query])
        write(f"{folder}/{case['name']}.forest", arrays_of(forest, query))


main(*sys.argv[1:])
