"""Parquet files as stages hand them over: written whole or not at all, with what is to be told beside the rows."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from pipeline.errors import UsageError

try:
    import pyarrow as pa
    import pyarrow.parquet as pq
except ImportError:  # the extra is not installed
    raise UsageError(
        "archives are handed over as Parquet: pip install 'storyfold[duckdb]' or 'storyfold[spark]'"
    ) from None

Told = dict[str, int]
_TOLD = b"told"
GROUP = 4096  # rows in a row group


def save(
    path: Path, tables: Iterable[pa.Table], schema: pa.Schema, told: Told | None = None, group: int = GROUP
) -> None:
    """Write ``tables`` as one file, which is there whole or not at all: two processes may write it at once.

    ``told``: counts to keep with it.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}")  # no pattern of ours and no engine reads this name
    try:
        with pq.ParquetWriter(draft, schema, compression="zstd", compression_level=1) as writer:
            for table in tables:
                writer.write_table(table.cast(schema), row_group_size=group)
            writer.add_key_value_metadata({_TOLD.decode(): json.dumps(told or {})})
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


def told(path: Path) -> Told:
    """The counts kept with a file."""
    return cast("Told", json.loads((pq.read_metadata(path).metadata or {}).get(_TOLD, b"{}")))


def load(files: Sequence[Path], schema: pa.Schema, order: Sequence[str] = (), where: Any = None) -> pa.Table:
    """The columns of ``schema`` from ``files``, with its types whatever an engine made of them, sorted by
    ``order``; no rows where there are no files."""
    # Partitions are told apart by our own folders, not by pyarrow: an engine's types of them differ.
    read = [pq.read_table(path, columns=schema.names, partitioning=None, filters=where) for path in files]
    table = pa.concat_tables([part.cast(schema) for part in read]) if read else schema.empty_table()
    return table.sort_by([(name, "ascending") for name in order]) if order else table


def rows_of(path: Path) -> int:
    """Rows of one file, from its foot."""
    return cast("int", pq.read_metadata(path).num_rows)


def column(table: pa.Table, name: str) -> NDArray[Any]:
    """A column of plain numbers or truths without gaps as an array."""
    return cast("NDArray[Any]", table.column(name).to_numpy())


def binary(values: NDArray[Any], offsets: NDArray[np.int64]) -> pa.Array:
    """Arrays of different lengths (``values`` cut at ``offsets``) as a column of bytes, little-endian."""
    little = np.ascontiguousarray(values, values.dtype.newbyteorder("<"))
    ends = pa.py_buffer((offsets * values.dtype.itemsize).astype(np.int32))
    return pa.Array.from_buffers(pa.binary(), len(offsets) - 1, [None, ends, pa.py_buffer(little)])


def arrays(table: pa.Table, name: str, dtype: str) -> list[NDArray[Any]]:
    """The inverse of ``binary``: one view per row."""
    found: list[NDArray[Any]] = []
    for chunk in table.column(name).chunks:
        _, ends, data = chunk.buffers()
        offsets = np.frombuffer(ends, np.int32)[chunk.offset : chunk.offset + len(chunk) + 1]
        size = np.dtype(dtype).itemsize
        values = np.frombuffer(data, dtype, count=int(offsets[-1]) // size) if data is not None else np.zeros(0, dtype)
        bounds = (offsets // size).tolist()
        found.extend(values[a:b] for a, b in pairwise(bounds))
    return found


__all__ = ["Told", "arrays", "binary", "column", "load", "pa", "rows_of", "save", "told"]
