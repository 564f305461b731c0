"""Print what numpy and Python's math compute for numpy_test.go and libm_test.go, one JSON document of hex floats.

Usage: numpy_facts.py {argsort|sums|random|libm}. NPY_DISABLE_CPU_FEATURES decides how numpy sorts; the first line names
the order in force.
"""
import json
import math
import sys

import numpy as np
from numpy._core._multiarray_umath import __cpu_features__ as has


def texts(a):
    return [float(v).hex() for v in a]


def killer(n):
    """An order that makes quicksort with the median of three degenerate (Musser 1997)."""
    k = n // 2
    out = [0] * n
    for i in range(k):
        out[i] = i + 1 if i % 2 == 0 else k + i + 1 - (k % 2)
        out[k + i] = 2 * (i + 1)
    return [float(v) for v in out]


def argsort():
    r = np.random.RandomState(1)
    keys = [killer(n) for n in (64, 400, 3000)]
    for n in list(range(1, 300)) + [300, 400, 511, 512, 513, 700, 1000, 1500, 2000, 5000]:
        keys += [r.randint(0, m, n).astype(float) for m in (2, 5, 40, 10**9)]
        keys.append(r.randint(0, 4, n) * (r.rand(n) < 0.2) * 1.0)  # mostly the smallest
    return [dict(keys=[float(v) for v in k], order=np.argsort(np.array(k)).tolist()) for k in keys]


def sums():
    r = np.random.RandomState(2)
    arrays = [r.uniform(0, 1, n) * 10.0 ** r.randint(-8, 8, n) for n in list(range(1, 300)) + [1000, 1001, 4099]]
    return [dict(terms=texts(a), sum=float(a.sum()).hex()) for a in arrays]


def random():
    out = []
    for seed in (0, 1, 42, 2**32 - 1):
        r = np.random.RandomState(seed)
        out.append(dict(seed=seed, doubles=texts(r.random_sample(700)), uniform=texts(r.uniform(-3.5, 7.25, 5))))
    return out


def libm():
    r = np.random.RandomState(3)
    n = 20000
    out = {}
    points = dict(
        exp=[r.uniform(-5, 0, n), r.uniform(-745, 709, n)],
        log=[np.exp(r.uniform(-700, 700, n)), r.uniform(0, 2, n), 1 + r.uniform(-0.01, 0.01, n)],
        log1p=[-np.exp(r.uniform(-40, 0, n)), r.uniform(-1, 5, n)],
        expm1=[r.uniform(-6, 6, n), r.uniform(-50, 100, n), np.exp(r.uniform(-60, 0, n))],
        erf=[r.uniform(-7, 7, n)],
        erfc=[r.uniform(-7, 27, n)],
    )
    for name, arrays in points.items():
        x = np.concatenate(arrays)
        out[name] = dict(x=texts(x), y=texts(getattr(math, name)(v) for v in x))
    return out


if __name__ == "__main__":
    print("x86-avx512" if has.get("X86_V4") else "x86-simd" if has.get("X86_V3") else "baseline")
    print(json.dumps(globals()[sys.argv[1]]()))
