"""Seals: what every few thousand rows of a table add up to, so that a changed byte in one of them is found.

SQLite has no checksums: a damaged byte inside a row is read as if it had been stored.  Beside the rows stands,
for each block of ``1 << BITS`` of them, their number and the sum of their checksums (CRC-32 over the row as
msgpack; a damage of any length goes unseen with a chance of 2^-32).  Both are carried on in the transaction that
changes the rows: what it adds is added, what it takes away is subtracted.  A block is never summed up anew from
what the file holds, so a damaged row stays found out whatever is written around it.

Rows that come in bulk are counted where they are inserted, in the driver's own loops; everything else is told by
triggers, which live in the writing connection and not in the file: another program may write there, but not unseen.
"""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from zlib import crc32

import msgspec

BITS = 12  # a block: 4,096 rows, so that a fault says roughly where, and the seals are a ten-thousandth of the rows
MARK = ""  # the name of the row that says for which version of the schema the database was sealed
# Their rows are only ever inserted through ``Seals.added``.
BULK = frozenset({"story", "article", "body", "sketch", "address", "evidence", "journal", "event"})
FIRST = 5  # the version of the schema that has them
_OWN = "seal"
_COUNTED = "sqlite_sequence"  # SQLite's table of the numbers it gave out; it takes no triggers

Progress = Callable[[str, int, int], None]  # table ("" once all is read), rows read of it, rows it has (about)
_pack = msgspec.msgpack.Encoder().encode


@dataclass(frozen=True, slots=True)
class Sealed:
    """A table of this database: its columns as they stand, whether its rows come by number."""

    name: str
    columns: tuple[str, ...]
    numbered: bool

    @property
    def key(self) -> str:
        """The column that says in which block a row is."""
        return self.columns[0]


class Seals:
    """What the transaction at work changes.  One for each database that is written to."""

    def __init__(self) -> None:
        self._changes: defaultdict[tuple[str, int], list[int]] = defaultdict(lambda: [0, 0])
        self.active = False  # before the schema is complete there is nothing to carry on

    def watch(self, raw: sqlite3.Connection) -> None:
        """Have every change on this connection told, bulk rows excepted."""
        raw.create_function("seal_row", -1, self._told)
        for table in sealed_tables(raw):
            for statement in _triggers(table):
                raw.execute(statement)

    def begin(self) -> None:
        """A transaction begins: nothing has changed yet."""
        self._changes.clear()

    def added(self, name: str, rows: Sequence[tuple[Any, ...]]) -> None:
        """Rows were inserted into one of the ``BULK`` tables, with every column in order."""
        if not self.active:
            return
        numbered = isinstance(rows[0][0], int)
        blocks = {row[0] >> BITS for row in rows} if numbered else {0}
        for block in blocks:
            part = rows if len(blocks) == 1 else [row for row in rows if row[0] >> BITS == block]
            change = self._changes[name, block]
            change[0] += len(part)
            change[1] += sum(map(crc32, map(_pack, part)))

    def end(self, raw: sqlite3.Connection) -> None:
        """Carry the seals on, inside the transaction that is about to be committed."""
        if not self._changes:
            return
        counted = any(name not in BULK for name, _ in self._changes)
        rows = [(*key, *change) for key, change in self._changes.items() if change != [0, 0]]
        raw.executemany(_CARRY_ON, rows)
        if counted:
            raw.execute(_REPLACE, (_COUNTED, 0, *_summed(raw.execute(_NUMBERS))))
        self._changes.clear()

    def _told(self, name: str, block: int, sign: int, *values: Any) -> None:
        change = self._changes[name, block]
        change[0] += sign
        change[1] += sign * crc32(_pack(values))


def sealed_tables(raw: sqlite3.Connection) -> list[Sealed]:
    """Every table but the seals, SQLite's own and the parts of the index of words, which the texts prove."""
    names = raw.execute(
        "SELECT name FROM sqlite_schema WHERE type = 'table' AND rootpage > 0 AND name <> ?"
        " AND name NOT LIKE 'sqlite~_%' ESCAPE '~' AND name NOT LIKE 'search~_words%' ESCAPE '~' ORDER BY name",
        (_OWN,),
    ).fetchall()
    found = []
    for (name,) in names:
        columns = raw.execute("SELECT name, type FROM pragma_table_info(?) ORDER BY cid", (name,)).fetchall()
        found.append(Sealed(name, tuple(column for column, _ in columns), columns[0][1] == "INTEGER"))
    return found


def is_sealed(raw: sqlite3.Connection, version: int) -> bool:
    """Whether the seals were made for this version of the schema."""
    found = raw.execute(f"SELECT rows FROM {_OWN} WHERE name = ?", (MARK,)).fetchone()  # noqa: S608
    return found is not None and found[0] == version


def seal_all(raw: sqlite3.Connection, version: int, progress: Progress | None = None) -> None:
    """Take everything as it stands now for right; inside a transaction.  Reads every row."""
    raw.execute(f"DELETE FROM {_OWN}")  # noqa: S608
    for table in sealed_tables(raw):
        rows = [(table.name, *found) for found in _blocks(raw, table, progress)]
        raw.executemany(_REPLACE, rows)
    if progress is not None:
        progress("", 0, 0)
    raw.execute(_REPLACE, (_COUNTED, 0, *_summed(raw.execute(_NUMBERS))))
    raw.execute(_REPLACE, (MARK, 0, version, 0))


def seal_faults(raw: sqlite3.Connection, version: int, progress: Progress | None = None) -> Iterator[str]:
    """Each block whose rows are not those that were stored, in words.  Reads every row."""
    sealed = {(row[0], row[1]): (row[2], row[3]) for row in raw.execute(f"SELECT name, block, rows, sum FROM {_OWN}")}  # noqa: S608
    if sealed.pop((MARK, 0), None) != (version, 0):
        yield "the seals of the rows are not those of this schema"
    tables = sealed_tables(raw)
    for table in tables:
        found = {block: (rows, total) for block, rows, total in _blocks(raw, table, progress)}
        expected = {block: seal for (name, block), seal in sealed.items() if name == table.name}
        for block in sorted(found.keys() | expected.keys()):
            wanted, there = expected.get(block, (0, 0)), found.get(block, (0, 0))
            if wanted != there:
                yield _fault(table, block, wanted[0], there[0])
    if progress is not None:
        progress("", 0, 0)
    if sealed.get((_COUNTED, 0)) != tuple(_summed(raw.execute(_NUMBERS))):
        yield "the numbers given out so far are not those that were kept"
    others = sealed.keys() - {(_COUNTED, 0)}
    unknown = {name for name, _ in others} - {table.name for table in tables}
    yield from (f"the seals name a table {name[:40]!r}, which is not there" for name in sorted(map(str, unknown)))


def _fault(table: Sealed, block: int, wanted: int, there: int) -> str:
    where = f" with {table.key} {block << BITS} to {((block + 1) << BITS) - 1}" if table.numbered else ""
    if wanted != there:
        return f"{there:,} rows of {table.name}{where} are there, {wanted:,} were stored"
    return f"the {there:,} rows of {table.name}{where} are not all as they were stored"


def _blocks(raw: sqlite3.Connection, table: Sealed, progress: Progress | None) -> Iterator[tuple[int, int, int]]:
    """(block, rows, sum) of each block that has rows."""
    columns = ", ".join(f'"{column}"' for column in table.columns)
    read = f'SELECT {columns} FROM "{table.name}" NOT INDEXED'  # noqa: S608 - names of our own tables
    if not table.numbered:
        rows, total = _summed(raw.execute(read))
        if rows:
            yield 0, rows, total
        return
    key, done = f'"{table.key}"', 0
    onward = f'SELECT min({key}) FROM "{table.name}" NOT INDEXED WHERE {key} >= ?'  # noqa: S608
    part = f"{read} WHERE {key} >= ? AND {key} < ?"
    last = raw.execute(f'SELECT max({key}) FROM "{table.name}" NOT INDEXED').fetchone()[0]  # noqa: S608
    low = raw.execute(f'SELECT min({key}) FROM "{table.name}" NOT INDEXED').fetchone()[0]  # noqa: S608
    while low is not None:
        block = low >> BITS
        rows, total = _summed(raw.execute(part, (block << BITS, (block + 1) << BITS)))
        yield block, rows, total
        done += rows
        if progress is not None:
            progress(table.name, done, last)
        low = raw.execute(onward, ((block + 1) << BITS,)).fetchone()[0]


def _summed(rows: sqlite3.Cursor) -> tuple[int, int]:
    checksums = list(map(crc32, map(_pack, rows)))
    return len(checksums), sum(checksums)


def _triggers(table: Sealed) -> Iterator[str]:
    """What tells of each change of a row."""

    def told(which: str, sign: int) -> str:
        block = f'{which}."{table.key}" >> {BITS}' if table.numbered else "0"
        values = ", ".join(f'{which}."{column}"' for column in table.columns)
        return f"seal_row('{table.name}', {block}, {sign}, {values})"

    changes = {"UPDATE": f"{told('OLD', -1)}, {told('NEW', 1)}", "DELETE": told("OLD", -1)}
    if table.name not in BULK:
        changes["INSERT"] = told("NEW", 1)
    for change, call in changes.items():
        yield (
            f'CREATE TEMP TRIGGER IF NOT EXISTS "seal_{table.name}_{change}" AFTER {change} ON main."{table.name}"'
            f" BEGIN SELECT {call}; END"
        )


_NUMBERS = f"SELECT name, seq FROM {_COUNTED} ORDER BY name"  # noqa: S608
_CARRY_ON = (
    f"INSERT INTO {_OWN} (name, block, rows, sum) VALUES (?, ?, ?, ?) ON CONFLICT (name, block)"  # noqa: S608
    " DO UPDATE SET rows = rows + excluded.rows, sum = sum + excluded.sum"
)
_REPLACE = f"INSERT OR REPLACE INTO {_OWN} (name, block, rows, sum) VALUES (?, ?, ?, ?)"  # noqa: S608
