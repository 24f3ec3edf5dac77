"""One database: how it is opened, its transactions, and its errors in words.

SQLite runs in WAL mode with ``synchronous=FULL``: a committed transaction survives a power cut.
"""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, Table, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, OperationalError, SQLAlchemyError
from sqlalchemy.pool import QueuePool, StaticPool

from pipeline.errors import SchemaError, StorageError

from . import tables
from .seals import Progress, Seals, is_sealed, seal_all, seal_faults

BUSY_SECONDS = 60.0  # how long a locked database is waited for before it is an error
PAGE_BYTES = 8192  # most articles then fit in one page

_PRAGMAS = (
    "PRAGMA foreign_keys = ON",
    "PRAGMA synchronous = FULL",
    "PRAGMA cache_size = -65536",  # KiB: the upper levels of every index stay in memory
    "PRAGMA temp_store = MEMORY",
)
_WRITER_PRAGMAS = (
    "PRAGMA wal_autocheckpoint = 16384",  # pages, 128 MiB: pages written often reach the file once
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
    ("database is locked", StorageError, f"stayed locked by another process for {BUSY_SECONDS:.0f} s"),
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


class Database:
    """Connections and transactions on one database; safe to use from several threads."""

    def __init__(self, url: str, *, read_only: bool = False) -> None:
        """Raises ``StorageError`` for a URL that names no usable database.  Opens nothing yet."""
        try:
            self.url = make_url(url)
        except ArgumentError:
            raise StorageError(f"{url!r} is no database URL; sqlite:///path/to/file.db is one") from None
        if self.url.get_backend_name() != "sqlite":
            raise StorageError(f"databases of kind {self.url.get_backend_name()!r} are not served; use sqlite:///…")
        self.read_only = read_only
        self.path = _path(self.url)
        self.name = str(self.path) if self.path else "in memory"
        self.mark = "?"
        self.seals = Seals()
        self._writing = threading.RLock()
        self.engine = _sqlite_engine(self.path, read_only=read_only)

    @property
    def shared_url(self) -> str | None:
        """Where another process can open the same database; None for one in memory."""
        return None if self.path is None else self.url.render_as_string(hide_password=False)

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """One transaction that holds the write lock from its first statement; all or nothing."""
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
        """Take all rows as they are now for right."""
        with self.write() as connection:
            seal_all(driver(connection), version, progress)

    def seal_faults(self, version: int, progress: Progress | None = None) -> list[str]:
        """What the rows do not have in common with their seals; empty when nothing is wrong."""
        with self.snapshot() as connection:
            return list(seal_faults(driver(connection), version, progress))

    def insert(self, connection: Connection, table: Table, rows: Sequence[tuple[Any, ...]]) -> None:
        """Add rows, each with every column of ``table`` in order."""
        if rows:
            connection.exec_driver_sql(tables.insert_sql(table).replace("?", self.mark), list(rows))
            self.seals.added(table.name, rows)

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A connection for reading; every statement sees the latest commit."""
        with self._errors(), self.engine.connect() as connection:
            yield connection

    @contextmanager
    def snapshot(self) -> Iterator[Connection]:
        """A connection whose statements all see one and the same state."""
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

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except (SQLAlchemyError, sqlite3.Error) as error:
            raise explained(error, self.name) from error

    def lay_out(self) -> None:
        """Set what is kept in the file itself.  Only called on an empty file or one of ours."""
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
                    time.sleep(BUSY_SECONDS / _WAL_ATTEMPTS)

    def close(self) -> None:
        """Close every connection."""
        self.engine.dispose()


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


def _sqlite_engine(path: Path | None, *, read_only: bool) -> Engine:
    def connect() -> sqlite3.Connection:
        target = ":memory:" if path is None else f"{path.absolute().as_uri()}?mode={'ro' if read_only else 'rwc'}"
        return sqlite3.connect(target, uri=True, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False)

    engine = create_engine(
        "sqlite://",
        creator=connect,
        poolclass=StaticPool if path is None else QueuePool,
        isolation_level="AUTOCOMMIT",  # transactions are begun and ended in Database alone
    )

    def prepare(connection: Any, _record: Any) -> None:
        for pragma in (*(() if read_only else _WRITER_PRAGMAS), *_PRAGMAS):
            connection.execute(pragma)

    event.listen(engine, "connect", prepare)
    return engine
