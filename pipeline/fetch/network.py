"""The only place where a connection is opened.  What is checked is what is connected to.

The name is resolved here, every address is judged, and the socket is opened to a judged address and never
to the name, so that a second answer of the name server (DNS rebinding) cannot matter.  TLS still verifies
the certificate against the name, because httpcore passes it to ``start_tls``.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Awaitable, Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from ipaddress import ip_address
from typing import Any

import httpcore

from pipeline.fetch.addresses import Network, refusal
from pipeline.fetch.sockets import AsyncioBackend
from pipeline.fetch.values import FetchFailed
from pipeline.model import Reason

Resolver = Callable[[str, int], Awaitable[Sequence[str]]]
MAX_ADDRESSES = 8  # tried for one name
STAGGER = 0.25  # seconds before the next address is tried beside the last (RFC 8305 section 8)


class SystemResolver:
    """``getaddrinfo`` on its own threads: among the loop's few, one slow name would hold up all others."""

    def __init__(self, threads: int = 16) -> None:
        self._threads = ThreadPoolExecutor(threads, "resolver")

    async def __call__(self, host: str, port: int) -> list[str]:
        """The addresses of ``host`` in the system's order; raises ``OSError`` where there are none."""
        found = await asyncio.get_running_loop().run_in_executor(self._threads, _getaddrinfo, host, port)
        return list(dict.fromkeys(str(info[4][0]) for info in found))

    def close(self) -> None:
        """Forget queries under way; they cannot be cancelled."""
        self._threads.shutdown(wait=False, cancel_futures=True)


def _getaddrinfo(host: str, port: int) -> list[Any]:
    return socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)


class GuardedBackend(httpcore.AsyncNetworkBackend):
    """Opens connections to allowed addresses only.  ``inner`` is given IP addresses, never names."""

    def __init__(
        self,
        resolver: Resolver,
        allow_private: Sequence[Network] = (),
        inner: httpcore.AsyncNetworkBackend | None = None,
    ) -> None:
        self._resolver = resolver
        self._allow = tuple(allow_private)
        self._inner = inner or AsyncioBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """A connection to an allowed address of ``host``; raises ``FetchFailed``."""
        addresses = await self.allowed(host, port)
        try:
            async with asyncio.timeout(timeout):
                return TLSTold(await self._first(addresses, port, local_address, socket_options))
        except TimeoutError:
            raise FetchFailed(Reason.CONNECT_FAILED, f"{host}: no connection within {timeout:g} s") from None
        except (httpcore.ConnectError, httpcore.ConnectTimeout, OSError) as error:
            raise FetchFailed(Reason.CONNECT_FAILED, f"{host}: {_words(error)}") from error

    async def allowed(self, host: str, port: int) -> list[str]:
        """The addresses of ``host`` that may be connected to; raises ``FetchFailed`` where there are none."""
        name = host.removeprefix("[").removesuffix("]")
        found: Sequence[str]
        try:
            ip_address(name)
            found = [name]
        except ValueError:
            try:
                found = await self._resolver(name, port)
            except (OSError, UnicodeError) as error:
                raise FetchFailed(Reason.DNS_FAILED, f"{host}: {_words(error)}") from error
        refused = {text: refusal(ip_address(text), self._allow) for text in found}
        allowed = [text for text, why in refused.items() if why is None]
        if allowed:
            return allowed[:MAX_ADDRESSES]
        if not refused:
            raise FetchFailed(Reason.DNS_FAILED, f"{host}: the name has no address")
        text, why = next(iter(refused.items()))
        raise FetchFailed(Reason.ADDRESS_REFUSED, f"{host} is {text}, {why}" if name != text else f"{text}: {why}")

    async def connect_unix_socket(
        self,
        path: str,
        timeout: float | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Never: a local socket is no place on the web."""
        raise FetchFailed(Reason.ADDRESS_REFUSED, "local sockets are not asked")

    async def sleep(self, seconds: float) -> None:
        """Part of httpcore's interface."""
        await asyncio.sleep(seconds)

    async def _first(
        self, addresses: Sequence[str], port: int, local_address: str | None, options: Iterable[Any] | None
    ) -> httpcore.AsyncNetworkStream:
        """The first connection that stands; each next address is tried beside the last after a moment."""
        if len(addresses) == 1:
            return await self._inner.connect_tcp(addresses[0], port, None, local_address, options)
        tasks: list[asyncio.Task[httpcore.AsyncNetworkStream]] = []
        error: BaseException | None = None
        waiting = list(addresses)
        winner: httpcore.AsyncNetworkStream | None = None
        try:
            while winner is None and (waiting or tasks):
                if waiting:
                    connect = self._inner.connect_tcp(waiting.pop(0), port, None, local_address, options)
                    tasks.append(asyncio.ensure_future(connect))
                done, _ = await asyncio.wait(
                    tasks, timeout=STAGGER if waiting else None, return_when=asyncio.FIRST_COMPLETED
                )
                for task in done:
                    tasks.remove(task)
                    error = task.exception() or error
                    if task.exception() is None and winner is None:
                        winner = task.result()
                    elif task.exception() is None:
                        await task.result().aclose()
        finally:
            await _abandon(tasks)
        if winner is None:
            raise error or OSError("no address answered")
        return winner


async def _abandon(tasks: Sequence[asyncio.Task[httpcore.AsyncNetworkStream]]) -> None:
    """End connections that nobody waits for."""
    for task in tasks:
        task.cancel()
    for result in await asyncio.gather(*tasks, return_exceptions=True):
        if isinstance(result, httpcore.AsyncNetworkStream):
            await result.aclose()


class TLSTold(httpcore.AsyncNetworkStream):
    """A stream whose failing TLS handshake is told apart from a failing connection."""

    def __init__(self, stream: httpcore.AsyncNetworkStream) -> None:
        self._stream = stream

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """As the stream does."""
        return await self._stream.read(max_bytes, timeout)

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """As the stream does."""
        await self._stream.write(buffer, timeout)

    async def aclose(self) -> None:
        """As the stream does."""
        await self._stream.aclose()

    async def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Raises ``FetchFailed`` with ``TLS_FAILED``."""
        try:
            return await self._stream.start_tls(ssl_context, server_hostname, timeout)
        except (httpcore.ConnectError, httpcore.ConnectTimeout, ssl.SSLError) as error:
            raise FetchFailed(Reason.TLS_FAILED, f"{server_hostname}: {_words(error)}") from error

    def get_extra_info(self, info: str) -> Any:
        """As the stream does."""
        return self._stream.get_extra_info(info)


def _words(error: BaseException) -> str:
    """The innermost error that says something."""
    while error.__cause__ is not None:
        error = error.__cause__
    return (getattr(error, "strerror", None) or str(error) or type(error).__name__)[:200]
