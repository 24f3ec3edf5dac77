"""The store: every part on one database, and the door to it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import cache
from types import TracebackType
from typing import Self

from pipeline.errors import SchemaError

from .aliases import Aliases
from .care import Care
from .database import Database, open_database
from .deliveries import Deliveries
from .hosts import Hosts
from .migrate import migrate
from .overview import Overview
from .query import parse_query
from .rearranging import Rearranging
from .retention import Retention
from .seals import Progress
from .search import Search
from .subscriptions import Subscriptions
from .undoing import Undoing
from .values import Hit

LITTLE = 20_000  # events that are indexed while somebody waits: a few seconds


class Store(Undoing, Rearranging, Aliases, Overview, Search, Retention, Hosts, Subscriptions, Deliveries, Care):
    """All that is stored.  Synchronous; one process writes, any number read.

    The parts, each in a file of its own: feeds and polls (``feeds``), the queue (``queue``), the matcher's
    side (``matching``), look-ups and streams (``lookup``), the journal (``items``), stories and their
    changes (``stories``), what people change (``corrections``, ``undoing``, ``aliases``),
    what a replay changes (``rearranging``), what the page asks
    (``overview``), full text (``search``), forgetting (``retention``), what polling learned (``hosts``,
    ``subscriptions``), what webhooks were told (``deliveries``), and checks and backups (``care``).
    """

    @contextmanager
    def alone(self, command: str, *, shared: bool = False) -> Iterator[None]:
        """Be the one instance that works on a database server's database while the block runs; or, ``shared``, one
        among others of which none wants to be alone.

        Raises ``AlreadyRunning`` that names the holder.  A file has a lock beside it instead.
        """
        with self._db.alone(command, shared=shared):
            yield

    def find(self, text: str, now: datetime, *, limit: int = 50, before: int | None = None) -> list[Hit]:
        """What ``search`` finds for a query as people type it; raises ``UsageError`` for one that has no meaning.

        An index that is far behind is taken as it is: nobody waits for minutes.
        """
        return self.search(parse_query(text, now), limit=limit, before=before, catch_up=LITTLE)

    def close(self) -> None:
        """Close every connection."""
        self._db.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def open_store(url: str, *, read_only: bool = False, progress: Progress | None = None) -> Store:
    """Open the database at ``url``, made or upgraded as needed: ``sqlite:///relative.db``,
    ``sqlite:////absolute.db``, ``sqlite://`` in memory, or ``postgresql://user@host/name``.  An upgrade that takes
    a while tells ``progress``.

    Raises ``SchemaError`` for a newer or foreign database, ``StorageError`` for one that cannot be used.
    """
    database = open_database(url, read_only=read_only)
    try:
        database.begin()
        migrate(database, progress=progress)
        if database.waits:
            _whole(database)
    except BaseException:
        database.close()
        raise
    return _patient_store()(database) if database.waits else Store(database)


def _whole(database: Database) -> None:
    """Raises ``SchemaError`` for a database that a copy was begun into and not ended."""
    from .copying import unfinished

    if unfinished(database):
        raise SchemaError(f"a copy into {database.name} was begun and not ended: `db copy` goes on with it")


@cache
def _patient_store() -> type[Store]:
    from .patience import patient

    return patient(Store)
