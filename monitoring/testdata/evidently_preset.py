"""Prints, as JSON, what Evidently's DataDriftPreset says about pairs of tables: evidently_preset.py reference.csv current.csv [reference.csv current.csv …].

For every pair a list of {"config", "value"}, as Evidently itself writes its metrics. Versions: stack/requirements/evidently.txt.
"""

import json
import sys
import warnings

import pandas as pd
from evidently import Report
from evidently.presets import DataDriftPreset


def metrics(reference, current):
    snapshot = Report([DataDriftPreset()]).run(pd.read_csv(current), pd.read_csv(reference))
    return [{"config": m["config"], "value": m["value"]} for m in snapshot.dict()["metrics"]]


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    files = sys.argv[1:]
    print(json.dumps([metrics(*pair) for pair in zip(files[::2], files[1::2], strict=True)]))
