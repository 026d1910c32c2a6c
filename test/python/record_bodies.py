"""Records task bodies as kombu writes them: every serializer and compression, and pickles of every protocol.

    python record_bodies.py > ../fixtures/celery/bodies.json

`json` is the same body by kombu's JSON, which is what a worker of ours makes of it.
"""
import base64
import collections
import datetime
import decimal
import json
import pickle
import uuid

import zstandard
from celery import Celery
from kombu.compression import compress
from kombu.serialization import dumps
from kombu.utils.json import dumps as dump_json

app = Celery("shop")
app.set_current()


@app.task(name="shop.add")
def add(x, y):
    return x + y


EMBED = {"callbacks": None, "errbacks": None, "chain": None, "chord": None}
utc = datetime.timezone.utc
plain = ([1, "é", None, {"a": [1.5, True, -3, 2**70, "", "yes", "1:30"]}], {"k": [], "__proto__": {"x": 1}}, EMBED)
dates = [
    datetime.datetime(2026, 1, 2, 3, 4, 5, 6, tzinfo=utc),
    datetime.datetime(2026, 1, 2, 3, 4, 5),
    datetime.date(2026, 1, 2),
    b"\x00\xff",
    b"abc",
]
types = [
    datetime.time(1, 2),
    datetime.time(1, 2, 3, 4),
    datetime.datetime(2026, 1, 2, tzinfo=datetime.timezone(-datetime.timedelta(hours=5, minutes=30))),
    decimal.Decimal("1.50"),
    uuid.UUID(int=5),
    collections.OrderedDict(b=1, a=2),
    (1, (2,)),
    {7},
    frozenset(["x"]),
    -1, 255, 256, 65536, -(2**31), 2**31, 2**100, -(2**100), 1e300, -0.5,
    {1: "int", None: "none"},
    "\ud83d\ude00".encode("utf-16", "surrogatepass").decode("utf-16"),
    "x" * 300,
]
canvas = ([1], {}, {**EMBED, "callbacks": [add.s(1)], "chain": [add.s(3), add.si(1, 2) | add.s(4)]})


def record(name, body, serializer, compression=None, expected=None):
    content_type, content_encoding, data = dumps(body, serializer=serializer)
    return entry(name, content_type, content_encoding, data, compression, body if expected is None else expected)


def entry(name, content_type, content_encoding, data, compression, expected):
    data = data.encode() if isinstance(data, str) else data
    header = None
    if compression == "zstd":
        # As kombu's backports.zstd: one frame that says how large its content is.
        data, header = zstandard.ZstdCompressor().compress(data), "application/zstd"
    elif compression:
        data, header = compress(data, compression)
    return {
        "name": name,
        "content_type": content_type,
        "content_encoding": content_encoding,
        "compression": header,
        "body_base64": base64.b64encode(data).decode(),
        "json": dump_json(expected),
    }


bodies = [record(f"{name} {compression or 'uncompressed'}", plain, name, compression)
          for name in ("json", "yaml", "msgpack", "pickle")
          for compression in (None, "gzip", "bzip2", "zstd")
          if not (name == "msgpack")]
small = ([1, "é", None, {"a": [1.5, True, -3, 2**63, b"\x00\xff"]}], {"k": []}, EMBED)
bodies += [record(f"msgpack {compression or 'uncompressed'}", small, "msgpack", compression)
           for compression in (None, "gzip", "bzip2", "zstd")]
bodies.append(record("dates in yaml", (dates, {}, EMBED), "yaml"))
listed = [sorted(x) if isinstance(x, (set, frozenset)) else x for x in types]
bytes_too = [bytearray(b"ab"), b"ab"]
for protocol in range(6):
    for name, body, expected in (
        ("types", (dates + types + bytes_too[:1], {}, EMBED), (dates + listed + [b"ab"], {}, EMBED)),
        ("canvas", canvas, canvas),
        ("plain", plain, plain),
    ):
        data = pickle.dumps(body, protocol=protocol)
        bodies.append(entry(f"{name} in pickle {protocol}", "application/x-python-serialize", "binary", data, None, expected))
print(json.dumps(bodies, indent=1))
