"""``/metrics``, ``/healthz`` and ``/readyz``: answers as values, and a small listener where no page is served.

/healthz   200 while the event loop turns and no watched job is stuck, else 503: a restart would help
/readyz    200 while the database answers and rounds happen on time, else 503: look at the reasons
/metrics   Prometheus' text format
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from ipaddress import ip_address
from typing import TYPE_CHECKING

from pipeline.run.pulse import Status

if TYPE_CHECKING:
    from pipeline.run.metrics import Metrics

JSON = "application/json"
DATABASE_SECONDS = 2.0  # for the database to show that it answers
REQUEST_SECONDS = 5.0  # for a client to say what it wants
MOST_HEAD = 8192  # bytes of a request line with headers
PHRASES = {200: "OK", 400: "Bad Request", 404: "Not Found", 405: "Method Not Allowed", 503: "Service Unavailable"}

Answer = tuple[int, str, bytes]  # status, content type, body


def healthz(status: Status) -> Answer:
    """Alive?"""
    facts = {"alive": status.alive, "stuck": status.stuck, "loop_lag_p99_seconds": round(status.loop_lag_p99, 4)}
    return _json(status.alive, facts)


def readyz(status: Status, database: str) -> Answer:
    """Ready?  ``database`` says what is wrong with it, "" where it answers."""
    reasons = [f"the job {name!r} gives no sign of life" for name in status.stuck]
    reasons += [f"the last runs of the job {name!r} failed" for name in status.failing]
    if not status.started:
        reasons.append("starting")
    if status.stopping:
        reasons.append("stopping")
    if database:
        reasons.append(f"the database does not answer: {database}")
    since = {name: round(seconds, 1) for name, seconds in status.since_success.items()}
    return _json(not reasons, {"ready": not reasons, "reasons": reasons, "seconds_since_success": since})


class Endpoints:
    """The three addresses of one service.  ``ping`` asks the database for something small, or raises."""

    def __init__(self, status: Callable[[], Status], ping: Callable[[], Awaitable[object]], metrics: Metrics) -> None:
        self._status = status
        self._ping = ping
        self._metrics = metrics

    async def answer(self, path: str) -> Answer | None:
        """The answer to GET ``path``; ``None`` where that is none of the three."""
        if path == "/healthz":
            return healthz(self._status())
        if path == "/readyz":
            return readyz(self._status(), await self._database())
        if path == "/metrics":
            return (200, *self._metrics.exposition())
        return None

    async def _database(self) -> str:
        try:
            async with asyncio.timeout(DATABASE_SECONDS):
                await self._ping()
        except TimeoutError:
            return f"no answer within {DATABASE_SECONDS:g} s"
        except Exception as error:  # noqa: BLE001 - whatever it is, it is the answer
            return f"{type(error).__name__}: {error}"
        return ""


def listening_on(text: str) -> tuple[str, int]:
    """``127.0.0.1:9464`` or ``[::1]:9464`` → host and port.  Raises ``ValueError`` for anything but loopback:

    nothing here asks who is there, so that other machines come through a proxy that does.
    """
    host, _, port = text.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    try:
        number, loopback = int(port), ip_address(host).is_loopback
    except ValueError:
        raise ValueError(f"{text!r}: should be an address and a port, like 127.0.0.1:9464") from None
    if not loopback or not 0 <= number <= 65535:
        raise ValueError(f"{text!r}: should be a loopback address (127.0.0.1 or [::1]) and a port up to 65535")
    return host, number


@asynccontextmanager
async def served(endpoints: Endpoints, host: str, port: int) -> AsyncIterator[int]:
    """Answer on ``host:port`` while the block runs; gives the port (for port 0, the one that was free)."""

    async def one(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(REQUEST_SECONDS):
                writer.write(await _exchange(endpoints, reader))
                await writer.drain()
        except (TimeoutError, ConnectionError):
            writer.transport.abort()  # a client that went away or says nothing
        finally:
            writer.close()

    server = await asyncio.start_server(one, host, port, limit=MOST_HEAD)
    async with server:
        yield server.sockets[0].getsockname()[1]


async def _exchange(endpoints: Endpoints, reader: asyncio.StreamReader) -> bytes:
    try:
        head = await reader.readuntil(b"\r\n\r\n")
        method, target, _ = head.split(b"\r\n", 1)[0].decode("latin-1").split(" ")
    except (asyncio.IncompleteReadError, asyncio.LimitOverrunError, ValueError):
        return _response((400, JSON, b"{}"), body=True)
    if method not in ("GET", "HEAD"):
        return _response((405, JSON, b"{}"), body=True)
    answer = await endpoints.answer(target.partition("?")[0])
    return _response(answer or (404, JSON, b"{}"), body=method == "GET")


def _response(answer: Answer, *, body: bool) -> bytes:
    status, content_type, content = answer
    head = (
        f"HTTP/1.1 {status} {PHRASES[status]}\r\nContent-Type: {content_type}\r\n"
        f"Content-Length: {len(content)}\r\nCache-Control: no-store\r\nConnection: close\r\n\r\n"
    )
    return head.encode("ascii") + (content if body else b"")


def _json(good: bool, facts: dict[str, object]) -> Answer:
    return (200 if good else 503, JSON, json.dumps(facts).encode() + b"\n")
