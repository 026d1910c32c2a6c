"""Reads a collection's double columns with pymongoarrow, as often as asked; prints a JSON line for each time.

Usage: read_rows.py URL DATABASE COLLECTION COLUMNS TIMES
"""
import json
import sys
import time
import warnings

warnings.filterwarnings('ignore')

from pymongo import MongoClient
from pymongoarrow.api import Schema, find_numpy_all

url, database, collection, columns, times = sys.argv[1:]
schema = Schema({name: float for name in columns.split(',')})
documents = MongoClient(url)[database][collection]
for _ in range(int(times)):
    start = time.perf_counter()
    arrays = find_numpy_all(documents, {}, schema=schema)
    seconds = time.perf_counter() - start
    sums = [float(arrays[name].sum()) for name in schema]
    print(json.dumps({'seconds': seconds, 'rows': len(arrays[columns.split(',')[0]]), 'sum': sum(sums)}), flush=True)
