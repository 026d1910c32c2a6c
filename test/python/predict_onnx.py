"""Predicts with exported ONNX files: reads a JSON list of {"file", "inputs": {name: [[...]]}} and prints their outputs."""

import json
import sys

import numpy as np
import onnx
from onnxruntime import InferenceSession


def predict(file, inputs):
    onnx.checker.check_model(onnx.load(file))
    session = InferenceSession(file)
    types = {value.name: object if value.type == "tensor(string)" else np.float64 for value in session.get_inputs()}
    arrays = {name: np.array(rows, dtype=types[name]) for name, rows in inputs.items()}
    return {value.name: result.tolist() for value, result in zip(session.get_outputs(), session.run(None, arrays))}


json.dump([predict(**case) for case in json.load(sys.stdin)], sys.stdout)
