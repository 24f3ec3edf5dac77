"""httpcore's public pool, with connections that pass the guard, and with its errors as ours."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator
from typing import Any

import httpcore
import httpx

from pipeline.fetch.values import FetchFailed
from pipeline.model import Reason

KEEPALIVE = 20.0  # seconds an idle connection is kept: a few times the usual interval between two requests
_ERRORS = (httpcore.TimeoutException, httpcore.NetworkError, httpcore.ProtocolError, httpcore.ProxyError)


class GuardedTransport:
    """The connections to one host.  Raises ``FetchFailed``, nothing of httpcore."""

    def __init__(
        self,
        backend: httpcore.AsyncNetworkBackend,
        ssl_context: ssl.SSLContext,
        *,
        connections: int,
        idle: int,
        http2: bool,
        proxy: httpx.Proxy | None = None,
    ) -> None:
        options: dict[str, Any] = {
            "ssl_context": ssl_context,
            "max_connections": connections,
            "max_keepalive_connections": idle,
            "keepalive_expiry": KEEPALIVE,
            "http2": http2,
            "network_backend": backend,
        }
        self._pool: httpcore.AsyncConnectionPool
        if proxy is None:
            self._pool = httpcore.AsyncConnectionPool(**options)
        else:
            url = proxy.url
            address = httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path)
            self._pool = httpcore.AsyncHTTPProxy(proxy_url=address, proxy_auth=proxy.raw_auth, **options)

    async def ask(self, request: httpcore.Request) -> httpcore.Response:
        """Send ``request``; the body of the answer is read with ``raw_body``.  To be closed."""
        try:
            return await self._pool.handle_async_request(request)
        except _ERRORS as error:
            raise told(error) from error

    async def aclose(self) -> None:
        """Close all connections."""
        await self._pool.aclose()


async def raw_body(answer: httpcore.Response) -> AsyncIterator[bytes]:
    """The body as it is on the wire, in pieces."""
    try:
        async for part in answer.aiter_stream():
            yield part
    except _ERRORS as error:
        raise told(error) from error


def told(error: Exception) -> FetchFailed:
    """httpcore's error as one of ours."""
    words = str(error)[:200] or type(error).__name__
    if isinstance(error, httpcore.ConnectError | httpcore.ConnectTimeout | httpcore.ProxyError):
        return FetchFailed(Reason.CONNECT_FAILED, words)
    if isinstance(error, httpcore.TimeoutException):
        return FetchFailed(Reason.TIMEOUT, words)
    if isinstance(error, httpcore.ProtocolError):
        return FetchFailed(Reason.PROTOCOL_ERROR, words)
    return FetchFailed(Reason.PROTOCOL_ERROR, f"the connection broke: {words}")
