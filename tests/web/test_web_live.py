"""The stream of items as bytes: resuming, filters, the limit, and an end when the page stops."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable
from datetime import timedelta

import pytest
from web_world import BRIDGE, NOW, Writer, clock

from pipeline.errors import UsageError
from pipeline.storage import Store
from pipeline.web import WebSettings, create_app, serving


@pytest.fixture
def writer(empty: Store) -> Writer:
    made = Writer(empty)
    for n in range(5):
        made.add("Outlet A" if n % 2 else "Outlet B", f"Report {n}", BRIDGE, NOW - timedelta(minutes=9 - n))
    return made


async def listen(url: str, path: str, count: int, *lines: str, then: Callable[[], object] | None = None) -> list[str]:
    """The titles of the first ``count`` items of a stream, or its status line."""
    host, _, port = url.removeprefix("http://").partition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    said = "".join(f"{line}\r\n" for line in lines)
    writer.write(f"GET {path} HTTP/1.1\r\nHost: {host}:{port}\r\nConnection: close\r\n{said}\r\n".encode())
    status = (await reader.readline()).decode().strip()
    titles: list[str] = []
    while len(titles) < count and "200" in status:
        line = await asyncio.wait_for(reader.readline(), 8)
        if not line:
            break
        if line.startswith(b"retry:") and then is not None:
            await asyncio.to_thread(then)
        if line.startswith(b"data: "):
            titles.append(json.loads(line[6:])["title"])
    writer.close()
    return titles if "200" in status else [status]


def served(store: Store, path: str, count: int, *lines: str, then: Callable[[], object] | None = None) -> list[str]:
    async def run() -> list[str]:
        app = create_app(store, None, WebSettings(stream_seconds=0.05, streams=1), clock)
        async with serving(app, "127.0.0.1", 0) as url:
            return await listen(url, path, count, *lines, then=then)

    return asyncio.run(run())


STREAM = "/api/v1/items/stream"


@pytest.mark.parametrize(
    ("path", "lines", "expected"),
    [
        (f"{STREAM}?after=0", (), ["Report 0", "Report 1", "Report 2", "Report 3", "Report 4"]),
        (f"{STREAM}?after=3", (), ["Report 3", "Report 4"]),
        (f"{STREAM}?after=0", ("Last-Event-ID: 4",), ["Report 4"]),
        (f"{STREAM}?after=0&outlet=Outlet+A", (), ["Report 1", "Report 3"]),
        (f"{STREAM}?after=0&text=report+2", (), ["Report 2"]),
    ],
)
def test_what_a_stream_begins_with(
    empty: Store, writer: Writer, path: str, lines: tuple[str, ...], expected: list[str]
) -> None:
    assert served(empty, path, len(expected), *lines) == expected


def test_new_items_arrive_without_asking(empty: Store, writer: Writer) -> None:
    added = served(empty, STREAM, 1, then=lambda: writer.add("Outlet C", "Fresh", BRIDGE, NOW))
    assert added == ["Fresh"]


def test_too_many_streams_are_told_to_come_back(empty: Store, writer: Writer) -> None:
    async def run() -> list[str]:
        app = create_app(empty, None, WebSettings(stream_seconds=0.05, streams=1), clock)
        async with serving(app, "127.0.0.1", 0) as url:
            first = asyncio.create_task(listen(url, STREAM, 1))
            while not app.state.streams.open:
                await asyncio.sleep(0.02)
            second = await listen(url, STREAM, 1)
            app.state.streams.end()
            await first
            return second

    assert asyncio.run(run()) == ["HTTP/1.1 503 Service Unavailable"]


def test_the_page_stops_at_once_with_a_stream_open(empty: Store, writer: Writer) -> None:
    async def run() -> float:
        app = create_app(empty, None, WebSettings(), clock)
        async with serving(app, "127.0.0.1", 0) as url:
            listening = asyncio.create_task(listen(url, STREAM, 1))
            while not app.state.streams.open:
                await asyncio.sleep(0.02)
            began = time.perf_counter()
        took = time.perf_counter() - began
        assert await listening == []
        return took

    assert asyncio.run(run()) < 2.0


def test_a_taken_port_is_explained(empty: Store) -> None:
    async def run() -> None:
        app = create_app(empty, None, WebSettings(), clock)
        async with serving(app, "127.0.0.1", 0) as url:
            port = int(url.rpartition(":")[2])
            other = create_app(empty, None, WebSettings(), clock)
            async with serving(other, "127.0.0.1", port):
                pass

    with pytest.raises(UsageError, match="the port is taken"):
        asyncio.run(run())
