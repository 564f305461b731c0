"""Fits scikit-learn's KNeighborsClassifier to the red wine table and to synthetic sets, and prints data and results as JSON.

Usage: parity.py winequality-red.csv
Tested with scikit-learn 1.9.1, numpy 2.4.6.
"""

import json
import sys

import numpy as np
import pandas as pd
from sklearn.datasets import make_blobs
from sklearn.model_selection import train_test_split
from sklearn.neighbors import KNeighborsClassifier
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits


def wine(columns):
    table = pd.read_csv(sys.argv[1])
    x, y = table[columns] if columns else table.drop(columns="quality"), table["quality"]
    train, _, y_train, _ = train_test_split(x, y, test_size=0.25, random_state=0)
    scaler = StandardScaler().fit(train)
    return scaler.transform(train), y_train.to_numpy(), scaler.transform(x)


def sets():
    rng = np.random.RandomState(7)
    few = ["volatile acidity", "citric acid", "sulphates", "alcohol"]
    for params in [{}, {"n_neighbors": 1}, {"n_neighbors": 30}, {"leaf_size": 1}, {"leaf_size": 400}, {"n_neighbors": 700}]:
        yield "wine", wine(few), params
    yield "wine, all features", wine(None), {"n_neighbors": 8}
    x, y = make_blobs(700, n_features=5, centers=30, cluster_std=3.0, random_state=2)
    yield "30 classes", (x[:500], y[:500], x), {}
    # A tiny grid: every point is there dozens of times, and every distance hundreds of times.
    for levels, cols, rows in [(2, 3, 500), (3, 2, 1000), (5, 3, 2000), (10, 1, 300), (4, 15, 400)]:
        x = rng.randint(0, levels, (rows, cols)).astype(float)
        yield f"grid {levels}^{cols}", (x, rng.randint(-2, 2, rows), np.unique(x, axis=0) + 0.5), {}
        yield f"grid {levels}^{cols}", (x, rng.randint(0, 5, rows), x), {"n_neighbors": 7, "leaf_size": 10}
    x = np.sort(rng.normal(size=(3000, 2)), axis=0)
    yield "sorted", (x, rng.randint(0, 3, 3000), x[::-3]), {"leaf_size": 2}
    x = rng.randint(0, 9, (600, 20)).astype(float)
    yield "20 features", (x, rng.randint(0, 3, 600), x[:200] + rng.randint(0, 2, (200, 20))), {}
    # What makes the median of three choose badly: the selection falls back to a heap.
    n = 2000
    killer = np.zeros(n)
    half = n // 2
    killer[0:half:2], killer[1:half:2], killer[half:] = np.arange(1, half, 2), np.arange(half + 1, n, 2)[: half // 2], np.arange(2, n + 2, 2)
    yield "median of three's worst", (killer.reshape(-1, 1), rng.randint(0, 4, n), killer.reshape(-1, 1) + 0.5), {"leaf_size": 3}


def main():
    cases = []
    for name, (x, y, test), params in sets():
        m = KNeighborsClassifier(**params).fit(x, y)
        tree = m._tree.get_arrays() if m._tree is not None else None
        cases.append({
            "name": name, "params": params, "x": x.ravel().tolist(), "cols": x.shape[1], "y": y.tolist(), "test": test.ravel().tolist(),
            "labels": m.predict(test).tolist(), "proba": m.predict_proba(test).ravel().tolist(),
            "neighbors": np.sort(m.kneighbors(test, return_distance=False), axis=1).tolist(),
            "order": np.asarray(tree[1]).tolist() if tree else None,
            "radius": [float(node["radius"]) for node in np.asarray(tree[2])] if tree else None,
            "bounds": np.asarray(tree[3]).ravel().tolist() if tree else None,
        })
    json.dump(cases, sys.stdout)


# Which of equally distant rows it takes without a tree hangs on the number of its threads.
with threadpool_limits(1):
    main()
