"""Runs StandardScaler and train_test_split for prepare_test.go.

usage: prepare.py output

The output holds sections as train.py writes them: the number of scaler cases; for each its shape, data, mean_, var_,
scale_ and the transformed data; the number of splits; for each n and seed, test_size, train and test indices.
"""

import sys

import numpy as np
import pandas as pd
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler


def tables():
    rng = np.random.default_rng(3)
    for rows in (1, 2, 7, 8, 9, 127, 128, 129, 1000, 1199, 4099):
        x = rng.normal(size=(rows, 5)) * np.array([1, 1e-8, 1e12, 3, 1e-3]) + np.array([0, 5, 1e13, 1e6, 0])
        x[:, 3] = 0.1
        yield x
    yield np.full((50, 2), 1e8 / 3) + np.array([0, 1e-9]) * rng.normal(size=(50, 2))
    yield rng.normal(size=(300, 1))
    yield np.array([[0.0, -0.0], [-0.0, -0.0], [0.0, 5e-324]])


def main(path):
    with open(path, "wb") as out:

        def put(a):
            a = np.ascontiguousarray(a)
            a = a.astype("<f8" if a.dtype.kind == "f" else "<i8").ravel()
            out.write(np.int64(a.size).tobytes() + a.tobytes())

        cases = list(tables())
        put([len(cases)])
        for x in cases:
            frame = pd.DataFrame({f"c{i}": x[:, i] for i in range(x.shape[1])})
            scaler = StandardScaler().fit(frame)
            for a in (x.shape, x, scaler.mean_, scaler.var_, scaler.scale_, scaler.transform(frame)):
                put(np.asarray(a))
        splits = [(n, t, s) for n in (2, 3, 10, 255, 256, 257, 1599) for t in (0.25, 0.1, 0.5) for s in (0, 1, 2**32 - 1)]
        put([len(splits)])
        for n, test_size, seed in splits:
            train, test = train_test_split(np.arange(n), test_size=test_size, random_state=seed)
            put([n, seed])
            put([test_size])
            put(train)
            put(test)


main(*sys.argv[1:])
