"""The Python side of TestModelsInPython: MLflow's own client reads, writes or loads models.

    models.py read  TRACKING_URI NAME              prints a registered model with its versions and their logged models
    models.py write TRACKING_URI NAME MODEL.onnx   logs and registers a model, then prints the same
    models.py load  TRACKING_URI MODEL_URI ROWS    loads a model and prints its labels for a table {"columns", "data"}
"""

import base64
import json
import sys
import tempfile
from pathlib import Path

import mlflow
import mlflow.onnx
import mlflow.pyfunc
import pandas as pd

# MLflow prints links to runs; only the answer may go to the standard output.
OUT, sys.stdout = sys.stdout, sys.stderr


def files(model_id):
    with tempfile.TemporaryDirectory() as dir:
        root = Path(mlflow.artifacts.download_artifacts(artifact_uri=f"models:/{model_id}", dst_path=dir))
        return {
            str(f.relative_to(root)): base64.b64encode(f.read_bytes()).decode()
            for f in root.rglob("*")
            if f.is_file() and f.name != "registered_model_meta"
        }


def logged(client, model_id):
    m = client.get_logged_model(model_id)
    return {
        "id": m.model_id,
        "name": m.name,
        "experiment_id": m.experiment_id,
        "run_id": m.source_run_id,
        "artifact_uri": m.artifact_location,
        "type": m.model_type,
        "status": "LOGGED_MODEL_" + str(m.status),
        "created": m.creation_timestamp,
        "updated": m.last_updated_timestamp,
        "params": m.params,
        "tags": m.tags,
        "metrics": sorted(
            (
                [x.key, float(x.value).hex(), x.timestamp, x.step, x.dataset_name or "", x.dataset_digest or "", x.run_id]
                for x in m.metrics or []
            ),
        ),
        "outputs": [o.model_id for o in client.get_run(m.source_run_id).outputs.model_outputs],
        "files": files(model_id),
    }


def version(client, v):
    v = client.get_model_version(v.name, v.version)
    return {
        "version": str(v.version),
        "description": v.description or "",
        "source": v.source,
        "run_id": v.run_id or "",
        "status": v.status,
        "created": v.creation_timestamp,
        "updated": v.last_updated_timestamp,
        "tags": v.tags,
        "aliases": sorted(v.aliases),
        "model": logged(client, v.source.removeprefix("models:/")),
    }


def read(client, name):
    m = client.get_registered_model(name)
    versions = [v for v in client.search_model_versions(order_by=["version_number ASC"]) if v.name == name]
    json.dump({
        "name": m.name,
        "description": m.description or "",
        "created": m.creation_timestamp,
        "updated": m.last_updated_timestamp,
        "tags": m.tags,
        "aliases": {alias: str(v) for alias, v in m.aliases.items()},
        "versions": [version(client, v) for v in versions],
    }, OUT)


def write(client, name, path):
    import onnx
    mlflow.set_experiment("of " + name.replace("/", " "))
    with mlflow.start_run():
        info = mlflow.onnx.log_model(
            onnx.load(path), name="from python", registered_model_name=name, params={"depth": "3", "ü": "x y"},
            tags={"team": "ü"}, model_type="classifier", pip_requirements=["onnx"],
        )
        mlflow.log_metric("acc", 1 / 3, step=2, model_id=info.model_id)
    v = info.registered_model_version
    client.set_registered_model_alias(name, "champion", v)
    client.set_registered_model_tag(name, "of", "Python ü")
    client.set_model_version_tag(name, v, "t", "v'\"")
    client.update_model_version(name, v, "a version\nof Python")
    client.update_registered_model(name, "a model of Python")
    read(client, name)


def load(client, uri, rows):
    with open(rows, encoding="utf-8") as f:
        table = json.load(f)
    answer = mlflow.pyfunc.load_model(uri).predict(pd.DataFrame(table["data"], columns=table["columns"]))
    json.dump([int(x) for x in answer["label"]], OUT)


def main():
    command, uri, *arguments = sys.argv[1:]
    mlflow.set_tracking_uri(uri)
    {"read": read, "write": write, "load": load}[command](mlflow.MlflowClient(uri), *arguments)


main()
