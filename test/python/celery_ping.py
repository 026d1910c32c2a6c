"""Sends omega_ping with Celery: broker URL, result backend, queue. Prints state and result as JSON."""
import json
import sys

from celery import Celery

broker, backend, queue = sys.argv[1:]
app = Celery("client", broker=broker, backend=backend)
result = app.send_task("omegaml.tasks.omega_ping", args=[1, "two"], kwargs={"x": 3}, queue=queue)
value = result.get(timeout=20)
print(json.dumps({"state": result.state, "result": value}))
