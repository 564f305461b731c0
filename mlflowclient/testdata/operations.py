"""Prints all operations of MLflow's server as JSON: [[method, path], …], path variables as <name>; see operations_test.go.

They are the routes of the two web frameworks that share the port, with the auth app's (--app-name basic-auth): those of the installed package,
which a server of it offers. No server tells them: the test compares its version.
"""

import json
import os
import re
import sys
from unittest import mock

OUT, sys.stdout = sys.stdout, sys.stderr
os.environ["MLFLOW_FLASK_SERVER_SECRET_KEY"] = "only to list the routes"
os.environ["_MLFLOW_SGI_NAME"] = "uvicorn"

from mlflow.server import app as flask_app, auth  # noqa: E402  what it prints must not get into the answer

with mock.patch.object(auth, "_init_store_for_app"):  # its database has nothing to do with the routes
    fast_app = auth.create_app(flask_app)


def fast(routes, prefix=""):
    for route in routes:
        if context := getattr(route, "include_context", None):
            yield from fast(route.original_router.routes, prefix + context.prefix)
        elif methods := getattr(route, "methods", None):
            yield from ((method, re.sub(r"{(\w+)(:\w+)?}", r"<\1>", prefix + route.path)) for method in methods)


flask = ((method, re.sub(r"<\w+:(\w+)>", r"<\1>", rule.rule)) for rule in flask_app.url_map.iter_rules() for method in rule.methods)
found = {op for source in (fast(fast_app.routes), flask) for op in source if op[0] not in ("HEAD", "OPTIONS")}
# The user interface's paths are nearly all the same operations again.
twins = {(method, path.replace("/api/", "/ajax-api/", 1)) for method, path in found if path.startswith("/api/")}
json.dump(sorted(found - twins), OUT)
