"""A process that reads a file of articles and profiles them ahead of the matcher.

What it makes goes two ways: to the matcher what decisions are made from, as whole arrays for a batch, never
one object an article; to the process that stores, the texts, which the matcher never sees.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from itertools import cycle, islice
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.errors import UsageError
from pipeline.model import Article, TextSource
from pipeline.run.allocator import collect_rarely, keep_freed_memory
from pipeline.run.beside import Beside, Queue, beside
from pipeline.run.records import BadLine, Line, Record, parsed, read_lines

if TYPE_CHECKING:
    from pipeline.dedup.profile import Batch, Profile

ARTICLES = 512  # in one parcel at most
BYTES = 400_000  # of lines in one parcel, about: bounds memory where articles are long
AHEAD = 16  # parcels that may wait for the matcher; twice as many for the one that stores
LARGE = 16 << 20  # bytes of a file that more than one process reads


@dataclass(frozen=True, slots=True)
class Sheet:
    """What the matcher gets of one parcel: ids, profiles, and the lines that were left out.

    ``whole``: whether each id was a whole number; ``hashes``: ``text_hash`` of each text; ``lines``: number of
    the last line read.
    """

    ids: list[str]
    whole: list[bool]
    hashes: list[bytes]
    parts: list[Batch]
    bad: list[BadLine]
    lines: int

    def profiles(self) -> list[Profile]:
        """One for each article, in file order."""
        return [profile for batch in self.parts for profile in batch.split()]


# id, url, title, text, outlet, published, published_day_only, sketch, hash of the text
Text = tuple[str, str, str, str, str | None, datetime | None, bool, bytes, bytes]


def article_of(text: Text) -> Article:
    """The article as it is stored."""
    _, url, title, body, outlet, published, day_only, *_ = text
    return Article(
        url=url, title=title, text=body, outlet=outlet, published=published,
        published_day_only=day_only, source=TextSource.IMPORT,
    )  # fmt: skip


def parcels(path: Path, own: int = 0, of: int = 1) -> Iterator[tuple[Sheet, list[Text]]]:
    """The file as parcels, read and profiled in this process: every ``of``-th of them from ``own`` on."""
    return (_parcel(block) for block in islice(_blocks(path), own, None, of))


def _blocks(path: Path) -> Iterator[list[Line]]:
    """The lines of a parcel each; the same ones for everybody who reads the file."""
    block: list[Line] = []
    length = 0
    for line in read_lines(path):
        block.append(line)
        length += len(line[1])
        if len(block) == ARTICLES or length > BYTES:
            yield block
            block, length = [], 0
    if block:
        yield block


def _parcel(block: list[Line]) -> tuple[Sheet, list[Text]]:
    from pipeline.dedup.profile import chunks, profile_batch
    from pipeline.storage.codec import text_hash

    lines = list(map(parsed, block))
    records = [line for line in lines if isinstance(line, Record)]
    parts = [profile_batch(part) for part in chunks([r.article for r in records])]
    sketches = [sketch for part in parts for sketch in part.sketches()]
    hashes = [text_hash(r.article.text) for r in records]
    bad = [line for line in lines if isinstance(line, BadLine)]
    sheet = Sheet([r.id for r in records], [r.whole for r in records], hashes, parts, bad, block[-1][0])
    return sheet, [_text(*known) for known in zip(records, sketches, hashes, strict=True)]


def _text(record: Record, sketch: bytes, text_hash: bytes) -> Text:
    a = record.article
    return (record.id, a.url, a.title, a.text, a.outlet, a.published, a.published_day_only, sketch, text_hash)


@dataclass(frozen=True, slots=True)
class Reading:
    """A file that is being read: the processes beside this one, and the queues they fill in turn."""

    processes: Beside
    sheets: tuple[Queue, ...]
    texts: tuple[Queue, ...]

    def __iter__(self) -> Iterator[Sheet]:
        """The sheets, in the order of the file."""
        for queue in cycle(self.sheets):
            sheet = self.processes.get(queue)
            if sheet is None:
                return
            yield sheet


@contextmanager
def reading(path: Path) -> Iterator[Reading]:
    """Begin to read ``path`` at once, while this process still loads what it needs itself.

    Raises ``UsageError`` where there is no such file; what cannot be read is told by the sheets.
    """
    if not path.is_file():
        raise UsageError(f"cannot read {path}: there is no such file")
    collect_rarely()
    # The matcher's process needs these as well: loaded before the fork they are loaded once.
    import pipeline.dedup.profile
    import pipeline.storage.codec  # noqa: F401

    keep_freed_memory()
    with beside() as processes:
        count = _readers(path)
        sheets = tuple(processes.queue(AHEAD) for _ in range(count))
        texts = tuple(processes.queue(2 * AHEAD) for _ in range(count))
        for own in range(count):
            processes.start(f"profiles {own + 1}", _send_parcels, path, own, count, sheets[own], texts[own])
        yield Reading(processes, sheets, texts)


def _readers(path: Path) -> int:
    """How many processes read the file, each of them all of it, to profile every so-manieth parcel.

    A second one needs a core beside those of the matcher and the first, and a file that is worth its start.
    """
    return 2 if (os.cpu_count() or 1) > 2 and path.stat().st_size > LARGE else 1


def _send_parcels(path: Path, own: int, of: int, sheets: Queue, texts: Queue) -> None:
    """A share of the parcels into two queues; at the end None, or the error that ended it, into ``sheets``."""
    try:
        for sheet, ready in parcels(path, own, of):
            texts.put(ready)  # first: whoever has a sheet can rely on its texts
            sheets.put(sheet)
        sheets.put(None)
    except Exception as error:  # noqa: BLE001 - handed to the process that can report it
        sheets.put(error)
