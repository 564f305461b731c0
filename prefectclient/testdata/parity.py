"""The Python twin of the flow in parity_test.go: runs it under the given name and prints the flow run's id."""

import sys
import time

from prefect import flow, get_run_logger, task
from prefect.artifacts import create_markdown_artifact, create_table_artifact
from prefect.context import get_run_context

name = sys.argv[1]
attempts = []


@task(retries=2, retry_delay_seconds=0.3, tags=["fragile"])
def flaky(x: int) -> int:
    attempts.append(x)
    get_run_logger().info("attempt %d", len(attempts))
    if len(attempts) == 1:
        raise ValueError("boom")
    return x + 1


@task(retries=1)
def impatient(x: int) -> int:
    attempts.append(x)
    if len(attempts) == 3:
        raise ValueError("boom again")
    return x


@task
def double(x: int) -> int:
    return 2 * x


@task
def add(x: int, y: int) -> int:
    return x + y


@task
def finish(x: int, y: int) -> int:
    return x + y


@task(timeout_seconds=0.2)
def slow() -> None:
    time.sleep(1)


@task
def bad() -> None:
    raise RuntimeError("bad one")


@task
def table() -> None:
    create_table_artifact(key=name + "-table", table=[{"a": 1}], description="a table")


@flow(name=name + "-child", version="v1")
def child(k: int) -> int:
    return double(k)


@flow(name=name, version="v1", retries=1, retry_delay_seconds=1)
def parity(n: int, label: str = "a") -> int:
    get_run_logger().info("start")
    flaky(n)
    impatient(n)
    doubled = double.map([1, 2, 3])
    total = add.submit(doubled[0], 5)
    last = finish.submit(total, 1, wait_for=[doubled[1]])
    child(2)
    slow(return_state=True)
    bad(return_state=True)
    table()
    create_markdown_artifact("# hi", key=name + "-markdown")
    get_run_logger().warning("almost done")
    print(get_run_context().flow_run.id)
    return last.result()


parity(4, label="b")
