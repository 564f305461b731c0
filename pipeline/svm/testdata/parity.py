"""Trains scikit-learn's LinearSVC and SVC on the red wine table and on synthetic sets, and prints data and results as JSON.

Usage: parity.py winequality-red.csv
Tested with scikit-learn 1.9.1, numpy 2.4.6.
"""

import json
import sys
import warnings

import numpy as np
import pandas as pd
from sklearn.datasets import make_blobs, make_circles, make_classification
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC, LinearSVC

warnings.filterwarnings("ignore")


def wine(columns):
    table = pd.read_csv(sys.argv[1])
    x, y = table[columns] if columns else table.drop(columns="quality"), table["quality"]
    train, _, y_train, _ = train_test_split(x, y, test_size=0.25, random_state=0)
    scaler = StandardScaler().fit(train)
    return scaler.transform(train), y_train.to_numpy(), scaler.transform(x)


def halves(x, y):
    n = len(x) * 3 // 4
    return x[:n], y[:n], x


def sets():
    few = ["volatile acidity", "citric acid", "sulphates", "alcohol"]
    rng = np.random.RandomState(5)
    yield "wine", wine(few)
    yield "wine, all features", wine(None)
    yield "binary circles", halves(*make_circles(300, noise=0.2, factor=0.4, random_state=1))
    yield "20 classes", halves(*make_blobs(800, n_features=6, centers=20, cluster_std=3.0, random_state=2))
    x, y = make_classification(500, n_features=20, n_informative=8, n_classes=3, flip_y=0.1, random_state=3)
    yield "20 features", halves(x, y * 7 - 9)
    x = rng.randint(0, 4, (400, 3)).astype(float)
    yield "ties and duplicates", halves(x, (x.sum(axis=1) + rng.randint(0, 3, 400)).astype(int) // 3)
    x = rng.normal(size=(300, 3)) * [1e-3, 1, 1e2]
    yield "features of unequal size", halves(x, (x[:, 0] * 1e3 + x[:, 1] + rng.normal(size=300) > 0).astype(int))
    x = np.column_stack([rng.normal(size=200), np.zeros(200), np.ones(200)])
    yield "constant features", halves(x, (x[:, 0] > 0.3).astype(int) + (x[:, 0] > 1).astype(int))
    yield "two rows", (np.array([[0.0, 1.0], [1.0, 0.5]]), np.array([4, 2]), np.array([[0.2, 0.8], [0.5, 0.75]]))


LINEAR = [{}, {"C": 0.01}, {"C": 30.0, "tol": 1e-6}, {"fit_intercept": False}, {"intercept_scaling": 5.0}]
KERNEL = [
    {},
    {"C": 20.0, "gamma": "auto"},
    {"kernel": "linear"},
    {"kernel": "poly", "coef0": 1.0},
    {"kernel": "sigmoid", "gamma": 0.05},
    {"gamma": 2.0, "tol": 1e-5},
    {"shrinking": False},
    {"cache_size": 0.01, "C": 5.0},
    {"max_iter": 40},
]


def main():
    cases = []
    for number, (name, (x, y, test)) in enumerate(sets()):
        data = {"name": name, "x": x.ravel().tolist(), "cols": x.shape[1], "y": y.tolist(), "test": test.ravel().tolist(), "linear": [], "svc": []}
        for params in LINEAR:
            m = LinearSVC(**params, dual=False).fit(x, y)
            data["linear"].append({
                "params": params, "decision": m.decision_function(test).ravel().tolist(), "labels": m.predict(test).tolist(), "iterations": m.n_iter_,
            })
        # Every set sees the defaults, and the other parameters in turn; the wine sees all of them.
        for params in KERNEL if number == 0 else [KERNEL[0]] + [p for i, p in enumerate(KERNEL[1:]) if (i + number) % 3 == 0]:
            m = SVC(**params).fit(x, y)
            ovo = SVC(**params, decision_function_shape="ovo").fit(x, y)
            data["svc"].append({
                "params": params, "decision": m.decision_function(test).ravel().tolist(), "pairwise": ovo.decision_function(test).ravel().tolist(),
                "labels": m.predict(test).tolist(), "iterations": m.n_iter_.tolist(), "support": m.support_.tolist(),
                "counts": m.n_support_.tolist(), "gamma": float(m._gamma),
            })
        cases.append(data)
    json.dump(cases, sys.stdout)


main()
