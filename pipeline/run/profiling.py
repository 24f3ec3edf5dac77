"""A worker process that reads a file and profiles its articles ahead of the matcher.

It runs on the second core while the first one matches and stores.  What crosses over are whole arrays for a
batch, never one object an article.
"""

from __future__ import annotations

import multiprocessing
import queue
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.errors import StoryfoldError, UsageError
from pipeline.model import Article, TextSource
from pipeline.run.records import BadLine, Record, read_records

if TYPE_CHECKING:
    from pipeline.dedup.profile import Batch, Profile

ARTICLES = 512  # in one batch at most
CHARACTERS = 400_000  # of texts in one batch, about: bounds memory where articles are long
AHEAD = 4  # batches that may wait
PATIENCE = 1.0  # seconds between two looks at whether the worker still lives

# id, was it a whole number, url, title, text, outlet, published, published_day_only, line
Row = tuple[str, bool, str, str, str, str | None, Any, bool, int]


@dataclass(frozen=True, slots=True)
class Parcel:
    """One batch as it crosses over: plain rows, arrays, and the lines that were left out."""

    rows: list[Row]
    parts: list[Batch]  # their profiles
    bad: list[BadLine]
    lines: int  # number of the last line read

    def records(self) -> list[tuple[Record, Profile]]:
        """Records with their profiles, in file order."""
        profiles = (profile for batch in self.parts for profile in batch.split())
        return list(zip((_record(row) for row in self.rows), profiles, strict=True))


def _row(record: Record) -> Row:
    a = record.article
    return (
        record.id, record.whole, a.url, a.title, a.text, a.outlet, a.published, a.published_day_only,
        record.number,
    )  # fmt: skip


def _record(row: Row) -> Record:
    key, whole, url, title, text, outlet, published, day_only, number = row
    article = Article(
        url=url, title=title, text=text, outlet=outlet, published=published,
        published_day_only=day_only, source=TextSource.IMPORT,
    )  # fmt: skip
    return Record(number, key, whole, article)


def parcels(path: Path) -> Iterator[Parcel]:
    """The file as parcels, read and profiled in this process."""
    rows: list[Record] = []
    bad: list[BadLine] = []
    length = number = 0
    for item in read_records(path):
        number = item.number
        if isinstance(item, BadLine):
            bad.append(item)
            continue
        rows.append(item)
        length += len(item.article.text)
        if len(rows) == ARTICLES or length > CHARACTERS:
            yield _parcel(rows, bad, number)
            rows, bad, length = [], [], 0
    if rows or bad:
        yield _parcel(rows, bad, number)


def _parcel(records: list[Record], bad: list[BadLine], lines: int) -> Parcel:
    from pipeline.dedup.profile import chunks, profile_batch

    parts = [profile_batch(part) for part in chunks([r.article for r in records])]
    return Parcel([_row(record) for record in records], parts, bad, lines)


def _work(path: Path, out: Any) -> None:
    try:
        for parcel in parcels(path):
            out.put(parcel)
        out.put(None)
    except Exception as error:  # noqa: BLE001 - handed to the process that can report it
        out.put(error)


@contextmanager
def ahead(path: Path) -> Iterator[Iterator[Parcel]]:
    """The file as parcels, made by a process of its own that stays a few batches ahead.

    Raises ``StoryfoldError`` where that process ends unexpectedly, and whatever it met itself.
    """
    context: Any = multiprocessing.get_context(_start_method())
    waiting: Any = context.Queue(AHEAD)
    worker = context.Process(target=_work, args=(path, waiting), name="profiles", daemon=True)
    worker.start()
    try:
        yield _received(waiting, worker)
    finally:
        if worker.is_alive():
            worker.terminate()
        worker.join()
        waiting.close()
        with suppress(OSError):
            waiting.join_thread()


def _start_method() -> str:
    """``fork`` begins at once, and is safe while the process has one thread; else a fresh interpreter."""
    single = threading.active_count() == 1 and "fork" in multiprocessing.get_all_start_methods()
    return "fork" if single else "spawn"


def _received(waiting: Any, worker: Any) -> Iterator[Parcel]:
    while True:
        try:
            item = waiting.get(timeout=PATIENCE)
        except queue.Empty:
            if worker.is_alive():
                continue
            raise StoryfoldError(f"the process that reads the file ended with {worker.exitcode}") from None
        if item is None:
            return
        if isinstance(item, BaseException):
            raise item if isinstance(item, UsageError) else StoryfoldError(f"reading failed: {item!r}")
        yield item
