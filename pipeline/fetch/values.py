"""What goes in and what comes out: requests, responses, failures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from pipeline.errors import FetchRejected
from pipeline.fetch.credentials import share_credentials
from pipeline.model import FeedSource, Reason, Validators

PERMANENT = frozenset({301, 308})
FEED_TYPES = (
    "application/rss+xml, application/atom+xml, application/feed+json, application/rdf+xml;q=0.9, "
    "application/xml;q=0.8, text/xml;q=0.8, application/json;q=0.7, text/html;q=0.5, */*;q=0.3"
)
PAGE_TYPES = "text/html, application/xhtml+xml, application/xml;q=0.9, */*;q=0.5"


@dataclass(frozen=True, slots=True)
class Request:
    """One thing to fetch.  Credentials are sent to the origin of ``url`` only and are never shown."""

    url: str
    accept: str = PAGE_TYPES
    validators: Validators = field(default_factory=Validators)
    delta: bool = False  # ask for new entries only (RFC 3229 with the "feed" instance manipulation)
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    username: str | None = field(default=None, repr=False)
    password: str | None = field(default=None, repr=False)
    proxy: str | None = field(default=None, repr=False)
    robots: bool = True  # whether robots.txt is asked first
    raise_for_status: bool = True  # False: answers of 4xx and 5xx come as responses
    max_body_bytes: int | None = None  # None: the setting's
    partial: bool = False  # a body over the limit is cut there, not refused
    content: bytes | None = field(default=None, repr=False)  # sent by POST; such a request follows no redirect
    kind: str = "other"  # feed, page, robots or other: for counting

    @classmethod
    def for_feed(
        cls,
        source: FeedSource,
        url: str | None = None,
        validators: Validators | None = None,
        *,
        delta: bool = True,
    ) -> Request:
        """The request that polls a feed, at ``url`` where it has moved.

        Feeds are published to be polled by programs, so robots.txt is not asked (RFC 9309 is about crawling).
        Once a feed has moved, its credentials go to the new place only where that is the same origin.
        """
        own = url is None or url == source.url or share_credentials(source.url, url)
        return cls(
            url=url or source.url,
            accept=FEED_TYPES,
            validators=validators or Validators(),
            delta=delta,
            headers=source.headers if own else (),
            username=source.username if own else None,
            password=source.password if own else None,
            proxy=source.proxy,
            robots=False,
            kind="feed",
        )

    @classmethod
    def for_page(cls, source: FeedSource, url: str) -> Request:
        """The request for a page that the feed names: what the feed's own origin may know goes to it alone."""
        own = share_credentials(source.url, url)
        return cls(
            url=url,
            headers=source.headers if own else (),
            username=source.username if own else None,
            password=source.password if own else None,
            proxy=source.proxy,
            kind="page",
        )


@dataclass(frozen=True, slots=True)
class Hop:
    """One redirect: ``url`` answered ``status`` and led to ``target``."""

    url: str
    status: int
    target: str

    @property
    def permanent(self) -> bool:
        """Whether the old address should be forgotten (301 and 308)."""
        return self.status in PERMANENT


@dataclass(frozen=True, slots=True)
class Response:
    """An answer.  ``headers`` has lower-case names; repeated ones are joined by a comma."""

    url: str  # asked for
    final_url: str  # that answered
    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)  # decompressed
    hops: tuple[Hop, ...] = ()
    elapsed: float = 0.0  # seconds on the wire, redirects included
    waited: float = 0.0  # seconds in the queue of the host and of robots.txt
    wire_bytes: int = 0  # of the body, as it came
    http_version: str = "HTTP/1.1"
    robots: str = ""  # the verdict, for people
    from_cache: bool = False

    @property
    def not_modified(self) -> bool:
        """304: what was kept is still right."""
        return self.status == 304

    @property
    def delta(self) -> bool:
        """226: only what is new (RFC 3229)."""
        return self.status == 226

    @property
    def content_type(self) -> str:
        """Media type in lower case, without parameters."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()

    @property
    def charset(self) -> str | None:
        """What the Content-Type header says about the encoding; it may lie."""
        for part in self.headers.get("content-type", "").split(";")[1:]:
            name, _, value = part.partition("=")
            if name.strip().lower() == "charset":
                return value.strip().strip("\"'").lower()[:40] or None
        return None

    @property
    def moved_to(self) -> str | None:
        """Where every redirect on the way was permanent: the new address."""
        return self.final_url if self.hops and all(hop.permanent for hop in self.hops) else None


class FetchFailed(FetchRejected):
    """An address could not be had; adds what decides when to try again.

    ``status`` is the HTTP status where there was one, ``retry_after`` seconds from now (0 to 86,400) where
    the server or a pause names a time, ``hops`` the redirects until then.
    """

    def __init__(
        self,
        reason: Reason,
        detail: str = "",
        status: int | None = None,
        retry_after: float | None = None,
        hops: tuple[Hop, ...] = (),
    ) -> None:
        super().__init__(reason, detail)
        self.status = status
        self.retry_after = retry_after
        self.hops = hops

    def __reduce__(self) -> tuple[type[FetchFailed], tuple[object, ...]]:  # type: ignore[override]
        return (type(self), (self.reason, self.detail, self.status, self.retry_after, self.hops))
