"""Times scipy's statistics: scipy_times.py <reference.bin> <current.bin> <rows>… prints {"ks 1000": seconds, …}, the best of three runs."""

import json
import sys
import time

import numpy as np
from scipy.spatial.distance import jensenshannon
from scipy.stats import ks_2samp, wasserstein_distance


def wasserstein(reference, current):
    return wasserstein_distance(reference, current) / np.std(reference)


def js(reference, current):
    edges = np.histogram_bin_edges(np.concatenate([reference, current]), bins="sturges")
    return jensenshannon(*(np.histogram(side, edges)[0] / len(side) for side in (reference, current)))


def best(work, reference, current):
    seconds = []
    for _ in range(3):
        start = time.perf_counter()
        work(reference, current)
        seconds.append(time.perf_counter() - start)
    return min(seconds)


if __name__ == "__main__":
    sides = [np.fromfile(file) for file in sys.argv[1:3]]
    times = {}
    for rows in map(int, sys.argv[3:]):
        reference, current = (side[:rows] for side in sides)
        for name, work in {"ks": lambda a, b: ks_2samp(a, b), "wasserstein": wasserstein, "jensenshannon": js}.items():
            times[f"{name} {rows}"] = best(work, reference, current)
    print(json.dumps(times))
