"""What the tests of this room share: small limits, a recording backend, a resolver made of a table."""

from __future__ import annotations

import asyncio
import heapq
import ssl
from collections.abc import Coroutine, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, TypeVar

import httpcore

from pipeline.fetch.settings import FetchSettings
from pipeline.fetch.sockets import AsyncioBackend

T = TypeVar("T")
# Trusts nobody, and is made in no time: for tests without TLS.
PLAIN = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
NOW = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)

SMALL = FetchSettings(
    allow_private=("127.0.0.1/32",),
    proxy="none",
    deadline_seconds=0.5,
    connect_seconds=0.4,
    max_body_bytes=200_000,
    min_host_interval=0.0,
    user_agent="Storyfold/test",
    robots=False,
)


def now() -> datetime:
    return NOW


class Recording(httpcore.AsyncNetworkBackend):
    """Records every address that a socket would be opened to; opens it where ``connect`` is true."""

    def __init__(self, *, connect: bool = True) -> None:
        self.opened: list[str] = []
        self._connect = connect
        self._real = AsyncioBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        self.opened.append(host)
        if not self._connect:
            raise httpcore.ConnectError("not in this test")
        return await self._real.connect_tcp(host, port, timeout, local_address, socket_options)


class Names:
    """A resolver: name → addresses; each call takes the next of several answers."""

    def __init__(self, table: Mapping[str, Sequence[Sequence[str]]] | None = None, default: str = "") -> None:
        self._table = {name: list(answers) for name, answers in (table or {}).items()}
        self._default = default
        self.asked: list[str] = []

    async def __call__(self, host: str, port: int) -> Sequence[str]:
        self.asked.append(host)
        answers = self._table.get(host)
        if answers:
            return answers.pop(0) if len(answers) > 1 else answers[0]
        if self._default:
            return [self._default]
        raise OSError("the name is not known")


class VirtualClock:
    """Monotonic seconds that pass only in ``sleep``, and at once: hours take milliseconds."""

    def __init__(self) -> None:
        self.time = 1000.0
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []
        self._count = 0

    def __call__(self) -> float:
        return self.time

    async def sleep(self, seconds: float) -> None:
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._count += 1
        heapq.heappush(self._sleepers, (self.time + seconds, self._count, future))
        await future

    async def run(self, work: Coroutine[Any, Any, T]) -> T:
        """``work`` to its end, letting time pass whenever everybody sleeps."""
        task = asyncio.ensure_future(work)
        while not task.done():
            for _ in range(50):
                await asyncio.sleep(0)
            if self._sleepers and not task.done():
                due, _, future = heapq.heappop(self._sleepers)
                self.time = max(self.time, due)
                if not future.done():
                    future.set_result(None)
        return task.result()
