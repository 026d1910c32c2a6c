"""Fits scikit-learn's estimators to three of its bundled datasets each; prints rows, options and predictions as JSON."""

import json
import sys
import warnings

import numpy as np
from scipy.stats import theilslopes
from sklearn.datasets import load_breast_cancer, load_diabetes, load_iris, load_wine
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor
from sklearn.kernel_ridge import KernelRidge
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import PolynomialFeatures, scale

warnings.filterwarnings("ignore")
CLASSES = {"iris": load_iris, "wine": load_wine, "breast cancer": load_breast_cancer}


def labelled(name):
    data = CLASSES[name]()
    return data.data, data.target_names[data.target]


def numeric(name):
    """Of datasets of labels, the last column is what the others tell."""
    if name == "diabetes":
        return load_diabetes(scaled=False, return_X_y=True)
    data = CLASSES[name]().data
    return data[:, :-1], data[:, -1]


def case(estimator, dataset, X, y, options, **found):
    columns = {f"x{i}": column.tolist() for i, column in enumerate(np.atleast_2d(X.T))}
    return {"estimator": estimator, "dataset": dataset, "options": options, "columns": columns, "y": y.tolist(), **found}


def exact(estimator, dataset, X, y, model, options):
    model.fit(X, y)
    found = model.predict_proba(X)[:, -1] if hasattr(model, "predict_proba") else model.predict(X)
    return case(estimator, dataset, X, y, options, predictions=found.tolist())


def scored(estimator, dataset, X, y, forest):
    """The mean score of five forests on every fourth row, which they have not seen."""
    held_out = np.arange(len(y)) % 4 == 0
    scores = [forest(100, random_state=s).fit(X[~held_out], y[~held_out]).score(X[held_out], y[held_out]) for s in range(5)]
    return case(estimator, dataset, X, y, {}, score=float(np.mean(scores)))


def curves(dataset, X, y):
    x, line = X[:, [0]], LinearRegression
    logs = line().fit(np.log(x), np.log(y))
    slope, intercept, _, _ = theilslopes(y, x[:, 0], method="joint")
    at = lambda values: np.asarray(values).ravel().tolist()
    yield case("SimpleLinearRegression", dataset, x, y, {}, predictions=at(line().fit(x, y).predict(x)))
    yield case("PolynomialRegression", dataset, x, y, {"degree": 3}, predictions=at(make_pipeline(PolynomialFeatures(3), line()).fit(x, y).predict(x)))
    yield case("ExponentialRegression", dataset, x, y, {}, predictions=at(np.exp(line().fit(x, np.log(y)).predict(x))))
    yield case("PowerRegression", dataset, x, y, {}, predictions=at(np.exp(logs.predict(np.log(x)))))
    yield case("PotentialRegression", dataset, x, y, {"M": 2}, predictions=at(line(fit_intercept=False).fit(x**2, y).predict(x**2)))
    yield case("TheilSenRegression", dataset, x, y, {}, predictions=at(slope * x + intercept))
    two = X[:, :2]
    yield case("PolynomialFitRegression2D", dataset, two, y, {}, predictions=at(make_pipeline(PolynomialFeatures(2), line()).fit(two, y).predict(two)))


def cases():
    for dataset in CLASSES:
        X, y = labelled(dataset)
        yield scored("RandomForestClassifier", dataset, X, y, RandomForestClassifier)
        model = LogisticRegression(solver="newton-cholesky", tol=1e-12, max_iter=1000)
        yield exact("LogisticRegression", dataset, scale(X), y, model, {})
    for dataset in ["diabetes", "iris", "wine"]:
        X, y = numeric(dataset)
        yield scored("RandomForestRegression", dataset, X, y, RandomForestRegressor)
        yield exact("MultivariateLinearRegression", dataset, X, y, LinearRegression(), {})
        yield exact("Ridge", dataset, X, y, Ridge(alpha=2.0), {"alpha": 2})
        kernel = {"kernelType": "gaussian", "kernelOptions": {"sigma": 3}, "lambda": 0.5}
        yield exact("KernelRidgeRegression", dataset, scale(X), y, KernelRidge(alpha=0.5, kernel="rbf", gamma=1 / 18), kernel)
        yield from curves(dataset, X, y)


json.dump(list(cases()), sys.stdout)
