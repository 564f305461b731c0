"""Lets MLflow's own monitor log system metrics of this machine to a run, twice, and prints nothing.

    system.py TRACKING_URI RUN_ID

Needs mlflow 3.17.2 and psutil. The GPU is one that GPU_* of the environment describes, told by a stand-in for pynvml: what is
compared is what MLflow makes of it.
"""

import os
import sys
import time
import types


def number(name):
    return int(os.environ["GPU_" + name])


nvml = types.ModuleType("pynvml")
nvml.NVMLError = type("NVMLError", (Exception,), {})
nvml.nvmlInit = lambda: None
nvml.nvmlDeviceGetCount = lambda: 1
nvml.nvmlDeviceGetHandleByIndex = lambda index: index
nvml.nvmlDeviceGetMemoryInfo = lambda _: types.SimpleNamespace(used=number("USED_MIB") << 20, total=number("TOTAL_MIB") << 20)
nvml.nvmlDeviceGetUtilizationRates = lambda _: types.SimpleNamespace(gpu=number("BUSY"))
nvml.nvmlDeviceGetPowerUsage = lambda _: number("MILLIWATTS")
nvml.nvmlDeviceGetEnforcedPowerLimit = lambda _: number("LIMIT_MILLIWATTS")
sys.modules["pynvml"] = nvml

import mlflow  # noqa: E402
from mlflow.system_metrics.system_metrics_monitor import SystemMetricsMonitor  # noqa: E402

uri, run_id = sys.argv[1:]
mlflow.set_tracking_uri(uri)
monitor = SystemMetricsMonitor(run_id, sampling_interval=0.2, samples_before_logging=2, node_id="node 1")
monitor.start()
client = mlflow.MlflowClient()
deadline = time.monotonic() + 60
while len(client.get_metric_history(run_id, "system/node 1/cpu_utilization_percentage")) < 2:
    if time.monotonic() > deadline:
        sys.exit("the monitor logs nothing")
    time.sleep(0.1)
monitor.finish()
print("{}")
