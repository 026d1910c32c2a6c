"""Runs the real `celery inspect` and `celery control` against one worker, and prints what each command gave.

remote_control.py BROKER NODE < JSON list of command lines
"""

import json
import sys

from celery import Celery
from celery.bin.celery import celery
from click.testing import CliRunner

broker, node = sys.argv[1:]
app = Celery("remote_control", broker=broker)
app.set_default()


def run(line):
    kind, *rest = line
    options = ["--json", "-d", node, "-t", "15"]
    ended = CliRunner().invoke(celery, ["-b", broker, kind, *options, *rest], catch_exceptions=False)
    try:
        output = json.loads(ended.stdout.splitlines()[0])
    except (IndexError, ValueError):
        return {"status": ended.exit_code, "text": ended.output}
    reply = output[0] if isinstance(output, list) else output
    return {"status": ended.exit_code, "value": reply.get(node)}


print(json.dumps([run(line) for line in json.load(sys.stdin)]))
