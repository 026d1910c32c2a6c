"""Sends tasks with Celery's options: broker URL, result backend, queue. Prints what became of them as JSON."""
import json
import sys
import time
from datetime import datetime, timedelta, timezone

from celery import Celery

broker, backend, queue = sys.argv[1:]
app = Celery("client", broker=broker, backend=backend)
outcome = {}


def send(name, kwargs, **options):
    return app.send_task(name, kwargs=kwargs, queue=queue, **options)


def error_of(result):
    try:
        return result.get(timeout=20)
    except Exception as error:
        return [type(error).__name__, result.state]


started = time.time()
delayed = send("test.add", {"x": 1, "y": 2}, countdown=2.5)
at = send("test.add", {"x": 2, "y": 2}, eta=datetime.now(timezone.utc) + timedelta(seconds=1.5), priority=5)
expired = send("test.add", {"x": 1, "y": 1}, countdown=3, expires=1)
limited = send("test.spin", {"path": "/dev/null"}, soft_time_limit=1, time_limit=20)
retried = send("exec.again", {"path": "/dev/null", "times": 2, "countdown": 1})
outcome["eta"] = at.get(timeout=20)
outcome["countdown"] = delayed.get(timeout=20)
outcome["waited"] = time.time() - started >= 2.5
outcome["expired"] = error_of(expired)
outcome["soft_limit"] = error_of(limited)
outcome["retried"] = retried.get(timeout=20)
print(json.dumps(outcome))
