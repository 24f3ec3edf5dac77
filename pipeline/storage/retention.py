"""Forgetting: texts and journal rows go after a time; keys, addresses and stories stay.

What stays is what keeps an old item from coming back as new, and a story's record whole: its articles with
their titles, addresses and places, and all events.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection

from . import codec
from .base import Part

EARLIEST = -(1 << 63)  # a time before any
SLICE = 2000  # articles or rows in one transaction: the writer is never held up for long


class Retention(Part):
    """What is dropped, in slices."""

    def forget_texts(self, before: datetime, *, limit: int = SLICE) -> list[int]:
        """Drop text, sketch, evidence and earlier texts of at most ``limit`` articles stored before then.

        Articles that speak for a story seen since stay whole.  On PostgreSQL whole ranges of articles go
        (``partitions``): some hundred thousand may go in one call, and a range stays until all of it has passed its
        time.  Returns the rows of those dropped: call again until there are none.  A dropped article is matched no
        more and found by its title only, but is still known by its address and text.
        """
        if self._db.parted:
            return self._forget_parts(codec.micros(before), limit)
        with self._db.write() as connection:
            moment = codec.micros(before)
            rows = list(connection.exec_driver_sql(self._sql(_OLD), (moment, moment, limit)).scalars())
            self._drop_texts(connection, rows)
        return rows

    def forget_items(self, before: datetime, *, limit: int = SLICE) -> int:
        """Drop at most ``limit`` journal rows decided before then (on PostgreSQL whole weeks, once they have
        passed); returns how many were dropped.

        The newest row always stays: cursors only grow.
        """
        with self._db.write() as connection:
            first = EARLIEST
            if self._db.parted:
                from . import partitions

                dropped, week = partitions.drop_weeks(connection, codec.micros(before))
                if dropped or week is None:
                    return dropped
                first = week.low  # weeks between are dropped once they have passed
            found = connection.exec_driver_sql(self._sql(_OLD_ITEMS), (codec.micros(before), first, limit))
            rows = [(row,) for row in found.scalars()]
            self._many(connection, "DELETE FROM journal WHERE row = ?", rows)
        return len(rows)

    def size_bytes(self) -> int:
        """Bytes the database uses, without space that was freed and not used again."""
        with self._db.read() as connection:
            return self._db.size(connection)

    def _forget_parts(self, before: int, limit: int) -> list[int]:
        """``forget_texts`` where texts lie in ranges: a range whose time has passed goes as a whole.

        In the last one, which is still being filled, ``limit`` articles go: by writing it anew where that is
        less than what goes, or else one by one.
        """
        from . import partitions

        with self._db.snapshot() as connection:
            due = partitions.due_range(connection, before)
        if due is None or (due.last and not due.old):
            return []
        gone = list(due.old[:limit] if due.last else due.old)
        for start in range(0, len(gone), SLICE):
            with self._db.write() as connection:
                self._db.words.forget(connection, gone[start : start + SLICE])
        with self._db.write() as connection:
            if not due.last:
                partitions.drop_range(connection, due)
            elif due.kept <= len(due.old):
                partitions.thin_range(connection, due.span, gone)
            else:
                self._drop_texts(connection, gone)
        return gone or self._forget_parts(before, limit)  # a range of which nothing was left to forget

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
    "SELECT row FROM journal WHERE time < ? AND time >= ? AND row < (SELECT max(row) FROM journal)"
    " ORDER BY time, row LIMIT ?"
)
