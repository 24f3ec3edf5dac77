"""One exchange with the web: redirects followed by hand, everything bounded, every failure named."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from types import TracebackType
from typing import TYPE_CHECKING, Self

import httpcore
import httpx

from pipeline.fetch.addresses import EVERYWHERE
from pipeline.fetch.answers import BODILESS, drain, read_headers, set_cookies, status_failure
from pipeline.fetch.cookies import CookieJar
from pipeline.fetch.credentials import may_send_credentials, private_headers
from pipeline.fetch.decoding import BodyReader, decoders
from pipeline.fetch.freshness import retry_after
from pipeline.fetch.gate import Timing
from pipeline.fetch.network import GuardedBackend, Resolver, SystemResolver
from pipeline.fetch.pools import Pools
from pipeline.fetch.proxies import Proxies
from pipeline.fetch.settings import FetchSettings
from pipeline.fetch.transport import GuardedTransport, raw_body
from pipeline.fetch.values import FetchFailed, Hop, Request, Response
from pipeline.model import Reason, Validators
from pipeline.urls import WebURL, mask_url, split_url

if TYPE_CHECKING:
    import ssl

REDIRECTS = frozenset({301, 302, 303, 307, 308})

# What is done around each single request on the wire: given the address, entered before and left after it.
Turn = Callable[[WebURL], AbstractAsyncContextManager[Timing]]


@dataclass(slots=True)
class _Exchange:
    """What is known about one fetch while its redirects are followed."""

    request: Request
    first: WebURL
    hops: list[Hop] = field(default_factory=list)
    jar: CookieJar = field(default_factory=CookieJar)
    visited: set[tuple[str, str]] = field(default_factory=set)
    elapsed: float = 0.0
    waited: float = 0.0


class Fetcher:
    """Fetches.  Knows nothing of robots and pace: see ``Web`` for both.

    ``clock`` gives monotonic seconds, ``now`` the time of day (for ``Retry-After`` with a date).  Seams:
    ``resolver``, name → addresses; ``inner``, the backend that opens sockets; ``ssl_context``, trust.
    """

    def __init__(
        self,
        settings: FetchSettings,
        *,
        now: Callable[[], datetime],
        clock: Callable[[], float] = time.monotonic,
        resolver: Resolver | None = None,
        inner: httpcore.AsyncNetworkBackend | None = None,
        ssl_context: ssl.SSLContext | None = None,
    ) -> None:
        self.settings = settings
        self._now = now
        self._clock = clock
        self._system = SystemResolver() if resolver is None else None
        self._resolver: Resolver = resolver or self._system  # type: ignore[assignment]
        self._inner = inner
        self._guard = GuardedBackend(self._resolver, settings.networks, inner)
        self._ssl = ssl_context
        self._proxies = Proxies.of(settings.proxy)
        self._pools = Pools(self._new_transport, clock)
        self._decoders = decoders()

    async def __aenter__(self) -> Self:
        if self._ssl is None:
            self._ssl = httpx.create_ssl_context()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._pools.aclose()
        if self._system is not None:
            self._system.close()

    async def fetch(self, request: Request, turn: Turn | None = None) -> Response:
        """The answer to ``request`` after its redirects; raises ``FetchFailed``.

        ``turn`` is entered around every single request on the wire; the time it takes to be entered is not
        part of the deadline.
        """
        first = _parts(request.url, Reason.BAD_URL)
        exchange = _Exchange(request, first)
        url = first
        try:
            while True:
                answer = await self._one(url, exchange, turn or _no_turn)
                if isinstance(answer, Response):
                    return answer
                url = answer
        except FetchFailed as failure:
            failure.hops = tuple(exchange.hops)
            raise

    async def _one(self, url: WebURL, exchange: _Exchange, turn: Turn) -> Response | WebURL:
        """One request on the wire: the final answer, or where it leads."""
        limit = self.settings.deadline_seconds
        async with turn(url) as timing:
            exchange.waited += timing.waited
            start = self._clock()
            try:
                async with asyncio.timeout(max(0.001, limit - exchange.elapsed)):
                    return await self._ask(url, exchange, timing)
            except TimeoutError:
                raise FetchFailed(Reason.TIMEOUT, f"no complete answer within {limit:g} s") from None
            finally:
                timing.elapsed = self._clock() - start
                exchange.elapsed += timing.elapsed

    async def _ask(self, url: WebURL, exchange: _Exchange, timing: Timing) -> Response | WebURL:
        proxy = exchange.request.proxy or self._proxies.for_url(url)
        if proxy is not None:
            await self._judge(url)
        async with self._pools.lent(proxy, url.host) as transport:
            began = self._clock()
            answer = await transport.ask(self._request(url, exchange))
            try:
                headers = read_headers(answer)
                timing.status = answer.status
                timing.retry_after = retry_after(headers.get("retry-after"), self._now())
                exchange.jar.keep(url, set_cookies(answer))
                if answer.status in REDIRECTS and exchange.request.content is not None:
                    raise FetchFailed(Reason.BAD_REDIRECT, "what is sent is not sent on to another address")
                if answer.status in REDIRECTS and "location" in headers:
                    target = self._redirect(url, answer.status, headers["location"], exchange)
                    await drain(answer, headers)
                    return target
                return await self._final(url, answer, headers, exchange, timing, began)
            finally:
                await answer.aclose()

    def _redirect(self, url: WebURL, status: int, location: str, exchange: _Exchange) -> WebURL:
        target = _parts(location, Reason.BAD_REDIRECT, url.text)
        exchange.hops.append(Hop(mask_url(url.text), status, mask_url(target.text)))
        if len(exchange.hops) > self.settings.max_redirects:
            raise FetchFailed(Reason.TOO_MANY_REDIRECTS, f"more than {self.settings.max_redirects} redirects", status)
        # The same address asked with other cookies is not the same question: consent pages work that way.
        exchange.visited.add((url.text, exchange.jar.header_before(url)))
        if (target.text, exchange.jar.header(target)) in exchange.visited:
            raise FetchFailed(Reason.REDIRECT_LOOP, f"back at {mask_url(target.text)}", status)
        return target

    async def _final(
        self,
        url: WebURL,
        answer: httpcore.Response,
        headers: dict[str, str],
        exchange: _Exchange,
        timing: Timing,
        began: float,
    ) -> Response:
        status = answer.status
        asked = exchange.request
        failure = status_failure(status, timing.retry_after)
        if failure is None and status == 304 and asked.validators == Validators():
            failure = FetchFailed(Reason.PROTOCOL_ERROR, "304 without having been asked conditionally", status)
        if failure is not None and (asked.raise_for_status or status < 400):
            await drain(answer, headers)
            raise failure
        body, wire = b"", 0
        if status in BODILESS:
            await drain(answer, headers)
        else:
            body, wire = await self._body(answer, headers, asked)
        return Response(
            url=asked.url,
            final_url=url.text,
            status=status,
            headers=headers,
            body=body,
            hops=tuple(exchange.hops),
            elapsed=exchange.elapsed + self._clock() - began,
            waited=exchange.waited,
            wire_bytes=wire,
            http_version=answer.extensions.get("http_version", b"HTTP/1.1").decode("ascii"),
        )

    async def _body(self, answer: httpcore.Response, headers: dict[str, str], asked: Request) -> tuple[bytes, int]:
        """The decoded body and its size on the wire."""
        limit = asked.max_body_bytes or self.settings.max_body_bytes
        length = headers.get("content-length", "")
        if length.isdigit() and int(length[:18]) > limit and not asked.partial:
            raise FetchFailed(Reason.TOO_LARGE, f"{length[:18]} bytes are announced, at most {limit:,} are taken")
        reader = BodyReader(headers.get("content-encoding", ""), limit, self.settings.max_expansion, self._decoders)
        try:
            async for data in raw_body(answer):
                for number, _ in enumerate(reader.feed(data), 1):
                    if number % 8 == 0:  # half a MiB: others get their turn on the loop
                        await asyncio.sleep(0)
        except FetchFailed as failure:
            if not asked.partial or failure.reason is not Reason.TOO_LARGE:
                raise
            return reader.so_far(), reader.wire_bytes
        return reader.finish(), reader.wire_bytes

    def _request(self, url: WebURL, exchange: _Exchange) -> httpcore.Request:
        asked = exchange.request
        headers = [
            ("Host", url.netloc),
            ("User-Agent", self.settings.agent),
            ("Accept", asked.accept),
            ("Accept-Encoding", ", ".join(self._decoders)),
        ]
        if asked.validators.etag:
            headers.append(("If-None-Match", asked.validators.etag))
            if asked.delta:
                headers.append(("A-IM", "feed"))
        if asked.validators.last_modified:
            headers.append(("If-Modified-Since", asked.validators.last_modified))
        own = private_headers(exchange.first, asked) if may_send_credentials(exchange.first, url) else []
        own_names = {name.lower() for name, _ in own}
        cookies = exchange.jar.header(url)
        if cookies and "cookie" not in own_names:
            own.append(("Cookie", cookies))
        headers = [pair for pair in headers if pair[0].lower() not in own_names] + own
        timeout = {"connect": self.settings.connect_seconds, "read": None, "write": None, "pool": None}
        raw = [(name.encode("ascii"), value.encode("utf-8")) for name, value in headers]
        if asked.content is not None:
            raw.append((b"Content-Length", b"%d" % len(asked.content)))
        return httpcore.Request(
            "GET" if asked.content is None else "POST",
            httpcore.URL(
                scheme=url.scheme.encode("ascii"),
                host=url.host.strip("[]").encode("ascii"),
                port=url.port,
                target=url.target.encode("ascii"),
            ),
            headers=raw,
            content=asked.content,
            extensions={"timeout": timeout},
        )

    async def _judge(self, url: WebURL) -> None:
        """Refuse what resolves to a refused address; a name that only the proxy knows is its matter."""
        try:
            await self._guard.allowed(url.host, url.port or 443)
        except FetchFailed as failure:
            if failure.reason is not Reason.DNS_FAILED:
                raise

    def _new_transport(self, proxy: str | None) -> GuardedTransport:
        assert self._ssl is not None, "enter the fetcher first"  # noqa: S101
        backend, address = self._guard, None
        if proxy is not None:
            # The proxy was named by the person who runs this, so its own address may be private.
            backend = GuardedBackend(self._resolver, EVERYWHERE, self._inner)
            address = httpx.Proxy(proxy)
        return GuardedTransport(
            backend,
            self._ssl,
            connections=2 * self.settings.concurrency,
            idle=self.settings.per_host,
            http2=self.settings.http2,
            proxy=address,
        )


def _parts(url: str, reason: Reason, base: str | None = None) -> WebURL:
    try:
        return split_url(url, base)
    except ValueError as error:
        raise FetchFailed(reason, str(error)) from None


@asynccontextmanager
async def _no_turn(_url: WebURL) -> AsyncIterator[Timing]:
    yield Timing()
