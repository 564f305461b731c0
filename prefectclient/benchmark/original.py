"""The Python side of ./prefectclient/benchmark: `deploy DIR POOL NAME` makes a process pool and a deployment of bench, `tasks N` times N trivial tasks in one
recorded flow run, as the client sees it, and prints the seconds."""

import sys
import time
from pathlib import Path

from prefect import flow, task


@task
def trivial(n: int) -> int:
    return n


@flow
def bench(sleep: float = 0) -> int:
    for i in range(3):
        trivial(i)
    time.sleep(sleep)
    return 3


@flow
def many(n: int) -> float:
    started = time.perf_counter()
    for i in range(n):
        trivial(i)
    return time.perf_counter() - started


if __name__ == "__main__":
    if sys.argv[1] == "deploy":
        here = Path(__file__)
        bench.from_source(source=sys.argv[2], entrypoint=f"{here.name}:bench").deploy(name=sys.argv[4], work_pool_name=sys.argv[3])
    else:
        print(many(int(sys.argv[2])))
