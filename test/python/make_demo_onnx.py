"""Makes the demo's ONNX model: a gradient boosting of scikit-learn that predicts the price of a diamond.

make_demo_onnx.py OUTPUT.onnx     fits the model and writes it
make_demo_onnx.py --predictions   fits the model and prints, as JSON, what scikit-learn itself predicts for
                                  the held-out rows: {"X": [[...]], "y": [...], "predictions": [...]}

Deterministic: the same versions of the packages give the same file.
"""

import json
import sys
from pathlib import Path

import numpy as np
import pandas as pd
from skl2onnx import to_onnx
from sklearn.ensemble import GradientBoostingRegressor

FEATURES = ["carat", "depth", "table", "x", "y", "z"]
DATA = Path(__file__).resolve().parents[2] / "src/cli/demo/data/diamonds.csv.gz"
SEED = 1
HELD_OUT_PERCENT = 20


def main():
    diamonds = pd.read_csv(DATA)
    diamonds = diamonds[(diamonds[["x", "y", "z"]] > 0).all(axis=1)].reset_index(drop=True)
    held_out = is_held_out(len(diamonds))
    X = diamonds[FEATURES].to_numpy(np.float32)
    y = diamonds["price"].to_numpy(np.float64)
    model = GradientBoostingRegressor(n_estimators=60, max_depth=4, random_state=0)
    model.fit(X[~held_out], y[~held_out])

    if sys.argv[1] != "--predictions":
        onnx = to_onnx(model, X[:1], target_opset={"": 18, "ai.onnx.ml": 3})
        Path(sys.argv[1]).write_bytes(onnx.SerializeToString())
        return
    predictions = model.predict(X[held_out])
    json.dump({"X": X[held_out].tolist(), "y": y[held_out].tolist(), "predictions": predictions.tolist()}, sys.stdout)


def is_held_out(rows):
    """The same rows as in src/cli/demo/held-out.ts: a hash of the row's number (murmur3's finalizer)."""
    hashed = np.arange(rows, dtype=np.uint64) + np.uint64(SEED * 0x9E3779B9)
    mask = np.uint64(0xFFFFFFFF)
    hashed &= mask
    for shift, factor in [(16, 0x85EBCA6B), (13, 0xC2B2AE35)]:
        hashed = ((hashed ^ (hashed >> np.uint64(shift))) * np.uint64(factor)) & mask
    hashed ^= hashed >> np.uint64(16)
    return hashed % np.uint64(100) < HELD_OUT_PERCENT


if __name__ == "__main__":
    main()
