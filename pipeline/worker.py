"""A worker, wired: jobs from the shared queue, and the roles that one worker has at a time."""

from __future__ import annotations

import asyncio
import os
import secrets
import socket
import time
from argparse import Namespace
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

import structlog

from pipeline import app
from pipeline.cluster.handing import Handing
from pipeline.cluster.jobs import Jobs
from pipeline.cluster.matching import Matching
from pipeline.cluster.queue import FETCH, POLL, JobQueue
from pipeline.cluster.roles import MATCHER, SCHEDULER, Role
from pipeline.cluster.turns import DatabaseShelf, DatabaseTurns, Pulse
from pipeline.errors import StorageError
from pipeline.run.endpoints import Endpoints, listening_on, served
from pipeline.run.metrics import Metrics
from pipeline.run.notify import Notifier
from pipeline.run.parts import DatabaseThread, Parts
from pipeline.run.service import Action, Hooks, Job, Service
from pipeline.run.upkeep import tidy
from pipeline.run.writer import Writer
from pipeline.storage import Store, open_store
from pipeline.storage.cluster import Cluster, fence, open_cluster, shareable
from pipeline.storage.database import Vanished, open_database
from pipeline.storage.patience import pauses

if TYPE_CHECKING:
    from pipeline.cluster.settings import ClusterSettings
    from pipeline.config import Config

MATCH, EXTRACT = "match", "extract"
AGAIN = 1.0  # seconds until something that ended or failed is begun again


async def serve(args: Namespace, config: Config) -> bool:
    """Work until SIGTERM; whether all work in hand was finished.

    Raises ``StorageError`` for a database that workers cannot share, before anything is made there.
    """
    shareable(open_database(config.storage.url))
    async with AsyncExitStack() as stack:
        for pause in (*pauses(), 0.0):
            try:
                worker = await stack.enter_async_context(_Worker.started(args, config, _roles(args.roles)))
                break
            except StorageError as error:
                away = isinstance(error, Vanished) or isinstance(error.__cause__, Vanished)
                if not away or not pause:  # machines may come up in any order
                    raise
                structlog.get_logger().warning("waits for the database", detail=str(error))
                await asyncio.sleep(pause)
        return await worker.service.run()


def _roles(asked: Sequence[str]) -> frozenset[str]:
    """A page is taken apart where it was fetched: each of the two words means both."""
    return frozenset(FETCH if role == EXTRACT else role for role in asked)


class _Worker:
    """One worker.  Three threads speak to the database, so that what coordinates never waits for what stores."""

    def __init__(
        self,
        args: Namespace,
        config: Config,
        roles: frozenset[str],
        parts: Parts,
        cluster: Cluster,
        name: str,
        pulse: Pulse,
    ) -> None:
        self._args = args
        self._config = config
        self._roles = roles
        self._parts = parts
        self._cluster = cluster
        self._name = name
        self._pulse = pulse
        self._talk = DatabaseThread()  # beats and roles: short, and never behind anything long
        self._metrics = parts.metrics or Metrics()
        self.service = Service(
            self._jobs(),
            config.sections["run"],
            app.clock,
            reload=self._reload,
            stuck_seconds=60 * config.sections["service"].stuck_minutes,
            notifier=Notifier(os.environ, time.monotonic),
            hooks=Hooks(self._metrics.observe_job, self._metrics.observe_lag, self._metrics.observe_step),
        )

    @classmethod
    @asynccontextmanager
    async def started(cls, args: Namespace, config: Config, roles: frozenset[str]) -> AsyncIterator[_Worker]:
        """Everything open and made ready; closed again at the end, whatever happens."""
        name = f"storyfold {socket.gethostname()[:24]} {os.getpid()} {secrets.token_hex(2)}"
        turning, pulse = DatabaseThread(), Pulse(config.sections["cluster"].alive_seconds)
        metrics = Metrics()
        async with AsyncExitStack() as stack:
            store = stack.enter_context(open_store(named(config.storage.url, name)))
            stack.callback(turning.close)
            stack.enter_context(store.alone("worker", shared=True))
            cluster = open_cluster(store)
            cluster.prepare()
            async with JobQueue.opened(config.storage.url, cluster.schema, name) as queue:
                await queue.install()
            store.know_sources(config.feeds)
            hosts = (DatabaseTurns(turning, cluster, name, pulse), DatabaseShelf(turning, cluster))
            parts = await stack.enter_async_context(app.assembled(config, store, metrics, hosts=hosts))
            worker = cls(args, config, roles, parts, cluster, name, pulse)
            await worker._beat(asyncio.Event())
            if address := config.sections["service"].listen:
                endpoints = Endpoints(worker.service.status, worker._ping, metrics)
                await stack.enter_async_context(served(endpoints, *listening_on(address)))
            try:
                yield worker
            finally:
                await worker._leave()

    @property
    def _settings(self) -> ClusterSettings:
        settings: ClusterSettings = self._config.sections["cluster"]
        return settings

    def _jobs(self) -> Sequence[Job]:
        beat = Job("alive", self._settings.alive_seconds / 5, self._beat)
        scheduler = Job("schedule", AGAIN, _endured(self._schedule))
        return [beat, scheduler, *self._wanted()]

    def _wanted(self) -> list[Job]:
        own = []
        if self._roles & {POLL, FETCH}:
            own.append(Job("work", AGAIN, _endured(self._work)))
        if MATCH in self._roles:
            own.append(Job("match", AGAIN, _endured(self._match)))
        return own

    async def _beat(self, _stop: asyncio.Event) -> None:
        roles, seconds, since = tuple(sorted(self._roles)), self._settings.alive_seconds, time.monotonic()
        try:
            await self._talk(self._cluster.beat, self._name, socket.gethostname(), roles, seconds)
            self._pulse.beaten(since)
        except StorageError as error:
            structlog.get_logger().warning("the database is away", detail=str(error))

    async def _leave(self) -> None:
        try:
            await self._talk(self._cluster.leave, self._name)
        except StorageError as error:
            structlog.get_logger().warning("left without a word; the others will notice", detail=str(error))
        self._talk.close()

    # jobs

    async def _work(self, stop: asyncio.Event) -> None:
        """Take jobs from the queue."""
        jobs = Jobs(self._parts, self._cluster)
        works = {kind: work for kind, work in ((POLL, jobs.poll), (FETCH, jobs.fetch)) if kind in self._roles}
        at_once = self._parts.settings.items_in_hand
        async with self._queue() as queue:
            await queue.run(works, stop, at_once=at_once, stale_seconds=self._settings.job_seconds)

    async def _schedule(self, stop: asyncio.Event) -> None:
        """Hand out what is due and keep house, where nobody else does."""
        role = Role(SCHEDULER, self._talk, self._cluster, self._name, self._name, self._settings.lease_seconds)
        await role.play(self._scheduling, stop)

    async def _scheduling(self, _token: int, stop: asyncio.Event) -> None:
        await self._parts.db(self._parts.store.sync_feeds, self._config.feeds, app.clock())
        async with self._queue() as queue, asyncio.TaskGroup() as group:
            handing = Handing(self._parts, self._cluster, queue, self._settings)
            house = group.create_task(self._keep_house(queue, stop))
            await handing.go_on(stop)
            house.cancel()

    async def _keep_house(self, queue: JobQueue, stop: asyncio.Event) -> None:
        health = app.health_watch(self._config, self._parts)
        seconds = 60 * self._config.sections["service"].health_minutes
        look_at, empty_at = time.monotonic(), time.monotonic() + 3600 * self._settings.log_hours
        while True:
            await asyncio.sleep(self._parts.settings.tick_seconds)
            await tidy(self._parts, stop, forget_too=False)
            if time.monotonic() >= look_at:
                await health.look(stop)
                look_at = time.monotonic() + seconds
            if time.monotonic() >= empty_at:
                await queue.empty_log()
                empty_at = time.monotonic() + 3600 * self._settings.log_hours

    async def _match(self, stop: asyncio.Event) -> None:
        """Match and store, where nobody else does."""
        session = f"{self._name} {MATCHER}"
        role = Role(MATCHER, self._talk, self._cluster, self._name, session, self._settings.lease_seconds)

        async def matching(token: int, lost: asyncio.Event) -> None:
            db = DatabaseThread()
            try:
                with open_store(named(self._config.storage.url, session)) as store:
                    fence(store, self._cluster, MATCHER, token)
                    await Matching(self._fenced(store, db), self._cluster).go_on(lost)
            finally:
                await asyncio.to_thread(db.close)

        await role.play(matching, stop)

    def _fenced(self, store: Store, db: DatabaseThread) -> Parts:
        """The parts of the matcher; its index is read from the database with the first article."""
        from pipeline.dedup import open_matcher

        rules = app.matching_rules
        writer = Writer(store, lambda: open_matcher(store, rules(self._config, store)), self._metrics.observe_written)
        return replace(self._parts, store=store, db=db, writer=writer)

    @asynccontextmanager
    async def _queue(self) -> AsyncIterator[JobQueue]:
        async with JobQueue.opened(self._config.storage.url, self._cluster.schema, self._name) as queue:
            yield queue

    async def _reload(self) -> Sequence[Job]:
        """The list of feeds is read again; everything else needs a new start."""
        config = app.load_config(self._args)
        self._config = replace(self._config, feeds=config.feeds)
        await self._parts.db(self._parts.store.know_sources, config.feeds)
        held = await self._talk(self._cluster.leases)
        if any(one.name == SCHEDULER and one.holder == self._name for one in held):
            await self._parts.db(self._parts.store.sync_feeds, config.feeds, app.clock())
        return self._jobs()

    async def _ping(self) -> object:
        return await self._talk(self._cluster.leases)


def named(url: str, session: str) -> str:
    """``url`` with the name under which its connections are known to the server."""
    from urllib.parse import quote

    return f"{url}{'&' if '?' in url else '?'}application_name={quote(session)}"


def _endured(action: Callable[[asyncio.Event], Awaitable[None]]) -> Action:
    """``action``, begun again whenever it ends or the database goes away, until the worker ends."""

    async def until_stopped(stop: asyncio.Event) -> None:
        while not stop.is_set():
            try:
                await action(stop)
            except (StorageError, ExceptionGroup, OSError) as error:
                structlog.get_logger().warning("begun again", what=action.__name__, detail=str(error))
            if not stop.is_set():
                await asyncio.sleep(AGAIN)

    return until_stopped
