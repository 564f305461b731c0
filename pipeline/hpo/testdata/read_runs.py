"""Reads every run of an experiment with Python's MlflowClient: read_runs.py TRACKING_URI EXPERIMENT prints one JSON object a run."""

import json
import sys

from mlflow import MlflowClient

client = MlflowClient(tracking_uri=sys.argv[1])
experiment = client.get_experiment_by_name(sys.argv[2])
for run in client.search_runs([experiment.experiment_id], order_by=["attributes.start_time ASC"], max_results=1000):
    print(json.dumps({
        "id": run.info.run_id,
        "name": run.info.run_name,
        "status": run.info.status,
        "user": run.info.user_id,
        "start": run.info.start_time,
        "end": run.info.end_time,
        "artifacts": run.info.artifact_uri,
        "params": run.data.params,
        "tags": run.data.tags,
        "metrics": {
            key: [[point.step, point.timestamp, point.value] for point in client.get_metric_history(run.info.run_id, key)]
            for key in run.data.metrics
        },
        "datasets": [
            {
                "name": item.dataset.name,
                "digest": item.dataset.digest,
                "source_type": item.dataset.source_type,
                "source": item.dataset.source,
                "schema": item.dataset.schema,
                "profile": item.dataset.profile,
                "context": {tag.key: tag.value for tag in item.tags}.get("mlflow.data.context"),
            }
            for item in run.inputs.dataset_inputs
        ],
    }))
