"""Scores rows with scikit-learn's IsolationForest: isolation_forest.py <manifest.json>, a list of cases in, a list of answers out.

A case has its reference and current rows as files of raw float64, row by row, "width", and the parameters of the forest. "scores" are the
means over "seeds" forests, so that noise does not hide a difference; "all" are the scores of each; "fit" and "score" are seconds.
"""

import json
import sys
import time

import numpy as np
from sklearn.ensemble import IsolationForest


def run(case):
    reference, current = (np.fromfile(case[side]).reshape(-1, case["width"]) for side in ("reference", "current"))
    answer = {"all": [], "offsets": [], "outliers": [], "fit": 0.0, "score": 0.0}
    for seed in range(case["seeds"]):
        forest = IsolationForest(
            n_estimators=case["trees"], max_samples=case["subsample"], contamination=case["contamination"] or "auto", random_state=seed
        )
        start = time.perf_counter()
        forest.fit(reference)
        fitted = time.perf_counter()
        answer["all"].append(forest.score_samples(current).tolist())
        answer["fit"] += fitted - start
        answer["score"] += time.perf_counter() - fitted
        answer["offsets"].append(float(forest.offset_))
        answer["outliers"].append(int((forest.predict(reference) == -1).sum()))
    answer["scores"] = np.mean(answer["all"], axis=0).tolist()
    return answer


if __name__ == "__main__":
    with open(sys.argv[1]) as f:
        print(json.dumps([run(case) for case in json.load(f)]))
