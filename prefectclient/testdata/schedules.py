"""Makes a deployment of a flow for each schedule, as Python's client does, and prints their ids. Arguments: the flow's id, and the schedules as JSON."""

import json
import sys

from prefect.client.orchestration import get_client
from prefect.client.schemas.actions import DeploymentScheduleCreate
from prefect.client.schemas.schedules import CronSchedule, IntervalSchedule, RRuleSchedule

KINDS = {"cron": CronSchedule, "interval": IntervalSchedule, "rrule": RRuleSchedule}

ids = []
with get_client(sync_client=True) as client:
    for i, fields in enumerate(json.loads(sys.argv[2])):
        schedule = next(kind for key, kind in KINDS.items() if key in fields)(**fields)
        ids.append(str(client.create_deployment(sys.argv[1], f"python-{i}", schedules=[DeploymentScheduleCreate(schedule=schedule)])))
print(json.dumps(ids))
