"""The care of the database: checks, backups that prove themselves, restoring.

SQLite's own check looks at the structure and misses most damaged bytes inside rows.  A backup therefore
carries a seal: for every table the number of rows and a digest of all their values.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from hashlib import blake2b
from pathlib import Path

import msgspec

from pipeline.errors import SchemaError, StorageError

from .base import Part
from .faults import content_faults
from .migrate import check_version, newest
from .seals import Progress, seal_faults
from .sqlite import explained

SEAL = "storyfold_seal"
_CHUNK = 2000  # rows hashed at a time

NOT_HERE = (
    "a PostgreSQL database is backed up by the server's own tools: `pg_dump --format=custom --file=news.dump URL`,"
    " and `pg_restore --dbname=URL news.dump` into an empty database made by `createdb`"
)

Sums = dict[str, tuple[int, str]]  # table -> (rows, digest)


class Care(Part):
    """Looking after one database."""

    def quick_check(self) -> list[str]:
        """What the database finds wrong with its own structure; empty when nothing is."""
        with self._db.read() as connection:
            return self._db.structure_faults(connection)

    def full_check(self, limit: int = 20, progress: Progress | None = None) -> list[str]:
        """At most ``limit`` findings: structure, indexes against tables, every row against its seal, every text
        against its hash, every packed value for being readable, the index of words against the texts.

        Reads everything, while others go on writing; empty when nothing is wrong.
        """
        found = self.quick_check()
        with self._db.read() as connection:
            found += self._db.structure_faults(connection, whole=True)
        found += content_faults(self._db, limit)
        found += self._db.seal_faults(newest(), progress)
        found += self._db.word_faults()
        return list(dict.fromkeys(found))[:limit]

    def repair(self) -> None:
        """Build anew what is derived from the rows: the indexes; that of words is empty until it is followed up.

        Raises ``StorageError`` where the rows do not allow it (two of one key, or they cannot be read).
        """
        with self._db.write() as connection:
            self._db.words.clear(connection)
            connection.exec_driver_sql("DELETE FROM checkpoint WHERE name = 'search'")
            self._db.reindex(connection)

    def accept(self, progress: Progress | None = None) -> None:
        """Take all rows as they are now for right: their seals are made anew."""
        self._db.seal_anew(newest(), progress)

    def backup(self, path: str | Path) -> Sums:
        """Copy the database to ``path`` while it is in use, seal the copy and read it back.

        Returns what was sealed.  The copy is whole or not there.  Raises ``StorageError`` when ``path`` is
        taken or cannot be written, or where rows are not what was stored: a backup never replaces a good one by a
        damaged one.
        """
        target = Path(path)
        part = target.with_name(target.name + ".part")
        if target.exists():
            raise StorageError(f"{target} is there already: name a file that is not")
        try:
            with self._db.read() as connection, closing(sqlite3.connect(part)) as copy:
                source = connection.connection.dbapi_connection
                if not isinstance(source, sqlite3.Connection):
                    raise StorageError(NOT_HERE)
                source.backup(copy, pages=1024)
                copy.execute("PRAGMA journal_mode = DELETE")  # one file, nothing beside it
                if fault := next(seal_faults(copy, newest()), None):
                    said = f"the database {self._db.name} is damaged and was not backed up: {fault}"
                    raise StorageError(f"{said}; `doctor` says what to do")
                _seal(copy)
            sums = check_backup(part)
            part.replace(target)
        except (OSError, sqlite3.Error) as error:
            raise explained(error, str(target)) from error
        finally:
            part.unlink(missing_ok=True)
        return sums


def check_backup(path: str | Path) -> Sums:
    """Read a whole backup and compare it with its seal; returns the sums.

    Raises ``StorageError`` naming what differs, ``SchemaError`` for a file that is no sealed backup.
    """
    file = Path(path)
    try:
        with closing(sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True)) as copy:
            tables = {row[0] for row in copy.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")}
            if SEAL not in tables:
                raise SchemaError(f"{file} is no backup made by this program: it has no seal")
            version = copy.execute("SELECT max(version) FROM storyfold_schema").fetchone()[0]
            check_version(version, str(file))
            sealed = {row[0]: (row[1], row[2]) for row in copy.execute(f"SELECT * FROM {SEAL}")}  # noqa: S608
            found = sums(copy)
    except (sqlite3.Error, OSError, UnicodeDecodeError, OverflowError) as error:
        raise explained(error, str(file)) from error
    wrong = sorted(name for name in sealed.keys() | found.keys() if sealed.get(name) != found.get(name))
    if wrong:
        raise StorageError(f"the backup {file} is damaged: {', '.join(wrong)} differ from what was saved")
    return found


def restore(backup: str | Path, path: str | Path) -> Sums:
    """Make the database ``path`` from a backup that was checked first; indexes are built anew.

    Raises ``StorageError`` when the backup is damaged, or when ``path`` is there already: nothing is ever
    written over.
    """
    target = Path(path)
    part = target.with_name(target.name + ".part")
    if target.exists():
        raise StorageError(f"{target} is there already: move it away first")
    expected = check_backup(backup)
    try:
        source = f"{Path(backup).absolute().as_uri()}?mode=ro"
        with closing(sqlite3.connect(source, uri=True)) as copy, closing(sqlite3.connect(part)) as made:
            copy.backup(made)
            made.execute(f"DROP TABLE {SEAL}")
            made.execute("REINDEX")
            made.commit()
            found = sums(made)
        if found != expected:
            raise StorageError(f"{target} could not be restored: what was written differs from the backup")
        part.replace(target)
    except (OSError, sqlite3.Error) as error:
        raise explained(error, str(target)) from error
    finally:
        part.unlink(missing_ok=True)
    return found


def sums(connection: sqlite3.Connection) -> Sums:
    """For every table its number of rows and a digest (BLAKE2b) of all values in stored order."""
    names = connection.execute(
        "SELECT name FROM sqlite_schema WHERE type = 'table' AND rootpage > 0"
        " AND name NOT IN (?, 'sqlite_sequence') ORDER BY name",
        (SEAL,),
    ).fetchall()
    return {name: _sum(connection, name) for (name,) in names}


def _sum(connection: sqlite3.Connection, table: str) -> tuple[int, str]:
    digest, count = blake2b(digest_size=16), 0
    cursor = connection.cursor()
    cursor.execute(f'SELECT * FROM "{table}" NOT INDEXED')  # noqa: S608 - a table's own name
    while rows := cursor.fetchmany(_CHUNK):
        count += len(rows)
        digest.update(msgspec.msgpack.encode(rows))
    return count, digest.hexdigest()


def _seal(copy: sqlite3.Connection) -> None:
    found = sums(copy)
    copy.execute(f"CREATE TABLE {SEAL} (name TEXT PRIMARY KEY, rows INTEGER, digest TEXT) WITHOUT ROWID")
    copy.executemany(
        f"INSERT INTO {SEAL} VALUES (?, ?, ?)",  # noqa: S608
        [(name, rows, digest) for name, (rows, digest) in found.items()],
    )
    copy.commit()
