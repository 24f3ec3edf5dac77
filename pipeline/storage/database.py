"""One database: what the store asks of it, whichever kind it is.

Everything that differs between kinds is behind ``Database``: how it is opened, its transactions, bulk rows, full
text, sizes, and its errors in words.  ``sqlite`` and ``postgres`` are the kinds there are; the statements of the
store are written once, with ``?`` for values, in the SQL that both speak.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Any, ClassVar, Protocol, TypeVar

from sqlalchemy import Connection, Engine, Table
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from pipeline.errors import StorageError

from .query import Term
from .seals import Progress

BUSY_SECONDS = 60.0  # how long a locked database is waited for before it is an error
Result = TypeVar("Result")
CHUNK = 500  # values in one IN (...): far below every limit, large enough to make the call cheap


class Unsound(StorageError):
    """A text that this database cannot hold as it is; ``codec.sound`` makes one that it can."""


class Vanished(StorageError):
    """The connection was lost and the transaction with it: nothing of it happened."""


class FullText(Protocol):
    """The index of words: how texts go in and how terms are looked for."""

    source: str  # tables to search, where there are terms; ``d`` is the document
    place: str  # column of a document's row in ``source``
    language: str  # expression for the language of an article, over ``a`` and ``d``

    def add(self, connection: Connection, documents: Sequence[tuple[int, int, int, str, str, str]]) -> None:
        """Index documents: (row, article row, revision, title, text, article's meta)."""

    def condition(self, terms: Sequence[Term]) -> tuple[str, str]:
        """What must hold of a document, and the value for its mark."""

    def forget(self, connection: Connection, articles: Sequence[int]) -> None:
        """Take the words of texts that are about to be forgotten out of the index; titles stay in it."""

    def clear(self, connection: Connection) -> None:
        """Take everything out of the index, also of a damaged one."""


class Database(ABC):
    """Connections and transactions on one database; safe to use from several threads."""

    dialect: ClassVar[str]  # as SQLAlchemy and the migrations name it
    mark: ClassVar[str]  # what the driver wants for a value in a statement

    waits: ClassVar[bool] = False  # whether it can go away and come back
    parted: ClassVar[bool] = False  # whether texts and the journal lie in parts

    driver_error: type[Exception]  # what the driver raises where SQLAlchemy does not stand between
    engine: Engine
    words: FullText
    fence: Callable[[Connection], None] | None = None  # asked inside every write transaction; raises to forbid it

    def __init__(self, url: URL, name: str, *, read_only: bool) -> None:
        self.url = url
        self.name = name  # for messages: no password in it
        self.read_only = read_only

    @property
    def shared_url(self) -> str | None:
        """Where another process can open the same database; None for one in memory."""
        return self.url.render_as_string(hide_password=False)

    @abstractmethod
    def write(self) -> AbstractContextManager[Connection]:
        """One transaction that holds the write lock from its first statement; all or nothing.

        Raises ``StorageError`` for what the database says, ``Unsound`` for a text it cannot hold.
        """

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A connection for reading; every statement sees the latest commit.  Raises what ``write`` does."""
        with self._errors(), self.engine.connect() as connection:
            yield connection

    @contextmanager
    def _errors(self) -> Iterator[None]:
        """Errors of the block as our own."""
        try:
            yield
        except UnicodeEncodeError as error:  # a lone surrogate
            raise Unsound(f"the database {self.name} cannot hold a text: {error}") from error
        except (SQLAlchemyError, self.driver_error) as error:
            raise self._explained(error) from error

    @abstractmethod
    def _explained(self, error: Exception) -> StorageError:
        """A driver's error as one for people."""

    @abstractmethod
    def snapshot(self) -> AbstractContextManager[Connection]:
        """A connection whose statements all see one and the same state."""

    @abstractmethod
    def lay_out(self) -> None:
        """Set or check what must be so before the first table.  Only called on an empty database or ours."""

    @abstractmethod
    def table_names(self, connection: Connection) -> set[str]:
        """The tables that are there, parts of tables not counted."""

    @abstractmethod
    def size(self, connection: Connection) -> int:
        """Bytes in use, without space that was freed and not used again."""

    @abstractmethod
    def insert(self, connection: Connection, table: Table, rows: Sequence[tuple[Any, ...]]) -> None:
        """Add rows, each with every column of ``table`` in order."""

    @abstractmethod
    def structure_faults(self, connection: Connection, *, whole: bool = False) -> list[str]:
        """What the database finds wrong with its own structure; ``whole`` reads every index as well."""

    @abstractmethod
    def rows(self, connection: Connection, statement: str) -> Iterator[tuple[Any, ...]]:
        """Plain rows of a statement of any size, in bounded memory.  Inside a snapshot or a transaction only."""

    @abstractmethod
    def reindex(self, connection: Connection) -> None:
        """Build every index anew from the rows."""

    def word_faults(self) -> list[str]:
        """What the index of words does not have in common with the texts; empty where nothing is wrong."""
        return []

    def seal(self, version: int, progress: Progress | None = None) -> None:  # noqa: B027 - a server may seal by itself
        """From now on carry checksums of the rows on; where there are none for this version they are made."""

    def seal_anew(self, version: int, progress: Progress | None = None) -> None:  # noqa: B027
        """Take all rows as they are now for right."""

    def seal_faults(self, version: int, progress: Progress | None = None) -> list[str]:
        """What the rows do not have in common with their checksums; empty when nothing is wrong."""
        return []

    def itself(self, table: str) -> str:
        """``table`` in a FROM, so that its rows are read and not an index over them."""
        return table

    def key(self, text: str) -> str:
        """``text`` as the key of an index: two are equal if and only if the texts are."""
        return text

    def begin(self) -> None:  # noqa: B027 - a file needs none
        """See that the database answers, before anything else is done; raises ``StorageError``."""

    def patiently(self, call: Callable[[], Result]) -> Result:
        """What ``call``, a transaction at most, returns; done again where the database was away meanwhile."""
        return call()

    @contextmanager
    def alone(self, command: str, *, shared: bool = False) -> Iterator[None]:
        """Hold the lock of the one instance on a server, or of one among others; raises ``AlreadyRunning``."""
        yield

    def sql(self, statement: str) -> str:
        """``statement``, written with ``?``, for this driver."""
        return statement.replace("?", self.mark)

    def many(self, connection: Connection, statement: str, rows: Sequence[tuple[Any, ...]]) -> None:
        """Run ``statement`` once for each row, in the driver's own loop."""
        if rows:
            connection.exec_driver_sql(self.sql(statement), list(rows))

    def among(self, statement: str, values: Sequence[Any], *before: Any) -> Iterator[tuple[str, tuple[Any, ...]]]:
        """``statement``, with ``IN ({marks})`` behind its other marks, as statements for the whole of ``values``."""
        statement = self.sql(statement)
        for start in range(0, len(values), CHUNK):
            part = tuple(values[start : start + CHUNK])
            yield statement.replace("{marks}", ", ".join([self.mark] * len(part))), (*before, *part)

    def close(self) -> None:
        """Close every connection."""
        self.engine.dispose()


def open_database(url: str, *, read_only: bool = False) -> Database:
    """The database that ``url`` names; nothing is opened yet.

    Raises ``StorageError`` for a URL that names no usable database, or one whose driver is not installed.
    """
    try:
        parts = make_url(url)
    except ArgumentError:
        raise StorageError(f"{url!r} is no database URL; sqlite:///path/to/file.db is one") from None
    kind = parts.get_backend_name()
    if kind == "sqlite":
        from .sqlite import SqliteDatabase

        return SqliteDatabase(parts, read_only=read_only)
    if kind in ("postgresql", "postgres"):
        from .postgres import PostgresDatabase

        return PostgresDatabase(parts, read_only=read_only)
    raise StorageError(f"databases of kind {kind!r} are not served; use sqlite:///… or postgresql://…")
