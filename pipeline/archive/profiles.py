"""Profiles as Parquet rows, and back."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from pipeline.archive.parts import arrays, binary, column, pa
from pipeline.dedup.profile import Batch, Profile, Ragged
from pipeline.dedup.voice import NOBODY

# Hashes stand as signed numbers: not every engine knows unsigned ones.
ARRAYS = {"shingles": "<u8", "flags": "u1", "numbers": "<u8", "names": "<u8", "title_numbers": "<u8", "samples": "<u4"}
HASHES = ("text", "outlet", "agency", "name")
_PLAIN = {
    "n_tokens": pa.int64(), "size": pa.int64(), "title": pa.string(), "time": pa.float64(), "site": pa.string(),
    "day_only": pa.bool_(),
}  # fmt: skip
SCHEMA = pa.schema(
    [("row", pa.int64())]
    + [(name, pa.binary()) for name in (*ARRAYS, "sources")]
    + [(name, pa.int64()) for name in HASHES]
    + list(_PLAIN.items())
)


def table_of(rows: NDArray[np.int64], batch: Batch) -> pa.Table:
    """A batch of profiles; ``rows[i]`` is the row of the i-th article."""
    ragged: dict[str, Ragged] = {name: getattr(batch, name) for name in ARRAYS}
    columns = {name: binary(values.values, values.offsets) for name, values in ragged.items()}
    title, time, outlet, agency, name, site, sources, day_only = zip(*batch.frames, strict=True)
    hashes = {"text": batch.text, "outlet": outlet, "agency": agency, "name": name}
    return pa.table(
        {
            "row": rows,
            **columns,
            "sources": [np.array(sorted(own), "<u8").tobytes() for own in sources],
            **{key: np.array(values, np.uint64).view(np.int64) for key, values in hashes.items()},
            "n_tokens": batch.n_tokens,
            "size": batch.size,
            "title": title,
            "time": np.array(time, np.float64),
            "site": site,
            "day_only": day_only,
        },
        schema=SCHEMA,
    )


def profiles_of(table: pa.Table) -> dict[int, Profile]:
    """Profiles by row; views into the table."""
    return dict(zip(column(table, "row").tolist(), _profiles(table), strict=True))


def _profiles(table: pa.Table) -> Iterator[Profile]:
    ragged = [arrays(table, name, dtype) for name, dtype in ARRAYS.items()]
    text, outlet, agency, name = (column(table, key).view(np.uint64).tolist() for key in HASHES)
    plain = [table.column(key).to_pylist() for key in _PLAIN]
    sources = [frozenset(own.tolist()) or NOBODY for own in arrays(table, "sources", "<u8")]
    for i, (arrays_of, values) in enumerate(zip(zip(*ragged, strict=True), zip(*plain, strict=True), strict=True)):
        shingles, flags, numbers, names, title_numbers, samples = arrays_of
        n_tokens, size, title, time, site, day_only = values
        yield Profile(
            shingles, flags, numbers, names, title_numbers, title, time, outlet[i], n_tokens, agency[i], text[i],
            samples, size, name[i], site, sources[i], day_only,
        )  # fmt: skip
