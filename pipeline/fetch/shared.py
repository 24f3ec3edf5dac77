"""Turns at hosts that several processes share: the same decisions, with their facts kept where all can see them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from random import Random
from typing import TYPE_CHECKING, Protocol

from pipeline.fetch.gate import HostGate, KnownHost, Timing
from pipeline.fetch.pace import HostPace, interval
from pipeline.fetch.values import FetchFailed
from pipeline.model import Reason

if TYPE_CHECKING:
    from pipeline.fetch.robots import Answer
    from pipeline.fetch.settings import FetchSettings

FIRST_LOOK = 0.02  # seconds until a host that another process asks just now is looked at again
LAST_LOOK = 0.5  # the wait doubles up to this


@dataclass(frozen=True, slots=True)
class Taken:
    """The answer to a wish for a turn.  The times of ``pace`` are seconds from now."""

    granted: bool
    busy: bool  # another process asks this host just now
    pace: HostPace


UNSURE = -1


class Turns(Protocol):
    """One lock and one pace for each host, whoever asks it."""

    def hold(self) -> int:
        """A number that stays the same for as long as turns taken under it are surely ours; or ``UNSURE``.

        A process that slept for long is taken for dead by the others, and its turns are given to them.
        """

    async def take(self, host: str, floor: float) -> Taken:
        """The turn, where ``host`` is free and due; the next is then ``floor`` seconds away at the least."""

    async def give(self, host: str, pace: HostPace, gap: float) -> None:
        """The turn is over.  ``pace``, in seconds from now, is what is known; ``gap`` the interval it comes to."""


class Shelf(Protocol):
    """Answers to robots.txt, asked once for all."""

    async def known(self, origin: str) -> tuple[Answer, float] | None:
        """The answer of ``origin`` and for how many seconds it holds; None where it is to be asked."""

    async def keep(self, origin: str, host: str, answer: Answer, seconds: float, crawl_delay: float | None) -> None:
        """Tell all for ``seconds``; the pace of ``host`` takes up the delay before anybody can see the answer."""


class SharedGate(HostGate):
    """A ``HostGate`` whose hosts belong to many processes.  One request to a host at a time, whatever ``per_host``."""

    def __init__(
        self,
        turns: Turns,
        settings: FetchSettings,
        *,
        clock: Callable[[], float],
        sleep: Callable[[float], Awaitable[None]],
        random: Random | None = None,
    ) -> None:
        super().__init__(replace(settings, per_host=1), clock=clock, sleep=sleep, random=random)
        self._turns = turns
        self._holds: dict[str, int] = {}  # of hosts whose turn is ours

    @asynccontextmanager
    async def turn(self, host: str) -> AsyncIterator[Timing]:
        """As in one process; raises ``HOST_PAUSED`` as well where this one slept through its turn."""
        async with super().turn(host) as timing:
            if self._turns.hold() != self._holds[host]:
                why = "this worker was out of touch, and its turn may be another's"
                raise FetchFailed(Reason.HOST_PAUSED, f"{host}: {why}", retry_after=1.0)
            yield timing

    def crawl_delay(self, host: str, seconds: float | None) -> None:
        """Nothing: the shelf put it into the pace that all share."""

    @asynccontextmanager
    async def _due(self, name: str, host: KnownHost) -> AsyncIterator[None]:
        floor = self._settings.min_host_interval
        look = FIRST_LOOK
        while True:
            if (hold := self._turns.hold()) == UNSURE:
                await self._sleep(LAST_LOOK)
                continue
            taken = await self._turns.take(name, floor)
            host.pace = taken.pace.shifted(self._clock())
            if taken.granted:
                break
            self._refuse_paused(name, host)
            wait = max(taken.pace.not_before, taken.pace.paused_until)
            if taken.busy:
                wait = max(wait, look * (0.5 + self._random.random()))
                look = min(2 * look, LAST_LOOK)
            await self._sleep(wait)
        self._holds[name] = hold
        granted = host.pace
        try:
            yield
        finally:
            del self._holds[name]
            now = self._clock()
            gap = interval(host.pace, floor)
            if host.pace is granted:  # cancelled on the way: the host may still be at work on a request
                host.pace = replace(granted, not_before=now + 2 * gap)
            # Also where this was cancelled: a turn that is not given back holds up everybody.
            await asyncio.shield(self._turns.give(name, host.pace.shifted(-now), gap))
