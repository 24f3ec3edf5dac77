"""A role that one worker has at a time: tried for, kept, lost; and what is done while it is held."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

import structlog

if TYPE_CHECKING:
    from pipeline.run.parts import DatabaseThread
    from pipeline.storage.cluster import Cluster

MATCHER, SCHEDULER = "matcher", "scheduler"
Play = Callable[[int, asyncio.Event], Awaitable[None]]  # token, and the event that ends it


class Role:
    """``name`` for one holder at a time.  Renewed three times in ``seconds``; who cannot renew ends by itself.

    ``session`` is the name of the connections that the holder writes with: a successor closes them.
    """

    def __init__(
        self, name: str, db: DatabaseThread, cluster: Cluster, holder: str, session: str, seconds: float
    ) -> None:
        self.name = name
        self._db = db
        self._cluster = cluster
        self._holder = holder
        self._session = session
        self._seconds = seconds

    async def play(self, play: Play, stop: asyncio.Event) -> None:
        """Wait for the role, ``play`` it until ``stop`` or until it is lost; once.  Raises what ``play`` raises."""
        token = await self._taken(stop)
        if token is None:
            return
        log = structlog.get_logger().bind(role=self.name, token=token)
        log.info("took over")
        lost = asyncio.Event()
        playing = asyncio.ensure_future(play(token, lost))
        keeping = asyncio.create_task(self._keep(token))
        stopping = asyncio.create_task(stop.wait())
        try:
            await asyncio.wait({playing, keeping, stopping}, return_when=asyncio.FIRST_COMPLETED)
            if keeping.done():
                log.warning("lost the role")
            elif not playing.done():
                lost.set()
                await asyncio.wait({playing, keeping}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            keeping.cancel()
            stopping.cancel()
            playing.cancel()
            await asyncio.wait({playing})
        if not playing.cancelled():
            playing.result()
        if not keeping.done() or keeping.cancelled():
            await self._db(self._cluster.release, self.name, token)

    async def _taken(self, stop: asyncio.Event) -> int | None:
        while not stop.is_set():
            token = await self._db(self._cluster.take, self.name, self._holder, self._session, self._seconds)
            if token is not None:
                return token
            try:
                async with asyncio.timeout(self._seconds / 6):
                    await stop.wait()
            except TimeoutError:
                continue
        return None

    async def _keep(self, token: int) -> None:
        """Ends once the role is lost: to another, or because nobody could be told in time that we are here."""
        kept = time.monotonic()
        while time.monotonic() - kept < self._seconds:
            await asyncio.sleep(self._seconds / 3)
            asked = time.monotonic()
            try:
                async with asyncio.timeout(self._seconds):
                    if not await self._db(self._cluster.renew, self.name, token, self._seconds):
                        return
                kept = asked
            except Exception as error:  # noqa: BLE001 - whatever keeps it from being renewed, it is tried again
                structlog.get_logger().warning("the role could not be kept", role=self.name, detail=str(error))
