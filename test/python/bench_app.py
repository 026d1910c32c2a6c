"""The Celery worker that ours is compared with; all tasks are acknowledged late."""

import os
import signal

from celery import Celery

app = Celery(
    "bench_app",
    broker=os.environ["OMEGA_BROKER"],
    backend=os.environ.get("OMEGA_BENCH_BACKEND", "rpc://"),
)
app.conf.task_acks_late = True


@app.task(name="bench.empty")
def empty():
    return None


@app.task(name="bench.poison", reject_on_worker_lost=True)
def poison(path):
    """Notes in a file that it runs, then kills the process that it runs in."""
    with open(path, "a") as file:
        file.write("run\n")
    os.kill(os.getpid(), signal.SIGKILL)


@app.task(name="bench.train")
def train(url):
    """Fits a forest on the rows of collection `train`, and keeps it in GridFS."""
    import pickle

    from sklearn.ensemble import RandomForestClassifier

    database, files = stores(url)
    rows = read_rows(database.train)
    forest = RandomForestClassifier(n_estimators=100, random_state=1, n_jobs=os.cpu_count())
    forest.fit(rows[rows.columns[:-1]].to_numpy(), rows["y"].to_numpy())
    files.put(pickle.dumps(forest), filename="forest")


@app.task(name="bench.predict")
def predict(url):
    """Predicts the rows of collection `rows`, and writes what comes of them into `predicted`."""
    database, files = stores(url)
    forest = kept_model(files)
    predicted = forest.predict(read_rows(database.rows).to_numpy())
    database.predicted.drop()
    database.predicted.insert_many([{"y": int(label)} for label in predicted])
    return len(predicted)


@app.task(name="bench.predict_row")
def predict_row(url, row):
    """Predicts one row, with the model of earlier calls."""
    _, files = stores(url)
    return kept_model(files).predict(row).tolist()


def stores(url):
    from gridfs import GridFS
    from pymongo import MongoClient

    if url not in CLIENTS:
        CLIENTS[url] = MongoClient(url)
    database = CLIENTS[url].get_default_database()
    return database, GridFS(database)


def kept_model(files):
    import pickle

    if "forest" not in MODELS:
        MODELS["forest"] = pickle.loads(files.get_last_version("forest").read())
    return MODELS["forest"]


def read_rows(collection):
    import pandas as pd

    return pd.DataFrame(list(collection.find({}, {"_id": 0})))


CLIENTS = {}
MODELS = {}
