"""Prints the operations of MLflow's server on models as JSON: [[method, path], …]; see TestEveryModelOperation."""

import json
import sys

OUT, sys.stdout = sys.stdout, sys.stderr

from mlflow.server.handlers import get_endpoints  # noqa: E402  what it prints must not get into the answer

KINDS = ("/api/2.0/mlflow/logged-models", "/api/2.0/mlflow/registered-models/", "/api/2.0/mlflow/model-versions/")

json.dump(sorted({(m, path) for path, _, methods in get_endpoints() for m in methods if path.startswith(KINDS)}), OUT)
