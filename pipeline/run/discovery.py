"""An address that a person gives → the feeds there: the feed itself, or those that a page announces."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from pipeline.errors import FeedRejected, Rejected, UsageError
from pipeline.feeds import feed_links, guesses, parse_feed
from pipeline.fetch import Request
from pipeline.model import FeedDocument, FeedSource, Reason
from pipeline.urls import is_web_url, mask_url, registrable_domain, split_url

if TYPE_CHECKING:
    from pipeline.feeds import FeedLimits
    from pipeline.fetch import Web

MOST_GUESSES = 6  # addresses tried when a page announces no feed


@dataclass(frozen=True, slots=True)
class Look:
    """What came from an address."""

    url: str
    document: FeedDocument | None = None
    reason: Reason | None = None
    detail: str = ""
    page: str = ""  # where a page came instead

    @property
    def name(self) -> str:
        """The feed's own title, or its domain."""
        host = split_url(self.url).host
        return (self.document.title if self.document else "") or registrable_domain(host) or host


async def discover(web: Web, url: str, limits: FeedLimits, now: datetime) -> list[Look]:
    """The feed at ``url``, or those that the page there announces; raises ``UsageError`` where there is none."""
    if not is_web_url(url):
        raise UsageError(f"{mask_url(url)}: should be an http:// or https:// address")
    first = await look(web, url, limits, now)
    if first.document is not None:
        return [first]
    if not first.page:
        raise UsageError(f"{mask_url(url)}: {first.reason}: {first.detail}")
    links = [link.url for link in feed_links(first.page, url)]
    announced = bool(links)
    links = links or [link.url for link in guesses(url)][:MOST_GUESSES]
    found = [tried for link in links if (tried := await look(web, link, limits, now)).document is not None]
    if not found:
        where = "behind its links" if announced else "near it"
        raise UsageError(f"{mask_url(url)} is a page, and no feed was found {where}")
    return found if announced else found[:1]


async def look(web: Web, url: str, limits: FeedLimits, now: datetime, source: FeedSource | None = None) -> Look:
    """What is at ``url``; never raises ``Rejected``.  ``source`` lends its headers and credentials."""
    try:
        response = await web.fetch(Request.for_feed(source or FeedSource(url, ""), url))
    except Rejected as error:
        return Look(url, reason=error.reason, detail=error.detail)
    kind = response.headers.get("content-type")
    try:
        document = await asyncio.to_thread(parse_feed, response.body, response.final_url, kind, limits, now)
    except FeedRejected as error:
        page = response.body.decode("utf-8", "replace") if error.reason is Reason.FEED_IS_HTML else ""
        return Look(response.final_url, reason=error.reason, detail=error.detail, page=page)
    return Look(response.final_url, document)
