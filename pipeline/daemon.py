"""The service, wired: rounds on a schedule, the page, metrics, reload; until a signal ends it."""

from __future__ import annotations

import asyncio
import os
import time
from argparse import Namespace
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING

import structlog

from pipeline import app
from pipeline.run.backups import back_up, until_backup
from pipeline.run.clockguard import mend_feeds
from pipeline.run.endpoints import Endpoints, listening_on, served
from pipeline.run.metrics import Metrics
from pipeline.run.notify import Notifier
from pipeline.run.pushing import receive
from pipeline.run.round import run_round
from pipeline.run.service import Hooks, Job, JobRun, Service

if TYPE_CHECKING:
    from datetime import timedelta

    from pipeline.config import Config
    from pipeline.run.healthwatch import HealthWatch
    from pipeline.run.parts import Parts
    from pipeline.run.report import Tally
    from pipeline.storage import Store
    from pipeline.web import HubRequest

ROUND = "round"


async def serve(args: Namespace, config: Config) -> bool:
    """Run until SIGTERM; whether all work in hand was finished."""
    with app.locked_store(config, "run") as store:
        async with _Daemon.started(args, config, store) as daemon:
            return await daemon.service.run()


class _Daemon:
    """One running service.  ``parts`` are exchanged as a whole when the configuration is read again."""

    def __init__(self, args: Namespace, config: Config, store: Store) -> None:
        self._args = args
        self._store = store
        self._stack = AsyncExitStack()
        self._config = config
        self._idle = asyncio.Lock()  # held by a round; parts are exchanged between rounds
        self._looking = asyncio.Lock()  # and between two looks at the feeds
        self._parts: Parts | None = None
        self.metrics = Metrics()
        self._health: HealthWatch | None = None
        self.service = Service(
            self._jobs(config),
            config.sections["run"],
            app.clock,
            reload=self._reload,
            mend=self._mend,
            stuck_seconds=60 * config.sections["service"].stuck_minutes,
            notifier=Notifier(os.environ, time.monotonic),
            hooks=Hooks(self._ran, self.metrics.observe_lag, self._stepped),
        )

    @classmethod
    @asynccontextmanager
    async def started(cls, args: Namespace, config: Config, store: Store) -> AsyncIterator[_Daemon]:
        """Everything open; closed again at the end, whatever happens."""
        daemon = cls(args, config, store)
        try:
            await daemon._use(config)
            async with daemon._listening(config.sections["service"].listen), daemon._page(config):
                yield daemon
        finally:
            await daemon._stack.aclose()

    @asynccontextmanager
    async def _listening(self, address: str) -> AsyncIterator[None]:
        """Metrics and health on a loopback address, where one is set."""
        if not address:
            yield
            return
        endpoints = Endpoints(self.service.status, self._ping, self.metrics)
        async with served(endpoints, *listening_on(address)):
            yield

    @asynccontextmanager
    async def _page(self, config: Config) -> AsyncIterator[None]:
        """The page, where it is wanted; what it listens on is read at the start only."""
        if not config.sections["web"].enabled:
            yield
            return
        from pipeline.desk import page

        async with page(config, self.service.reload, self._told_by_hub) as address:
            structlog.get_logger().info("the page is up", address=address)
            yield

    async def _told_by_hub(self, sent: HubRequest) -> tuple[int, str]:
        """As ``pipeline.web.HubDoor`` says."""
        assert self._parts is not None  # noqa: S101 - opened before anything listens
        return await receive(self._parts, sent)

    def _jobs(self, config: Config) -> Sequence[Job]:
        own = config.sections["service"]
        jobs = [
            Job(ROUND, config.sections["run"].tick_seconds, self._round, watched=True),
            Job("health", 60 * own.health_minutes, self._look, first_seconds=5),
        ]
        if own.backup_dir:
            wait = until_backup(own, app.clock())
            jobs.append(Job("backup", 3600 * own.backup_hours, self._back_up, first_seconds=wait))
        return jobs

    async def _use(self, config: Config) -> None:
        """Open the parts that ``config`` asks for, then close those in use."""
        fresh = AsyncExitStack()
        made = app.assembled(config, self._store, self.metrics, hubs=_reachable(config))
        parts = await fresh.enter_async_context(made)
        async with self._idle, self._looking:
            old, self._stack, self._parts, self._config = self._stack, fresh, parts, config
            self._health = app.health_watch(config, parts)
            await parts.db(self._store.sync_feeds, config.feeds, app.clock())
        await old.aclose()

    async def _reload(self) -> Sequence[Job]:
        config = app.load_config(self._args)
        await self._use(config)
        return self._jobs(config)

    async def _round(self, stop: asyncio.Event) -> None:
        async with self._idle:
            parts = self._parts
            assert parts is not None  # noqa: S101 - opened before the first round
            report = await run_round(parts, stop, again_seconds=parts.settings.tick_seconds, watch=self._watch)
        self.metrics.observe_report(report)

    async def _look(self, stop: asyncio.Event) -> None:
        async with self._looking:
            if self._health is not None:
                await self._health.look(stop)

    async def _back_up(self, _stop: asyncio.Event) -> None:
        await asyncio.to_thread(back_up, self._store, self._config.sections["service"], app.clock())

    async def _mend(self) -> None:
        if self._parts is not None:
            await mend_feeds(self._parts)

    async def _ping(self) -> object:
        assert self._parts is not None  # noqa: S101 - opened before anything listens
        return await self._parts.db(self._store.next_due)

    def _watch(self, _tally: Tally, _in_hand: int) -> None:
        self.service.progress(ROUND)

    def _ran(self, run: JobRun) -> None:
        self.metrics.observe_job(run)

    def _stepped(self, step: timedelta) -> None:
        self.metrics.observe_step(step)


def _reachable(config: Config) -> bool:
    """Whether hubs can reach us; a callback without the page that answers it is a mistake worth a line."""
    if config.sections["websub"].callback and not config.sections["web"].enabled:
        structlog.get_logger().warning("no hub is asked: [websub] callback needs the page, and [web] enabled is false")
    return bool(config.sections["web"].enabled)
