"""The bundled outlets on loopback: real HTTP, one port and so one origin for each outlet."""

from __future__ import annotations

import gzip
import sys
import threading
from dataclasses import dataclass
from email.utils import format_datetime, parsedate_to_datetime
from functools import partial
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import TCPServer
from typing import TYPE_CHECKING, Any, Self

from pipeline.demo.site import Document, Site, build_site
from pipeline.demo.world import FIRST, Clock, load_world
from pipeline.model import FeedSource, utc

if TYPE_CHECKING:
    from datetime import datetime
    from types import TracebackType

    from pipeline.demo.world import Outlet

# Only 127.0.0.1 exists on every system; other addresses of 127.0.0.0/8 are not set up on macOS.
_HOST = "127.0.0.1"
_WORTH_COMPRESSING = 512  # bytes


@dataclass(frozen=True, slots=True)
class DemoEntry:
    """One feed entry as it is served; ``id`` is the name that ``expected.toml`` uses."""

    id: str  # "outlet/name"
    outlet: str  # name, not slug
    feed: str  # URL of the feed
    link: str  # "" where the entry has none
    title: str


@dataclass(frozen=True, slots=True)
class Served:
    """One answered request."""

    outlet: str  # slug
    path: str
    status: int


class DemoWeb:
    """Serves all bundled outlets while it is entered.

    Publication times are fixed distances before ``now`` (aware), so that a run always looks fresh and
    is the same for the same ``now``.  ``advance`` moves on to the second stage: pages are edited and new
    reports appear in the feeds.
    """

    def __init__(self, now: datetime) -> None:
        self._start = utc(now)
        self.stage = FIRST
        self.served: list[Served] = []
        self._outlets: tuple[Outlet, ...] = ()
        self._servers: dict[str, _OutletServer] = {}

    def __enter__(self) -> Self:
        try:
            for outlet in load_world():
                server = _OutletServer(outlet.slug, self.served)
                self._servers[outlet.slug] = server
                # The short poll makes leaving quick; the default is half a second for each outlet.
                serve = partial(server.serve_forever, poll_interval=0.02)
                threading.Thread(target=serve, name=f"demo-{outlet.slug}", daemon=True).start()
        except OSError:
            self.close()
            raise
        self.advance(self.stage)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Stops all servers and gives their ports back; harmless when none runs."""
        while self._servers:
            _, server = self._servers.popitem()
            server.shutdown()
            server.server_close()

    def advance(self, stage: int, now: datetime | None = None) -> None:
        """Shows the outlets as they are at ``stage``; raises ``ValueError`` for a stage that does not exist.

        ``now`` (aware) moves the demo's clock for the stage; the publication times of what was already
        out do not move.
        """
        clock = Clock(self._start, utc(now) if now else self._start)
        self._outlets = load_world(stage)
        for outlet in self._outlets:
            server = self._servers[outlet.slug]
            server.site = build_site(outlet, server.base, clock)
        self.stage = stage

    @property
    def feeds(self) -> list[FeedSource]:
        """All feeds of all outlets, the broken ones included."""
        return [
            FeedSource(
                url=self._servers[outlet.slug].base + feed.path,
                outlet=outlet.name,
                language=outlet.language,
                country=outlet.country,
            )
            for outlet in self._outlets
            for feed in outlet.feeds
        ]

    def entries(self) -> list[DemoEntry]:
        """All feed entries at the present stage, in the order of feeds and documents."""
        return [
            DemoEntry(item.id, outlet.name, server.base + path, item.link, item.title)
            for outlet in self._outlets
            for server in [self._servers[outlet.slug]]
            for path, items in server.site.entries.items()
            for item in items
        ]

    def url(self, article: str) -> str:
        """The address of an article by its id ``"outlet/name"``; raises ``KeyError`` for an unknown one."""
        for outlet in self._outlets:
            for candidate in outlet.articles:
                if candidate.id == article:
                    return self._servers[outlet.slug].base + candidate.path
        raise KeyError(article)


class _OutletServer(ThreadingHTTPServer):
    """One outlet on a port that the system chose."""

    daemon_threads = True
    request_queue_size = 64  # connections that wait to be accepted

    def __init__(self, slug: str, served: list[Served]) -> None:
        super().__init__((_HOST, 0), _Handler)
        self.slug = slug
        self.served = served
        self.base = f"http://{_HOST}:{self.server_port}"
        self.site = Site({}, {})

    def server_bind(self) -> None:
        """Without the base class's look-up of the host's name, which waits for DNS where there is none."""
        TCPServer.server_bind(self)
        self.server_name, self.server_port = _HOST, self.server_address[1]

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hangs up early is no error of the server; anything else is shown as usual."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)

    def find(self, target: str) -> Document | None:
        """The document at ``target``; unknown queries (campaign parameters) are ignored, as sites do."""
        path, _, query = target.partition("?")
        documents = self.site.documents
        first_parameter = f"{path}?{query.partition('&')[0]}"
        return documents.get(target) or documents.get(first_parameter) or documents.get(path)


class _Handler(BaseHTTPRequestHandler):
    """GET and HEAD with validators, 304 and gzip."""

    server: _OutletServer
    protocol_version = "HTTP/1.1"
    timeout = 30  # seconds an idle connection is kept

    def do_GET(self) -> None:
        document = self.server.find(self.path)
        if document is None:
            body = b"<!DOCTYPE html><title>Not found</title><h1>Not found</h1>\n"
            self._answer(HTTPStatus.NOT_FOUND, {"Content-Type": "text/html; charset=utf-8"}, body)
        elif self._is_current(document):
            self._answer(HTTPStatus.NOT_MODIFIED, _validators(document), b"")
        else:
            headers = {"Content-Type": document.content_type, "Vary": "Accept-Encoding"} | _validators(document)
            body = document.body
            if "gzip" in self.headers.get("Accept-Encoding", "") and len(body) >= _WORTH_COMPRESSING:
                body = gzip.compress(body, mtime=0)
                headers["Content-Encoding"] = "gzip"
            self._answer(HTTPStatus.OK, headers, body)

    do_HEAD = do_GET  # noqa: N815 - the name is http.server's

    def _is_current(self, document: Document) -> bool:
        """Whether the client's copy is still good; If-None-Match rules (RFC 9110 section 13.2.2)."""
        known = self.headers.get("If-None-Match")
        if known is not None:
            return known.strip() == "*" or document.etag in (tag.strip() for tag in known.split(","))
        since = self.headers.get("If-Modified-Since")
        if since is None:
            return False
        try:
            return document.modified.replace(microsecond=0) <= parsedate_to_datetime(since)
        except (TypeError, ValueError):  # not a date, or one without a zone: the condition is ignored
            return False

    def _answer(self, status: HTTPStatus, headers: dict[str, str], body: bytes) -> None:
        self.server.served.append(Served(self.server.slug, self.path, status))
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        if status is not HTTPStatus.NOT_MODIFIED:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is http.server's
        """Nothing: what was served is in ``DemoWeb.served``."""


def _validators(document: Document) -> dict[str, str]:
    modified = format_datetime(utc(document.modified).replace(microsecond=0), usegmt=True)
    return {"ETag": document.etag, "Last-Modified": modified}
