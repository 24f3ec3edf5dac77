"""Roles that one worker holds at a time, and the workers that are alive.

A lease lapses by the server's clock unless it is renewed.  Each taking gives out a greater token; ``check`` compares
it inside the transaction that wants to write, and holds on to the row, so that a holder that slept through its
lease can write nothing after its successor began.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from pipeline.errors import Deposed

from .base import Part
from .database import Database


@dataclass(frozen=True, slots=True)
class Held:
    """One lease, for people."""

    name: str
    holder: str
    token: int
    taken: datetime
    lapsed: bool


@dataclass(frozen=True, slots=True)
class Worker:
    """One worker, for people."""

    id: str
    machine: str
    roles: tuple[str, ...]
    started: datetime
    alive: bool


# The server's clock, which all workers share: now in seconds, and what is so many seconds from now.
_WORDS = (
    ("{now}", "extract(epoch FROM clock_timestamp())::double precision"),
    ("{until}", "clock_timestamp() + make_interval(secs => ?)"),
)


class Shared(Part):
    """A part that lies in the cluster's own schema."""

    def __init__(self, database: Database, schema: str) -> None:
        super().__init__(database)
        self.schema = schema

    def _own(self, sql: str) -> str:
        for word, meaning in (*_WORDS, ("{c}", self.schema)):
            sql = sql.replace(word, meaning)
        return self._sql(sql)

    def _run(self, sql: str, values: tuple[Any, ...] = ()) -> Any:
        """One statement that is a transaction of its own; its rows."""
        with self._db.read() as connection:
            result = connection.exec_driver_sql(self._own(sql), values)
            return result.all() if result.returns_rows else []


class Leases(Shared):
    """Who does what."""

    def take(self, name: str, holder: str, session: str, seconds: float) -> int | None:
        """The lease ``name`` for ``seconds``, where it is free or lapsed; its token, or None.

        ``session`` is the ``application_name`` under which the holder writes.  Where a lease lapsed, its last
        holder's connections of that name are closed first: a paused process would keep its locks until it wakes.
        """
        if rows := self._run(_FIRST, (name, holder, session, seconds)):
            return int(rows[0].token)
        old = self._run("SELECT session FROM {c}.lease WHERE name = ? AND expires <= clock_timestamp()", (name,))
        if not old:
            return None
        self._run(_CLOSE, (old[0].session,))
        rows = self._run(_SUCCEED, (name, holder, session, seconds))
        return int(rows[0].token) if rows else None

    def renew(self, name: str, token: int, seconds: float) -> bool:
        """Keep the lease for ``seconds`` from now; False where somebody else holds it."""
        return bool(self._run(_RENEW, (seconds, name, token)))

    def release(self, name: str, token: int) -> None:
        """Let the next one have it at once."""
        self._run(_RENEW, (0.0, name, token))

    def check(self, connection: Connection, name: str, token: int) -> None:
        """Inside a transaction: the lease stays with ``token`` until its end; raises ``Deposed``."""
        if connection.exec_driver_sql(self._own(_CHECK), (name, token)).first() is None:
            raise Deposed(f"another worker has taken over as {name}; nothing was written")

    def leases(self) -> list[Held]:
        """All that were ever taken."""
        return [Held(*row) for row in self._run(_LEASES)]

    def beat(self, worker: str, machine: str, roles: tuple[str, ...], seconds: float) -> None:
        """This worker is alive for ``seconds`` from now.

        Of those that are not, connections are closed and turns given back: a process that sleeps in the middle of
        a transaction would keep everybody from writing.
        """
        self._run(_BEAT, (worker, machine, ",".join(roles), seconds))
        self._run(_CLOSE_DEAD)
        self._run(_FREE_TURNS)
        self._run("DELETE FROM {c}.worker WHERE expires < clock_timestamp() - interval '1 day'")

    def leave(self, worker: str) -> None:
        """This worker is no more."""
        self._run("DELETE FROM {c}.worker WHERE id = ?", (worker,))
        self._run(_FREE_TURNS)

    def workers(self) -> list[Worker]:
        """Those alive, and those gone without a word for up to a day."""
        return [
            Worker(row.id, row.machine, tuple(filter(None, row.roles.split(","))), row.started, row.alive)
            for row in self._run(_WORKERS)
        ]


_FIRST = (
    "INSERT INTO {c}.lease (name, holder, session, token, taken, expires)"
    " VALUES (?, ?, ?, 1, clock_timestamp(), {until}) ON CONFLICT (name) DO NOTHING RETURNING token"
)
# FOR UPDATE waits for every transaction that checked the old token; renewing (no key update) waits for none.
_SUCCEED = (
    "WITH lapsed AS (SELECT name FROM {c}.lease WHERE name = ? AND expires <= clock_timestamp() FOR UPDATE)"
    " UPDATE {c}.lease AS l SET holder = ?, session = ?, token = l.token + 1, taken = clock_timestamp(),"
    " expires = {until} FROM lapsed WHERE l.name = lapsed.name RETURNING l.token"
)
_RENEW = "UPDATE {c}.lease SET expires = {until} WHERE name = ? AND token = ? RETURNING token"
_CHECK = "SELECT 1 FROM {c}.lease WHERE name = ? AND token = ? FOR KEY SHARE"
_CLOSE = (
    "SELECT pg_terminate_backend(pid, 1000) FROM pg_stat_activity WHERE application_name = ?"
    " AND datname = current_database() AND pid <> pg_backend_pid()"
)
_CLOSE_DEAD = (
    "SELECT pg_terminate_backend(a.pid) FROM {c}.worker w JOIN pg_stat_activity a"
    " ON starts_with(a.application_name, w.id) AND a.datname = current_database()"
    " WHERE w.expires < clock_timestamp()"
)
_LEASES = "SELECT name, holder, token, taken, expires <= clock_timestamp() AS lapsed FROM {c}.lease ORDER BY name"
_BEAT = (
    "INSERT INTO {c}.worker (id, machine, roles, started, expires)"
    " VALUES (?, ?, ?, clock_timestamp(), {until}) ON CONFLICT (id) DO UPDATE SET expires = excluded.expires"
)
_WORKERS = (
    "SELECT id, machine, roles, started, expires > clock_timestamp() AS alive FROM {c}.worker ORDER BY started, id"
)
# The last request of a worker that died ended with it at the latest: the host's interval begins anew.
_FREE_TURNS = (
    "WITH left_behind AS (SELECT t.host FROM {c}.turn t WHERE t.holder IS NOT NULL AND NOT EXISTS"
    " (SELECT FROM {c}.worker w WHERE w.id = t.holder AND w.expires > clock_timestamp()) FOR UPDATE SKIP LOCKED)"
    " UPDATE {c}.turn AS t SET holder = NULL, due = greatest(t.due, extract(epoch FROM clock_timestamp()) + t.gap)"
    " FROM left_behind l WHERE t.host = l.host"
)
