"""scikit-learn's side of the forest benchmark: makes the data, then fits and predicts on command.

usage: original.py data wine.csv folder     writes <case>.bin for each case
       original.py serve folder jobs        reads "fit case trees" or "predict case" lines, answers with seconds of
                                            wall time and of processor time
       original.py memory folder jobs case trees    fits and predicts once, prints the peak memory in kB
"""

import sys
import time

import numpy as np

WINE_FEATURES = ["volatile acidity", "citric acid", "sulphates", "alcohol"]


def wine(path):
    import pandas as pd
    from sklearn.model_selection import train_test_split
    from sklearn.preprocessing import StandardScaler

    table = pd.read_csv(path)
    train, test, y, _ = train_test_split(table[WINE_FEATURES], table["quality"], test_size=0.25, random_state=0)
    scaler = StandardScaler().fit(train)
    return scaler.transform(train), y.to_numpy(), scaler.transform(test)


def made(rows, queries):
    from sklearn.datasets import make_classification

    x, y = make_classification(n_samples=rows + queries, n_features=20, n_informative=10, random_state=0)
    return x[:rows], y[:rows], x[rows:]


def write_data(csv, folder):
    cases = {"wine": wine(csv), "10k": made(10_000, 10_000), "100k": made(100_000, 25_000), "tiny": made(300, 100)}
    for name, (x, y, query) in cases.items():
        with open(f"{folder}/{name}.bin", "wb") as out:
            out.write(np.array([x.shape[0], x.shape[1], query.shape[0]], "<i8").tobytes())
            for part in (x, y, query):
                out.write(np.ascontiguousarray(part, "<f8").tobytes())


def load(folder, name):
    with open(f"{folder}/{name}.bin", "rb") as f:
        rows, cols, queries = np.frombuffer(f.read(24), "<i8")
        values = np.frombuffer(f.read(), "<f8")
    x = values[: rows * cols].reshape(rows, cols)
    y = values[rows * cols : rows * cols + rows].astype(int)
    return x, y, values[rows * cols + rows :].reshape(queries, cols)


def fit(data, trees, jobs):
    from sklearn.ensemble import RandomForestClassifier

    return RandomForestClassifier(trees, random_state=0, n_jobs=jobs).fit(data[0], data[1])


def serve(folder, jobs):
    data, forests = {}, {}
    for line in sys.stdin:
        command, name, *rest = line.split()
        if name not in data:
            data[name] = load(folder, name)
        start, busy = time.perf_counter(), time.process_time()
        if command == "fit":
            forests[name] = fit(data[name], int(rest[0]), jobs)
        else:
            labels = forests[name].predict(data[name][2])
        seconds, busy = time.perf_counter() - start, time.process_time() - busy
        if command == "predict":
            with open(f"{folder}/{name}.labels", "wb") as out:
                out.write(labels.astype("<i8").tobytes())
        print(seconds, busy, flush=True)


def memory(folder, jobs, name, trees):
    data = load(folder, name)
    fit(data, trees, jobs).predict(data[2])
    with open("/proc/self/status") as status:
        print(next(line.split()[1] for line in status if line.startswith("VmHWM")))


match sys.argv[1:]:
    case ["data", csv, folder]:
        write_data(csv, folder)
    case ["serve", folder, jobs]:
        serve(folder, int(jobs))
    case ["memory", folder, jobs, name, trees]:
        memory(folder, int(jobs), name, int(trees))
    case _:
        sys.exit(__doc__)
