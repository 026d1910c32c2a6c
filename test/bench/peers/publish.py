"""Messages a second by apply_async, which does not wait for confirms: publish.py QUEUE COUNT."""

import json
import sys
import time

from bench_app import empty

queue, count = sys.argv[1], int(sys.argv[2])
for _ in range(200):
    empty.apply_async(queue=queue)
start = time.perf_counter()
for _ in range(count):
    empty.apply_async(queue=queue)
print(json.dumps(count / (time.perf_counter() - start)))
