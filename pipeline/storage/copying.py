"""A SQLite database moved into PostgreSQL: in portions that may be interrupted, every value compared at the end.

Rows go over in the order of their keys, so the last key that arrived says where to go on.  Until all is compared
the target carries a note in ``checkpoint``, and nothing else opens it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from hashlib import blake2b
from typing import Any

import msgspec
from sqlalchemy import Connection, Table

from pipeline.errors import StorageError

from . import codec, tables
from .database import Database, open_database
from .migrate import migrate

Progress = Callable[[str, int, int], None]  # table, rows done of it, rows it has

PORTION = 2_000  # rows in one transaction
NOTE = "copy"  # the name of the checkpoint that says what is being copied

# Every table but the index of words, which is built anew, and its key.  What is pointed to comes first.
KEYS: dict[str, tuple[str, ...]] = {
    "feed": ("row",),
    "entry": ("row",),
    "refusal": ("feed", "key", "reason"),
    "work": ("row",),
    "story": ("row",),
    "article": ("row",),
    "body": ("article",),
    "sketch": ("article",),
    "address": ("identity",),
    "evidence": ("article", "place"),
    "revision": ("article", "number"),
    "link": ("row",),
    "event": ("cursor",),
    "journal": ("row",),
    "alias": ("name",),
    "renamed": ("article",),
    "delivery": ("hook",),
    "host": ("name",),
    "subscription": ("feed",),
    "checkpoint": ("name",),
}
_COUNTED = ("feed", "entry", "work", "link")  # tables whose numbers the database gives out
_KEYED = {"entry": "key", "refusal": "key"}  # columns that go through ``Database.key``


def unfinished(database: Database) -> bool:
    """Whether a copy into ``database`` was begun and not ended."""
    with database.read() as connection:
        sql = database.sql("SELECT count(*) FROM checkpoint WHERE name = ?")
        return bool(connection.exec_driver_sql(sql, (NOTE,)).scalar())


def copy(source_url: str, target_url: str, progress: Progress) -> dict[str, int]:
    """Copy all of a SQLite database into an empty PostgreSQL one, or go on where an earlier copy ended.

    Nobody may write to either meanwhile.  Returns the rows of each table once every value was read back from the
    target and found equal.  Raises ``StorageError`` where the target holds something else, or the source changed
    between two attempts.
    """
    source, target = open_database(source_url, read_only=True), open_database(target_url)
    try:
        if (source.dialect, target.dialect) != ("sqlite", "postgresql"):
            raise StorageError("`db copy` goes from sqlite:///… to postgresql://…; a backup copies within one kind")
        migrate(source)
        target.begin()
        migrate(target)
        with target.alone("db copy"):
            return _Copy(source, target, progress).run()
    finally:
        source.close()
        target.close()


class _Copy:
    """One attempt."""

    def __init__(self, source: Database, target: Database, progress: Progress) -> None:
        self._source = source
        self._target = target
        self._progress = progress

    def run(self) -> dict[str, int]:
        with self._source.snapshot() as connection:
            totals = {name: _count(connection, name) for name in KEYS}
            self._target.patiently(lambda: self._note(connection, totals))
            for name in KEYS:
                self._table(connection, tables.metadata.tables[name], totals[name])
            self._target.patiently(lambda: self._count_on(connection))
            for name in KEYS:
                self._compare(connection, tables.metadata.tables[name], totals[name])
        self._target.patiently(self._finish)
        self._progress("", 0, 0)
        return totals

    def _note(self, connection: Connection, totals: dict[str, int]) -> None:
        """Say in the target what is being copied; refuse where it holds something else."""
        last = connection.exec_driver_sql(_STATE).one()
        state = msgspec.json.encode([list(totals.values()), list(last)])
        with self._target.write() as target:
            sql = self._target.sql("SELECT content FROM checkpoint WHERE name = ?")
            known = target.exec_driver_sql(sql, (NOTE,)).scalar()
            if known is None:
                if any(_count(target, name) for name in KEYS):
                    raise StorageError(
                        f"the database {self._target.name} holds records already: copy into an empty one"
                    )
                self._target.insert(target, tables.checkpoint, [(NOTE, 0, state)])
            elif bytes(known) != state:
                raise StorageError(
                    f"the database {self._source.name} has changed since a copy of it was begun: drop"
                    f" {self._target.name}, make it again with `createdb`, and copy anew"
                )

    def _table(self, connection: Connection, table: Table, total: int) -> None:
        name, keys = table.name, KEYS[table.name]
        after = self._target.patiently(lambda: self._last(name, keys))
        done = self._target.patiently(lambda: self._there(name))
        for portion in self._portions(connection, table, after):
            self._target.patiently(lambda rows=portion: self._add(table, rows))  # type: ignore[misc]
            done += len(portion)
            self._progress(name, done, total)

    def _last(self, name: str, keys: Sequence[str]) -> tuple[Any, ...] | None:
        """The key of the last row that arrived."""
        order = ", ".join(f"{key} DESC" for key in keys)
        sql = f"SELECT {', '.join(keys)} FROM {name}{_but_note(name)} ORDER BY {order} LIMIT 1"  # noqa: S608
        with self._target.read() as connection:
            found = connection.exec_driver_sql(sql).first()
        return None if found is None else tuple(found)

    def _there(self, name: str) -> int:
        with self._target.read() as connection:
            return int(connection.exec_driver_sql(f"SELECT count(*) FROM {name}{_but_note(name)}").scalar_one())  # noqa: S608

    def _portions(
        self, connection: Connection, table: Table, after: tuple[Any, ...] | None
    ) -> Iterator[list[tuple[Any, ...]]]:
        """Rows of the source behind a key, as the target holds them."""
        keys = KEYS[table.name]
        names = ", ".join(column.name for column in table.columns)
        where, values = _but_search(table.name), ()
        if after is not None:
            begun = "AND" if where else " WHERE"
            where += f" {begun} ({', '.join(keys)}) > ({', '.join('?' * len(keys))})"
            values = after
        sql = f"SELECT {names} FROM {table.name}{where} ORDER BY {', '.join(keys)}"  # noqa: S608 - our own names
        found = connection.exec_driver_sql(sql, tuple(values))
        while rows := found.fetchmany(PORTION):
            yield [self._fitting(table, tuple(row)) for row in rows]

    def _fitting(self, table: Table, row: tuple[Any, ...]) -> tuple[Any, ...]:
        """``row`` as the target can hold it: long keys shortened, NUL characters replaced."""
        fitting = [codec.sound(value) if isinstance(value, str) else value for value in row]
        if (column := _KEYED.get(table.name)) is not None:
            place = [c.name for c in table.columns].index(column)
            fitting[place] = self._target.key(fitting[place])
        return tuple(fitting)

    def _add(self, table: Table, rows: list[tuple[Any, ...]]) -> None:
        with self._target.write() as connection:
            self._target.insert(connection, table, rows)

    def _count_on(self, connection: Connection) -> None:
        """Numbers go on where the source's ended: none is given twice."""
        given = dict(map(tuple, connection.exec_driver_sql("SELECT name, seq FROM sqlite_sequence").all()))
        with self._target.write() as target:
            for name in _COUNTED:
                sql = f"SELECT setval(pg_get_serial_sequence('{name}', 'row'), %s, %s)"
                target.exec_driver_sql(sql, (max(given.get(name, 0), 1), bool(given.get(name))))

    def _compare(self, connection: Connection, table: Table, total: int) -> None:
        """Read the target's rows back and compare them, value for value, with the source's."""
        digest, count = blake2b(digest_size=16), 0
        for portion in self._portions(connection, table, None):
            digest.update(_digest(portion))
        self._target.patiently(lambda: self._same(table, digest.hexdigest(), total))
        self._progress(f"{table.name} again", count, total)

    def _same(self, table: Table, expected: str, total: int) -> None:
        found, count, names = blake2b(digest_size=16), 0, ", ".join(c.name for c in table.columns)
        sql = f"SELECT {names} FROM {table.name}{_but_note(table.name)} ORDER BY {', '.join(KEYS[table.name])}"  # noqa: S608
        rows: list[tuple[Any, ...]] = []
        with self._target.snapshot() as connection:
            for row in self._target.rows(connection, sql):
                rows.append(tuple(row))
                if len(rows) == PORTION:
                    found.update(_digest(rows))
                    count += len(rows)
                    self._progress(f"{table.name} again", count, total)
                    rows.clear()
        if rows:
            found.update(_digest(rows))
        if found.hexdigest() != expected:
            raise StorageError(
                f"the table {table.name} of {self._target.name} is not what {self._source.name} holds:"
                " drop the new database, make it again with `createdb`, and copy anew"
            )

    def _finish(self) -> None:
        with self._target.write() as connection:
            connection.exec_driver_sql(self._target.sql("DELETE FROM checkpoint WHERE name = ?"), (NOTE,))
        with self._target.read() as connection:
            connection.exec_driver_sql("ANALYZE")


_STATE = (
    "SELECT (SELECT coalesce(max(cursor), 0) FROM event), (SELECT coalesce(max(row), 0) FROM journal),"
    " (SELECT coalesce(sum(attempts), 0) FROM work), (SELECT coalesce(sum(next_poll % 1000003), 0) FROM feed)"
)


def _count(connection: Connection, name: str) -> int:
    return int(connection.exec_driver_sql(f"SELECT count(*) FROM {name}{_but_search(name)}").scalar_one())  # noqa: S608


def _but_search(name: str) -> str:
    """The index of words is not copied, so the target's begins with nothing."""
    return " WHERE name <> 'search'" if name == "checkpoint" else ""


def _but_note(name: str) -> str:
    return f" WHERE name <> '{NOTE}'" if name == "checkpoint" else ""


def _digest(rows: list[tuple[Any, ...]]) -> bytes:
    return blake2b(msgspec.msgpack.encode(rows), digest_size=16).digest()
