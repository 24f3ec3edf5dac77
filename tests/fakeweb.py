"""A small web on loopback for tests: real HTTP, every answer under the test's control, requests recorded.

    with FakeWeb() as web:
        web.set("/feed.xml", "<rss/>", content_type="application/rss+xml", etag='"1"')
        web.set("/old", redirect=web.url("/feed.xml"), status=301)
        web.handle("/slow", lambda request: Answer("late", delay=0.5))
        ...
        assert web.paths() == ["/feed.xml"]

``web.url("/x", host="127.0.0.2")`` serves under a second address of loopback (Linux has all of 127.0.0.0/8),
which a client takes for another host.  Pages are set for all hosts unless ``host`` is given.
"""

from __future__ import annotations

import email.utils
import gzip
import socket
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

DEFAULT_HOST = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class Seen:
    """One request as it arrived.  ``start`` and ``end`` are ``time.monotonic()`` seconds."""

    host: str
    method: str
    path: str  # with the query
    headers: Mapping[str, str]  # names in lower case
    body: bytes
    start: float
    end: float
    status: int


@dataclass(frozen=True, slots=True)
class Asked:
    """What a handler is given."""

    host: str
    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes
    count: int  # how often this path was asked before


@dataclass(frozen=True, slots=True)
class Answer:
    """What is sent.  ``etag`` and ``last_modified`` make the answer conditional (304 where they match)."""

    body: bytes | str = b""
    status: int = 200
    content_type: str = "text/html; charset=utf-8"
    headers: Mapping[str, str] = field(default_factory=dict)
    etag: str | None = None
    last_modified: datetime | None = None
    delay: float = 0.0  # seconds before the first byte
    gzip: bool = False


Handler = Callable[[Asked], Answer]


class FakeWeb:
    """Serves while it is entered.  ``set`` and ``handle`` may be called at any time, from any thread."""

    def __init__(self) -> None:
        self.requests: list[Seen] = []
        self._handlers: dict[tuple[str | None, str], Handler] = {}
        self._counts: dict[tuple[str, str], int] = {}
        self._servers: dict[str, _Server] = {}
        self._lock = threading.Lock()

    def __enter__(self) -> Self:
        self._server(DEFAULT_HOST)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for server in self._servers.values():
            server.stop()
        self._servers.clear()

    def url(self, path: str = "/", host: str = DEFAULT_HOST) -> str:
        """The address of ``path`` on ``host``; the first use of a host starts its server."""
        return f"http://{host}:{self._server(host).server_port}{path}"

    def set(
        self,
        path: str,
        body: bytes | str = b"",
        *,
        status: int = 200,
        headers: Mapping[str, str] | None = None,
        content_type: str = "text/html; charset=utf-8",
        etag: str | None = None,
        last_modified: datetime | None = None,
        redirect: str | None = None,
        delay: float = 0.0,
        gzip: bool = False,
        host: str | None = None,
    ) -> str:
        """Answer ``path`` (its query counts only where a handler for the exact path and query is missing).

        ``redirect`` sets ``Location`` and, where no status was given, 302.  Returns the URL.
        """
        named = dict(headers or {})
        if redirect is not None:
            named["Location"] = redirect
            status = 302 if status == 200 else status
        answer = Answer(body, status, content_type, named, etag, last_modified, delay, gzip)
        return self.handle(path, lambda _asked: answer, host=host)

    def handle(self, path: str, handler: Handler, *, host: str | None = None) -> str:
        """Let ``handler`` answer ``path``; returns the URL."""
        self._handlers[host, path] = handler
        return self.url(path, host or DEFAULT_HOST)

    def remove(self, path: str, *, host: str | None = None) -> None:
        """From now on 404."""
        self._handlers.pop((host, path), None)

    def paths(self, *, robots: bool = False) -> list[str]:
        """The paths asked for, in order of their answers; robots.txt only on request."""
        with self._lock:
            return [r.path for r in self.requests if robots or r.path != "/robots.txt"]

    def seen(self, path: str) -> list[Seen]:
        """All requests for exactly ``path``."""
        with self._lock:
            return [r for r in self.requests if r.path == path]

    def forget(self) -> None:
        """Empty the record of requests."""
        with self._lock:
            self.requests.clear()
            self._counts.clear()

    def _server(self, host: str) -> _Server:
        with self._lock:
            if host not in self._servers:
                self._servers[host] = _Server(host, self)
            return self._servers[host]

    def _answer(self, host: str, method: str, path: str, headers: Mapping[str, str], body: bytes) -> Answer:
        bare = path.partition("?")[0]
        keys = ((host, path), (None, path), (host, bare), (None, bare))
        handler = next((self._handlers[k] for k in keys if k in self._handlers), None)
        with self._lock:
            count = self._counts.get((host, path), 0)
            self._counts[host, path] = count + 1
        if handler is None:
            return Answer("nothing here", 404, "text/plain")
        return handler(Asked(host, method, path, headers, body, count))

    def _record(self, seen: Seen) -> None:
        with self._lock:
            self.requests.append(seen)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, host: str, web: FakeWeb) -> None:
        self.web = web
        self.host = host
        self._open: set[socket.socket] = set()
        super().__init__((host, 0), _Handler)
        self._thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        self._thread.start()

    def process_request(self, request: Any, client_address: Any) -> None:
        self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        super().shutdown_request(request)
        self._open.discard(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that goes away in the middle is what many tests are about."""

    def stop(self) -> None:
        self.shutdown()
        self.server_close()
        for connection in list(self._open):
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:  # already gone
                continue
        self._thread.join()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server
    disable_nagle_algorithm = True

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Requests are recorded by the server, not printed."""

    def _serve(self) -> None:
        start = time.monotonic()
        headers = {name.lower(): value for name, value in self.headers.items()}
        body = self.rfile.read(int(headers.get("content-length", "0")))
        answer = self.server.web._answer(self.server.host, self.command, self.path, headers, body)
        if answer.delay:
            time.sleep(answer.delay)
        status = 304 if answer.status == 200 and _matches(answer, headers) else answer.status
        self.server.web._record(
            Seen(self.server.host, self.command, self.path, headers, body, start, time.monotonic(), status)
        )
        self._send(answer, status)

    def _send(self, answer: Answer, status: int) -> None:
        body = answer.body.encode() if isinstance(answer.body, str) else answer.body
        self.send_response(status, _phrase(status))
        named = {name.lower() for name in answer.headers}
        if "content-type" not in named:
            self.send_header("Content-Type", answer.content_type)
        if answer.etag is not None:
            self.send_header("ETag", answer.etag)
        if answer.last_modified is not None:
            self.send_header("Last-Modified", email.utils.format_datetime(answer.last_modified, usegmt=True))
        for name, value in answer.headers.items():
            self.send_header(name, value)
        if answer.gzip:
            body = gzip.compress(body)
            self.send_header("Content-Encoding", "gzip")
        bodiless = status == 304 or status == 204 or self.command == "HEAD"
        if not bodiless and "content-length" not in named:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if not bodiless:
            self.wfile.write(body)

    do_GET = do_HEAD = do_POST = _serve  # noqa: N815


def _phrase(status: int) -> str:
    return HTTPStatus(status).phrase if status in HTTPStatus._value2member_map_ else "Odd"


def _matches(answer: Answer, headers: Mapping[str, str]) -> bool:
    """RFC 9110 section 13.2.2: If-None-Match first, If-Modified-Since only without it."""
    asked = headers.get("if-none-match")
    if asked is not None:
        return answer.etag is not None and answer.etag.removeprefix("W/") in {
            tag.strip().removeprefix("W/") for tag in asked.split(",")
        }
    since = headers.get("if-modified-since")
    if since is None or answer.last_modified is None:
        return False
    try:
        return email.utils.parsedate_to_datetime(since) >= answer.last_modified.replace(microsecond=0)
    except ValueError:
        return False
