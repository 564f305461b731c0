"""Compares files that Go wrote with those of numpy.save (versions: stack/requirements/mlflow.txt).

arrays.py < JSON   an object of Python expression → file in base64; prints what differs, or how many are the same
"""
import base64
import io
import json
import sys

import numpy as np
from sklearn.tree._tree import NODE_DTYPE


def nodes(rows):
    array = np.zeros(len(rows), dtype=NODE_DTYPE)
    for i, row in enumerate(rows):
        for name, value in zip(NODE_DTYPE.names, row):
            array[name][i] = value
    return array


given = json.load(sys.stdin)
for expression, data in given.items():
    want, got = io.BytesIO(), base64.b64decode(data)
    np.save(want, eval(expression), allow_pickle=False)
    if got != want.getvalue():
        sys.exit(f"{expression}\ngot  {got!r}\nwant {want.getvalue()!r}")
print(len(given), "arrays are the same")
