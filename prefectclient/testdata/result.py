"""Reads the result of a flow run, and of its task runs, as users of Python's Prefect do: by State.result(). Prints {"flow": …, "tasks": {name: …}}."""

import json
import sys

from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterId

with get_client(sync_client=True) as client:
    run = client.read_flow_run(sys.argv[1])
    tasks = client.read_task_runs(flow_run_filter=FlowRunFilter(id=FlowRunFilterId(any_=[run.id])))
    print(json.dumps({"flow": run.state.result(), "tasks": {t.name: [t.state.name, t.state.result()] for t in tasks}}))
