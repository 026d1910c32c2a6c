"""Tasks of a Celery worker for clients of ours. Environment: BROKER, BACKEND, QUEUE."""
import os
import time

from celery import Celery

app = Celery("client_app", broker=os.environ["BROKER"], backend=os.environ["BACKEND"])
app.conf.update(
    task_default_queue=os.environ["QUEUE"],
    accept_content=["json", "yaml", "msgpack"],
    task_acks_late=True,
    worker_send_task_events=False,
)


@app.task(name="py.add")
def add(x, y=0):
    return x + y


@app.task(name="py.total")
def total(values, label="sum"):
    return f"{label}: {sum(values)}"


@app.task(name="py.echo")
def echo(*args, **kwargs):
    return {"args": list(args), "kwargs": kwargs}


@app.task(name="py.fail")
def fail(message="boom", *_):
    raise ValueError(message, 1)


@app.task(name="py.failed_id")
def failed_id(task_id):
    return task_id


@app.task(name="py.sleep")
def sleep(seconds, value=None):
    time.sleep(seconds)
    return value


@app.task(bind=True, name="py.request")
def request(self, *_):
    """What the worker knows of this call."""
    r = self.request
    names = ("id eta expires retries timelimit root_id parent_id group group_index shadow ignore_result "
             "reply_to stamps stamped_headers headers argsrepr kwargsrepr correlation_id").split()
    values = {name: getattr(r, name, None) for name in names}
    values["properties"] = dict(r.properties or {}, application_headers=None)
    values["delivery_info"] = dict(r.delivery_info or {})
    values["started"] = time.time()
    return {name: value for name, value in values.items()}


@app.task(bind=True, name="py.progress")
def progress(self):
    for done in range(3):
        self.update_state(state="HALFWAY", meta={"done": done})
        time.sleep(0.3)
    return "done"
