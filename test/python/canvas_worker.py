"""A Celery worker with the tasks of test/support/canvas-tasks.ts: broker, backend, queue and default queue from the
environment. celery -A canvas_worker worker
"""
import json
import os

from celery import Celery, signature

app = Celery('canvas_worker', broker=os.environ['OMEGA_BROKER'], backend=os.environ['OMEGA_BACKEND'])
app.conf.task_default_queue = os.environ['OMEGA_QUEUE']
app.conf.task_acks_late = True
app.conf.worker_hijack_root_logger = False


@app.task(name='canvas.add')
def add(x, y):
    return x + y


@app.task(name='canvas.tsum')
def tsum(numbers):
    return sum(numbers)


@app.task(name='canvas.identity')
def identity(value):
    return value


@app.task(name='canvas.fail')
def fail(before=None):
    raise ValueError('boom')


@app.task(name='canvas.note')
def note(value, path):
    with open(path, 'a') as file:
        file.write(json.dumps(value) + '\n')
    return value


@app.task(name='canvas.replace', bind=True)
def replace(self, given):
    return self.replace(signature(given, app=app))


@app.task(name='canvas.stamps', bind=True)
def stamps(self, before=None):
    return self.request.stamps
