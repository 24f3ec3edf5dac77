"""PostgreSQL, through psycopg 3: the same store for an installation that outgrows one file.

A write transaction takes one advisory lock first, so that writers come one after the other as they do in SQLite:
rows and cursors are given out without gaps, and who follows a cursor misses nothing.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Engine, Table, create_engine, event
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError

from pipeline.errors import StorageError

from . import codec, database
from .database import Database, Unsound, Vanished
from .partitions import BY_ARTICLE, JOURNAL, Partitions
from .patience import Result, await_return, patiently, pauses
from .sole import Sole
from .tsvector import TsVector

if TYPE_CHECKING:
    import psycopg

OLDEST = 140_000  # of the server, as it numbers its versions: the oldest that is still maintained
READ = 2_000  # rows at a time
LONGEST_KEY = 1_000  # characters of a key as it is: an entry of a B-tree holds 2,704 bytes at most
COPIED = 8  # rows from which COPY is faster than the same rows inserted one by one
_LOCK = 0x5F01D  # of the advisory locks that are ours; the second half is the schema
_TOOK_LONG = "55P03"  # lock_not_available
_SOON = (
    "starting up",
    "shutting down",
    "recovery mode",
    "not yet accepting",
)  # what a server says that will answer soon

# SQLSTATE, or the class it begins with, and what to tell a person.
_MEANINGS = {
    "42501": "denied the right to do this to its user: grant it, or let that user own the database",
    "53100": "could not be written: the server's disk is full",
    "53300": "has no connection left: raise max_connections, or run fewer processes",
    "57014": "took too long: the server ended the statement",
    "25006": "is read-only: it may be a standby",
    "XX001": "is damaged: run `doctor`, or restore a dump",
    "XX002": "is damaged: run `doctor`, or restore a dump",
}
_CUT = ("terminat", "closed", "is lost", "consuming input", "sending query")  # said of a connection that stood
# What is said while connecting, where there is no SQLSTATE.
_REFUSALS = {
    "password authentication failed": "refused the user name or password",
    "no password supplied": "wants a password: put it in the URL, in PGPASSWORD or in ~/.pgpass",
    "no pg_hba.conf entry": "does not let this user in from here: see pg_hba.conf on the server",
    "too many clients": "has no connection left: raise max_connections, or run fewer processes",
    "remaining connection slots": "has no connection left: raise max_connections, or run fewer processes",
    "role": "does not know the user",
    "does not exist": "is not there: make it with `createdb`",
}


class PostgresDatabase(Database):
    """A database on a server."""

    dialect = "postgresql"
    mark = "%s"
    waits = True
    parted = True

    def __init__(self, url: URL, *, read_only: bool = False) -> None:
        errors = _driver()
        super().__init__(url, shown(url), read_only=read_only)
        self.driver_error = errors
        self.engine = _engine(url, read_only=read_only)
        self.words = TsVector()
        self._parts = Partitions()
        self._sole: Sole | None = None
        self._connections = 0  # made so far
        event.listen(self.engine, "connect", self._count)

    def _count(self, _connection: Any, _record: Any) -> None:
        self._connections += 1

    def begin(self) -> None:
        """A server that is only starting is waited for; one that cannot be reached is an error at once."""
        try:
            with self.read() as connection:
                connection.exec_driver_sql("SELECT 1")
        except Vanished as error:
            if not any(word in str(error) for word in _SOON):
                raise StorageError(str(error)) from error
            await_return(self._answers, self.name, error)

    def patiently(self, call: Callable[[], Result]) -> Result:
        return patiently(call, self._answers, self.name)

    def _answers(self) -> bool:
        try:
            with self.read() as connection:
                connection.exec_driver_sql("SELECT 1")
            if self._sole is not None:
                self._sole.renew()
        except Vanished:
            return False
        return True

    def _stay_alone(self) -> None:
        """Look after the lock of the one instance whenever a connection was made: the server may be another life's."""
        if self._sole is not None and self._sole.seen != self._connections:
            self._sole.renew()
            self._sole.seen = self._connections

    @contextmanager
    def alone(self, command: str, *, shared: bool = False) -> Iterator[None]:
        sole = Sole(self.engine, command, self._explained, shared=shared)
        self.patiently(sole.take)
        self._sole = sole
        try:
            yield
        finally:
            self._sole = None
            sole.release()

    @contextmanager
    def write(self) -> Iterator[Connection]:
        if self.read_only:
            raise StorageError(f"the database {self.name} was opened for reading only")
        with self._errors(), self.engine.connect() as connection:
            self._stay_alone()
            connection.exec_driver_sql("BEGIN")
            try:
                ours, _ = connection.exec_driver_sql(_TAKE_LOCK).one()
                if self.fence is not None:
                    self.fence(connection)
                yield connection
                self._commit(connection, ours)
            except BaseException:
                self._parts.forget()
                _roll_back(connection)
                raise

    def _commit(self, connection: Connection, ours: str) -> None:
        """Commit; where the server is lost on the way, ask it afterwards whether it did."""
        try:
            self._end(connection)
        except DBAPIError as error:
            if not lost(error) or not self._was_committed(ours, error):
                raise

    def _end(self, connection: Connection) -> None:
        connection.exec_driver_sql("COMMIT")

    def _was_committed(self, ours: str, error: Exception) -> bool:
        """What became of a transaction whose commit was not answered."""

        def status() -> str:
            with self.read() as again:
                try:
                    return str(again.exec_driver_sql(_STATUS, (ours,)).scalar())
                except DBAPIError as said:
                    if getattr(said.orig, "sqlstate", None) != _IN_THE_FUTURE:
                        raise
                    return "aborted"  # the server went before it had written that there is such a transaction

        for pause in pauses():
            if (found := self.patiently(status)) != "in progress":
                return found == "committed"
            time.sleep(pause)  # the server has not noticed yet that this end is gone
        raise StorageError(f"whether a change of {self.name} was stored cannot be found out: {error}")

    @contextmanager
    def snapshot(self) -> Iterator[Connection]:
        with self.read() as connection:
            connection.exec_driver_sql("BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            try:
                yield connection
            finally:
                _roll_back(connection)

    def _explained(self, error: Exception) -> StorageError:
        return explained(error, self.name)

    def lay_out(self) -> None:
        """Check that the server is one that can hold this."""
        with self.read() as connection:
            version, encoding = connection.exec_driver_sql(
                "SELECT current_setting('server_version_num')::int, current_setting('server_encoding')"
            ).one()
        if version < OLDEST:
            raise StorageError(f"the server of {self.name} is PostgreSQL {version // 10000}; 14 or newer is needed")
        if encoding != "UTF8":
            raise StorageError(f"the database {self.name} is encoded in {encoding}: make one with `createdb -E UTF8`")

    def table_names(self, connection: Connection) -> set[str]:
        return set(connection.exec_driver_sql(_TABLES).scalars())

    def size(self, connection: Connection) -> int:
        return int(connection.exec_driver_sql(_SIZE).scalar_one())

    def structure_faults(self, connection: Connection, *, whole: bool = False) -> list[str]:
        found = list(connection.exec_driver_sql(_FAULTS).scalars())
        if whole and connection.exec_driver_sql(_HAS_AMCHECK).scalar():
            found += self._index_faults(connection)
        return found

    def _index_faults(self, connection: Connection) -> Iterator[str]:
        """What ``amcheck`` finds, where the extension is installed."""
        for name in connection.exec_driver_sql(_INDEXES).scalars().all():
            try:
                connection.exec_driver_sql("SELECT bt_index_check(CAST(%s AS regclass), true)", (name,))
            except DBAPIError as error:
                if lost(error):
                    raise
                yield f"the index {name} is damaged: {' '.join(str(error.orig).split())}; REINDEX it"

    def reindex(self, connection: Connection) -> None:
        for name in connection.exec_driver_sql(_INDEXES).scalars().all():
            connection.exec_driver_sql(f"REINDEX INDEX {name}")

    def rows(self, connection: Connection, statement: str) -> Iterator[tuple[Any, ...]]:
        import psycopg

        raw = connection.connection.dbapi_connection
        try:
            with raw.cursor(name="storyfold_rows", scrollable=False) as cursor:  # type: ignore[union-attr]
                cursor.itersize = READ
                cursor.execute(statement)
                yield from cursor
        except psycopg.Error as error:
            raise explained(error, self.name) from error

    def key(self, text: str) -> str:
        return text if len(text) <= LONGEST_KEY else f"{text[:100]}…{codec.text_hash(text).hex()}"

    def insert(self, connection: Connection, table: Table, rows: Sequence[tuple[Any, ...]]) -> None:
        if not rows:
            return
        names = [column.name for column in table.columns]
        if table.name == JOURNAL:
            at = names.index("time")
            self._parts.ready_for_times(connection, (row[at] for row in rows))
        elif table.name in BY_ARTICLE:
            at = names.index("article")
            self._parts.ready_for_articles(connection, (row[at] for row in rows))
        if len(rows) < COPIED:
            marks = ", ".join(["%s"] * len(names))
            connection.exec_driver_sql(
                f"INSERT INTO {table.name} ({', '.join(names)}) VALUES ({marks})",  # noqa: S608 - our own names
                list(rows),
            )
            return
        cursor = connection.connection.cursor()
        try:
            with cursor.copy(f"COPY {table.name} ({', '.join(names)}) FROM STDIN") as copy:
                for row in rows:
                    copy.write_row(row)
        finally:
            cursor.close()

    def among(self, statement: str, values: Sequence[Any], *before: Any) -> Iterator[tuple[str, tuple[Any, ...]]]:
        """One statement for lists of any length, so that its plan is kept."""
        if values:
            yield self.sql(statement).replace("IN ({marks})", "= ANY(%s)"), (*before, list(values))


_TAKE_LOCK = (
    "SELECT CAST(pg_current_xact_id() AS text),"
    f" pg_advisory_xact_lock({_LOCK}, hashtext(coalesce(current_schema(), '')))"
)
_STATUS = "SELECT pg_xact_status(CAST(%s AS xid8))"
_IN_THE_FUTURE = "22023"  # invalid_parameter_value
_TABLES = (
    "SELECT relname FROM pg_class WHERE relnamespace = CAST(current_schema() AS regnamespace)"
    " AND relkind IN ('r', 'p') AND NOT relispartition"
)
_SIZE = (
    "SELECT coalesce(sum(pg_total_relation_size(oid)), 0) FROM pg_class"
    " WHERE relnamespace = CAST(current_schema() AS regnamespace) AND relkind = 'r'"
)


_FAULTS = (
    "SELECT 'the index ' || indexrelid::regclass || ' is not valid: REINDEX it' FROM pg_index JOIN pg_class c"
    " ON c.oid = indexrelid WHERE NOT indisvalid AND relnamespace = CAST(current_schema() AS regnamespace)"
    " UNION ALL SELECT 'the server read ' || checksum_failures || ' damaged pages of this database: its disk fails'"
    " FROM pg_stat_database WHERE datname = current_database() AND checksum_failures > 0"
)
_HAS_AMCHECK = "SELECT count(*) FROM pg_extension WHERE extname = 'amcheck'"
_INDEXES = (
    "SELECT CAST(CAST(c.oid AS regclass) AS text) FROM pg_class c JOIN pg_am m ON m.oid = c.relam"
    " WHERE c.relkind = 'i' AND m.amname = 'btree' AND c.relnamespace = CAST(current_schema() AS regnamespace)"
)


def explained(error: Exception, name: str) -> StorageError:
    """A driver's error as one for people, naming the database."""
    cause = getattr(error, "orig", None) or error
    said = " ".join(str(cause).split())
    state = getattr(cause, "sqlstate", None) or ""
    if "NUL (0x00)" in said:
        return Unsound(f"the database {name} cannot hold a text: {said}")
    for needle, meaning in _REFUSALS.items():
        if not state and needle in said:
            return StorageError(f"the database {name} {meaning} ({said})")
    if not state and lost(error) and not any(word in said for word in _CUT):
        return Vanished(f"the server of {name} cannot be reached: is it running, and is the address right? ({said})")
    if lost(error):
        return Vanished(f"the connection to {name} was lost: {said}")
    if state == _TOOK_LONG:
        return StorageError(f"the database {name} stayed locked by another process for {database.BUSY_SECONDS:.0f} s")
    for known, meaning in _MEANINGS.items():
        if state.startswith(known):
            return StorageError(f"the database {name} {meaning} ({said})")
    return StorageError(f"the database {name} failed: {said}")


def lost(error: Exception) -> bool:
    """Whether the connection went, and not only the statement."""
    import psycopg

    if isinstance(error, DBAPIError):
        return error.connection_invalidated or (error.orig is not None and lost(error.orig))
    if isinstance(error, psycopg.OperationalError):
        return (error.sqlstate or "57P").startswith(("57P", "08"))
    return False


def shown(url: URL) -> str:
    """The database's name for messages: no password in it."""
    user = f"{url.username}@" if url.username else ""
    host = url.host or url.query.get("host") or ""
    port = f":{url.port}" if url.port else ""
    return f"postgresql://{user}{host}{port}/{url.database or ''}"


def _driver() -> type[Exception]:
    """The class of the driver's errors; raises ``StorageError`` where it is not installed."""
    try:
        import psycopg
    except ImportError as error:
        raise StorageError(
            "PostgreSQL needs the extra `postgres`: python -m pip install 'storyfold[postgres]'"
            f" (or, in a checkout, -e '.[postgres]'); {error}"
        ) from None
    return psycopg.Error


def _roll_back(connection: Connection) -> None:
    if connection.invalidated or connection.closed:
        return
    raw = connection.connection.dbapi_connection
    with suppress(Exception):  # a connection that is gone has rolled back already
        if raw is not None:
            raw.rollback()


# A client that vanished without a word lets go of its locks after a minute, one that stands still after five.
_NOTICING = (
    "tcp_keepalives_idle=30",
    "tcp_keepalives_interval=10",
    "tcp_keepalives_count=3",
    "idle_in_transaction_session_timeout=300000",
)


def _engine(url: URL, *, read_only: bool) -> Engine:
    settings = [f"lock_timeout={database.BUSY_SECONDS * 1000:.0f}", "timezone=UTC", *_NOTICING]
    if read_only:
        settings.append("default_transaction_read_only=on")
    given = url.query.get("options", "")
    options = " ".join([*([given] if isinstance(given, str) and given else []), *(f"-c {one}" for one in settings)])
    engine = create_engine(
        url.set(drivername="postgresql+psycopg").update_query_dict({"options": options}),
        isolation_level="AUTOCOMMIT",  # transactions are begun and ended in this class alone
        connect_args={"application_name": url.query.get("application_name", "storyfold")},
        use_native_hstore=False,
    )
    event.listen(engine, "connect", _prepare)
    return engine


def _prepare(connection: psycopg.Connection[Any], _record: Any) -> None:
    """One type for numbers of any size, so that a statement is planned once."""
    from psycopg.types.numeric import Int8Dumper

    connection.adapters.register_dumper(int, Int8Dumper)
