"""Tables of PostgreSQL that lie in parts, so that forgetting drops a part instead of deleting its rows.

The journal lies in weeks of its time.  Texts, sketches, evidence and revisions lie in ranges of article rows:
rows are given out in the order of storing, so a range is a span of time, and the row stays the key.  A part is
made when its first row comes, beside the table and then attached, so that nobody who reads is held up.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection

JOURNAL = "journal"
BY_ARTICLE = ("body", "sketch", "evidence", "revision")  # a range is always made and dropped in all of them
REST = "rest"  # of the name of the part that keeps what outlives its range

WEEK = 7 * 24 * 3_600_000_000  # microseconds
_MONDAY = 4 * 24 * 3_600_000_000  # 1970-01-05T00:00Z, microseconds since the epoch
ARTICLES = 1 << 17  # in one range: about 400 MB of texts, two weeks at 10,000 articles a day


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """A part's rows: from ``low`` to below ``high``."""

    low: int
    high: int


def week_of(time: int) -> Span:
    """The week, from Monday, that a time in microseconds lies in."""
    low = (time - _MONDAY) // WEEK * WEEK + _MONDAY
    return Span(low, low + WEEK)


def week_name(span: Span) -> str:
    """``journal_20260302``, by its Monday."""
    day = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=span.low)
    return f"{JOURNAL}_{day:%Y%m%d}"


def ranges_for(rows: Iterable[int], end: int) -> list[Span]:
    """The ranges still to be made for new article rows; ``end`` is where the last one made so far ends.

    Rows below ``end`` have a range, or had one.
    """
    lows = {row // ARTICLES * ARTICLES for row in rows if row >= end}
    return [Span(max(low, end), low + ARTICLES) for low in sorted(lows)]


def range_name(table: str, span: Span) -> str:
    """``body_131072``, by its first row."""
    return f"{table}_{span.low}"


class Partitions:
    """The parts that are there, as this process knows them.  Used inside write transactions only."""

    def __init__(self) -> None:
        self._weeks: set[Span] = set()
        self._end: int | None = None

    def forget(self) -> None:
        """What was known may have been rolled back."""
        self._weeks.clear()
        self._end = None

    def ready_for_times(self, connection: Connection, times: Iterable[int]) -> None:
        """Make the weeks of the journal that rows of these times go into."""
        for week in sorted({week_of(time) for time in times} - self._weeks):
            if not _there(connection, week_name(week)):
                _make(connection, JOURNAL, week_name(week), week)
            self._weeks.add(week)

    def ready_for_articles(self, connection: Connection, rows: Iterable[int]) -> None:
        """Make the ranges that articles of these rows go into."""
        rows = list(rows)
        if self._end is not None and max(rows) < self._end:
            return
        self._end = max((span.high for _, span in parts_of(connection, BY_ARTICLE[0])), default=0)
        for span in ranges_for(rows, self._end):
            for table in BY_ARTICLE:
                _make(connection, table, range_name(table, span), span)
            self._end = span.high


def parts_of(connection: Connection, table: str) -> Iterator[tuple[str, Span]]:
    """Name and span of every part of ``table`` but the rest, in order."""
    found = []
    for name, bounds in connection.exec_driver_sql(_PARTS, (table,)):
        if not name.endswith(f"_{REST}"):
            low, high = (int(part.split("'")[1]) for part in bounds.split(" TO "))
            found.append((name, Span(low, high)))
    yield from sorted(found, key=lambda part: part[1])


def _there(connection: Connection, name: str) -> bool:
    return connection.exec_driver_sql("SELECT to_regclass(%s)", (name,)).scalar() is not None


def _make(connection: Connection, table: str, name: str, span: Span) -> None:
    connection.exec_driver_sql(f"CREATE TABLE {name} (LIKE {table} INCLUDING ALL)")
    bounds = f"FROM ({span.low}) TO ({span.high})"
    connection.exec_driver_sql(f"ALTER TABLE {table} ATTACH PARTITION {name} FOR VALUES {bounds}")


_PARTS = (
    "SELECT c.relname, pg_get_expr(c.relpartbound, c.oid) FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid"
    " WHERE i.inhparent = CAST(%s AS regclass)"
)
