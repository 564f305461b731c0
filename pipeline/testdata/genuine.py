"""Compares pipelines that Go wrote in skops format with those that scikit-learn fits (versions: stack/requirements/mlflow.txt).

genuine.py CSV CASES.json   CASES is a list of {"file", "target", "features", "params"}; prints a JSON list, for each case the
                            list of what differs
"""
import json
import pickle
import sys

import numpy as np
import pandas as pd
import skops.io
from sklearn import set_config
from sklearn.base import clone
from sklearn.ensemble import RandomForestClassifier
from sklearn.model_selection import train_test_split
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

TRUSTED = ["sklearn.tree._tree.Tree"]
table = pd.read_csv(sys.argv[1])


def compare(path, got, want, out):
    """Appends where two objects differ, in type or in any bit, in all that they are made of."""
    if type(got) is not type(want):
        out.append(f"{path}: {type(got)} {got!r:.60}, want {type(want)} {want!r:.60}")
    elif isinstance(want, np.ndarray):
        same = got.dtype == want.dtype and got.shape == want.shape and (
            got.tolist() == want.tolist() if want.dtype == object else
            all((got[n] == want[n]).all() for n in want.dtype.names) if want.dtype.names else got.tobytes() == want.tobytes())
        if not same:
            out.append(f"{path}: {got!r:.80}, want {want!r:.80}")
    elif isinstance(want, (list, tuple)):
        if len(got) != len(want):
            out.append(f"{path}: {len(got)} items, want {len(want)}")
        for i, (g, w) in enumerate(zip(got, want)):
            compare(f"{path}[{i}]", g, w, out)
    elif isinstance(want, dict):
        if set(got) != set(want) or {type(k) for k in got} != {type(k) for k in want}:
            out.append(f"{path}: keys {sorted(set(got) ^ set(want), key=str)}")
        for k in want:
            if k in got:
                compare(f"{path}.{k}", got[k], want[k], out)
    elif hasattr(want, "__getstate__") and not isinstance(want, (str, int, float, bool, np.generic, type(None))):
        compare(path, got.__getstate__(), want.__getstate__(), out)
    elif got != want:
        out.append(f"{path}: {got!r}, want {want!r}")


def differences(case):
    out = []
    x, y = table[case["features"]], table[case["target"]]
    train_x, test_x, train_y, _ = train_test_split(x, y, test_size=0.25, random_state=0)
    params = eval(case["params"], {"__builtins__": {"dict": dict}})
    want = make_pipeline(StandardScaler(), RandomForestClassifier(**params)).fit(train_x, train_y)
    if skops.io.get_untrusted_types(file=case["file"]) != TRUSTED:
        out.append(f"untrusted {skops.io.get_untrusted_types(file=case['file'])}")
    got = skops.io.load(case["file"], trusted=TRUSTED)
    assert type(got) is Pipeline
    compare("loaded", got, want, out)
    compare("get_params", {k: v for k, v in got[-1].get_params().items()}, want[-1].get_params(), out)
    compare("pickled", pickle.loads(pickle.dumps(got)), want, out)
    compare("cloned and fitted again", clone(got).fit(train_x, train_y), want, out)
    for name in "predict", "predict_proba", "predict_log_proba":
        compare(name, getattr(got, name)(test_x), getattr(want, name)(test_x), out)
    for name in "feature_names_in_", "n_features_in_", "classes_":
        compare(name, getattr(got, name), getattr(want, name), out)
    compare("feature_importances_", got[-1].feature_importances_, want[-1].feature_importances_, out)
    compare("decision_path", got[-1].decision_path(got[0].transform(test_x))[0].toarray(), want[-1].decision_path(want[0].transform(test_x))[0].toarray(), out)
    if want[-1].bootstrap:
        compare("estimators_samples_", got[-1].estimators_samples_, want[-1].estimators_samples_, out)
    if "</" not in got._repr_html_() or len(got._repr_html_()) < 0.9 * len(want._repr_html_()):
        out.append("it cannot be displayed")
    more = params | {"n_estimators": params["n_estimators"] + 2}
    if params.get("class_weight") is None:  # scikit-learn warns that weights by rule do not go with a warm start
        grown = got.set_params(randomforestclassifier__warm_start=True, randomforestclassifier__n_estimators=more["n_estimators"])
        compare("grown", grown.fit(train_x, train_y).predict_proba(test_x),
                make_pipeline(StandardScaler(), RandomForestClassifier(**more)).fit(train_x, train_y).predict_proba(test_x), out)
    return out[:8]


set_config(display="diagram")
print(json.dumps([differences(case) for case in json.load(open(sys.argv[2]))]))
