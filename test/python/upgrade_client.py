"""A Celery client that sends a stream of tasks while workers are replaced. Environment: BROKER, BACKEND, QUEUE, RATE, SEED.

Prints a line of JSON for each sending that begins ({begin, expected}), is sent ({sent}), is refused ({refused, why}), and
has ended ({ended}). On standard input: `ask NODES` asks the workers of these names, comma separated, and prints {asked}
with what was wrong; `stop` sends nothing more, and ends when all has ended; so does the end of the input.
"""
import json
import os
import random
import sys
import threading
import time
import uuid

from celery import Celery, chain, chord
from celery.states import READY_STATES

PATIENCE = 60
GIVE_UP_AFTER = 120

app = Celery("upgrade_client", broker=os.environ["BROKER"], backend=os.environ["BACKEND"])
app.conf.task_default_queue = os.environ["QUEUE"]
draw = random.Random(int(os.environ["SEED"]))
printing = threading.Lock()
stopping = threading.Event()
waiting = {}


def tell(**line):
    with printing:
        print(json.dumps(line), flush=True)


def sig(name, *args, **kwargs):
    task_id = str(uuid.uuid4())
    return app.signature(f"chaos.{name}", args=args, kwargs=kwargs, options={"task_id": task_id})


def expect(signature, kind, result=None, **more):
    return {"id": signature.options["task_id"], "kind": f"celery: {kind}", "state": "SUCCESS", "leavesTrace": True,
            **({} if result is None else {"result": result}), **more}


def effect():
    one = sig("effect", 4)
    return one, [expect(one, "effect", 5)], {}


def later():
    one, countdown = sig("effect", 4), draw.choice([0.5, 2, 6])
    return one, [expect(one, "countdown", 5, notBefore=(time.time() + countdown) * 1000)], {"countdown": countdown}


def retry():
    times = draw.randint(1, 3)
    one = sig("retry", times=times, countdown=draw.choice([0.2, 1.5]))
    return one, [expect(one, "retry", times, retries=times)], {}


def fail():
    one = sig("fail")
    return one, [expect(one, "fail", state="FAILURE", excType="ValueError")], {}


def steps():
    parts = [sig("effect", 0), sig("effect"), sig("effect")]
    return chain(*parts), [expect(part, "chain", n + 1) for n, part in enumerate(parts)], {}


def join():
    values = list(range(draw.randint(2, 5)))
    header, body = [sig("effect", value) for value in values], sig("sum")
    total = sum(values) + len(values)
    expected = [expect(part, "chord", value + 1) for value, part in zip(values, header)]
    return chord(header, body), [*expected, expect(body, "chord body", total)], {}


def revoked():
    one = sig("effect", 0)
    return one, [expect(one, "revoked", state="REVOKED", leavesTrace=False)], {"countdown": draw.choice([10, 20])}


KINDS = [effect, effect, effect, later, retry, fail, steps, join, revoked]


def send(number):
    kind = draw.choice(KINDS)
    canvas, expected, options = kind()
    tell(begin=number, expected=expected)
    try:
        canvas.apply_async(**options)
        if kind is revoked:
            app.control.revoke(expected[0]["id"])
    except Exception as error:  # whatever it is, the suite is told
        tell(refused=number, why=repr(error))
        return
    waiting[number] = [each["id"] for each in expected]
    tell(sent=number)


def stream():
    began, number = time.monotonic(), 0
    while not stopping.is_set():
        number += 1
        time.sleep(max(0, began + number / float(os.environ["RATE"]) - time.monotonic()))
        send(number)


def watch():
    """Until everything that was sent has ended."""
    while not (stopping.is_set() and not sender.is_alive() and not waiting):
        for number, ids in list(waiting.items()):
            if all(app.backend.get_task_meta(task_id)["status"] in READY_STATES for task_id in ids):
                del waiting[number]
                tell(ended=number)
        time.sleep(1)


def ask(nodes):
    problems = []
    inspect = app.control.inspect(destination=nodes, timeout=PATIENCE, limit=len(nodes))
    for command in "ping", "active", "reserved", "active_queues", "registered", "stats":
        replies = getattr(inspect, command)() or {}
        for node in nodes:
            if node not in replies:
                problems.append(f"{node} did not answer to celery's {command}")
            elif "error" in replies[node]:
                problems.append(f"{node} answered to celery's {command}: {replies[node]}")
    return problems


sender = threading.Thread(target=stream, daemon=True)
watcher = threading.Thread(target=watch, daemon=True)
sender.start()
watcher.start()
for line in sys.stdin:
    command, _, rest = line.strip().partition(" ")
    if command == "stop":
        break
    tell(asked=ask(rest.split(",")))
stopping.set()
watcher.join(GIVE_UP_AFTER)
