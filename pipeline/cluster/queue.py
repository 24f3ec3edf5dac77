"""Jobs, handed out through PgQueuer in the same database.

A job is only the name of a row: ``poll 12``, ``fetch 345``.  What is to be done with the row stands in our tables, so
a job that runs twice finds the row settled, and a queue that was lost is filled again from them.  Hence its tables
are not written ahead (``volatile``), which halves what a job costs, and a failed job is simply deleted: whoever fills
the queue finds its row still due.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import structlog

from pipeline.errors import StorageError

if TYPE_CHECKING:
    from pgqueuer.domain.models import Job
    from pgqueuer.domain.types import Channel
    from pgqueuer.queries import Queries
    from psycopg import AsyncConnection

POLL, FETCH = "poll", "fetch"
Work = Callable[[int], Awaitable[None]]  # does what is due for the row
MOST = 50  # jobs taken at a time; fewer where few may be in hand
Connect = Callable[[], "Awaitable[AsyncConnection]"]


class JobQueue:
    """The queue in ``schema`` of the database at ``url``; one connection, and one more while it is ``run``."""

    def __init__(self, queries: Queries, channel: Channel, connect: Connect) -> None:
        self._queries = queries
        self._channel = channel
        self._connect = connect

    @classmethod
    @asynccontextmanager
    async def opened(cls, url: str, schema: str, name: str) -> AsyncIterator[JobQueue]:
        """Connected as ``name``; raises ``StorageError`` where PgQueuer is missing, or the server is or goes away."""
        try:
            import psycopg
            from pgqueuer.adapters.persistence import qb
            from pgqueuer.db import PsycopgDriver
            from pgqueuer.domain.settings import DBSettings, Durability
            from pgqueuer.domain.types import Channel
            from pgqueuer.queries import Queries
        except ImportError as error:
            raise StorageError(
                f"workers need the extra `postgres`: pip install 'storyfold[postgres]'; {error}"
            ) from None
        # The channel is the whole database's, the schema is not.
        channel = Channel(f"{schema}_pgqueuer")
        own = DBSettings(db_schema=schema, channel=channel, durability=Durability.volatile)
        from pipeline.storage.postgres import explained

        async def connect() -> AsyncConnection:
            return await psycopg.AsyncConnection.connect(_plain(url), autocommit=True, application_name=name)

        try:
            async with await connect() as connection:
                driver = PsycopgDriver(connection)
                builders = qb.QueryBuilderEnvironment(own), qb.QueryQueueBuilder(own), qb.QuerySchedulerBuilder(own)
                yield cls(Queries(driver, *builders), channel, connect)
        except psycopg.Error as error:
            raise explained(error, "the queue") from error

    async def install(self) -> None:
        """Make PgQueuer's tables, or bring them to this version of it."""
        async with self._queries.schema_lock():
            there = await self._queries.schema_is_installed()
            if not there:
                await self._queries.install()
        if there:
            await self._queries.upgrade()

    async def put(self, kind: str, rows: Sequence[int]) -> None:
        """Hand out ``rows``; those that are handed out already are passed over."""
        if rows:
            await self._queries.enqueue(
                [kind] * len(rows),
                [b"%d" % row for row in rows],
                [1 if kind == POLL else 0] * len(rows),  # news before pages: a feed forgets what it said
                dedupe_key=[f"{kind} {row}" for row in rows],
                on_conflict="skip",
            )

    async def empty_log(self) -> None:
        """Forget finished jobs; our journal has what came of them."""
        await self._queries.clear_queue_log()
        await self._queries.clear_statistics_log()

    async def run(self, works: Mapping[str, Work], stop: asyncio.Event, *, at_once: int, stale_seconds: float) -> None:
        """Take jobs and do them until ``stop``, at most ``at_once`` (two at the least); those in hand are finished.

        A job whose worker gave no sign for ``stale_seconds`` is done by another.  Raises what the connection raises,
        and ``StorageError`` where no notification comes through any more.
        """
        from pgqueuer.errors import FailingListenerError
        from pgqueuer.qm import QueueManager

        from pipeline.cluster.listening import ListeningApart

        batch = max(1, min(MOST, at_once // 2))  # PgQueuer wants room for two
        async with await self._connect() as listening:
            queries = replace(self._queries, driver=ListeningApart(listening, self._queries.driver))
            manager = QueueManager(queries, self._channel)
            for kind, work in works.items():
                manager.entrypoint(kind)(_doing(work))
            stopping = asyncio.create_task(_follow(stop, manager.shutdown))
            try:
                await manager.run(
                    dequeue_timeout=timedelta(seconds=5),
                    batch_size=batch,
                    max_concurrent_tasks=max(at_once, 2 * batch),
                    heartbeat_timeout=timedelta(seconds=stale_seconds),
                    log_aggregation_interval=timedelta(0),
                    shutdown_on_listener_failure=True,
                )
            except FailingListenerError as error:
                raise StorageError("the queue's connection for notifications was lost") from error
            finally:
                stopping.cancel()


def _doing(work: Work) -> Callable[[Any], Awaitable[None]]:
    async def do(job: Job) -> None:
        try:
            await work(int(job.payload or b"0"))
        except StorageError as error:
            # The row is still due, and will be handed out again.
            structlog.get_logger().warning("job put back", job=job.entrypoint, detail=str(error))

    return do


async def _follow(stop: asyncio.Event, shutdown: asyncio.Event) -> None:
    await stop.wait()
    shutdown.set()


def _plain(url: str) -> str:
    """The URL as libpq reads it."""
    scheme, _, rest = url.partition("://")
    return f"{scheme.partition('+')[0]}://{rest}"
