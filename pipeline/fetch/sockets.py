"""Sockets of asyncio for httpcore, without the layers that make it run elsewhere too.

httpcore's own backend wraps every read and write into scopes of anyio, and asks the system about a socket in many
steps; both together took a third of the CPU time of a request.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Iterable
from typing import Any, cast

import httpcore

KEPT = 128 * 1024  # bytes that wait to be read; then the sender waits


class AsyncioBackend(httpcore.AsyncNetworkBackend):
    """Opens TCP connections to IP addresses."""

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """A connection; raises ``httpcore.ConnectError`` or ``httpcore.ConnectTimeout``."""
        local = None if local_address is None else (local_address, 0)
        try:
            async with asyncio.timeout(timeout):
                loop = asyncio.get_running_loop()
                _, wire = await loop.create_connection(_Wire, host, port, local_addr=local)
        except TimeoutError as error:
            raise httpcore.ConnectTimeout(f"no connection within {timeout:g} s") from error
        except OSError as error:
            raise httpcore.ConnectError(str(error)) from error
        for option in socket_options or ():
            wire.transport.get_extra_info("socket").setsockopt(*option)
        return _Stream(wire)

    async def connect_unix_socket(
        self, path: str, timeout: float | None = None, socket_options: Iterable[Any] | None = None
    ) -> httpcore.AsyncNetworkStream:
        """Never: a local socket is no place on the web."""
        raise httpcore.ConnectError("local sockets are not asked")

    async def sleep(self, seconds: float) -> None:
        """Part of httpcore's interface."""
        await asyncio.sleep(seconds)


class _Wire(asyncio.Protocol):
    """One connection: what came and was not read yet, and who waits for more."""

    transport: asyncio.Transport

    def __init__(self) -> None:
        self.kept = bytearray()
        self.ended = False
        self.error: Exception | None = None
        self._paused = False
        self._full = False
        self._reader: asyncio.Future[None] | None = None
        self._writer: asyncio.Future[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        self.kept += data
        if len(self.kept) > KEPT and not self._paused:
            self._paused = True
            self.transport.pause_reading()
        _wake(self._reader)

    def eof_received(self) -> bool:
        self.ended = True
        _wake(self._reader)
        return False  # nothing more is said to one who has left

    def connection_lost(self, error: Exception | None) -> None:
        self.ended = True
        self.error = error
        _wake(self._reader)
        _wake(self._writer)

    def pause_writing(self) -> None:
        self._full = True

    def resume_writing(self) -> None:
        self._full = False
        _wake(self._writer)

    async def more(self) -> None:
        """Wait until something came, or the end."""
        if not self.kept and not self.ended:
            self._reader = asyncio.get_running_loop().create_future()
            await self._reader

    def take(self, most: int) -> bytes:
        """What came, at most so many bytes."""
        data = bytes(self.kept[:most])
        del self.kept[:most]
        if self._paused and len(self.kept) <= KEPT:
            self._paused = False
            self.transport.resume_reading()
        return data

    async def written(self) -> None:
        """Wait until what was written has left, up to what the system keeps."""
        if self._full and not self.ended:
            self._writer = asyncio.get_running_loop().create_future()
            await self._writer


def _wake(waiter: asyncio.Future[None] | None) -> None:
    if waiter is not None and not waiter.done():
        waiter.set_result(None)


class _Stream(httpcore.AsyncNetworkStream):
    """httpcore's side of a wire."""

    def __init__(self, wire: _Wire) -> None:
        self._wire = wire

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """b"" at the end; raises ``httpcore.ReadError`` or ``httpcore.ReadTimeout``."""
        try:
            async with asyncio.timeout(timeout):
                await self._wire.more()
        except TimeoutError as error:
            raise httpcore.ReadTimeout(f"nothing came within {timeout:g} s") from error
        if not self._wire.kept and self._wire.error is not None:
            raise httpcore.ReadError(str(self._wire.error)) from self._wire.error
        return self._wire.take(max_bytes)

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Raises ``httpcore.WriteError`` or ``httpcore.WriteTimeout``."""
        if not buffer:
            return
        if self._wire.ended:
            raise httpcore.WriteError("the other side has left")
        self._wire.transport.write(buffer)
        try:
            async with asyncio.timeout(timeout):
                await self._wire.written()
        except TimeoutError as error:
            raise httpcore.WriteTimeout(f"not taken within {timeout:g} s") from error

    async def aclose(self) -> None:
        """Closes at once."""
        self._wire.transport.abort()
        await asyncio.sleep(0)  # the loop's next turn closes the socket

    async def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.AsyncNetworkStream:
        """The same connection under TLS; raises ``httpcore.ConnectError`` or ``httpcore.ConnectTimeout``."""
        try:
            async with asyncio.timeout(timeout):
                await self._shake_hands(ssl_context, server_hostname)
        except TimeoutError as error:
            await self.aclose()
            raise httpcore.ConnectTimeout(f"no TLS within {timeout:g} s") from error
        except OSError as error:  # also ssl.SSLError
            await self.aclose()
            raise httpcore.ConnectError(str(error)) from error
        return self

    async def _shake_hands(self, ssl_context: ssl.SSLContext, server_hostname: str | None) -> None:
        wire = self._wire
        if wire.kept or wire.ended:  # what is said before TLS is said by anybody
            raise ConnectionError("spoke or left before TLS")
        loop = asyncio.get_running_loop()
        secure = await loop.start_tls(wire.transport, wire, ssl_context, server_hostname=server_hostname)
        if secure is None:
            raise ConnectionError("the connection ended during the handshake")
        wire.transport = secure

    def get_extra_info(self, info: str) -> Any:
        """``ssl_object``, ``socket``, ``client_addr``, ``server_addr``; ``is_readable``: something came, or the end."""
        if info == "is_readable":
            return bool(self._wire.kept) or self._wire.ended
        names = {"client_addr": "sockname", "server_addr": "peername"}
        return self._wire.transport.get_extra_info(names.get(info, info))
