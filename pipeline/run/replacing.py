"""A feed that is gone, or a page in its place: which other feed the site offers.  Proposed to people, never taken."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipeline.errors import Rejected
from pipeline.feeds import feed_links
from pipeline.fetch import Request
from pipeline.urls import entry_identity_url, is_web_url, split_url

if TYPE_CHECKING:
    from pipeline.fetch import Response
    from pipeline.model import FeedState
    from pipeline.run.parts import Parts


async def offered_instead(parts: Parts, feed: FeedState, page: Response | None = None) -> str | None:
    """Another feed that ``page``, or else the front page of the feed's site, announces; ``None`` without any.

    The front page is asked for once, under its robots.txt and its host's pace.
    """
    try:
        response = page or await parts.web.fetch(Request.for_page(feed.source, split_url(feed.url).origin + "/"))
        found = await parts.pool.run(links_of, response.body, response.final_url)
    except Rejected:
        return None  # nothing to propose: the feed's own failure is what is told
    own = {entry_identity_url(url) for url in (feed.url, feed.source.url) if is_web_url(url)}
    return next((url for url in found if entry_identity_url(url) not in own), None)


def links_of(body: bytes, url: str) -> list[str]:  # in a worker process
    """Addresses of the feeds that a page names, the announced ones first."""
    return [link.url for link in feed_links(body.decode("utf-8", "replace"), url)]
