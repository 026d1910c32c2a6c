"""A Celery worker and client for the tests of results, at the broker, backend and queue of the environment.

celery -A results_app worker           runs the tasks below
results_app.py get ID...               prints, for each id, what AsyncResult gives
results_app.py call TASK:JSON...       sends tasks with keyword arguments, and prints the same of each; a task
                                       whose arguments are null is revoked before
results_app.py group ID                prints the ids of a saved group
results_app.py save ID...              saves a group of these ids, and prints the group's id
results_app.py chord TASK BODY N       sends a chord of N tasks, and prints its result
"""

import json
import os
import sys

from celery import Celery, chord, uuid
from celery.result import AsyncResult, GroupResult

app = Celery("results_app", broker=os.environ["OMEGA_BROKER"], backend=os.environ["OMEGA_BACKEND"])
app.conf.task_default_queue = os.environ["OMEGA_QUEUE"]
app.conf.result_extended = True
app.conf.task_track_started = os.environ.get("OMEGA_TRACK") == "1"
app.conf.worker_hijack_root_logger = False
if serializer := os.environ.get("CELERY_RESULT_SERIALIZER"):
    app.conf.result_serializer = serializer
    app.conf.result_accept_content = [serializer]


class ShopError(Exception):
    pass


@app.task(name="py.add")
def add(x, y):
    return x + y


@app.task(name="py.fail")
def fail():
    raise ShopError("sold out", {"left": 0})


@app.task(name="py.echo")
def echo(value):
    return value


@app.task(name="py.sum")
def total(numbers):
    return sum(numbers)


@app.task(name="py.retry", bind=True, max_retries=3)
def retry(self):
    if self.request.retries < 1:
        raise self.retry(exc=ValueError("again"), countdown=0)
    return self.request.retries


@app.task(name="py.progress", bind=True)
def progress(self, steps):
    for done in range(steps):
        self.update_state(state="PROGRESS", meta={"done": done})
    return steps


def call(spec):
    task, _, kwargs = spec.partition(":")
    kwargs, task_id = json.loads(kwargs), uuid()
    if kwargs is None:
        app.control.revoke(task_id)
        app.control.ping(timeout=1)
    return app.send_task(task, kwargs=kwargs or {}, task_id=task_id)


def describe(result):
    value = result.get(timeout=20, propagate=False)
    failed = isinstance(value, BaseException)
    return {
        "state": result.state,
        "result": None if failed else value,
        "exception": [type(value).__name__, [str(arg) for arg in value.args]] if failed else None,
        "name": result.name,
        "args": result.args,
        "kwargs": result.kwargs,
        "worker": result.worker,
        "retries": result.retries,
        "queue": result.queue,
        "done": str(result.date_done is not None),
    }


def members(group_id):
    group = GroupResult.restore(group_id, app=app)
    results = group.results if isinstance(group, GroupResult) else group
    return [result.id for result in results]


def save(ids):
    group = GroupResult(uuid(), [AsyncResult(id, app=app) for id in ids], app=app)
    group.save()
    return group.id


def run_chord(task, body, size):
    header = [app.signature(task, kwargs={"x": i, "y": i}) for i in range(int(size))]
    return chord(header)(app.signature(body)).get(timeout=30)


if __name__ == "__main__":
    command, *rest = sys.argv[1:]
    if command == "get":
        answer = [describe(AsyncResult(task_id, app=app)) for task_id in rest]
    elif command == "call":
        answer = [describe(call(spec)) for spec in rest]
    elif command == "group":
        answer = members(rest[0])
    elif command == "save":
        answer = save(rest)
    else:
        answer = run_chord(*rest)
    print(json.dumps(answer))
