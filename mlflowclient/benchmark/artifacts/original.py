"""Uploads and downloads one file through MLflow's own client, once for each line of standard input, and prints the seconds that it took.

Usage: original.py FILE EXPERIMENT FOLDER, with MLFLOW_TRACKING_URI in the environment. Lines are: upload, proxied-upload, multipart; download, proxied-download.
"""

import os
import shutil
import sys
import time

import mlflow
from mlflow.tracking import MlflowClient


def main(file: str, experiment: str, folder: str) -> None:
    client = MlflowClient()
    run = client.create_run(experiment)
    name = os.path.basename(file)
    print(run.info.run_id, flush=True)

    def upload(multipart: bool) -> None:
        os.environ["MLFLOW_ENABLE_PROXY_MULTIPART_UPLOAD"] = str(multipart).lower()
        os.environ["MLFLOW_MULTIPART_UPLOAD_MINIMUM_FILE_SIZE"] = "1"
        client.log_artifact(run.info.run_id, file, "multipart" if multipart else "proxied")

    def download(proxied: bool) -> None:
        os.environ.pop("MLFLOW_ENABLE_PROXY_MULTIPART_DOWNLOAD", None)
        if proxied:
            os.environ["MLFLOW_ENABLE_PROXY_MULTIPART_DOWNLOAD"] = "false"
        mlflow.artifacts.download_artifacts(run_id=run.info.run_id, artifact_path=f"proxied/{name}", dst_path=folder)

    work = {
        "upload": lambda: upload(False),  # which is Python's default
        "proxied-upload": lambda: upload(False),
        "multipart": lambda: upload(True),
        "download": lambda: download(False),
        "proxied-download": lambda: download(True),
    }
    for line in sys.stdin:
        shutil.rmtree(folder, ignore_errors=True)
        os.makedirs(folder)
        start = time.perf_counter()
        work[line.strip()]()
        print(time.perf_counter() - start, flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
