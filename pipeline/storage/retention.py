"""Forgetting: texts and journal rows go after a time; keys, addresses and stories stay.

What stays is what keeps an old item from coming back as new, and a story's record whole: its articles with
their titles, addresses and places, and all events.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection

from . import codec
from .base import Part

SLICE = 2000  # articles or rows in one transaction: the writer is never held up for long


class Retention(Part):
    """What is dropped, in slices."""

    def forget_texts(self, before: datetime, *, limit: int = SLICE) -> list[int]:
        """Drop text, sketch, evidence and earlier texts of at most ``limit`` articles stored before then.

        Articles that speak for a story seen since stay whole.  Returns the rows of those dropped: call again
        until there are none.  A dropped article is matched no more and found by its title only, but is still
        known by its address and text.
        """
        with self._db.write() as connection:
            moment = codec.micros(before)
            rows = list(connection.exec_driver_sql(self._sql(_OLD), (moment, moment, limit)).scalars())
            self._drop_texts(connection, rows)
        return rows

    def forget_items(self, before: datetime, *, limit: int = SLICE) -> int:
        """Drop at most ``limit`` journal rows decided before then; returns how many were dropped.

        The newest row always stays: cursors only grow.
        """
        with self._db.write() as connection:
            found = connection.exec_driver_sql(self._sql(_OLD_ITEMS), (codec.micros(before), limit))
            rows = [(row,) for row in found.scalars()]
            self._many(connection, "DELETE FROM journal WHERE row = ?", rows)
        return len(rows)

    def size_bytes(self) -> int:
        """Bytes the database uses, without space that was freed and not used again."""
        with self._db.read() as connection:
            return self._db.size(connection)

    def _drop_texts(self, connection: Connection, rows: list[int]) -> None:
        self._db.words.forget(connection, rows)
        keys = [(row,) for row in rows]
        for table in ("body", "sketch", "evidence", "revision"):
            self._many(connection, f"DELETE FROM {table} WHERE article = ?", keys)  # noqa: S608


_OLD = (
    "SELECT a.row FROM sketch k JOIN article a ON a.row = k.article JOIN story s ON s.row = a.story"
    " WHERE a.stored < ? AND NOT (s.canonical = a.row AND s.last_seen >= ?) ORDER BY a.row LIMIT ?"
)
_OLD_ITEMS = (
    "SELECT row FROM journal WHERE time < ? AND row < (SELECT max(row) FROM journal) ORDER BY time, row LIMIT ?"
)
