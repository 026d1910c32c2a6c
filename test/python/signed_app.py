"""A Celery app that signs its messages and accepts signed ones only. Environment: BROKER, BACKEND, QUEUE, OMEGA_SECURITY_*.

As a module it is that of a worker; as a program a client:

signed_app.py CALLS    sends each of the calls, a JSON list of chains of {task, args, options}, and prints a list of
                       results, or names of exceptions
"""
import json
import os
import sys

from celery import Celery, chain

app = Celery("signed_app", broker=os.environ["BROKER"], backend=os.environ["BACKEND"])
app.conf.update(
    task_default_queue=os.environ["QUEUE"],
    task_serializer="auth",
    accept_content=["auth"],
    result_accept_content=["json"],
    security_key=os.environ["OMEGA_SECURITY_KEY"],
    security_key_password=os.environ["OMEGA_SECURITY_KEY_PASSWORD"].encode(),
    security_certificate=os.environ["OMEGA_SECURITY_CERTIFICATE"],
    security_cert_store=os.environ["OMEGA_SECURITY_CERT_STORE"],
    security_digest=os.environ.get("OMEGA_SECURITY_DIGEST", "sha256"),
    worker_send_task_events=False,
)
app.setup_security()


@app.task(name="py.add")
def add(x, y=0):
    return x + y


@app.task(bind=True, name="py.again")
def again(self, x):
    """Runs once more, with another argument."""
    return x if self.request.retries else self.retry(args=(x + 1,), countdown=0)


def outcome(result):
    try:
        return result.get(timeout=60)
    except Exception as error:
        return type(error).__name__


def sent(steps):
    signatures = [app.signature(step["task"], step["args"], options=step.get("options", {})) for step in steps]
    return chain(*signatures).apply_async() if len(signatures) > 1 else signatures[0].apply_async()


if __name__ == "__main__":
    results = [sent(steps) for steps in json.loads(sys.argv[1])]
    print(json.dumps([outcome(result) for result in results]))
