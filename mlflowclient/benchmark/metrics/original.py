"""The Python side of the benchmark: for each line "N" on the standard input, logs N metrics one after the other with MLflow's own
client and prints the seconds.

    original.py TRACKING_URI RUN_ID
"""

import sys
import time

import mlflow

client = mlflow.MlflowClient(sys.argv[1])
client.log_metric(sys.argv[2], "warm", 0.0)
print("ready", flush=True)
step = 0
for line in sys.stdin:
    began = time.perf_counter()
    for _ in range(int(line)):
        client.log_metric(sys.argv[2], "python", step * 0.5, step=step)
        step += 1
    print(time.perf_counter() - began, flush=True)
