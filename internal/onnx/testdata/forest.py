"""The scikit-learn and onnxruntime side of the tests of internal/onnx (versions: stack/requirements/mlflow.txt).

forest.py train DIR WINE.csv SPEC...    trains forests TREES-LABELS-SCALED; in DIR/SPEC writes the arrays, 20,000 rows,
                                        labels and probabilities
forest.py convert DIR WINE.csv SPEC...  also writes skl2onnx's own exports skl_*.onnx
forest.py run MODEL.onnx...             checks models with onnx.checker, runs them on the rows beside them
forest.py time MODEL.onnx               times onnxruntime: one row a call, and batches, on one thread and all
"""
import json
import sys
import time
from pathlib import Path

import numpy as np

FEATURES = ["volatile acidity", "citric acid", "sulphates", "alcohol"]


def labels_of(kind, quality):
    return {
        "int": quality,
        "string": np.array([f"quality {q}" for q in quality]),
        "two": (quality > 5).astype(np.int64),
        "one": np.zeros(len(quality), np.int64),
    }[kind]


def grid(x, thresholds, rng, n):
    """Rows whose values are data values, midpoints of neighbouring ones, and values next to thresholds."""
    columns = []
    for j in range(x.shape[1]):
        u = np.unique(x[:, j])
        pool = np.concatenate([u, (u[1:] + u[:-1]) / 2, thresholds[j], np.nextafter(thresholds[j], np.inf)])
        columns.append(rng.choice(pool, n))
    return np.stack(columns, axis=1)


def train(out, csv, trees, kind, scaled):
    trees, scaled = int(trees), scaled == "scaled"
    out.mkdir(exist_ok=True)
    import pandas as pd
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    frame = pd.read_csv(csv, sep=None, engine="python")
    x, y = frame[FEATURES].to_numpy(np.float64), labels_of(kind, frame["quality"].to_numpy(np.int64))
    forest = RandomForestClassifier(trees, min_samples_leaf=2 if trees == 50 else 1, random_state=0, n_jobs=1)
    scaler = StandardScaler(with_mean=scaled, with_std=scaled)
    model = make_pipeline(scaler, forest).fit(x[::2], y[::2])

    parts = [e.tree_ for e in forest.estimators_]
    join = lambda name: np.concatenate([getattr(t, name) for t in parts])
    mean = scaler.mean_ if scaled else np.zeros(4)
    scale = scaler.scale_ if scaled else np.ones(4)
    feature, threshold = join("feature"), join("threshold")
    hit = [threshold[feature == j][:500] * scale[j] + mean[j] for j in range(4)]
    rows = np.concatenate([x, grid(x, hit, np.random.default_rng(1), 20000 - len(x))])
    proba = model.predict_proba(rows)
    classes = [c.item() if hasattr(c, "item") else c for c in forest.classes_]
    label = np.searchsorted(forest.classes_, model.predict(rows))

    save = lambda name, a, t: np.ascontiguousarray(a, t).tofile(out / name)
    save("counts.bin", [t.node_count for t in parts], np.int64)
    save("left.bin", join("children_left"), np.int64)
    save("right.bin", join("children_right"), np.int64)
    save("feature.bin", feature, np.int64)
    save("threshold.bin", threshold, np.float64)
    save("values.bin", np.concatenate([t.value[:, 0, :] for t in parts]), np.float64)
    save("rows.bin", rows, np.float64)
    save("label.bin", label, np.int64)
    save("proba.bin", proba, np.float64)
    meta = {"classes": classes, "mean": list(mean), "scale": list(scale), "scaled": scaled}
    (out / "meta.json").write_text(json.dumps(meta))
    return model, x


def convert(out, *args):
    from skl2onnx import to_onnx

    model, x = train(out, *args)
    for name, sample in (("f32", x[:1].astype(np.float32)), ("f64", x[:1])):
        (out / f"skl_{name}_map.onnx").write_bytes(to_onnx(model, sample).SerializeToString())
        plain = to_onnx(model, sample, options={id(model): {"zipmap": False}})
        (out / f"skl_{name}.onnx").write_bytes(plain.SerializeToString())


def session(path, threads=0):
    import onnxruntime as rt

    options = rt.SessionOptions()
    options.intra_op_num_threads = threads
    return rt.InferenceSession(path, options, providers=["CPUExecutionProvider"])


def feed(s, rows):
    first = s.get_inputs()[0]
    return {first.name: rows.astype(np.float32 if first.type == "tensor(float)" else np.float64)}


def run(path):
    import onnx

    onnx.checker.check_model(onnx.load(path), full_check=True)
    rows = np.fromfile(path.parent / "rows.bin").reshape(-1, 4)
    s = session(path, 1)
    for i, (o, v) in enumerate(zip(s.get_outputs(), s.run(None, feed(s, rows)))):
        if isinstance(v, list):
            v = np.array([list(m.values()) for m in v], np.float32)
        out = path.with_name(f"{path.stem}_{i}")
        if v.dtype == object:
            out.write_text(json.dumps(v.tolist()))
        else:
            v.tofile(out)


def best(f, least):
    took = []
    end = time.perf_counter() + least
    while time.perf_counter() < end or len(took) < 3:
        t = time.perf_counter()
        f()
        took.append(time.perf_counter() - t)
    return sorted(took)[len(took) // 2]


def clock(path):
    rows = np.fromfile(path.parent / "rows.bin").reshape(-1, 4)[:4096]
    result = {}
    for name, threads in (("one", 1), ("all", 0)):
        s = session(path, threads)
        single = [feed(s, rows[i : i + 1]) for i in range(512)]
        whole = feed(s, rows)
        names = [o.name for o in s.get_outputs()]
        s.run(names, whole)
        result[f"row_{name}"] = best(lambda: [s.run(names, r) for r in single], 2) / len(single) * 1e9
        result[f"batch_{name}"] = best(lambda: s.run(names, whole), 2) / len(rows) * 1e9
    print(json.dumps(result))


if __name__ == "__main__":
    mode, args = sys.argv[1], [Path(a) for a in sys.argv[2:]]
    if mode in ("train", "convert"):
        for spec in args[2:]:
            (train if mode == "train" else convert)(args[0] / spec, args[1], *spec.name.split("-"))
    else:
        for path in args:
            (run if mode == "run" else clock)(path)
