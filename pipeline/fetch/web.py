"""The web as the rest of the program sees it: ask, and every rule of politeness has been kept."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime
from random import Random
from types import TracebackType
from typing import TYPE_CHECKING, Self

from pipeline.fetch.client import Fetcher, Turn
from pipeline.fetch.gate import HostGate, Timing
from pipeline.fetch.network import Resolver
from pipeline.fetch.robots import Answer, Rules, Verdict, rules_of, verdict
from pipeline.fetch.settings import FetchSettings
from pipeline.fetch.shared import SharedGate, Shelf, Turns
from pipeline.fetch.values import FetchFailed, Request, Response
from pipeline.model import Reason
from pipeline.urls import WebURL, split_url

if TYPE_CHECKING:
    import ssl

    import httpcore

Exchanged = Callable[[str, Reason | None, int], None]
MAX_RULES = 2_000  # robots.txt files kept in memory
# Failures that a page would meet just the same: they are told as they are and not remembered as rules.
_OF_THE_HOST = frozenset(
    {
        Reason.ADDRESS_REFUSED,
        Reason.HOST_PAUSED,
        Reason.DNS_FAILED,
        Reason.CONNECT_FAILED,
        Reason.TLS_FAILED,
    }
)


class Web:
    """Fetches with robots.txt, pace per host and one bound for all.

    ``now`` is the time of day (aware), ``clock`` monotonic seconds, ``sleep`` waits on that clock.
    ``exchanged`` is told of each exchange: its kind, why it failed (None: it did not), bytes of the body as
    they came.  With ``turns`` and ``shelf`` hosts and their robots.txt are shared with other processes.  For the
    other arguments see ``Fetcher``.
    """

    def __init__(
        self,
        settings: FetchSettings,
        *,
        now: Callable[[], datetime],
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        random: Random | None = None,
        resolver: Resolver | None = None,
        inner: httpcore.AsyncNetworkBackend | None = None,
        ssl_context: ssl.SSLContext | None = None,
        exchanged: Exchanged | None = None,
        turns: Turns | None = None,
        shelf: Shelf | None = None,
    ) -> None:
        self.settings = settings
        self._exchanged = exchanged or (lambda *_: None)
        self.gate = (
            HostGate(settings, clock=clock, sleep=sleep, random=random)
            if turns is None
            else SharedGate(turns, settings, clock=clock, sleep=sleep, random=random)
        )
        self._shelf = shelf
        self._clock = clock
        self._fetcher = Fetcher(settings, now=now, clock=clock, resolver=resolver, inner=inner, ssl_context=ssl_context)
        self._rules: dict[str, Rules] = {}
        self._asking: dict[str, asyncio.Task[Rules]] = {}

    async def __aenter__(self) -> Self:
        await self._fetcher.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for task in self._asking.values():
            task.cancel()
        await asyncio.gather(*self._asking.values(), return_exceptions=True)
        await self._fetcher.__aexit__(kind, error, trace)

    async def fetch(self, request: Request) -> Response:
        """The answer to ``request``; raises ``FetchFailed``.

        Each redirect waits for its own turn at its own host, and asks its own robots.txt.  The deadline
        counts time on the wire only.
        """
        verdicts: list[str] = []
        waited = 0.0

        @asynccontextmanager
        async def turn(url: WebURL) -> AsyncIterator[Timing]:
            nonlocal waited
            if request.robots and self.settings.robots:
                start = self._clock()
                found = await self.robots(url.text, request)
                waited += self._clock() - start
                verdicts.append(found.explanation)
                if not found.allowed:
                    assert found.reason is not None  # noqa: S101 - what is not allowed has a reason
                    raise FetchFailed(found.reason, f"{url.netloc}: {found.explanation}")
            async with self.gate.turn(url.netloc) as timing:
                yield timing

        response = await self._counted(request, turn)
        return replace(response, waited=response.waited + waited, robots="; ".join(dict.fromkeys(verdicts)))

    async def _counted(self, request: Request, turn: Turn) -> Response:
        try:
            response = await self._fetcher.fetch(request, turn)
        except FetchFailed as failure:
            self._exchanged(request.kind, failure.reason, 0)
            raise
        self._exchanged(request.kind, None, response.wire_bytes)
        return response

    async def robots(self, url: str, request: Request | None = None) -> Verdict:
        """What the robots.txt of ``url``'s origin says; asked for where it is not known.

        Raises ``FetchFailed`` where the origin may not be asked at all (refused address, paused host).
        """
        rules = await self._rules_of(split_url(url), request)
        return verdict(rules, url, self.settings.robots_agent)

    async def _rules_of(self, url: WebURL, request: Request | None) -> Rules:
        known = self._rules.get(url.origin)
        if known is not None and known.expires > self._clock():
            return known
        if (shelved := await self._shelved(url.origin)) is not None:
            return self._remember(url, shelved)
        # Many pages of one origin ask at once: one request answers all of them.
        task = self._asking.get(url.origin)
        if task is None:
            task = asyncio.create_task(self._ask_rules(url, request))
            self._asking[url.origin] = task
            task.add_done_callback(lambda done: self._asked(url.origin, done))
        return await asyncio.shield(task)

    def _asked(self, origin: str, task: asyncio.Task[Rules]) -> None:
        self._asking.pop(origin, None)
        if not task.cancelled():
            task.exception()  # looked at here in case that all who waited have left

    async def _ask_rules(self, url: WebURL, request: Request | None) -> Rules:
        settings = self.settings
        keep = settings.robots_hours * 3600
        ask = Request(
            url=f"{url.origin}/robots.txt",
            accept="text/plain, */*;q=0.1",
            proxy=None if request is None else request.proxy,
            raise_for_status=False,
            robots=False,
            partial=True,
            max_body_bytes=settings.robots_bytes,
            kind="robots",
        )
        try:
            answer = await self._answer(ask, url.origin)
            rules = rules_of(answer, now=self._clock(), keep=keep, limit=settings.robots_bytes)
            if self._shelf is not None:
                delay = rules.crawl_delay(settings.robots_agent)
                await self._shelf.keep(url.origin, url.netloc, answer, rules.expires - self._clock(), delay)
        except _Known as known:
            rules = known.rules
        return self._remember(url, rules)

    async def _answer(self, ask: Request, origin: str) -> Answer:
        """Ask; raises ``FetchFailed`` for what a page would meet as well, ``_Known`` where somebody asked meanwhile."""

        @asynccontextmanager
        async def turn(hop: WebURL) -> AsyncIterator[Timing]:
            async with self.gate.turn(hop.netloc) as timing:
                if (rules := await self._shelved(origin)) is not None:
                    raise _Known(rules)
                yield timing

        try:
            answer = await self._counted(ask, turn)
        except FetchFailed as failure:
            if failure.reason in _OF_THE_HOST:
                raise
            return Answer(failure.status, reason=failure.reason, retry_after=failure.retry_after)
        return Answer(answer.status, answer.body)

    async def _shelved(self, origin: str) -> Rules | None:
        """The rules of ``origin`` where another process has asked for them."""
        found = None if self._shelf is None else await self._shelf.known(origin)
        if found is None:
            return None
        answer, left = found
        rules = rules_of(answer, now=self._clock(), keep=left, limit=self.settings.robots_bytes)
        return replace(rules, expires=self._clock() + left)

    def _remember(self, url: WebURL, rules: Rules) -> Rules:
        while len(self._rules) >= MAX_RULES:
            del self._rules[next(iter(self._rules))]
        self._rules[url.origin] = rules
        self.gate.crawl_delay(url.netloc, rules.crawl_delay(self.settings.robots_agent))
        return rules


class _Known(Exception):
    """Another process asked for the same robots.txt while this one waited for its turn."""

    def __init__(self, rules: Rules) -> None:
        super().__init__()
        self.rules = rules
