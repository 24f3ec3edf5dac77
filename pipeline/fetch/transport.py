"""An httpx transport over httpcore's public pool, so that connections pass the guard."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator
from typing import Any

import httpcore
import httpx

from pipeline.fetch.values import FetchFailed
from pipeline.model import Reason

KEEPALIVE = 20.0  # seconds an idle connection is kept: a few times the usual interval between two requests


class GuardedTransport(httpx.AsyncBaseTransport):
    """httpx's transport over a backend of our choice.  Raises ``FetchFailed``, nothing of httpcore."""

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
            self._pool = httpcore.AsyncHTTPProxy(proxy_url=_url(proxy.url), proxy_auth=proxy.raw_auth, **options)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send ``request``; the body of the answer is read by iterating its ``stream``."""
        inner = httpcore.Request(
            method=request.method,
            url=_url(request.url),
            headers=request.headers.raw,
            content=request.stream,
            extensions=request.extensions,
        )
        try:
            answer = await self._pool.handle_async_request(inner)
        except (
            httpcore.TimeoutException,
            httpcore.NetworkError,
            httpcore.ProtocolError,
            httpcore.ProxyError,
        ) as e:
            raise told(e) from e
        return httpx.Response(
            status_code=answer.status,
            headers=answer.headers,
            stream=_Stream(answer),
            extensions=answer.extensions,
        )

    async def aclose(self) -> None:
        """Close all connections."""
        await self._pool.aclose()


class _Stream(httpx.AsyncByteStream):
    def __init__(self, answer: httpcore.Response) -> None:
        self._answer = answer

    async def __aiter__(self) -> AsyncIterator[bytes]:
        try:
            async for part in self._answer.aiter_stream():
                yield part
        except (httpcore.TimeoutException, httpcore.NetworkError, httpcore.ProtocolError) as error:
            raise told(error) from error

    async def aclose(self) -> None:
        await self._answer.aclose()


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


def _url(url: httpx.URL) -> httpcore.URL:
    return httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path)
