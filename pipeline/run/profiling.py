"""A process that reads a file of articles and profiles them ahead of the matcher.

What it makes goes two ways: to the matcher what decisions are made from, as whole arrays for a batch, never
one object an article; to the process that stores, the texts, which the matcher never sees.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.errors import UsageError
from pipeline.model import Article, TextSource
from pipeline.run.beside import Beside, Queue, beside
from pipeline.run.records import BadLine, Record, read_records

if TYPE_CHECKING:
    from pipeline.dedup.profile import Batch, Profile

ARTICLES = 512  # in one parcel at most
CHARACTERS = 400_000  # of texts in one parcel, about: bounds memory where articles are long
AHEAD = 8  # parcels that may wait for the matcher; twice as many for the one that stores


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


# id, url, title, text, outlet, published, published_day_only, sketch
Text = tuple[str, str, str, str, str | None, datetime | None, bool, bytes]


def article_of(text: Text) -> Article:
    """The article as it is stored."""
    _, url, title, body, outlet, published, day_only, _ = text
    return Article(
        url=url, title=title, text=body, outlet=outlet, published=published,
        published_day_only=day_only, source=TextSource.IMPORT,
    )  # fmt: skip


def parcels(path: Path) -> Iterator[tuple[Sheet, list[Text]]]:
    """The file as parcels, read and profiled in this process."""
    records: list[Record] = []
    bad: list[BadLine] = []
    length = number = 0
    for item in read_records(path):
        number = item.number
        if isinstance(item, BadLine):
            bad.append(item)
            continue
        records.append(item)
        length += len(item.article.text)
        if len(records) == ARTICLES or length > CHARACTERS:
            yield _parcel(records, bad, number)
            records, bad, length = [], [], 0
    if records or bad:
        yield _parcel(records, bad, number)


def _parcel(records: list[Record], bad: list[BadLine], lines: int) -> tuple[Sheet, list[Text]]:
    from pipeline.dedup.profile import chunks, profile_batch
    from pipeline.storage.codec import text_hash

    parts = [profile_batch(part) for part in chunks([r.article for r in records])]
    sketches = [sketch for part in parts for sketch in part.sketches()]
    sheet = Sheet(
        [r.id for r in records],
        [r.whole for r in records],
        [text_hash(r.article.text) for r in records],
        parts,
        bad,
        lines,
    )
    return sheet, [_text(r.id, r.article, sketch) for r, sketch in zip(records, sketches, strict=True)]


def _text(key: str, a: Article, sketch: bytes) -> Text:
    return (key, a.url, a.title, a.text, a.outlet, a.published, a.published_day_only, sketch)


@dataclass(frozen=True, slots=True)
class Reading:
    """A file that is being read: the processes beside this one, and the queues they fill."""

    processes: Beside
    sheets: Queue
    texts: Queue

    def __iter__(self) -> Iterator[Sheet]:
        """The sheets, as they come."""
        return iter(lambda: self.processes.get(self.sheets), None)


@contextmanager
def reading(path: Path) -> Iterator[Reading]:
    """Begin to read ``path`` at once, while this process still loads what it needs itself.

    Raises ``UsageError`` where there is no such file; what cannot be read is told by the sheets.
    """
    if not path.is_file():
        raise UsageError(f"cannot read {path}: there is no such file")
    with beside() as processes:
        ahead = Reading(processes, processes.queue(AHEAD), processes.queue(2 * AHEAD))
        processes.start("profiles", _send_parcels, path, ahead.sheets, ahead.texts)
        yield ahead


def _send_parcels(path: Path, sheets: Queue, texts: Queue) -> None:
    """All parcels into two queues; at the end None, or the error that ended it, into ``sheets``."""
    try:
        for sheet, own in parcels(path):
            texts.put(own)  # first: whoever has a sheet can rely on its texts
            sheets.put(sheet)
        sheets.put(None)
    except Exception as error:  # noqa: BLE001 - handed to the process that can report it
        sheets.put(error)
