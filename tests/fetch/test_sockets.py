"""Sockets under httpcore, and the pools of connections, against real servers on loopback."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import httpcore
import pytest

from pipeline.fetch import FetchSettings, Request
from pipeline.fetch.client import Fetcher
from pipeline.fetch.pools import MOST_IDLE, Pools
from pipeline.fetch.sockets import KEPT, AsyncioBackend
from pipeline.fetch.transport import KEEPALIVE
from pipeline.model import Validators
from tests.fetch.support import PLAIN, now

Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
Client = Callable[[httpcore.AsyncNetworkStream], Awaitable[object]]


@asynccontextmanager
async def listening(handler: Handler) -> AsyncIterator[int]:
    """A server while the block runs; gives its port.  Nothing of it is left afterwards."""
    tasks: list[asyncio.Task[None]] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        tasks.append(asyncio.current_task())  # type: ignore[arg-type]
        try:
            await handler(reader, writer)
        except (ConnectionError, asyncio.CancelledError):
            return
        finally:
            writer.transport.abort()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.sleep(0.01)


def connected(server: Handler, client: Client) -> object:
    """What ``client`` returns on a connection to ``server``."""

    async def main() -> object:
        async with listening(server) as port:
            stream = await AsyncioBackend().connect_tcp("127.0.0.1", port, 5.0)
            try:
                return await client(stream)
            finally:
                await stream.aclose()

    return asyncio.run(main())


async def says_and_leaves(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"hello")
    await writer.drain()
    writer.close()


async def resets(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read(1)
    lingering = struct.pack("ii", 1, 0)  # closing drops what is unsent and sends a reset (man 7 socket)
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, lingering)
    writer.transport.abort()


async def echoes(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65536):
        writer.write(data)
        await writer.drain()
    writer.close()


async def is_silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read(1)
    await asyncio.sleep(5)


def test_what_came_is_read_in_pieces_until_the_end() -> None:
    async def client(stream: httpcore.AsyncNetworkStream) -> list[bytes]:
        pieces = [await stream.read(2, 5.0)]
        while pieces[-1]:
            pieces.append(await stream.read(2, 5.0))
        assert stream.get_extra_info("is_readable"), "a pool must not use it again"
        return pieces

    assert connected(says_and_leaves, client) == [b"he", b"ll", b"o", b""]


def test_a_reset_is_an_error_and_not_an_end() -> None:
    async def client(stream: httpcore.AsyncNetworkStream) -> None:
        await stream.write(b"x" * 100)
        with pytest.raises(httpcore.ReadError):
            await stream.read(10, 5.0)
        with pytest.raises(httpcore.WriteError):
            await stream.write(b"x")

    connected(resets, client)


def test_much_is_written_and_read_whole() -> None:
    sent = bytes(range(256)) * 8192  # 2 MiB, more than the system keeps

    async def client(stream: httpcore.AsyncNetworkStream) -> bool:
        writing = asyncio.create_task(stream.write(sent, 20.0))
        got = bytearray()
        while len(got) < len(sent):
            got += await stream.read(65536, 20.0)
        await writing
        return bytes(got) == sent

    assert connected(echoes, client)


def test_a_sender_waits_while_nobody_reads() -> None:
    sent = 0

    async def floods(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        while sent < 1 << 26:
            writer.write(b"x" * 65536)
            await writer.drain()
            sent += 65536

    async def client(stream: httpcore.AsyncNetworkStream) -> int:
        await asyncio.sleep(0.3)
        return len(stream._wire.kept)  # type: ignore[attr-defined]

    assert connected(floods, client) <= KEPT + 256 * 1024  # type: ignore[operator]
    assert sent < 1 << 26


@pytest.mark.parametrize("action", ["read", "connect", "start_tls"])
def test_time_is_up(action: str) -> None:
    async def client(stream: httpcore.AsyncNetworkStream) -> None:
        if action == "read":
            with pytest.raises(httpcore.ReadTimeout):
                await stream.read(1, 0.05)
        elif action == "start_tls":
            with pytest.raises(httpcore.ConnectTimeout):
                await stream.start_tls(PLAIN, "a.example", 0.05)
        else:
            with pytest.raises((httpcore.ConnectTimeout, httpcore.ConnectError)):
                await AsyncioBackend().connect_tcp("127.0.0.1", 9, 0.0)

    connected(is_silent, client)


def test_what_is_said_before_tls_is_not_taken_for_what_is_said_under_it() -> None:
    async def client(stream: httpcore.AsyncNetworkStream) -> None:
        await asyncio.sleep(0.1)
        with pytest.raises(httpcore.ConnectError, match="before TLS"):
            await stream.start_tls(PLAIN, "a.example", 5.0)

    connected(says_and_leaves, client)


def test_no_local_socket_is_opened() -> None:
    with pytest.raises(httpcore.ConnectError):
        asyncio.run(AsyncioBackend().connect_unix_socket("/run/some.sock"))


# pools


class Closing:
    """Stands for a transport: only whether it was closed is looked at."""

    closed = False

    async def aclose(self) -> None:
        self.closed = True


@pytest.mark.parametrize(
    ("hosts", "pause", "closed"),
    [
        (10, 0.0, 0),
        (MOST_IDLE, 0.0, 0),
        (MOST_IDLE + 5, 0.0, 5),  # those that were used longest ago
        (10, KEEPALIVE + 1, 10),
    ],
)
def test_idle_connections_are_bounded_in_number_and_age(hosts: int, pause: float, closed: int) -> None:
    made: list[Closing] = []
    time = [0.0]

    def make(_proxy: str | None) -> Closing:
        made.append(Closing())
        return made[-1]

    async def main() -> None:
        pools = Pools(make, lambda: time[0])  # type: ignore[arg-type]
        for host in range(hosts):
            async with pools.lent(None, f"{host}.example"):
                pass
        time[0] += pause
        if pause:
            async with pools.lent(None, "later.example"):
                pass
        assert [transport.closed for transport in made[:hosts]] == [True] * closed + [False] * (hosts - closed)
        async with pools.lent(None, "busy.example") as one, pools.lent(None, "busy.example") as two:
            assert one is two
        await pools.aclose()
        assert all(transport.closed for transport in made)

    asyncio.run(main())


@pytest.mark.parametrize("answer", [b"200 OK\r\nContent-Length: 2\r\n\r\nok", b'304 Not Modified\r\nETag: "1"\r\n\r\n'])
def test_a_connection_is_used_again_and_a_dead_one_is_not(answer: bytes) -> None:
    connections = 0

    async def server(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connections
        connections += 1
        for _ in range(2):  # then it leaves without a word
            await reader.readuntil(b"\r\n\r\n")
            writer.write(b"HTTP/1.1 " + answer)
            await writer.drain()
        writer.close()

    async def main() -> None:
        settings = FetchSettings(allow_private=("127.0.0.0/8",), proxy="none")
        async with listening(server) as port, Fetcher(settings, now=now, ssl_context=PLAIN) as fetcher:
            for _ in range(5):
                asked = Request(url=f"http://127.0.0.1:{port}/", validators=Validators('"1"'))
                assert (await fetcher.fetch(asked)).status == int(answer[:3])
                await asyncio.sleep(0.02)

    asyncio.run(main())
    assert connections == 3
