"""The journal as it grows: server-sent events (HTML living standard, section 9.2)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import replace

import msgspec
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse

from . import shapes
from .context import web
from .desk import Desk
from .queries import ItemQuery, QueryError, read

BATCH = 200  # items sent at once
HEARTBEAT_SECONDS = 15.0  # a comment now and then, so that proxies keep the connection


class Streams:
    """The open live logs: how many there are, and an end for all of them."""

    def __init__(self, most: int) -> None:
        self.most = most
        self.open = 0
        self._ending = asyncio.Event()

    def end(self) -> None:
        """Let every stream finish at once."""
        self._ending.set()

    @property
    def ended(self) -> bool:
        """Whether ``end`` was called."""
        return self._ending.is_set()

    async def pause(self, seconds: float) -> None:
        """Wait, unless the streams end."""
        try:
            await asyncio.wait_for(self._ending.wait(), seconds)
        except TimeoutError:
            return


def stream(request: Request, shown: Callable[[shapes.Item], bytes]) -> Response:
    """Items from the cursor ``after`` (or the browser's Last-Event-ID) on, each as ``shown``."""
    parts = web(request)
    streams: Streams = request.app.state.streams
    pairs = request.query_params.multi_items()
    query = read(ItemQuery, [pair for pair in pairs if pair[0] != "after"])
    cursor = _cursor(request.headers.get("last-event-id") or request.query_params.get("after"))
    if streams.open >= streams.most:
        return PlainTextResponse(
            "Too many live logs are open: close one, or raise [web] streams.\n",
            503,
            headers={"retry-after": "10"},
        )
    events = _events(parts.desk, query, cursor, shown, streams, parts.settings.stream_seconds)
    headers = {"cache-control": "no-store", "x-accel-buffering": "no"}
    return StreamingResponse(events, media_type="text/event-stream", headers=headers)


def as_json(item: shapes.Item) -> bytes:
    """An item as the API shows it."""
    return msgspec.json.encode(item)


def _cursor(text: str | None) -> int | None:
    if not text:
        return None
    if not text.isascii() or not text.isdigit() or len(text) > 18:
        raise QueryError("after: a cursor is a whole number")
    return int(text)


async def _events(
    desk: Desk,
    query: ItemQuery,
    cursor: int | None,
    shown: Callable[[shapes.Item], bytes],
    streams: Streams,
    seconds: float,
) -> AsyncIterator[bytes]:
    streams.open += 1
    try:
        query = await run_in_threadpool(desk.with_feed, replace(query, before=None))
        newest = await run_in_threadpool(desk.source.last_item)
        cursor = newest if cursor is None else min(cursor, newest)
        yield b"retry: 2000\n\n"
        quiet = 0.0
        while not streams.ended:
            newest = await run_in_threadpool(desk.source.last_item)
            found: list[shapes.Item] = []
            if newest > cursor:
                found = await run_in_threadpool(desk.items_behind, query, cursor, BATCH)
                cursor = found[-1].cursor if len(found) == BATCH else max([newest, *(i.cursor for i in found)])
            for item in found:
                yield b"id: %d\nevent: item\ndata: %s\n\n" % (item.cursor, shown(item))
            if len(found) == BATCH:
                continue
            quiet = 0.0 if found else quiet + seconds
            if quiet >= HEARTBEAT_SECONDS:
                quiet = 0.0
                yield b": still here\n\n"
            await streams.pause(seconds)
    finally:
        streams.open -= 1
