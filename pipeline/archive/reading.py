"""Stage *read*: the files as they came → rows of articles, each with where it stands and when it was published.

Also the shapes of ``lines`` (all usable lines) and ``articles`` (one row an article, in the order of the archive).
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any

from pipeline.archive.inputs import Input
from pipeline.archive.job import Job
from pipeline.archive.parts import Told, load, pa, save, told
from pipeline.errors import UsageError
from pipeline.model import Article, TextSource
from pipeline.run.records import BadLine, Record, read_records, record_of

ARTICLE = pa.schema(
    [
        ("row", pa.int64()),
        ("id", pa.string()),
        ("whole", pa.bool_()),  # whether the id was a whole number
        ("url", pa.string()),
        ("title", pa.string()),
        ("text", pa.string()),
        ("outlet", pa.string()),
        ("published", pa.int64()),  # microseconds since the epoch
        ("day_only", pa.bool_()),
    ]
)
LINE = pa.schema([("file", pa.int32()), ("line", pa.int64()), ("moment", pa.float64()), *list(ARTICLE)[1:]])
BAD = pa.schema([("file", pa.int32()), ("line", pa.int64()), ("reason", pa.string())])
GROUP = 1024  # articles in a row group: 6 MB of web texts
BAD_KEPT = 1000  # lines left out that are named one by one; all are counted
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICRO = timedelta(microseconds=1)
_COLUMNS = ("id", "text", "url", "outlet", "title", "published")


@dataclass(frozen=True, slots=True)
class Read:
    """The task: one input file → ``lines``, and ``bad`` beside them."""

    job: Job

    def __call__(self, item: tuple[int, Input]) -> Told:
        """Counts: ``lines``, ``usable``, ``bad``, ``undated``."""
        number, source = item
        path = self.job.part("lines", number)
        if path.exists():
            return told(path)
        reader = _Reader(number)
        save(path, self._tables(reader, source), LINE, reader.counts, GROUP)
        return reader.counts

    def _tables(self, reader: _Reader, source: Input) -> Iterator[pa.Table]:
        for part in _parts(_numbered(self._files(reader.number, source), source)):
            yield reader.table(part)
        save(self.job.part("bad", reader.number), [pa.table(reader.bad, schema=BAD)], BAD)  # before ``lines`` is there

    def _files(self, number: int, source: Input) -> list[Path]:
        if not source.remote:
            return [Path(source.name)]
        return sorted((self.job.table("fetched") / str(number)).glob("part-*"))


class _Reader:
    """Articles of one file; one without a date is taken to come with the dated one before it."""

    def __init__(self, number: int) -> None:
        self.number = number
        self._at = -math.inf
        self.counts: Told = {"lines": 0, "usable": 0, "bad": 0, "undated": 0}
        self.bad: dict[str, list[Any]] = {name: [] for name in BAD.names}

    def table(self, part: list[Record | BadLine]) -> pa.Table:
        columns: dict[str, list[Any]] = {name: [] for name in LINE.names}
        tally: Counter[str] = Counter(lines=len(part))
        for item in part:
            if isinstance(item, BadLine):
                tally["bad"] += 1
                if len(self.bad["line"]) < BAD_KEPT:
                    for name, value in zip(BAD.names, (self.number, item.number, item.reason), strict=True):
                        self.bad[name].append(value)
                continue
            tally["usable"] += 1
            published = item.article.published
            tally["undated"] += published is None
            self._at = self._at if published is None else published.timestamp()
            for name, value in zip(LINE.names, self._row(item), strict=True):
                columns[name].append(value)
        for name, more in tally.items():
            self.counts[name] += more
        return pa.table(columns, schema=LINE)

    def _row(self, item: Record) -> tuple[Any, ...]:
        a = item.article
        published = None if a.published is None else (a.published - _EPOCH) // _MICRO
        return (
            self.number, item.number, self._at, item.id, item.whole, a.url, a.title, a.text, a.outlet, published,
            a.published_day_only,
        )  # fmt: skip


def _parts(items: Iterator[Record | BadLine]) -> Iterator[list[Record | BadLine]]:
    while part := list(islice(items, GROUP)):
        yield part


def _numbered(files: list[Path], source: Input) -> Iterator[Record | BadLine]:
    """The records of all files of one input; lines are counted on from file to file."""
    before = last = 0
    for path in files:
        for item in _rows(path) if source.kind == "parquet" else read_records(path):
            last = before + item.number
            yield replace(item, number=last) if before else item
        before = last


def _rows(path: Path) -> Iterator[Record | BadLine]:
    """Rows of a Parquet file with the columns of a JSON line; ``id`` and ``text`` must be there."""
    import pyarrow.parquet as pq

    try:
        file = pq.ParquetFile(path)
        names = [name for name in _COLUMNS if name in file.schema_arrow.names]
        if not {"id", "text"} <= set(names):
            raise UsageError(
                f"{path}: an archive in Parquet needs the columns id and text, it has {file.schema_arrow.names}"
            )
        number = 0
        for batch in file.iter_batches(batch_size=GROUP, columns=names):
            for row in batch.to_pylist():
                number += 1
                yield record_of(number, {**row, "published": _time(row.get("published"))})
    except (pa.ArrowException, OSError) as error:
        raise UsageError(f"cannot read {path}: {error}") from error


def _time(value: Any) -> Any:
    """Dates and times as ISO 8601, as a JSON line would have them."""
    return value.isoformat() if isinstance(value, date) else value  # a datetime is a date, too


def articles(job: Job, block: int, texts: bool = True) -> tuple[list[int], list[str], list[bool], list[Article]]:
    """The articles of a block in order: rows, ids, whether the id was a whole number, articles."""
    schema = ARTICLE if texts else pa.schema([field for field in ARTICLE if field.name != "text"])
    table = load(job.files("articles", block), schema, ["row"])
    columns = {name: table.column(name).to_pylist() for name in schema.names}
    made = [
        Article(
            url=url,
            title=title,
            text=text,
            outlet=outlet,
            published=None if published is None else _EPOCH + published * _MICRO,
            published_day_only=day_only,
            source=TextSource.IMPORT,
        )
        for url, title, text, outlet, published, day_only in zip(
            columns["url"],
            columns["title"],
            columns.get("text", [""] * len(table)),
            columns["outlet"],
            columns["published"],
            columns["day_only"],
            strict=True,
        )
    ]
    return columns["row"], columns["id"], columns["whole"], made
