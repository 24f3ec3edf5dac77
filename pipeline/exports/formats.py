"""Rows → one file, as they come: no export holds more than one part of them in memory."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import fields
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import msgspec

from pipeline.errors import UsageError
from pipeline.exports.feeds import atom, json_feed, sound
from pipeline.exports.records import ArticleRow, StoryRow

if TYPE_CHECKING:
    from types import ModuleType

Row = ArticleRow | StoryRow
PART = 1_000  # rows in one row group of Parquet
# A cell that begins so may be taken for a formula by a spreadsheet (OWASP, "CSV Injection").
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def write(kind: str, what: type[Row], rows: Iterable[Row], out: IO[bytes], made: datetime) -> None:
    """Write ``rows``, all of one ``what``, as ``kind``, one of ``FORMATS``; ``made`` is the time of the export.

    Raises ``UsageError`` for articles as a feed, and where Parquet's library is not installed.
    """
    if kind == "parquet":
        _parquet(what, rows, out)
        return
    if kind in ("atom", "jsonfeed"):
        if what is not StoryRow:
            raise UsageError(f"{kind} is a feed of stories; for articles there are jsonl, csv and parquet")
        told: Iterable[Any] = rows
        parts = atom(told, made) if kind == "atom" else json_feed(told)
        for part in parts:
            out.write(part.encode("utf-8", "replace"))
        return
    _PLAIN[kind](what, rows, out)


def _json_lines(_what: type[Row], rows: Iterable[Row], out: IO[bytes]) -> None:
    encode = msgspec.json.Encoder().encode
    for row in rows:
        out.write(encode(row) + b"\n")


def _csv(what: type[Row], rows: Iterable[Row], out: IO[bytes]) -> None:
    """RFC 4180 with UTF-8 and its mark, which spreadsheets need to read it as such."""
    out.write(b"\xef\xbb\xbf")
    out.write(_csv_line([field.name for field in fields(what)]))
    for row in rows:
        out.write(_csv_line([cell(getattr(row, field.name)) for field in fields(what)]))


def _csv_line(cells: list[str]) -> bytes:
    line = io.StringIO(newline="")
    csv.writer(line).writerow(cells)
    return line.getvalue().encode("utf-8", "replace")


def cell(value: object) -> str:
    """A value as one cell; text that a spreadsheet would run as a formula gets an apostrophe in front.

    >>> cell("=1+1"), cell(("a", "b")), cell(None), cell(-0.5)
    ("'=1+1", 'a; b', '', '-0.5')
    """
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return str(value)
    text = "; ".join(value) if isinstance(value, tuple) else str(value)
    text = sound(text)
    return f"'{text}" if text.lstrip(" \u00a0\u200b\ufeff").startswith(_FORMULA) else text


def _parquet(what: type[Row], rows: Iterable[Row], out: IO[bytes]) -> None:
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError:
        raise UsageError("Parquet needs the extra: pip install 'storyfold[parquet]'") from None
    schema = _schema(pyarrow, what)
    with pyarrow.parquet.ParquetWriter(out, schema, compression="zstd") as writer:
        for part in _parts(rows):
            columns = {name: [getattr(row, name) for row in part] for name in schema.names}
            columns = {name: [_plain(value) for value in values] for name, values in columns.items()}
            writer.write_table(pyarrow.Table.from_pydict(columns, schema=schema))


def _parts(rows: Iterable[Row]) -> Iterator[list[Row]]:
    stream = iter(rows)
    while part := list(islice(stream, PART)):
        yield part


def _plain(value: Any) -> Any:
    if isinstance(value, str):
        return sound(value)
    return [sound(part) for part in value] if isinstance(value, tuple) else value


def _schema(pyarrow: ModuleType, what: type[Row]) -> Any:
    """Column types from the annotations of the row."""
    types = {
        "str": pyarrow.string(),
        "datetime": pyarrow.timestamp("us", tz="UTC"),
        "bool": pyarrow.bool_(),
        "int": pyarrow.int64(),
        "float": pyarrow.float64(),
        "tuple[str, ...]": pyarrow.list_(pyarrow.string()),
    }
    kinds = [(field.name, str(field.type)) for field in fields(what)]
    return pyarrow.schema([(name, types[kind.removesuffix(" | None")]) for name, kind in kinds])


_PLAIN: Mapping[str, Callable[[type[Row], Iterable[Row], IO[bytes]], None]] = {"jsonl": _json_lines, "csv": _csv}
FORMATS = ("jsonl", "csv", "parquet", "atom", "jsonfeed")


def write_file(kind: str, what: type[Row], rows: Iterable[Row], path: Path, made: datetime) -> None:
    """Write a file that is complete or not there; raises ``UsageError`` where it cannot be written."""
    part = path.with_name(path.name + ".part")
    try:
        with part.open("wb") as out:
            write(kind, what, rows, out, made)
        part.replace(path)
    except OSError as error:
        raise UsageError(f"cannot write {path}: {error.strerror or error}") from error
    finally:
        part.unlink(missing_ok=True)
