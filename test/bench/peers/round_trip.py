"""Milliseconds from apply_async to get, one task at a time: round_trip.py QUEUE COUNT."""

import json
import sys
import time

from bench_app import empty

queue, count = sys.argv[1], int(sys.argv[2])
WARM_UP = 20 if count > 20 else 1


def round_trip():
    start = time.perf_counter()
    empty.apply_async(queue=queue).get()
    return (time.perf_counter() - start) * 1000


for _ in range(WARM_UP):
    round_trip()
print(json.dumps([round_trip() for _ in range(count)]))
