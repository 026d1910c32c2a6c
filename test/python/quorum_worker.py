"""A Celery worker on a quorum queue: broker URL, queue. Its task notes when it ran in the file it is given."""
import sys
import time

from celery import Celery

broker, queue = sys.argv[1:]
app = Celery("worker", broker=broker)
app.conf.update(task_default_queue=queue, task_default_queue_type="quorum", task_default_exchange_type="topic")


@app.task(name="py.note")
def note(path):
    with open(path, "a") as trace:
        trace.write(f"{time.time()}\n")


app.worker_main(["worker", "--loglevel=WARNING", "--pool=solo", "--without-mingle", "--without-gossip", "-Q", queue])
