"""The store: every part on one database, and the door to it."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from types import TracebackType
from typing import Self

from pipeline.errors import StorageError

from .corrections import Corrections
from .database import Database, explained
from .migrate import migrate
from .overview import Overview
from .retention import Retention
from .search import Search


class Store(Corrections, Overview, Search, Retention):
    """All that is stored.  Synchronous; one process writes, any number read.

    The parts, each in a file of its own: feeds and polls (``feeds``), the queue (``queue``), the matcher's
    side (``matching``), look-ups and streams (``lookup``), the journal (``items``), stories and their
    changes (``stories``), what people change (``corrections``), what the page asks
    (``overview``), full text (``search``), forgetting (``retention``), and here
    the care of the database itself.
    """

    def quick_check(self) -> list[str]:
        """What SQLite finds wrong with its own file; empty when nothing is."""
        with self._db.read() as connection:
            found = [str(row[0]) for row in connection.exec_driver_sql("PRAGMA quick_check")]
            found += [
                f"{row[0]} row {row[1]} points to nothing"
                for row in connection.exec_driver_sql("PRAGMA foreign_key_check")
            ]
        return [] if found == ["ok"] else [line for line in found if line != "ok"]

    def backup(self, path: str | Path) -> None:
        """Copy the database to ``path`` while it is in use; the copy is complete or not there.

        Raises ``StorageError`` when ``path`` is taken or cannot be written.
        """
        target = Path(path)
        part = target.with_name(target.name + ".part")
        if target.exists():
            raise StorageError(f"{target} is there already: name a file that is not")
        try:
            with self._db.read() as connection, closing(sqlite3.connect(part)) as copy:
                source = connection.connection.dbapi_connection
                if not isinstance(source, sqlite3.Connection):
                    raise StorageError("only SQLite databases are backed up here")
                source.backup(copy, pages=1024)
                copy.execute("PRAGMA journal_mode = DELETE")  # one file, nothing beside it
            part.replace(target)
        except (OSError, sqlite3.Error) as error:
            part.unlink(missing_ok=True)
            raise explained(error, str(target)) from error

    def close(self) -> None:
        """Close every connection."""
        self._db.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def open_store(url: str, *, read_only: bool = False) -> Store:
    """Open the database at ``url`` (``sqlite:///relative.db``, ``sqlite:////absolute.db``, ``sqlite://`` in
    memory), made or upgraded as needed.

    Raises ``SchemaError`` for a newer or foreign database, ``StorageError`` for one that cannot be used.
    """
    database = Database(url, read_only=read_only)
    try:
        migrate(database)
    except BaseException:
        database.close()
        raise
    return Store(database)
