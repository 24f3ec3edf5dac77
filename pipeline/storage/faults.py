"""What a whole reading of a database finds that SQLite's own check does not.

Damaged bytes inside a row leave the structure as it was.  They show all the same: text that is no UTF-8, numbers
where text should be, words that are none of ours, hashes that do not fit, records that contradict each other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import msgspec
from sqlalchemy import Connection

from pipeline.errors import StorageError
from pipeline.model import Outcome, Reason

from . import codec, tables
from .database import Database
from .values import EventKind, LinkKind

_STORAGE = {"BigInteger": "integer", "Double": "real", "Text": "text", "LargeBinary": "blob"}


@dataclass(frozen=True, slots=True)
class _Reader:
    """A database being read as a whole."""

    database: Database
    connection: Connection

    def execute(self, sql: str) -> Iterator[tuple[Any, ...]]:
        return self.database.rows(self.connection, sql)

    def itself(self, table: str) -> str:
        return self.database.itself(table)


def content_faults(database: Database, limit: int) -> list[str]:
    """At most ``limit`` faults, in words."""
    found: list[str] = []
    for search in (_unreadable, _texts, _packed, _words, _contradictions):
        try:
            with database.snapshot() as connection:
                for fault in search(_Reader(database, connection)):
                    found.append(fault)
                    if len(found) >= limit:
                        return found
        except (StorageError, UnicodeDecodeError, OverflowError, ValueError, TypeError) as error:
            found.append(f"reading it fails: {error}")
    return found


def _unreadable(raw: _Reader) -> Iterator[str]:
    """Every value of every row has the kind of its column, and texts are UTF-8."""
    for table in tables.metadata.sorted_tables:
        kinds = [_STORAGE[type(column.type).__name__] for column in table.columns]
        names = ", ".join(c.name for c in table.columns)
        rows = raw.execute(f"SELECT {names} FROM {raw.itself(table.name)}")  # noqa: S608
        yield from (f"a row of {table.name} holds {fault}" for fault in _odd(rows, kinds))


_KINDS: dict[str, tuple[type, ...]] = {"integer": (int,), "real": (float, int), "text": (str,), "blob": (bytes,)}


def _odd(rows: Iterator[tuple[Any, ...]], kinds: list[str]) -> Iterator[str]:
    allowed = [(*_KINDS[kind], type(None)) for kind in kinds]
    for row in rows:
        for value, types, kind in zip(row, allowed, kinds, strict=True):
            if not isinstance(value, types):
                yield f"a {type(value).__name__} where {kind} belongs"


def _texts(raw: _Reader) -> Iterator[str]:
    sql = "SELECT a.row, a.text_hash, b.text, a.meta FROM article a LEFT JOIN body b ON b.article = a.row"
    for row, known, text, meta in raw.execute(sql):
        if text is not None and codec.text_hash(text) != known:
            yield f"the text of article row {row} is not what was stored"
        if not codec.readable_meta(meta):
            yield f"the record of article row {row} cannot be read"


def _packed(raw: _Reader) -> Iterator[str]:
    """Values that are packed into one column."""
    yield from _undecoded(raw, "SELECT article, figures FROM evidence", codec.read_figures, "evidence of article")
    yield from _undecoded(raw, "SELECT row, extra FROM journal", codec.read_extra, "journal")
    yield from _undecoded(raw, "SELECT row, state FROM feed", lambda state: codec.read_feed(state, 0), "feed")
    yield from _undecoded(raw, "SELECT row, payload FROM work", codec.read_entry, "work")


def _undecoded(raw: _Reader, sql: str, read: Callable[[Any], object], what: str) -> Iterator[str]:
    for row, content in raw.execute(sql):
        try:
            read(content)
        except (msgspec.MsgspecError, ValueError, TypeError):
            yield f"{what} row {row} cannot be read"


def _words(raw: _Reader) -> Iterator[str]:
    """Words that are none of ours."""
    for table, column, known in (
        ("event", "kind", EventKind),
        ("link", "kind", LinkKind),
        ("journal", "outcome", Outcome),
        ("journal", "reason", Reason),
    ):
        ours = {word.value for word in known}
        for (word,) in raw.execute(f"SELECT DISTINCT {column} FROM {raw.itself(table)}"):  # noqa: S608
            if word not in ours:
                yield f"{column} of {table} says {str(word)[:40]!r}, which means nothing"


def _contradictions(raw: _Reader) -> Iterator[str]:
    for sql, meaning in _RULES:
        for (row,) in raw.execute(sql):
            yield meaning.format(row=row)


_RULES = (
    (
        "SELECT s.row FROM story s LEFT JOIN (SELECT story, count(*) AS n FROM article GROUP BY story) a"
        " ON a.story = s.row WHERE s.size <> coalesce(a.n, 0)",
        "story row {row} does not have the articles it counts",
    ),
    (
        "SELECT s.row FROM story s LEFT JOIN article a ON a.row = s.canonical AND a.story = s.row"
        " WHERE s.merged_into IS NULL AND a.row IS NULL",
        "story row {row} is spoken for by an article that is not its own",
    ),
    (
        "SELECT k.article FROM sketch k JOIN article a ON a.row = k.article WHERE a.story <> k.story",
        "article row {row} is in two stories",
    ),
    (
        "SELECT 0 WHERE (SELECT count(*) FROM event) <> (SELECT coalesce(max(cursor), 0) FROM event)",
        "events are missing",
    ),
    (
        "SELECT a.row FROM article a WHERE a.revision <> 1 + (SELECT count(*) FROM revision r WHERE r.article = a.row)"
        " AND EXISTS (SELECT 1 FROM body b WHERE b.article = a.row)",
        "earlier texts of article row {row} are missing",
    ),
)
