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
        self._week: Span | None = None  # the newest; older ones may be dropped by another process
        self._end: int | None = None

    def forget(self) -> None:
        """What was known may have been rolled back."""
        self._week = None
        self._end = None

    def ready_for_times(self, connection: Connection, times: Iterable[int]) -> None:
        """Make the weeks of the journal that rows of these times go into."""
        for week in sorted({week_of(time) for time in times} - {self._week}):
            if not _there(connection, week_name(week)):
                _make(connection, JOURNAL, week_name(week), week)
            self._week = max(week, self._week or week)

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


def drop_weeks(connection: Connection, before: int) -> tuple[int, Span | None]:
    """Drop the weeks of the journal that lie wholly before a time: how many rows went, and the newest row's week,
    which stays, so that cursors only grow.
    """
    time = connection.exec_driver_sql("SELECT time FROM journal ORDER BY row DESC LIMIT 1").scalar()
    newest = None if time is None else week_of(time)
    dropped = 0
    for name, week in parts_of(connection, JOURNAL):
        if week.high <= before and week != newest:
            dropped += connection.exec_driver_sql(f"SELECT count(*) FROM {name}").scalar_one()  # noqa: S608
            connection.exec_driver_sql(f"DROP TABLE {name}")
    return dropped, newest


@dataclass(frozen=True, slots=True)
class Due:
    """A range in which texts are to be forgotten: ``old`` article rows, beside ``kept`` ones."""

    span: Span
    old: tuple[int, ...]
    kept: int
    last: bool  # still being filled


def due_range(connection: Connection, before: int) -> Due | None:
    """The first range whose articles have all passed their time, or the last one; None where nothing is to go."""
    newest = connection.exec_driver_sql("SELECT coalesce(max(row), 0) FROM article").scalar_one()
    for _, span in parts_of(connection, BY_ARTICLE[0]):
        last = newest < span.high
        if not last and (_stored_behind(connection, span) or before) >= before:
            return None
        old = connection.exec_driver_sql(_OLD, (span.low, span.high, before, before)).scalars().all()
        if old or not last:
            there = connection.exec_driver_sql(_THERE, (span.low, span.high)).scalar_one()
            return Due(span, tuple(old), there - len(old), last)
    return None


def drop_range(connection: Connection, due: Due) -> None:
    """Drop a range in every table it lies in; what is not old goes to the rest."""
    for table in BY_ARTICLE:
        part = range_name(table, due.span)
        connection.exec_driver_sql(f"ALTER TABLE {table} DETACH PARTITION {part}")
        connection.exec_driver_sql(
            f"INSERT INTO {table} SELECT * FROM {part} WHERE NOT (article = ANY(%s))",  # noqa: S608
            (list(due.old),),
        )
        connection.exec_driver_sql(f"DROP TABLE {part}")


def thin_range(connection: Connection, span: Span, gone: list[int]) -> None:
    """Write a range anew without some articles, so that their space is free at once."""
    for table in BY_ARTICLE:
        part = range_name(table, span)
        connection.exec_driver_sql(
            f"CREATE TEMP TABLE kept ON COMMIT DROP AS SELECT * FROM {part} WHERE NOT (article = ANY(%s))",  # noqa: S608
            (gone,),
        )
        connection.exec_driver_sql(f"TRUNCATE {part}")
        connection.exec_driver_sql(f"INSERT INTO {part} SELECT * FROM kept")  # noqa: S608
        connection.exec_driver_sql("DROP TABLE kept")


def _stored_behind(connection: Connection, span: Span) -> int | None:
    """When the articles behind a range began to be stored; later texts of some of them do not count."""
    found = connection.exec_driver_sql(_BEHIND, (span.high, span.high + 100)).scalar()
    return None if found is None else int(found)


_BEHIND = "SELECT min(stored) FROM article WHERE row >= %s AND row < %s"
_OLD = (
    "SELECT a.row FROM sketch k JOIN article a ON a.row = k.article JOIN story s ON s.row = a.story"
    " WHERE k.article >= %s AND k.article < %s AND a.stored < %s"
    " AND NOT (s.canonical = a.row AND s.last_seen >= %s) ORDER BY a.row"
)
_THERE = "SELECT count(*) FROM sketch WHERE article >= %s AND article < %s"
