"""What every part of the store stands on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import Connection

from .database import Database


class Part:
    """A part of the store: one database, and the secrets of its sources, which live in memory only."""

    def __init__(self, database: Database) -> None:
        self._db = database

    @property
    def shared_url(self) -> str | None:
        """Where another process can open the same database; None for one in memory."""
        return self._db.shared_url

    def _sql(self, sql: str) -> str:
        """``sql``, written with ``?``, for this driver."""
        return self._db.sql(sql)

    def _many(self, connection: Connection, sql: str, rows: Sequence[tuple[Any, ...]]) -> None:
        """Run ``sql`` once for each row, in the driver's own loop."""
        self._db.many(connection, sql, rows)

    def _chunked(self, connection: Connection, sql: str, values: Sequence[Any], *before: Any) -> Iterator[Any]:
        """Rows of ``sql``, whose ``IN ({marks})`` stands for a list of any length, behind the values ``before``."""
        for statement, part in self._db.among(sql, values, *before):
            yield from connection.exec_driver_sql(statement, part)


def next_row(connection: Connection, table: str, column: str = "row") -> int:
    """The row after the last one.  Only inside a write transaction is it still free when used."""
    return int(connection.exec_driver_sql(f"SELECT coalesce(max({column}), 0) + 1 FROM {table}").scalar_one())  # noqa: S608
