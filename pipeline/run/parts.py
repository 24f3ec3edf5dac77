"""What a run is made of.  Wired by the composition root; frozen, so that nothing is swapped on the way."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, ParamSpec, TypeVar

from pipeline.feeds.settings import WebSubSettings
from pipeline.run.filters import Filters
from pipeline.run.keeping import PageSettings, RetentionSettings, RevisionSettings
from pipeline.run.settings import RunSettings
from pipeline.run.trace import NO_TRACER, Tracer

if TYPE_CHECKING:
    from random import Random

    from pipeline.articles import ExtractSettings
    from pipeline.feeds import FeedLimits, PollSettings
    from pipeline.fetch import Web
    from pipeline.run.memory import HostMemory
    from pipeline.run.metrics import Metrics
    from pipeline.run.pool import WorkerPool
    from pipeline.run.webhooks import Webhook
    from pipeline.run.writer import Writer
    from pipeline.storage import Store
    from pipeline.storage.pages import Pages

P = ParamSpec("P")
T = TypeVar("T")


class DatabaseThread:
    """One thread on which everything about the database and the matcher happens, in the order asked for.

    That is what makes the writer single, and it keeps the event loop free while SQLite waits for the disk.
    """

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, "database")

    async def __call__(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """``function(...)`` on the thread.  Once begun it is carried to its end, also when the caller is
        cancelled: a transaction is never left half-way."""
        loop = asyncio.get_running_loop()
        return await asyncio.shield(loop.run_in_executor(self._thread, lambda: function(*args, **kwargs)))

    def close(self) -> None:
        """Wait for what is under way."""
        self._thread.shutdown()


@dataclass(frozen=True, slots=True)
class Parts:
    """Everything a round needs."""

    store: Store
    web: Web
    pool: WorkerPool
    writer: Writer
    settings: RunSettings
    polling: PollSettings
    limits: FeedLimits
    extract: ExtractSettings
    clock: Callable[[], datetime]
    random: Random
    revisions: RevisionSettings = field(default_factory=RevisionSettings)
    retention: RetentionSettings = field(default_factory=RetentionSettings)
    page_settings: PageSettings = field(default_factory=PageSettings)
    pages: Pages | None = None
    filters: Filters = field(default_factory=Filters)
    webhooks: tuple[Webhook, ...] = ()
    metrics: Metrics | None = None  # of the service; a round from cron counts nothing
    tracer: Tracer = NO_TRACER
    db: DatabaseThread = field(default_factory=DatabaseThread)
    websub: WebSubSettings = field(default_factory=WebSubSettings)
    memory: HostMemory | None = None  # of hosts; None: every process learns anew
