"""Reads a Feather file into pandas, and writes its rows with columns of more types."""

import datetime
import sys

import pyarrow as pa
from pyarrow import feather

source, target = sys.argv[1:]
table = feather.read_table(source)
frame = table.to_pandas()
assert list(frame["text"].cat.categories) == ["ü", ""], frame["text"]
assert frame["double"].tolist()[::2] == [0.1, 3.0], frame["double"]
assert str(frame["when"].dtype) == "datetime64[ms]", frame.dtypes
days = [datetime.date(1970, 1, 1 + day) for day in range(3)]
table = table.append_column("small", pa.array([0, 1, 2], pa.uint8())).append_column("day", pa.array(days))
strings = table["text"].cast(pa.large_string())
table = table.set_column(table.column_names.index("text"), "text", strings)
feather.write_feather(table, target, compression="uncompressed", chunksize=2)
