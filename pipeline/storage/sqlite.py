"""SQLite: one file, or memory.

It runs in WAL mode with ``synchronous=FULL``: a committed transaction survives a power cut.
"""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, Table, create_engine, event
from sqlalchemy.engine import URL
from sqlalchemy.exc import OperationalError
from sqlalchemy.pool import QueuePool, StaticPool

from pipeline.errors import SchemaError, StorageError

from . import database, tables
from .database import Database
from .fts5 import Fts5
from .proof import word_faults
from .seals import Progress, Seals, is_sealed, seal_all, seal_faults

READ = 2_000  # rows at a time
PAGE_BYTES = 8192  # most articles then fit in one page

_PRAGMAS = (
    "PRAGMA foreign_keys = ON",
    "PRAGMA synchronous = FULL",
    "PRAGMA cache_size = -65536",  # KiB: the upper levels of every index stay in memory
    "PRAGMA temp_store = MEMORY",
)
_WRITER_PRAGMAS = (
    "PRAGMA wal_autocheckpoint = 4096",  # pages, 32 MiB: pages written often reach the file once, and closing is short
    "PRAGMA journal_size_limit = 67108864",  # bytes a quiet write-ahead log may keep
)

# What SQLite says, and what to tell a person.  First hit wins.
_MEANINGS: tuple[tuple[str, type[StorageError], str], ...] = (
    ("file is not a database", SchemaError, "is not a database"),
    ("file is encrypted", SchemaError, "is not a database"),
    ("disk image is malformed", StorageError, "is damaged: run `doctor`, or `restore` a backup"),
    ("disk is full", StorageError, "could not be written: the disk is full"),
    ("readonly", StorageError, "is read-only: check the rights of the file and its folder"),
    ("unable to open", StorageError, "cannot be opened: check that the folder exists and may be written"),
    (
        "database is locked",
        StorageError,
        f"stayed locked by another process for {database.BUSY_SECONDS:.0f} s",
    ),
    ("disk i/o error", StorageError, "could not be read or written: the disk reports an error"),
)
_WAL_ATTEMPTS = 600


def explained(error: Exception, name: str) -> StorageError:
    """A driver's error as one for people, naming the database."""
    cause = getattr(error, "orig", None) or error
    said = str(cause).lower()
    for needle, kind, meaning in _MEANINGS:
        if needle in said:
            return kind(f"the database {name} {meaning}")
    return StorageError(f"the database {name} failed: {cause}")


class SqliteDatabase(Database):
    """A file, or memory where the URL names none."""

    dialect = "sqlite"
    mark = "?"
    driver_error = sqlite3.Error

    def __init__(self, url: URL, *, read_only: bool = False) -> None:
        self.path = _path(url)
        super().__init__(url, str(self.path) if self.path else "in memory", read_only=read_only)
        self.seals = Seals()
        self._writing = threading.RLock()
        self.engine = _engine(self.path, read_only=read_only)
        self.words = Fts5()

    @property
    def shared_url(self) -> str | None:
        return None if self.path is None else super().shared_url

    @contextmanager
    def write(self) -> Iterator[Connection]:
        if self.read_only:
            raise StorageError(f"the database {self.name} was opened for reading only")
        with self._writing, self._errors(), self.engine.connect() as connection:
            self._watch(connection)
            connection.exec_driver_sql("BEGIN IMMEDIATE")
            self.seals.begin()
            try:
                yield connection
                self.seals.end(driver(connection))
                connection.exec_driver_sql("COMMIT")
            except BaseException:
                _roll_back(connection)
                raise

    def _watch(self, connection: Connection) -> None:
        if self.seals.active and not connection.info.get("watched"):
            self.seals.watch(driver(connection))
            connection.info["watched"] = True

    def seal(self, version: int, progress: Progress | None = None) -> None:
        """From now on carry the seals on; where there are none for this version of the schema they are made.

        That reads every row once, with ``progress`` told now and then.
        """
        with self.read() as connection:
            sealed = is_sealed(driver(connection), version)
        if not sealed:
            self.seal_anew(version, progress)
        self.seals.active = True

    def seal_anew(self, version: int, progress: Progress | None = None) -> None:
        with self.write() as connection:
            seal_all(driver(connection), version, progress)

    def seal_faults(self, version: int, progress: Progress | None = None) -> list[str]:
        with self.snapshot() as connection:
            return list(seal_faults(driver(connection), version, progress))

    @contextmanager
    def snapshot(self) -> Iterator[Connection]:
        if self.path is None:  # one connection only: its own state is the snapshot, writers wait
            with self._writing, self.read() as connection:
                yield connection
            return
        with self.read() as connection:
            connection.exec_driver_sql("BEGIN")
            try:
                yield connection
            finally:
                _roll_back(connection)

    def _explained(self, error: Exception) -> StorageError:
        return explained(error, self.name)

    def lay_out(self) -> None:
        """Set what is kept in the file itself."""
        if self.path is None:
            return
        with self._writing, self.read() as connection:
            if connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal":
                return
            connection.exec_driver_sql(f"PRAGMA page_size = {PAGE_BYTES}")  # counts in an empty file only
            for attempt in range(1, _WAL_ATTEMPTS + 1):  # SQLite does not wait here by itself
                try:
                    connection.exec_driver_sql("PRAGMA journal_mode = WAL")
                    return
                except OperationalError:
                    if attempt == _WAL_ATTEMPTS:
                        raise
                    time.sleep(database.BUSY_SECONDS / _WAL_ATTEMPTS)

    def table_names(self, connection: Connection) -> set[str]:
        found = connection.exec_driver_sql(
            "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite~_%' ESCAPE '~'"
        )
        return set(found.scalars())

    def size(self, connection: Connection) -> int:
        size, pages, free = (
            int(connection.exec_driver_sql(f"PRAGMA {name}").scalar_one())
            for name in ("page_size", "page_count", "freelist_count")
        )
        return size * (pages - free)

    def structure_faults(self, connection: Connection, *, whole: bool = False) -> list[str]:
        check = "integrity_check" if whole else "quick_check"
        found = [str(row[0]) for row in connection.exec_driver_sql(f"PRAGMA {check}")]
        found += [
            f"{row[0]} row {row[1]} points to nothing" for row in connection.exec_driver_sql("PRAGMA foreign_key_check")
        ]
        if whole:
            found += _schema_faults(driver(connection))
        return [line for line in found if line != "ok"]

    def reindex(self, connection: Connection) -> None:
        connection.exec_driver_sql("REINDEX")

    def word_faults(self) -> list[str]:
        if self.path is None:
            with self.snapshot() as connection:
                return word_faults(driver(connection))
        with self._errors(), closing(_connect(self.path, read_only=True)) as raw:  # a connection of its own:
            raw.execute("PRAGMA temp_store = FILE")  # what is temporary is large and goes to the disk
            raw.execute("BEGIN")
            return word_faults(raw)

    def rows(self, connection: Connection, statement: str) -> Iterator[tuple[Any, ...]]:
        raw = connection.connection.cursor()
        try:
            raw.execute(statement)
            while rows := raw.fetchmany(READ):
                yield from rows
        except sqlite3.Error as error:
            raise explained(error, self.name) from error
        finally:
            raw.close()

    def itself(self, table: str) -> str:
        return f"{table} NOT INDEXED"

    def insert(self, connection: Connection, table: Table, rows: Sequence[tuple[Any, ...]]) -> None:
        if rows:
            self.many(connection, tables.insert_sql(table), rows)
            self.seals.added(table.name, rows)


def driver(connection: Connection) -> sqlite3.Connection:
    """The driver's own connection."""
    raw = connection.connection.dbapi_connection
    assert isinstance(raw, sqlite3.Connection)  # noqa: S101 - no other kind is opened
    return raw


def _roll_back(connection: Connection) -> None:
    raw = driver(connection)
    if raw.in_transaction:  # a full disk may have ended it already
        raw.rollback()


def _path(url: URL) -> Path | None:
    if url.database in (None, "", ":memory:"):
        return None
    return Path(str(url.database)).expanduser()


def _schema_faults(raw: sqlite3.Connection) -> list[str]:
    """Tables and indexes that are not those this program makes; what somebody added is theirs."""
    from .migrate import migrate

    there = set(raw.execute(_SCHEMA))
    fresh = SqliteDatabase(URL.create("sqlite"))
    try:
        migrate(fresh)
        with fresh.read() as connection:
            expected = set(driver(connection).execute(_SCHEMA))
    finally:
        fresh.close()
    return [f"the {kind} {name} is missing or is not what was made" for kind, name, *_ in sorted(expected - there)]


_SCHEMA = (  # parts of the index of words are written differently by versions of SQLite
    "SELECT type, name, tbl_name, coalesce(sql, '') FROM sqlite_schema"
    " WHERE name NOT LIKE 'search~_words~_%' ESCAPE '~'"
)


def _connect(path: Path | None, *, read_only: bool) -> sqlite3.Connection:
    target = ":memory:" if path is None else f"{path.absolute().as_uri()}?mode={'ro' if read_only else 'rwc'}"
    busy = database.BUSY_SECONDS
    return sqlite3.connect(target, uri=True, timeout=busy, isolation_level=None, check_same_thread=False)


def _engine(path: Path | None, *, read_only: bool) -> Engine:
    engine = create_engine(
        "sqlite://",
        creator=lambda: _connect(path, read_only=read_only),
        poolclass=StaticPool if path is None else QueuePool,
        isolation_level="AUTOCOMMIT",  # transactions are begun and ended in Database alone
    )

    def prepare(connection: Any, _record: Any) -> None:
        for pragma in (*(() if read_only else _WRITER_PRAGMAS), *_PRAGMAS):
            connection.execute(pragma)

    event.listen(engine, "connect", prepare)
    return engine
