"""Inserts a DataFrame of doubles with pymongo, reads its sum back, and drops it; prints a JSON line.

Usage: write_rows.py URL DATABASE FILE COLUMNS (FILE: the values as raw doubles, column after column)
"""
import json
import sys
import time

import numpy as np
import pandas as pd
from pymongo import MongoClient

url, database, path, names = sys.argv[1:]
columns = names.split(',')
frame = pd.DataFrame(dict(zip(columns, np.fromfile(path).reshape(len(columns), -1))))
documents = MongoClient(url)[database]['peer']
start = time.perf_counter()
documents.insert_many(frame.to_dict('records'))
seconds = time.perf_counter() - start
total = {'$sum': {'$add': [f'${name}' for name in columns]}}
(found,) = documents.aggregate([{'$group': {'_id': None, 'rows': {'$sum': 1}, 'sum': total}}])
documents.drop()
print(json.dumps({'seconds': seconds, 'rows': found['rows'], 'sum': found['sum']}))
