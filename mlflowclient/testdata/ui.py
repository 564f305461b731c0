"""Compares what Go logged for MLflow's user interface with what MLflow's own client logs, and prints what it read as JSON.

    ui.py TRACKING_URI RUN_ID EXPERIMENT_ID

Needs mlflow 3.17.2 with pandas, pillow and numpy. It reads the run's texts, dictionaries, images and table with mlflow's own
functions, then adds a row to the table, and logs the same to a run of its own, whose id it prints.
"""

import json
import sys

import mlflow
import numpy as np
from PIL import Image

uri, run_id, experiment_id = sys.argv[1:]
answer, sys.stdout = sys.stdout, sys.stderr  # mlflow says on the standard output which run has ended
mlflow.set_tracking_uri(uri)
client = mlflow.MlflowClient()


def files(run_id, path=None):
    for f in client.list_artifacts(run_id, path):
        if f.is_dir:
            yield from files(run_id, f.path)
        else:
            yield f.path


def images(run_id, folder):
    found = {}
    for path in files(run_id, folder):
        picture = Image.open(mlflow.artifacts.download_artifacts(run_id=run_id, artifact_path=path))
        found[path] = [picture.format, *picture.size, *picture.convert("RGBA").getpixel((0, 0))]
    return found


base = client.get_run(run_id).info.artifact_uri
out = {
    "text": mlflow.artifacts.load_text(base + "/notes/ü.txt"),
    "json": mlflow.artifacts.load_dict(base + "/dict.json"),
    "images": images(run_id, "images"),
    "table_images": images(run_id, "table_images"),
    "file": images(run_id, "pictures"),
    "tags": dict(client.get_run(run_id).data.tags),
}
import yaml  # noqa: E402

with open(mlflow.artifacts.download_artifacts(artifact_uri=base + "/dict.yaml")) as f:
    out["yaml"] = yaml.safe_load(f)
frame = client.load_table(experiment_id, artifact_file="tables/t.json", run_ids=[run_id])
out["table"] = json.loads(frame.to_json(orient="split", index=False))
client.log_table(run_id, {"name": ["from Python"], "extra": [1.5]}, "tables/t.json")

with mlflow.start_run(experiment_id=experiment_id) as run:
    picture = np.zeros((40, 120, 3), dtype=np.uint8)
    picture[:, :, 0] = 200
    mlflow.log_image(picture, key="wine/red", step=3)
    mlflow.log_table({"name": ["a", "b"], "score": [0.5, float("nan")]}, "tables/t.json")
    mlflow.log_dict({"a": {"b": [1, 2]}}, "dict.json")
    mlflow.log_dict({"a": {"b": [1, 2]}}, "dict.yaml")
    out["theirs"] = run.info.run_id
print(json.dumps(out), file=answer)
