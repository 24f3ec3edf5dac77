"""Whose turn it is: requests to one host follow one another at its pace, and all together are bounded."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from random import Random

from pipeline.fetch.pace import (
    HostPace,
    after_failure,
    after_response,
    interval,
    next_allowed,
    with_crawl_delay,
)
from pipeline.fetch.settings import FetchSettings
from pipeline.fetch.values import FetchFailed
from pipeline.model import Reason

MAX_IDLE_HOSTS = 20_000  # paces kept in memory

_PAUSING = frozenset({Reason.DNS_FAILED, Reason.CONNECT_FAILED, Reason.TLS_FAILED})
# Refusals of our own, made before or without an answer: they say nothing about the host.
_NOT_THE_HOST = frozenset({Reason.ADDRESS_REFUSED, Reason.BAD_URL, Reason.HOST_PAUSED})


@dataclass(slots=True)
class Timing:
    """``waited`` (seconds) is told to the one whose turn it is; the rest is told by it before it leaves."""

    waited: float = 0.0
    elapsed: float = 0.0
    status: int | None = None
    retry_after: float | None = None


@dataclass(slots=True)
class KnownHost:
    """One host in memory."""

    slots: asyncio.Semaphore
    pace: HostPace = field(default_factory=HostPace)
    users: int = 0


class HostGate:
    """One for the whole program.  ``clock`` gives monotonic seconds; ``sleep`` waits on the same clock."""

    def __init__(
        self,
        settings: FetchSettings,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        random: Random | None = None,
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._sleep = sleep
        self._random = random or Random()  # noqa: S311 - spreads requests, guards nothing
        self._hosts: dict[str, KnownHost] = {}
        self._all = asyncio.Semaphore(settings.concurrency)

    @asynccontextmanager
    async def turn(self, host: str) -> AsyncIterator[Timing]:
        """Wait for ``host`` to be free and due, then for a place among all; learn from how it went.

        Raises ``FetchFailed`` (``HOST_PAUSED``, with ``retry_after``) while the host is paused for longer
        than ``patience_seconds``.  A place among all is taken last and given back first, so that hosts
        that are waited for hold up nobody else.
        """
        known = self._host(host)
        start = self._clock()
        known.users += 1
        try:
            self._refuse_paused(host, known)
            async with known.slots, self._due(host, known), self._all:
                timing = Timing(waited=self._clock() - start)
                try:
                    yield timing
                except FetchFailed as failure:
                    self._learn(known, timing, failure)
                    raise
                else:
                    self._learn(known, timing, None)
        finally:
            known.users -= 1
            self._forget_idle()

    def crawl_delay(self, host: str, seconds: float | None) -> None:
        """Take the ``Crawl-delay`` that a host's robots.txt asks for."""
        known = self._host(host)
        known.pace = with_crawl_delay(known.pace, seconds, floor=self._settings.min_host_interval)

    def pace(self, host: str) -> HostPace:
        """What is known about ``host``."""
        return self._hosts[host].pace if host in self._hosts else HostPace()

    def export(self) -> dict[str, HostPace]:
        """The paces of all hosts, in seconds from now: fit to be stored."""
        now = self._clock()
        return {name: host.pace.shifted(-now) for name, host in self._hosts.items()}

    def restore(self, paces: Mapping[str, HostPace], elapsed: float = 0.0) -> None:
        """Take up what ``export`` gave ``elapsed`` seconds ago, perhaps in another process."""
        shift = self._clock() - elapsed
        for name, pace in paces.items():
            self._host(name).pace = pace.shifted(shift)

    def _host(self, name: str) -> KnownHost:
        if name not in self._hosts:
            self._hosts[name] = KnownHost(asyncio.Semaphore(self._settings.per_host))
        return self._hosts[name]

    def _refuse_paused(self, name: str, host: KnownHost) -> None:
        left = host.pace.paused_until - self._clock()
        if left > self._settings.patience_seconds:
            why = "after a failed connection" if host.pace.failures else "at its own request"
            raise FetchFailed(Reason.HOST_PAUSED, f"{name} is left alone for {left:.0f} s {why}", retry_after=left)

    @asynccontextmanager
    async def _due(self, name: str, host: KnownHost) -> AsyncIterator[None]:
        """Entered once ``host`` may be asked; left when the answer is there and was learned from."""
        while True:
            self._refuse_paused(name, host)
            now = self._clock()
            due = next_allowed(host.pace, now)
            if due <= now:
                break
            await self._sleep(due - now)
        # With more than one slot the next in line must not start at the same moment.
        gap = interval(host.pace, self._settings.min_host_interval)
        host.pace = replace(host.pace, not_before=now + gap)
        yield

    def _learn(self, host: KnownHost, timing: Timing, failure: FetchFailed | None) -> None:
        now, floor = self._clock(), self._settings.min_host_interval
        if failure is not None and failure.reason in _PAUSING and timing.status is None:
            host.pace = after_failure(host.pace, now=now, pause=self._settings.pause_seconds, floor=floor)
        elif failure is None or failure.reason not in _NOT_THE_HOST:
            host.pace = after_response(
                host.pace,
                now=now,
                elapsed=timing.elapsed,
                status=timing.status,
                floor=floor,
                retry_after=timing.retry_after,
                jitter=self._random.random(),
            )

    def _forget_idle(self) -> None:
        """Memory stays flat: hosts that nobody waits for and whose time has come are forgotten."""
        if len(self._hosts) <= MAX_IDLE_HOSTS:
            return
        now = self._clock()
        idle = [n for n, h in self._hosts.items() if not h.users and next_allowed(h.pace, now) <= now]
        for name in idle[: len(idle) // 2 + 1]:
            del self._hosts[name]
