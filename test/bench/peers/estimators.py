"""The side of scikit-learn in the comparisons of estimators.

estimators.py data FOLDER KIND ROWS FEATURES [OFFSET]   writes X.f64 (column by column), rows.f64 (row by row) and y.f64, ROWS for the
                                                        fit and a quarter more
estimators.py forest FOLDER KIND ROWS FEATURES TREES ROUNDS   fits forests; prints seconds, CPU seconds, a score and the peak memory
estimators.py linear FOLDER ROWS FEATURES               fits a linear regression; prints its CPU seconds and coefficients
"""
import json
import resource
import sys
import time
from pathlib import Path

import numpy as np
from sklearn.datasets import make_classification, make_friedman1, make_regression
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor
from sklearn.linear_model import LinearRegression

CORES = 2


def write(folder, kind, rows, features, offset="0"):
    rows, features = int(rows), int(features)
    count = rows + rows // 4
    if kind == "classes":
        X, y = make_classification(count, features, n_informative=features // 2, n_redundant=2, n_classes=2, random_state=0)
    elif kind == "numbers":
        X, y = make_friedman1(count, features, noise=1.0, random_state=0)
    else:
        X, y = make_regression(count, features, noise=5.0, random_state=0)
        X += float(offset)
    X.T.astype("<f8").tofile(Path(folder) / "X.f64")
    X.astype("<f8").tofile(Path(folder) / "rows.f64")
    y.astype("<f8").tofile(Path(folder) / "y.f64")


def read(folder, rows, features):
    X = np.fromfile(Path(folder) / "rows.f64").reshape(-1, features)
    y = np.fromfile(Path(folder) / "y.f64")
    return X[:rows], y[:rows], X[rows:], y[rows:]


def forest(folder, kind, rows, features, trees, rounds):
    X, y, X_test, y_test = read(folder, int(rows), int(features))
    estimator = RandomForestClassifier if kind == "classes" else RandomForestRegressor
    seconds, cpu = [], []
    estimator(5, n_jobs=CORES).fit(X[:2000], y[:2000])
    for _ in range(int(rounds)):
        model = estimator(int(trees), n_jobs=CORES, random_state=0)
        start, before = time.perf_counter(), time.process_time()
        model.fit(X, y)
        seconds.append(time.perf_counter() - start)
        cpu.append(time.process_time() - before)
    megabytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"seconds": seconds, "cpu": cpu, "score": model.score(X_test, y_test), "megabytes": megabytes}))


def linear(folder, rows, features):
    X, y, _, _ = read(folder, int(rows), int(features))
    seconds = []
    for _ in range(5):
        start = time.process_time()
        model = LinearRegression().fit(X, y)
        seconds.append(time.process_time() - start)
    print(json.dumps({"seconds": seconds, "coef": model.coef_.tolist(), "intercept": float(model.intercept_)}))


{"data": write, "forest": forest, "linear": linear}[sys.argv[1]](*sys.argv[2:])
