"""Turns and robots.txt answers as the network code wants them, kept in the cluster's tables."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from typing import TYPE_CHECKING, TypeVar

import msgspec
import structlog

from pipeline.errors import StorageError
from pipeline.fetch.pace import HostPace, with_crawl_delay
from pipeline.fetch.robots import Answer
from pipeline.fetch.shared import UNSURE, Taken
from pipeline.run.memory import pace_of
from pipeline.run.together import Together
from pipeline.storage.turns import Asked, Given, Turn

if TYPE_CHECKING:
    from pipeline.run.parts import DatabaseThread
    from pipeline.storage.cluster import Cluster

T = TypeVar("T")
SURE = 2 / 3  # of the time for which a worker counts as alive, turns may be used
AGAIN = 0.5  # seconds until a database that was away is asked again
_COLUMNS = ("not_before", "paused_until", "crawl_delay")  # facts that the database judges by itself


class Pulse:
    """Whether the others take this worker for alive: it said so less than ``seconds`` ago, by its own clock."""

    def __init__(self, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._seconds = seconds
        self._clock = clock
        self._last = clock()
        self._life = 0

    def beaten(self, since: float) -> None:
        """The others were told by something begun at ``since``.  After too long a silence another life begins."""
        if since - self._last >= self._seconds:
            self._life += 1
        self._last = since

    def hold(self) -> int:
        """As ``pipeline.fetch.shared.Turns`` says; unsure early enough for a request to end in time."""
        return self._life if self._clock() - self._last < SURE * self._seconds else UNSURE


class DatabaseTurns:
    """``pipeline.fetch.shared.Turns``.  Wishes that come together are one statement.

    A database that is away is waited for: without it nobody may ask a host anything, and a turn that was taken
    is given back once it is there again.
    """

    def __init__(self, db: DatabaseThread, cluster: Cluster, worker: str, pulse: Pulse) -> None:
        self._worker = worker
        self.hold = pulse.hold
        self._take = Together(db, cluster.take_turns)
        self._give = Together(db, cluster.give_turns)

    async def take(self, host: str, floor: float) -> Taken:
        """As the protocol says."""
        turn = await patiently(lambda: self._take(Asked(host, self._worker, floor)), "take a turn", host)
        return Taken(turn.granted, turn.busy, pace_in(turn))

    async def give(self, host: str, pace: HostPace, gap: float) -> None:
        """As the protocol says."""
        given = _given(host, self._worker, pace, gap)
        await patiently(lambda: self._give(given), "give a turn back", host)


class DatabaseShelf:
    """``pipeline.fetch.shared.Shelf``."""

    def __init__(self, db: DatabaseThread, cluster: Cluster) -> None:
        self._db = db
        self._cluster = cluster

    async def known(self, origin: str) -> tuple[Answer, float] | None:
        """As the protocol says."""
        found = await patiently(lambda: self._db(self._cluster.robots, origin), "read robots.txt", origin)
        if found is None:
            return None
        content, left = found
        return msgspec.msgpack.decode(content, type=Answer), left

    async def keep(self, origin: str, host: str, answer: Answer, seconds: float, crawl_delay: float | None) -> None:
        """As the protocol says."""

        def kept() -> None:
            self._cluster.wish(host, with_crawl_delay(HostPace(), crawl_delay, floor=0.0).crawl_delay)
            self._cluster.keep_robots(origin, msgspec.msgpack.encode(answer), seconds)

        await patiently(lambda: self._db(kept), "keep robots.txt", origin)


async def patiently(ask: Callable[[], Awaitable[T]], what: str, about: str) -> T:
    """The answer of ``ask``, however often the database must be asked for it."""
    told = False
    while True:
        try:
            return await ask()
        except StorageError as error:
            if not told:
                structlog.get_logger().warning("the database is waited for", to=what, about=about, detail=str(error))
            told = True
            await asyncio.sleep(AGAIN)


def pace_in(turn: Turn) -> HostPace:
    """What is known about a host, in seconds from now."""
    own = {"not_before": turn.due, "paused_until": turn.paused, "crawl_delay": turn.wish}
    return pace_of({**turn.facts, **own})


def _given(host: str, worker: str, pace: HostPace, gap: float) -> Given:
    facts = {name: value for name, value in asdict(pace).items() if name not in _COLUMNS}
    return Given(host, worker, pace.not_before, pace.paused_until, gap, facts)
