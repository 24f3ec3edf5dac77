"""What workers on many machines agree on: who does what, whose turn it is at a host, articles on their way.

These tables lie in a schema of their own (``public_cluster`` beside ``public``), for nothing in them is a record:
all of it can be made again from the store's tables, and the schema may be dropped while no worker runs.  Times
are judged by the server's clock, never by a worker's.  PostgreSQL only.
"""

from __future__ import annotations

import re

from sqlalchemy import Connection

from pipeline.errors import StorageError

from .database import Database
from .handovers import Handovers
from .leases import Leases
from .robots import Robots
from .store import Store
from .turns import Turns


class Cluster(Leases, Turns, Robots, Handovers):
    """Everything that the workers on one database share."""

    def prepare(self) -> None:
        """Make the schema and its tables where they are missing."""
        with self._db.write() as connection:
            for statement in _TABLES.split(";"):
                connection.exec_driver_sql(self._own(statement))


def shareable(database: Database) -> None:
    """Raises ``StorageError`` for a database that workers cannot share; opens nothing."""
    if database.dialect != "postgresql":
        raise StorageError(f"workers share a PostgreSQL database; {database.name} is none: use postgresql://… or `run`")


def open_cluster(store: Store) -> Cluster:
    """The cluster's side of ``store``'s database; raises ``StorageError`` for one that workers cannot share."""
    database = store._db  # noqa: SLF001 - the same room
    shareable(database)
    with database.read() as connection:
        schema = str(connection.exec_driver_sql("SELECT current_schema()").scalar())
    if not re.fullmatch(r"[a-z_][a-z0-9_]*", schema):
        raise StorageError(f"workers need a schema with a plain name; {schema!r} in {database.name} is none")
    return Cluster(database, f"{schema}_cluster")


def fence(store: Store, cluster: Cluster, name: str, token: int) -> None:
    """From now on ``store`` writes only while the lease ``name`` is held under ``token``.

    Each write transaction asks first and keeps the lease from changing hands until it ends; once somebody else
    holds it, it raises ``Deposed`` and nothing is written.
    """

    def check(connection: Connection) -> None:
        cluster.check(connection, name, token)

    store._db.fence = check  # noqa: SLF001 - the same room


_TABLES = """
CREATE SCHEMA IF NOT EXISTS {c};
CREATE TABLE IF NOT EXISTS {c}.worker (
    id TEXT NOT NULL PRIMARY KEY,
    machine TEXT NOT NULL,
    roles TEXT NOT NULL,
    started TIMESTAMPTZ NOT NULL,
    expires TIMESTAMPTZ NOT NULL
);
CREATE TABLE IF NOT EXISTS {c}.lease (
    name TEXT NOT NULL PRIMARY KEY,
    holder TEXT NOT NULL,
    session TEXT NOT NULL,
    token BIGINT NOT NULL,
    taken TIMESTAMPTZ NOT NULL,
    expires TIMESTAMPTZ NOT NULL
);
CREATE TABLE IF NOT EXISTS {c}.turn (
    host TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    holder TEXT,
    due DOUBLE PRECISION NOT NULL,
    paused DOUBLE PRECISION NOT NULL,
    gap DOUBLE PRECISION NOT NULL,
    wish DOUBLE PRECISION NOT NULL,
    facts TEXT NOT NULL
) WITH (fillfactor = 70);
CREATE INDEX IF NOT EXISTS turn_held ON {c}.turn (holder) WHERE holder IS NOT NULL;
CREATE TABLE IF NOT EXISTS {c}.robots (
    origin TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    answer BYTEA NOT NULL,
    expires TIMESTAMPTZ NOT NULL
);
CREATE TABLE IF NOT EXISTS {c}.draft (
    row BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    work BIGINT NOT NULL UNIQUE REFERENCES work (row) ON DELETE CASCADE,
    content BYTEA NOT NULL
)
"""
