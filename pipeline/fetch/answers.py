"""Reading what a server answers: status, headers, and bodies that nobody wants."""

from __future__ import annotations

import asyncio
from contextlib import suppress

import httpcore

from pipeline.fetch.transport import raw_body
from pipeline.fetch.values import FetchFailed
from pipeline.model import Reason

MAX_HEADERS = 64 * 1024  # bytes of all header names and values
DRAIN = 32 * 1024  # bytes of an unwanted body that are read to keep the connection
DRAIN_SECONDS = 0.1  # longer is not waited for it
BODILESS = frozenset({204, 304})


def status_failure(status: int, wait: float | None) -> FetchFailed | None:
    """The failure that an HTTP status stands for; ``wait`` is what Retry-After says, in seconds."""
    if 200 <= status < 300 or status == 304:
        return None
    reason = _STATUS_REASONS.get(status)
    if reason is None:
        reason = Reason.HTTP_SERVER_ERROR if status >= 500 else Reason.HTTP_CLIENT_ERROR
        if status < 400:
            reason = Reason.BAD_REDIRECT
    if status == 503 and wait is not None:
        reason = Reason.HTTP_RATE_LIMITED
    return FetchFailed(reason, f"HTTP status {status}", status, wait)


_STATUS_REASONS = {
    401: Reason.HTTP_UNAUTHORIZED,
    402: Reason.HTTP_UNAUTHORIZED,
    403: Reason.HTTP_UNAUTHORIZED,
    404: Reason.HTTP_NOT_FOUND,
    410: Reason.HTTP_GONE,
    429: Reason.HTTP_RATE_LIMITED,
}


def read_headers(answer: httpcore.Response) -> dict[str, str]:
    """Names in lower case, repeated values joined (RFC 9110 section 5.3); ``Set-Cookie`` is not kept."""
    headers: dict[str, str] = {}
    size = 0
    for raw_name, raw_value in answer.headers:
        size += len(raw_name) + len(raw_value)
        name = raw_name.decode("latin-1").lower()
        try:
            value = raw_value.decode("utf-8")
        except UnicodeDecodeError:
            value = raw_value.decode("latin-1")
        if name == "location" and name in headers:
            continue  # the first one counts: joined they would be an address of nobody
        if name != "set-cookie":
            headers[name] = f"{headers[name]}, {value}" if name in headers else value
    if size > MAX_HEADERS:
        raise FetchFailed(Reason.PROTOCOL_ERROR, f"headers of {size:,} bytes, at most {MAX_HEADERS:,} are taken")
    return headers


def set_cookies(answer: httpcore.Response) -> list[str]:
    """The ``Set-Cookie`` lines, which alone are never joined."""
    return [value.decode("latin-1") for name, value in answer.headers if name.lower() == b"set-cookie"]


async def drain(answer: httpcore.Response, headers: dict[str, str]) -> None:
    """Read a small unwanted body, so that the connection can be used again; a large one ends with it.

    Where there is none by the status (RFC 9110 section 6.4.1) its end has to be read all the same.
    """
    length = "0" if answer.status in BODILESS else headers.get("content-length", "")
    if not length.isdigit() or int(length[:9]) > DRAIN:
        return
    with suppress(FetchFailed, TimeoutError):
        async with asyncio.timeout(DRAIN_SECONDS):
            async for _ in raw_body(answer):
                pass
