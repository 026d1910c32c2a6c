"""A Celery client whose queues have exchanges, for the tests of routing.

routing_app.py PREFIX CALLS    sends each of the calls, a JSON list of {task, kwargs, options}, and prints their results;
                               the queues are PREFIX.video (topic, quorum), PREFIX.news (broadcast), and PREFIX.direct
"""

import json
import os
import sys

from celery import Celery
from kombu import Exchange, Queue
from kombu.common import Broadcast

prefix, calls = sys.argv[1], json.loads(sys.argv[2])

app = Celery("routing_app", broker=os.environ["OMEGA_BROKER"], backend="rpc://")
app.conf.task_default_queue = f"{prefix}.direct"
app.conf.task_queues = (
    Queue(f"{prefix}.direct"),
    Queue(
        f"{prefix}.video",
        Exchange(f"{prefix}.media", type="topic"),
        routing_key="video.#",
        queue_arguments={"x-queue-type": "quorum"},
    ),
    Broadcast(f"{prefix}.news"),
)
app.conf.control_exchange = f"{prefix}.control"

results = [app.send_task(call["task"], kwargs=call["kwargs"], **call["options"]) for call in calls]
answers = [result.get(timeout=60) for result in results]
queues = app.control.inspect(timeout=3).active_queues() or {}
print(json.dumps({"answers": answers, "queues": queues}))
