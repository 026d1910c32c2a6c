"""Records results as Celery's result backends write them, in every serializer.

    python record_results.py > ../fixtures/celery/result-serializers.json
"""
import base64
import datetime
import json

from celery import Celery, states
from celery.app.task import Context
from celery.backends.mongodb import MongoBackend
from celery.backends.redis import RedisBackend
from celery.backends.rpc import RPCBackend
from celery.exceptions import TaskRevokedError
from celery.result import AsyncResult, GroupResult
from kombu.serialization import dumps


class ShopError(Exception):
    pass


def local_error():
    class LocalError(Exception):
        pass

    return LocalError("here", 7)


VALUES = {
    "a value": (states.SUCCESS, [1, -1.5, "é", None, True, {"a": [b"\x00\xff", 2**40], "k": "yes"}]),
    "an empty dict": (states.SUCCESS, {}),
    "nothing": (states.SUCCESS, None),
    "a small integer": (states.SUCCESS, 53),
    "lines of text": (states.SUCCESS, "one\ntwo\n"),
    "a state on the way": ("PROGRESS", {"done": 1}),
    "an exception": (states.FAILURE, ValueError("boom", {"left": 0})),
    "an exception of a class of its own": (states.FAILURE, ShopError("sold out", OSError(2, "no such file"))),
    "an exception that cannot be pickled": (states.FAILURE, local_error()),
    "a revoked task": (states.REVOKED, TaskRevokedError("terminated")),
}
DATES = {"dates": (states.SUCCESS, [datetime.datetime(2026, 1, 2, 3, 4, 5, tzinfo=datetime.timezone.utc)])}


def encoded(payload):
    if isinstance(payload, bytes):
        return {"base64": base64.b64encode(payload).decode()}
    return {"text": payload}


def reply(backend, *args):
    content_type, content_encoding, body = dumps(backend._to_result(*args), serializer=backend.serializer)
    body = body.encode() if isinstance(body, str) else body
    return {"content_type": content_type, "content_encoding": content_encoding, **encoded(bytes(body))}


def record(serializer, name, state, value, compression=None):
    app = Celery("shop", backend="rpc://")
    app.conf.update(result_serializer=serializer, accept_content=[serializer], result_compression=compression)
    app.set_current()
    app.set_default()
    request = Context(id="id", group="group", group_index=0, parent_id="parent")
    redis, mongo = RedisBackend(app=app, url="redis://"), MongoBackend(app=app, url="mongodb://localhost/db")
    result = redis.encode_result(value, state)
    meta = redis._get_result_meta(result=result, state=state, traceback=None, request=request)
    entry = {
        "name": name,
        "serializer": serializer,
        "compression": compression,
        "state": state,
        "redis": encoded(redis.encode({**meta, "task_id": "id"})),
        "part": encoded(redis.encode([1, "id", state, result])),
        "mongodb": encoded(mongo.encode(result)),
    }
    if not compression:
        entry["reply"] = reply(RPCBackend(app=app), "id", state, value, None, request)
    return entry


def groups(serializer):
    app = Celery("shop")
    app.conf.result_serializer = serializer
    group = GroupResult("group", [AsyncResult("one", app=app), AsyncResult("two", app=app)], app=app)
    redis, mongo = RedisBackend(app=app, url="redis://"), MongoBackend(app=app, url="mongodb://localhost/db")
    return {
        "serializer": serializer,
        "redis": encoded(redis.encode({"result": group.as_tuple()})),
        "mongodb": encoded(mongo.encode([result.id for result in group])),
    }


def values_of(serializer):
    values = {**VALUES, **(DATES if serializer in ("yaml", "pickle") else {})}
    return [(name, state, value) for name, (state, value) in values.items()]


serializers = ("yaml", "msgpack", "pickle")
results = [record(serializer, *value) for serializer in serializers for value in values_of(serializer)]
packed = [record(serializer, *values_of(serializer)[0], "gzip") for serializer in ("json", *serializers)]
print(json.dumps({"results": results, "compressed": packed, "groups": [groups(s) for s in serializers]}, indent=1))
