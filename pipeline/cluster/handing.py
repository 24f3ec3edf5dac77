"""The scheduler's side: what is due becomes jobs, few of one host, and never more than can soon be done."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pipeline.cluster.queue import FETCH, POLL
from pipeline.run.round import READ, spread

if TYPE_CHECKING:
    from pipeline.cluster.queue import JobQueue
    from pipeline.cluster.settings import ClusterSettings
    from pipeline.run.parts import Parts
    from pipeline.storage.cluster import Cluster
    from pipeline.storage.handovers import Waiting


@dataclass(frozen=True, slots=True)
class Room:
    """How much may be in hand: polls, and pages together with articles that wait for the matcher."""

    polls: int
    pages: int


def room_for(pollers: int, fetchers: int, drafts: int, settings: ClusterSettings, items_in_hand: int) -> Room:
    """Room for so many workers with so many ``drafts`` waiting.

    Fetching slows as the matcher falls behind: what waits for it takes room, and past ``drafts`` of the settings
    no page is handed out until it has caught up.  Polling goes on, for a feed forgets what it said; its entries
    wait in the store.
    """
    pages = 0 if drafts >= settings.drafts else min(items_in_hand * fetchers + drafts, settings.drafts)
    return Room(settings.polls_in_hand * pollers, pages)


class Handing:
    """Hands out what is due.  It remembers nothing: any worker can go on with it at any time."""

    def __init__(self, parts: Parts, cluster: Cluster, queue: JobQueue, settings: ClusterSettings) -> None:
        self._parts = parts
        self._cluster = cluster
        self._queue = queue
        self._settings = settings

    async def go_on(self, stop: asyncio.Event) -> None:
        """Until ``stop``."""
        while not stop.is_set():
            polls, pages = await self._parts.db(self._chosen)
            await self._queue.put(POLL, [one.row for one in polls])
            await self._queue.put(FETCH, [one.row for one in pages])
            try:
                async with asyncio.timeout(self._settings.tick_seconds):
                    await stop.wait()
            except TimeoutError:
                continue

    def _chosen(self) -> tuple[list[Waiting], list[Waiting]]:
        """Feeds to poll and work to do now."""
        cluster, now, own = self._cluster, self._parts.clock(), self._parts.settings
        alive = [worker for worker in cluster.workers() if worker.alive]
        pollers = sum(POLL in worker.roles for worker in alive)
        fetchers = sum(FETCH in worker.roles for worker in alive)
        room = room_for(pollers, fetchers, cluster.count_drafts(), self._settings, own.items_in_hand)
        polls = _few(cluster.due_polls(now, READ), cluster.polls_in_hand(), own.items_per_host, room.polls)
        if not room.pages:
            return polls, []
        return polls, _few(cluster.due_work(now, READ), cluster.work_in_hand(), own.items_per_host, room.pages)


def _few(waiting: list[Waiting], in_hand: list[Waiting], per_host: int, room: int) -> list[Waiting]:
    return spread(waiting, in_hand, per_host)[: max(0, room - len(in_hand))]
