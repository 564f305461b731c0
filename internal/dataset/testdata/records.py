"""Prints what pandas and MLflow make of CSV files, one JSON object a line; "sent" is the message of runs/log-inputs.

Standard input: a JSON list of {"path", "sep", "targets", "name", "source"}; source null means the code itself.
"""
import hashlib
import json
import sys
import warnings

import mlflow
import pandas as pd
from google.protobuf.json_format import MessageToDict
from mlflow.tracking.fluent import _create_dataset_input

warnings.simplefilter("ignore")


def column_bytes(column: pd.Series) -> bytes:
    if column.dtype.kind in "if":
        return column.to_numpy().tobytes()
    return "\0".join(column).encode()


for job in json.load(sys.stdin):
    frame = pd.read_csv(job["path"], sep=job["sep"])
    dataset = mlflow.data.from_pandas(frame, source=job["source"], targets=job["targets"], name=job["name"])
    sent = _create_dataset_input(dataset, "training", None).to_proto()  # what mlflow.log_input sends
    print(
        json.dumps(
            {
                "sent": MessageToDict(sent, preserving_proto_field_name=True),
                "columns": [
                    {"name": n, "dtype": str(frame[n].dtype), "sha256": hashlib.sha256(column_bytes(frame[n])).hexdigest()}
                    for n in frame.columns
                ],
            }
        )
    )
