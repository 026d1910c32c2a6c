"""The Celery worker that ours is compared with: one task that does nothing, acknowledged late."""

import os

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
