"""News sitemaps (Google's ``sitemap-news`` 0.9) as feeds: address, title, time, language."""

from __future__ import annotations

from pyexpat import ExpatError

from pipeline.errors import FeedRejected
from pipeline.feeds.raw import RawEntry, RawFeed, title_of
from pipeline.feeds.xmltree import Node, read_tree
from pipeline.model import Reason


def read_sitemap(text: str) -> RawFeed:
    """The entries of a news sitemap; raises ``FeedRejected`` for an index or a sitemap without news."""
    try:
        root = read_tree(text)
    except ExpatError as error:
        raise FeedRejected(Reason.FEED_NOT_A_FEED, f"a damaged sitemap: {error}") from None
    if root.name == "sitemapindex":
        found = [loc for loc in (child.text_of("loc") for child in root.children) if "news" in loc.lower()]
        hint = f"; perhaps {', '.join(found[:3])}" if found else ""
        raise FeedRejected(Reason.FEED_NOT_A_FEED, f"a list of sitemaps, not a news sitemap{hint}")
    entries = [entry for entry in map(_entry, root.children) if entry]
    if root.children and not entries:
        raise FeedRejected(Reason.FEED_NOT_A_FEED, "a sitemap without news entries (news:news)")
    title = next((p.text_of("name") for p in _publications(root)), "")
    return RawFeed(title=title_of(title, markup=False), entries=tuple(entries))


def _publications(root: Node) -> list[Node]:
    return [p for url in root.children for news in url.all("news") for p in news.all("publication")]


def _entry(url: Node) -> RawEntry | None:
    news = next(iter(url.all("news")), None)
    if news is None:
        return None
    publication = next(iter(news.all("publication")), None)
    return RawEntry(
        link=url.text_of("loc") or None,
        title=title_of(news.text_of("title"), markup=False),
        published=news.text_of("publication_date") or None,
        updated=url.text_of("lastmod") or None,
        language=(publication.text_of("language") if publication else "") or None,
    )
