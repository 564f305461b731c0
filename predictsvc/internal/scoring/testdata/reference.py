"""What MLflow's scoring server makes of bodies: reads lines of JSON from standard input and writes a line for each.

The first line is the models' signatures: {"inputs": "<JSON of the schema>", "params": "<JSON or null>"} each. Every other line is a body:
{"model": <number>, "content_type": …, "body": <base64>}. The answer has the status, error_code, and on success the rows of numbers that
the model's predict would have been given, null for NaN, with the signature's columns in their order.

Versions: mlflow 3.17.2, pandas 3.1.1, numpy 2.4.6 (stack/requirements/mlflow.txt).
"""

import base64
import json
import logging
import sys
import warnings

warnings.filterwarnings("ignore")
logging.disable(logging.CRITICAL)

import numpy as np
import pandas as pd
from mlflow.exceptions import MlflowException
from mlflow.models import Model, ModelSignature
from mlflow.pyfunc import PyFuncModel
from mlflow.pyfunc.scoring_server import invocations


class Impl:
    """A model that keeps what it is given."""

    def __init__(self, names):
        self.names, self.rows = names, None

    def predict(self, data, params=None):
        if isinstance(data, dict):
            data = next(iter(data.values()))
        if isinstance(data, pd.DataFrame):
            data = data.reindex(columns=self.names)
            data = np.column_stack([data[n].astype("float64") for n in self.names]) if len(data) else np.empty((0, len(self.names)))
        self.rows = np.asarray(data, dtype="float64")
        return np.zeros(len(self.rows))


def load(spec):
    signature = ModelSignature.from_dict({"inputs": spec["inputs"], "params": spec["params"]})
    meta = Model()
    meta.signature = signature
    meta.flavors = {"python_function": {"loader_module": "reference", "python_version": "3.11.7", "env": "conda.yaml"}}
    impl = Impl(signature.inputs.input_names())
    return PyFuncModel(model_meta=meta, model_impl=impl), impl


def answer(model, impl, request):
    impl.rows = None
    try:
        got = invocations(base64.b64decode(request["body"]), request["content_type"] or None, model, model.metadata.get_input_schema())
    except MlflowException as e:
        return {"status": e.get_http_status_code(), "code": e.error_code, "message": e.message[-300:]}
    except Exception as e:  # which the web server answers with 500
        return {"status": 500, "code": type(e).__name__, "message": str(e)[:300]}
    if impl.rows is None:
        return {"status": got.status, "code": "", "message": got.response[:300]}
    rows = [[None if np.isnan(v) else ("inf" if np.isinf(v) else v) for v in row] for row in impl.rows.tolist()]
    return {"status": got.status, "rows": rows}


models = [load(spec) for spec in json.loads(sys.stdin.readline())]
for line in sys.stdin:
    request = json.loads(line)
    model, impl = models[request["model"]]
    print(json.dumps(answer(model, impl, request)))
