"""A schedule for Celery's beat: a task of our worker, twice a second."""
import os

from celery import Celery

app = Celery("beat_app", broker=os.environ["OMEGA_BROKER"])
app.conf.beat_schedule = {
    "note": {
        "task": "test.note",
        "schedule": 0.5,
        "kwargs": {"path": os.environ["TRACE"], "text": "beat"},
        "options": {"queue": os.environ["QUEUE"], "expires": 60},
    },
}
