"""Connections that are kept, a pool for each host: what is looked at for a request does not grow with the hosts."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from pipeline.fetch.transport import KEEPALIVE, GuardedTransport

MOST_IDLE = 256  # pools without a request; each holds a connection or two
Place = tuple[str | None, str]  # proxy and host


@dataclass(slots=True)
class _Pool:
    transport: GuardedTransport
    users: int = 0
    left: float = 0.0  # when the last request ended


class Pools:
    """``make`` gives the transport for a proxy, or for None; ``clock`` monotonic seconds."""

    def __init__(self, make: Callable[[str | None], GuardedTransport], clock: Callable[[], float]) -> None:
        self._make = make
        self._clock = clock
        self._busy: dict[Place, _Pool] = {}
        self._idle: dict[Place, _Pool] = {}  # the one that has been idle longest first

    @asynccontextmanager
    async def lent(self, proxy: str | None, host: str) -> AsyncIterator[GuardedTransport]:
        """The transport for ``host``, for one request."""
        place = (proxy, host)
        pool = self._busy.get(place) or self._idle.pop(place, None) or _Pool(self._make(proxy))
        self._busy[place] = pool
        pool.users += 1
        try:
            yield pool.transport
        finally:
            pool.users -= 1
            if not pool.users:
                del self._busy[place]
                self._idle[place] = pool
                pool.left = self._clock()
                await self._tidy()

    async def _tidy(self) -> None:
        """Close what is too old or too much."""
        while self._idle:
            place = next(iter(self._idle))
            if len(self._idle) <= MOST_IDLE and self._idle[place].left > self._clock() - KEEPALIVE:
                return
            await self._idle.pop(place).transport.aclose()

    async def aclose(self) -> None:
        """Close all."""
        pools = [*self._idle.values(), *self._busy.values()]
        self._idle.clear()
        self._busy.clear()
        await asyncio.gather(*(pool.transport.aclose() for pool in pools))
