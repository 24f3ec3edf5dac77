"""One outlet's whole site as documents by path: a pure function of the outlet, its origin and the time."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING
from urllib.parse import urljoin

from pipeline.demo.pages import article_page, home_page, photo, photo_path, script_page
from pipeline.demo.syndication import Channel, FeedItem, render
from pipeline.demo.world import FeedFormat, PageKind

if TYPE_CHECKING:
    from datetime import datetime

    from pipeline.demo.world import Clock, DemoArticle, DemoFeed, OddEntry, Outlet

# The smallest thing that file(1) and a browser's sniffing call a PDF.
_PDF = b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"


@dataclass(frozen=True, slots=True)
class Document:
    """What the server answers with 200."""

    content_type: str
    body: bytes
    modified: datetime

    @property
    def etag(self) -> str:
        """A weak validator over the bytes."""
        return f'W/"{len(self.body):x}-{zlib.crc32(self.body):08x}"'


@dataclass(frozen=True, slots=True)
class Site:
    """``documents`` by path (with query where the outlet's addresses have one), ``entries`` by feed path."""

    documents: dict[str, Document]
    entries: dict[str, tuple[FeedItem, ...]]


def build_site(outlet: Outlet, base: str, clock: Clock) -> Site:
    """Everything that ``outlet`` serves from its origin ``base`` (no trailing slash)."""
    robots = "".join(f"Disallow: {path}\n" for path in ("/search", *outlet.disallow))
    documents = {
        "/": _html(outlet, home_page(outlet, base), clock.start),
        "/robots.txt": Document("text/plain; charset=utf-8", f"User-agent: *\n{robots}".encode(), clock.start),
    }
    for article in outlet.articles:
        documents |= _article_documents(outlet, article, base, clock)
    entries = {}
    for feed in outlet.feeds:
        items = _items(outlet, feed, base, clock)
        if feed.format is FeedFormat.HTML:
            documents[feed.path] = documents["/"]
        elif feed.format is not FeedFormat.MISSING:
            entries[feed.path] = items
            documents[feed.path] = _feed_document(outlet, feed, base, items)
    return Site(documents, entries)


def _html(outlet: Outlet, text: str, modified: datetime) -> Document:
    body = text.encode(outlet.charset, "xmlcharrefreplace")
    return Document(f"text/html; charset={outlet.charset}", body, modified)


def _article_documents(outlet: Outlet, article: DemoArticle, base: str, clock: Clock) -> dict[str, Document]:
    modified = clock.updated(article)
    match article.page:
        case PageKind.MISSING:
            return {}
        case PageKind.PDF:
            return {article.path: Document("application/pdf", _PDF, modified)}
        case PageKind.SCRIPT:
            return {article.path: _html(outlet, script_page(outlet, article, base), modified)}
        case PageKind.ARTICLE:
            picture = Document("image/svg+xml", photo(article).encode(), modified)
            page = _html(outlet, article_page(outlet, article, base, clock), modified)
            return {article.path: page, photo_path(article): picture}


def _items(outlet: Outlet, feed: DemoFeed, base: str, clock: Clock) -> tuple[FeedItem, ...]:
    by_id = {article.id: article for article in outlet.articles}
    listed = [a for a in outlet.articles if feed.articles is None or a.id in feed.articles]
    listed.sort(key=clock.published, reverse=True)  # newest first, as feeds are
    regular = [_item(outlet, article, base, clock, full=feed.full_content) for article in listed]
    odd = [_odd_item(outlet, entry, by_id.get(entry.of or ""), base, clock) for entry in feed.odd]
    return (*regular, *odd)


def _item(outlet: Outlet, article: DemoArticle, base: str, clock: Clock, *, full: bool) -> FeedItem:
    whole = "".join(f"<p>{escape(p, quote=False)}</p>" for p in article.paragraphs)
    return FeedItem(
        id=article.id,
        title=article.title,
        link=urljoin(base, article.path),
        guid=f"tag:{outlet.slug}.example,2026:{article.id.partition('/')[2]}",
        published=clock.published(article).astimezone(outlet.zone),
        updated=clock.updated(article).astimezone(outlet.zone),
        summary=article.summary,
        content=whole if full else "",
        author=article.byline,
    )


def _odd_item(outlet: Outlet, entry: OddEntry, article: DemoArticle | None, base: str, clock: Clock) -> FeedItem:
    published = (clock.published(article) if article else clock.start).astimezone(outlet.zone)
    link = urljoin(base, article.path) + entry.query if article else ""
    return FeedItem(
        id=entry.id,
        title=entry.title or (article.title if article else ""),
        link=link.replace("http:", f"{entry.scheme}:", 1),
        guid=entry.guid,
        published=published,
        updated=published,
    )


def _feed_document(outlet: Outlet, feed: DemoFeed, base: str, items: tuple[FeedItem, ...]) -> Document:
    channel = Channel(
        title=outlet.name,
        home=urljoin(base, "/"),
        url=urljoin(base, feed.path),
        description=outlet.tagline,
        language=outlet.language,
    )
    content_type, text = render(feed.format, channel, items)
    return Document(content_type, text.encode(), max(item.updated for item in items))
