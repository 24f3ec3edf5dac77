"""One instance for each database on PostgreSQL: an advisory lock of a session that is kept for nothing else.

The server drops the lock with the session, so a process that died keeps nobody out.  Where the server itself went
away the lock went with it: it is taken again before anything else is done.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from contextlib import suppress

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError

from pipeline.errors import AlreadyRunning

LOCK = 0x5F01E  # the first half of the lock's number; the second is the schema
LONGEST_NAME = 63  # bytes of an application_name, by PostgreSQL's NAMEDATALEN


class Sole:
    """The lock of this process."""

    def __init__(
        self, engine: Engine, command: str, explained: Callable[[Exception], Exception], *, shared: bool = False
    ) -> None:
        self._engine = engine
        self._name = f"storyfold {command}, process {os.getpid()} on {socket.gethostname()}"
        self._explained = explained
        self._try = _TRY_SHARED if shared else _TRY
        self._session: Connection | None = None
        self.seen = -1  # how many connections the database had made when the lock was last looked after

    def take(self) -> None:
        """Take the lock; raises ``AlreadyRunning`` that names the holder."""
        try:
            session = self._engine.connect()
            name = self._name.encode()[:LONGEST_NAME].decode("utf-8", "ignore")
            session.exec_driver_sql("SELECT set_config('application_name', %s, false)", (name,))
            if session.exec_driver_sql(self._try).scalar_one():
                self._session = session
                return
            holder = session.exec_driver_sql(_HOLDER).scalar()
            session.exec_driver_sql("RESET application_name")
            session.close()
        except DBAPIError as error:
            raise self._explained(error) from error
        raise AlreadyRunning(f"another instance works on this database ({holder or 'just starting'}); nothing was done")

    def renew(self) -> None:
        """Take the lock again where the session was lost; raises ``AlreadyRunning`` where another was quicker."""
        if self._session is None:
            return
        try:
            self._session.exec_driver_sql("SELECT 1")
        except DBAPIError:
            self._let_go()
            self.take()

    def release(self) -> None:
        """Let another instance begin."""
        if self._session is not None:
            with suppress(DBAPIError):
                self._session.exec_driver_sql("SELECT pg_advisory_unlock_all()")
            self._let_go()

    def _let_go(self) -> None:
        session, self._session = self._session, None
        if session is not None:
            with suppress(DBAPIError):
                session.invalidate()  # ends the session: nobody else gets it with its name and its lock
                session.close()


_SCHEMA = "hashtext(coalesce(current_schema(), ''))"
_TRY = f"SELECT pg_try_advisory_lock({LOCK}, {_SCHEMA})"
_TRY_SHARED = f"SELECT pg_try_advisory_lock_shared({LOCK}, {_SCHEMA})"
_HOLDER = (
    "SELECT a.application_name || ', since ' || to_char(a.backend_start AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS')"  # noqa: S608
    " || ' UTC' FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid"
    " WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 2"
    f" AND l.classid = {LOCK} AND CAST(l.objid AS bigint) = (CAST({_SCHEMA} AS bigint) & 4294967295)"
    " AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())"
)
