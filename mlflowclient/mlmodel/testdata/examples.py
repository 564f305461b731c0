"""Writes input examples and a signature as the real MLflow does, and reads those that Go wrote (versions:
stack/requirements/mlflow.txt).

examples.py GO PYTHON   GO holds a folder with an MLmodel for each example; the same are written below PYTHON. Prints a JSON
                        list of what Go's hold that differs from what MLflow was given
"""
import datetime
import json
import sys
import warnings
from pathlib import Path

warnings.simplefilter("ignore")

import numpy as np
import pandas as pd
from mlflow.models import Model, ModelSignature
from mlflow.models.utils import _Example
from mlflow.types.schema import AnyType, Array, ColSpec, Map, Object, ParamSchema, ParamSpec, Property, Schema, SparkMLVector, TensorSpec
from scipy.sparse import csc_matrix, csr_matrix

GO, PYTHON = Path(sys.argv[1]), Path(sys.argv[2])
sparse = ([1.5, 2.0, -3.25], [0, 2, 1], [0, 2, 2, 3])
EXAMPLES = {
    "table": pd.DataFrame({"a b": [0.7, 1.0], "ü": ["x", None], "n": [1, 2]}),
    "positions": pd.DataFrame([[1.5, 2.0], [3.0, 4.25]]),
    "array": np.array([[1.5, 2.0], [np.nan, 1e-7]]),
    "integers": np.array([[[1, 2], [3, 4]]]),
    "booleans": np.array([True, False]),
    "texts": np.array(["a", "ü"]),
    "tensors": {"first": np.array([[1.0, 2.0]]), "second": np.array([3, 4])},
    "dict": {"question": "what", "list": [1, 2.5, None, True], "nested": {"k": ["v"]}},
    "chat": {"messages": [{"role": "user", "content": "hello"}]},
    "list": ["one", "two"],
    "dicts": [{"a": 1}, {"a": 2}],
    "scalar": "a text",
    "number": 3,
    "bytes": b"\x00\xff" * 60,
    "csr": csr_matrix(sparse, shape=(3, 4)),
    "csc": csc_matrix(sparse, shape=(4, 3)),
    "array with params": (np.array([1.0, 2.0]), {"temperature": 0.5, "stop": ["a"]}),
    "table with params": (pd.DataFrame({"a": [1.0]}), {"n": 3}),
    "chat with params": ({"prompt": "p"}, {"n": 3}),
}
columns = [ColSpec(t, f"c_{t}") for t in ("boolean", "integer", "long", "float", "double", "string", "binary", "datetime")]
columns += [
    ColSpec(Array("string"), "array", required=False),
    ColSpec(Object([Property("b", "long", required=False), Property("a", Array(Object([Property("z", "double")])))]), "object"),
    ColSpec(Map("double"), "map"), ColSpec(AnyType(), "any"), ColSpec(Map(Array("long")), "nested"), ColSpec(SparkMLVector(), "vector"),
    ColSpec("string", 'name "quoted" ü 😀', required=False),
]
params = ParamSchema([
    ParamSpec("temperature", "double", 0.5), ParamSpec("stop", "string", ["a", "b"], (-1,)),
    ParamSpec("when", "datetime", datetime.datetime(2024, 1, 2, 3, 4, 5)), ParamSpec("n", "long", 3),
    ParamSpec("object", Object([Property("k", "string")]), {"k": "v"}), ParamSpec("none", "string", None),
    ParamSpec("flag", "boolean", True), ParamSpec("inf", "double", float("inf")), ParamSpec("small", "double", 1e-10),
])
SIGNATURES = {
    "columns": ModelSignature(Schema(columns), Schema([ColSpec("double")]), params),
    "named tensors": ModelSignature(Schema([
        TensorSpec(np.dtype("int64"), (-1, 28, 28), "img"), TensorSpec(np.dtype("str"), (-1,), "txt"), TensorSpec(np.dtype("datetime64[ns]"), (-1,), "t"),
    ]), Schema([TensorSpec(np.dtype("float32"), (-1, 3))])),
    "inputs only": ModelSignature(Schema([ColSpec("long"), ColSpec("string")])),
}


def same(got, want):
    if isinstance(want, pd.DataFrame):
        return want.reset_index(drop=True).astype(object).where(want.notnull(), None).equals(got.astype(object).where(got.notnull(), None))
    if isinstance(want, (csr_matrix, csc_matrix)):
        return type(got) is type(want) and (got != want).nnz == 0 and got.shape == want.shape
    if isinstance(want, np.ndarray):
        return isinstance(got, np.ndarray) and got.shape == want.shape and json.dumps(got.tolist()).replace("null", "NaN") == json.dumps(want.tolist())
    if isinstance(want, dict) and want and all(isinstance(v, np.ndarray) for v in want.values()):
        return set(got) == set(want) and all(same(got[k], want[k]) for k in want)
    if isinstance(want, bytes):
        import base64
        return base64.decodebytes(got.encode()) == want
    return type(got) is type(want) and got == want


different = []
for name, value in EXAMPLES.items():
    folder = PYTHON / name
    folder.mkdir(parents=True)
    example = _Example(value)
    example.save(folder)
    model = Model(model_uuid="u", utc_time_created="t")
    model.saved_input_example_info = example.info
    model.add_flavor("python_function", loader_module="m")
    model.save(folder / "MLmodel")
    go = Model.load(GO / name)
    want, want_params = value if isinstance(value, tuple) else (value, None)
    got, got_params = go.load_input_example(str(GO / name)), go.load_input_example_params(str(GO / name))
    if not same(got, want) or got_params != want_params:
        different.append(f"{name}: {got!r} with {got_params}")
for name, signature in SIGNATURES.items():
    go = Model.load(GO / name).signature
    if go != signature or go.to_dict() != signature.to_dict():
        different.append(f"{name}: {go.to_dict()}, want {signature.to_dict()}")
print(json.dumps(different))
