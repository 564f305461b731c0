"""Scores columns with the real Evidently: evidently_drift.py <manifest.json> prints one JSON object with "preset" and "cases".

"preset" are the metrics of DataDriftPreset on the first rows of a table against the others. A case names its two sides as files of raw float64 or int64 (little endian), or holds them as lists of strings. "auto" is what Evidently
decides by itself; "scores" is what every method that fits the kind gives on the cleaned columns.
"""

import json
import sys
import warnings

import numpy as np
import pandas as pd
from evidently import Report
from evidently.core.datasets import infer_column_type
from evidently.legacy.calculations.data_drift import get_one_column_drift
from evidently.legacy.calculations.stattests.registry import get_registered_stattest
from evidently.legacy.core import ColumnType
from evidently.legacy.metric_results import DatasetColumns, DatasetUtilityColumns
from evidently.legacy.options.data_drift import DataDriftOptions
from evidently.presets import DataDriftPreset

METHODS = ["ks", "wasserstein", "chisquare", "z", "jensenshannon", "psi", "kl_div"]


def side(spec):
    if spec["type"] == "str":
        return pd.Series(spec["values"], dtype=object)
    return pd.Series(np.fromfile(spec["file"], dtype={"float": "<f8", "int": "<i8"}[spec["type"]]))


def column_drift(reference, current, kind):
    names = {ColumnType.Numerical: "num_feature_names", ColumnType.Categorical: "cat_feature_names"}
    features = {name: ["x"] if of == kind else [] for of, name in names.items()}
    columns = DatasetColumns(
        utility_columns=DatasetUtilityColumns(date=None, id=None, target=None, prediction=None),
        target_type=None, task=None, text_feature_names=[], datetime_feature_names=[], target_names=None, **features,
    )
    return get_one_column_drift(
        current_data=pd.DataFrame({"x": current}), reference_data=pd.DataFrame({"x": reference}), column_name="x",
        options=DataDriftOptions(), dataset_columns=columns, column_type=kind, agg_data=True,
    )


def run(case):
    reference, current = side(case["reference"]), side(case["current"])
    kind = ColumnType(case["kind"]) if case["kind"] != "auto" else infer_column_type(current)
    drift = column_drift(reference, current, kind)
    result = {
        "name": case["name"], "kind": kind.value, "method": drift.stattest_name, "score": float(drift.drift_score),
        "threshold": drift.stattest_threshold, "drifted": bool(drift.drift_detected), "scores": {},
    }
    clean = [s.replace([-np.inf, np.inf], np.nan).dropna() for s in (reference, current)]
    for method in METHODS:
        try:
            test = get_registered_stattest(method, kind)
        except ValueError:  # not for this kind
            continue
        result["scores"][method] = float(test(clean[0], clean[1], kind, None).drift_score)
    return result


def preset(table, rows):
    table = pd.read_csv(table)
    snapshot = Report([DataDriftPreset()]).run(table.iloc[rows:], table.iloc[:rows])
    return [{"config": m["config"], "value": m["value"]} for m in snapshot.dict()["metrics"]]


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    with open(sys.argv[1]) as f:
        manifest = json.load(f)
    answer = {"preset": preset(manifest["table"], manifest["rows"]), "cases": [run(case) for case in manifest["cases"]]}
    print(json.dumps(answer))
