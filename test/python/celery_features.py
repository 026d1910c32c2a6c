"""Prints what there is in the installed Celery, as JSON: settings, task options, sending options, remote-control commands."""
import json
import re

from celery import canvas
from celery.app import defaults
from celery.app.task import Task
from celery.worker.control import Panel

SENDING = re.findall(r"^ {12}(\w+) \(", Task.apply_async.__doc__, re.MULTILINE)
OPTIONS = [name for name, value in vars(Task).items() if not name.startswith("_") and not callable(value)]
METHODS = [name for name, value in vars(Task).items() if not name.startswith("_") and callable(value)]

print(
    json.dumps(
        {
            "settings": sorted(name for name, _ in defaults.flatten(defaults.NAMESPACES)),
            "task": sorted(OPTIONS + METHODS),
            "sending": sorted(set(SENDING)),
            "canvas": sorted(set(canvas.__all__)),
            "commands": sorted(Panel.meta),
        }
    )
)
