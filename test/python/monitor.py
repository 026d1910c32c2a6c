"""Consumes events as celery-exporter does (celery.events.State and Receiver, handlers of all events), until it has
seen as many tasks of one worker succeed and fail as it shall. Prints what the exporter would count.

monitor.py BROKER PREFIX_OF_NODENAME SUCCEEDED FAILED
"""

import json
import re
import sys
from collections import Counter

from celery import Celery

broker, prefix = sys.argv[1:3]
succeeded, failed = map(int, sys.argv[3:])
app = Celery("monitor", broker=broker)
state = app.events.State()
counts, exceptions, runtimes, workers = Counter(), Counter(), [], {}
EXCEPTION = re.compile(r"^(\w+)\(")


def on_event(event):
    if not event["hostname"].startswith(prefix):
        return
    state.event(event)
    kind = event["type"]
    counts[kind] += 1
    if kind.startswith("worker-"):
        workers[event["hostname"]] = {"active": event["active"], "alive": state.workers[event["hostname"]].alive}
    if kind == "task-succeeded":
        runtimes.append(float(event["runtime"]))
    if kind == "task-failed":
        found = EXCEPTION.match(event["exception"])
        exceptions[found.group(1) if found else "UnknownException"] += 1
    if counts["task-succeeded"] >= succeeded and counts["task-failed"] >= failed and workers:
        receiver.should_stop = True


with app.connection() as connection:
    receiver = app.events.Receiver(connection, handlers={"*": on_event})
    print("listening", flush=True)
    receiver.capture(limit=None, timeout=60, wakeup=True)

print(
    json.dumps(
        {
            "counts": counts,
            "exceptions": exceptions,
            "runtimes": runtimes,
            "workers": workers,
            "states": Counter(task.state for task in state.tasks.values()),
        }
    )
)
