"""The Python side of TestPython: reads an experiment with MLflow's own client, or writes one.

    parity.py read  TRACKING_URI EXPERIMENT_ID     prints what the client sees, as JSON
    parity.py write TRACKING_URI NAME              makes an experiment with runs, then prints the same

Floats are printed as hexadecimal text, so that NaN passes and every bit counts.
"""

import json
import math
import sys
import time

import mlflow
from mlflow.data.http_dataset_source import HTTPDatasetSource
from mlflow.data.meta_dataset import MetaDataset
from mlflow.entities import Dataset, DatasetInput, InputTag, Metric, Param, RunTag, ViewType

# MLflow prints links to runs; only the answer may go to the standard output.
OUT, sys.stdout = sys.stdout, sys.stderr

NASTY = [
    "plain", "two words", " blank around ", "a/b/c", "quote \" and '", "back\\slash", "tab\tand\nline",
    "üñï ☃ 日本語 🍷", "<a href='x'>&amp;</a>", "%20+?#&=", "NaN", "null", "0", "e\u0301 combined", "",
]


def metric(m):
    return {"key": m.key, "value": float(m.value).hex(), "timestamp": m.timestamp, "step": m.step}


def run(client, r):
    history = [m for key in r.data.metrics for m in client.get_metric_history(r.info.run_id, key)]
    return {
        "id": r.info.run_id,
        "name": r.info.run_name,
        "experiment_id": r.info.experiment_id,
        "user_id": r.info.user_id,
        "status": r.info.status,
        "start_time": r.info.start_time,
        "end_time": r.info.end_time,
        "stage": r.info.lifecycle_stage,
        "artifact_uri": r.info.artifact_uri,
        "params": r.data.params,
        "tags": r.data.tags,
        "metrics": {key: value.hex() for key, value in r.data.metrics.items()},
        "history": sorted((metric(m) for m in history), key=lambda m: (m["key"], m["step"], m["timestamp"], m["value"])),
        "datasets": sorted(
            (
                {**{k: v or "" for k, v in dict(d.dataset).items()}, "tags": {t.key: t.value for t in d.tags}}
                for d in r.inputs.dataset_inputs
            ),
            key=lambda d: d["name"],
        ),
        "artifacts": {
            f.path: open(client.download_artifacts(r.info.run_id, f.path), encoding="utf-8").read()
            for f in client.list_artifacts(r.info.run_id)
            if not f.is_dir
        },
    }


def read(client, experiment_id):
    e = client.get_experiment(experiment_id)
    runs = client.search_runs([experiment_id], run_view_type=ViewType.ALL, order_by=["attributes.start_time ASC"])
    json.dump({
        "id": e.experiment_id,
        "name": e.name,
        "artifact_location": e.artifact_location,
        "stage": e.lifecycle_stage,
        "creation_time": e.creation_time,
        "last_update_time": e.last_update_time,
        "tags": e.tags,
        "runs": [run(client, r) for r in runs],
    }, OUT)


def write(client, name):
    experiment = client.create_experiment(name, tags={"nasty": NASTY[7]})
    now = int(time.time() * 1000)
    values = [0.0, -0.1, 1 / 3, math.nan, math.inf, -math.inf, 1e-300, 5e-324, 123456789.123456789]
    for i, value in enumerate(NASTY[:-1]):
        r = client.create_run(experiment, start_time=1000 + i, run_name=value, tags={"mlflow.user": "py", "nasty": value})
        id = r.info.run_id
        client.log_batch(
            id,
            metrics=[Metric("a/b c", v, now, step) for step, v in enumerate(values)],
            params=[Param(f"p{k}", v) for k, v in enumerate(NASTY)],
            tags=[RunTag(f"t{k}", v) for k, v in enumerate(NASTY)],
        )
        client.log_metric(id, "single", values[i % len(values)], step=-i)
        client.log_inputs(id, datasets=[DatasetInput(
            Dataset("wine " + value, "d1", "http", json.dumps({"url": value}), schema="{}", profile='{"num_rows": 1}'),
            [InputTag("mlflow.data.context", "training"), InputTag("fold", str(i))],
        )])
        if i % 4 < 3:
            client.set_terminated(id, ["FINISHED", "FAILED", "KILLED"][i % 4], end_time=now)
        if i < 2:
            client.log_text(id, value, "note.txt")
        if i == 3:
            client.delete_run(id)
    # The fluent interface, for the tags that it sets.
    mlflow.set_experiment(experiment_id=experiment)
    with mlflow.start_run(run_name="fluent") as r:
        mlflow.log_metric("m", 1)
        mlflow.log_input(MetaDataset(HTTPDatasetSource("http://example.org/x.csv"), name="meta", digest="d2"), context="testing")
        with mlflow.start_run(nested=True):
            mlflow.log_param("child", True)
    read(client, experiment)


def main():
    command, uri, argument = sys.argv[1:]
    mlflow.set_tracking_uri(uri)
    {"read": read, "write": write}[command](mlflow.MlflowClient(uri), argument)


main()
