"""The Python side of TestPythonReadsArtifacts: reads all files of a run with MLflow's own client, and stores files in another.

    artifacts.py TRACKING_URI RUN_TO_READ RUN_TO_WRITE FOLDER    stores FOLDER; prints the SHA-256 of each file that it read

It reads through the server and directly from the storage in turn, and stores likewise.
"""

import hashlib
import json
import os
import sys
import tempfile

import mlflow
from mlflow.tracking import MlflowClient

OUT, sys.stdout = sys.stdout, sys.stderr


def files(client, run_id, path=None):
    for f in client.list_artifacts(run_id, path):
        if f.is_dir:
            yield from files(client, run_id, f.path)
        else:
            yield f


def main(uri, read, write, folder):
    os.environ["MLFLOW_HTTP_REQUEST_MAX_RETRIES"] = "1"
    mlflow.set_tracking_uri(uri)
    client = MlflowClient()
    os.environ["MLFLOW_MULTIPART_UPLOAD_MINIMUM_FILE_SIZE"] = "1"
    sums = {}
    for direct in ("false", "true"):
        os.environ["MLFLOW_ENABLE_PROXY_MULTIPART_UPLOAD"] = direct
        os.environ["MLFLOW_ENABLE_PROXY_MULTIPART_DOWNLOAD"] = direct
        sums[direct] = {}
        # What was stored one way is read the other way: each way twice, with half the calls.
        for f in files(client, read, "true" if direct == "false" else "false"):
            with tempfile.TemporaryDirectory() as to, open(client.download_artifacts(read, f.path, to), "rb") as content:
                data = content.read()
                assert (f.file_size or 0) == len(data), (f.path, f.file_size, len(data))
                sums[direct][f.path] = hashlib.sha256(data).hexdigest()
        for root, _, names in os.walk(folder):
            for name in names:
                at = os.path.join(direct, os.path.relpath(root, folder)) if root != folder else direct
                # Nothing cannot be cut into parts: Python's own client fails with it.
                os.environ["MLFLOW_ENABLE_PROXY_MULTIPART_UPLOAD"] = direct if os.path.getsize(os.path.join(root, name)) else "false"
                client.log_artifact(write, os.path.join(root, name), at)
    json.dump(sums, OUT)


if __name__ == "__main__":
    main(*sys.argv[1:])
