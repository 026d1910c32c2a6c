"""The Celery worker that ours is compared with; all tasks are acknowledged late."""

import os
import signal

from celery import Celery

app = Celery(
    "bench_app",
    broker=os.environ["OMEGA_BROKER"],
    backend=os.environ.get("OMEGA_BENCH_BACKEND", "rpc://"),
)
app.conf.task_acks_late = True


@app.task(name="bench.empty")
def empty():
    return None


@app.task(name="bench.poison", reject_on_worker_lost=True)
def poison(path):
    """Notes in a file that it runs, then kills the process that it runs in."""
    with open(path, "a") as file:
        file.write("run\n")
    os.kill(os.getpid(), signal.SIGKILL)
