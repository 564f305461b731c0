"""Works on a tracking store with MLflow's own client.

interop.py write URI          logs an experiment with runs of every kind, prints it
interop.py read URI           prints all there is
interop.py many URI RUN N     logs N metrics to the run, one by one
interop.py batches URI RUN N  logs N single metrics and N batches of 100, prints the seconds of the fastest of each
"""

import json
import math
import sys
import time

from mlflow import MlflowClient
from mlflow.entities import Dataset, DatasetInput, InputTag, Metric, Param, RunTag, ViewType

mode, uri = sys.argv[1:3]
client = MlflowClient(uri)


def plain(value):
    return "NaN" if math.isnan(value) else value


def read():
    experiments = {}
    for e in client.search_experiments(view_type=ViewType.ALL):
        runs = {}
        for r in client.search_runs([e.experiment_id], run_view_type=ViewType.ALL):
            runs[r.info.run_id] = {
                "name": r.info.run_name,
                "status": r.info.status,
                "start": r.info.start_time,
                "end": r.info.end_time,
                "stage": r.info.lifecycle_stage,
                "user": r.info.user_id,
                "artifacts": r.info.artifact_uri,
                "metrics": {k: plain(v) for k, v in r.data.metrics.items()},
                "history": {
                    k: [[plain(p.value), p.timestamp, p.step] for p in client.get_metric_history(r.info.run_id, k)]
                    for k in r.data.metrics
                },
                "params": r.data.params,
                "tags": r.data.tags,
                "datasets": [[d.dataset.name, d.dataset.digest, {t.key: t.value for t in d.tags}] for d in r.inputs.dataset_inputs],
            }
        experiments[e.name] = {
            "id": e.experiment_id,
            "location": e.artifact_location,
            "stage": e.lifecycle_stage,
            "tags": e.tags,
            "runs": runs,
        }
    return experiments


def write():
    e = client.create_experiment("from python", tags={"who": "python"})
    for i in range(3):
        run = client.create_run(e, start_time=100 + i, run_name=f"p{i}", tags={"mlflow.user": "py"})
        client.log_batch(
            run.info.run_id,
            metrics=[Metric("acc", v, 10 + s, s) for s, v in enumerate([0.1, float("nan"), float("inf"), -0.5])]
            + [Metric("last", float("-inf") if i == 0 else i / 3, 1, 0)],
            params=[Param("depth", str(i)), Param("text", "ünï 'x' \"y\"")],
            tags=[RunTag("t", "v")],
        )
        client.log_inputs(
            run.info.run_id,
            [DatasetInput(Dataset("wine", "d1", "http", "{}", "{}", "{}"), [InputTag("mlflow.data.context", "training")])],
        )
        client.set_terminated(run.info.run_id, ["FINISHED", "FAILED", "KILLED"][i], 200 + i)
    client.delete_run(run.info.run_id)
    client.delete_experiment(client.create_experiment("gone"))


if mode == "write":
    write()
    print(json.dumps(read()))
elif mode == "read":
    print(json.dumps(read()))
elif mode == "many":
    for i in range(int(sys.argv[4])):
        client.log_metric(sys.argv[3], "python", i, i, i)
else:
    run, n = sys.argv[3], int(sys.argv[4])
    client.log_metric(run, "warm", 1)

    def fastest(call):
        seconds = []
        for i in range(n):
            begin = time.perf_counter()
            call(i)
            seconds.append(time.perf_counter() - begin)
        return min(seconds)

    single = fastest(lambda i: client.log_metric(run, "single", i, 1, i))
    batch = fastest(lambda i: client.log_batch(run, [Metric(f"m{j}", i, 1, i) for j in range(100)]))
    print(json.dumps({"single": single, "batch": batch}))
