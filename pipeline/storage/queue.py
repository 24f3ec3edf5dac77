"""The queue of work: versions of entries that are taken but not settled.

Settling deletes the work and writes its journal row in one transaction, so that nothing is lost and
nothing journalled twice, whenever the process ends.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, func, select, update

from pipeline.model import JournalRow, Reason

from . import codec, journal, tables
from .feeds import Feeds
from .values import WorkItem

_feed, _entry, _work = tables.feed, tables.entry, tables.work
_WAITING = (
    select(_work, _entry.c.seen, _feed.c.row.label("feed_row"), _feed.c.source_url, _feed.c.state, _feed.c.listed)
    .join(_entry, _entry.c.row == _work.c.entry)
    .join(_feed, _feed.c.row == _entry.c.feed)
)


class Queue(Feeds):
    """Work between the poll and the matcher."""

    def pending(self, now: datetime, limit: int, exclude: Collection[int] = ()) -> list[WorkItem]:
        """At most ``limit`` work items that are due, oldest first, without the rows in hand (``exclude``).

        Of an entry with several versions waiting only the oldest is given out; a further look, which may be
        due much later, holds no version up.
        """
        older = _work.alias("older")
        behind = (older.c.entry == _work.c.entry, older.c.row < _work.c.row, older.c.look == 0)
        first = ~select(older.c.row).where(*behind).exists()
        due = _WAITING.where(_work.c.due <= codec.micros(now), first).order_by(_work.c.due, _work.c.row)
        with self._db.read() as connection:
            rows = connection.execute(due.limit(limit + len(exclude))).all()
        return self._items([row for row in rows if row.row not in exclude][:limit])

    def work_item(self, row: int) -> WorkItem | None:
        """The work in ``row``; None once it is settled."""
        with self._db.read() as connection:
            rows = connection.execute(_WAITING.where(_work.c.row == row)).all()
        return next(iter(self._items(rows)), None)

    def _items(self, rows: Sequence[Any]) -> list[WorkItem]:
        sources = {row.feed_row: row.state for row in rows}
        read = {key: codec.read_feed(state, key).source for key, state in sources.items()}
        return [
            WorkItem(
                row=row.row,
                feed_row=row.feed_row,
                feed_url=row.source_url,
                source=self._sources.get(row.source_url, read[row.feed_row]),
                entry=codec.read_entry(row.payload),
                revised=bool(row.revised),
                attempts=row.attempts,
                look=row.look,
                seen=codec.moment(row.seen),
            )
            for row in rows
        ]

    def waiting(self) -> tuple[int, datetime | None]:
        """How much work is not settled, further looks not counted, and when the first of it is due."""
        query = select(func.count(), func.min(_work.c.due)).select_from(_work).where(_work.c.look == 0)
        with self._db.read() as connection:
            count, due = connection.execute(query).one()
        return count, codec.maybe_moment(due)

    def look_again(self, row: int, look: int, due: datetime) -> None:
        """Plan the ``look``-th further look at what the work in ``row`` leads to.

        To be called before that work is settled; one further look of an entry waits at a time.
        """
        with self._db.write() as connection:
            connection.exec_driver_sql(self._sql(_LOOK), (codec.micros(due), look, row, row))

    def drop_work(self, rows: Sequence[int]) -> None:
        """End work that needs no word in the journal: a further look that found nothing new."""
        with self._db.write() as connection:
            self._many(connection, _END, [(row,) for row in rows])

    def postpone(self, row: int, until: datetime, reason: Reason, detail: str) -> None:
        """Try the work again at ``until``; counts one attempt."""
        with self._db.write() as connection:
            connection.execute(
                update(_work)
                .where(_work.c.row == row)
                .values(
                    due=codec.micros(until),
                    attempts=_work.c.attempts + 1,
                    reason=reason.value,
                    detail=codec.sound(detail),
                )
            )

    def bring_forward(self, now: datetime, longest: timedelta) -> int:
        """Make work due ``now`` that is due later than ``longest`` from now; returns how much."""
        with self._db.write() as connection:
            late = _work.c.due > codec.micros(now + longest)
            return connection.execute(update(_work).where(late).values(due=codec.micros(now))).rowcount

    def settle(self, row: int, journal_row: JournalRow) -> bool:
        """End one piece of work that leads to no new text; False when it was settled before."""
        return self.settle_all([(row, journal_row)]) == 1

    def settle_all(self, settled: Sequence[tuple[int, JournalRow]]) -> int:
        """``settle`` for many in one transaction; returns how many were not settled before."""
        with self._db.write() as connection:
            ids = [row.article_id for _, row in settled if row.article_id is not None]
            known = {row.article_id: row.row for row in self._chunked(connection, _ROWS_OF, ids)}
            ends = {place: known.get(row.article_id) for place, row in settled}
            ended = self._take_off(connection, ends)
            fresh = [row for place, row in dict(settled).items() if place in ended]
            journal.append(self._db, connection, fresh)
        return len(fresh)

    def _take_off(self, connection: Connection, ends: Mapping[int, int | None]) -> set[int]:
        """Remove work from the queue and note which article its entry led to; returns what was there."""
        found = {row.row: row.entry for row in self._chunked(connection, _ENTRIES_OF, list(ends))}
        self._many(connection, _END, [(row,) for row in found])
        led = [(ends[row], entry) for row, entry in found.items() if ends[row] is not None]
        self._many(connection, _LEAD, led)
        return set(found)


_ROWS_OF = "SELECT row, article_id FROM article WHERE article_id IN ({marks})"
_ENTRIES_OF = "SELECT row, entry FROM work WHERE row IN ({marks})"
_END = "DELETE FROM work WHERE row = ?"
_LOOK = (
    "INSERT INTO work (entry, payload, revised, attempts, due, detail, look)"
    " SELECT entry, payload, 1, 0, ?, '', ? FROM work WHERE row = ? AND NOT EXISTS (SELECT 1 FROM work other"
    " WHERE other.entry = work.entry AND other.look > 0 AND other.row <> ?)"
)
_LEAD = "UPDATE entry SET article = ? WHERE row = ?"
