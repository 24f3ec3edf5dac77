"""Entries → feed documents in the formats that outlets publish: RSS 0.91, 1.0 and 2.0, Atom, JSON Feed."""

from __future__ import annotations

import json
from dataclasses import dataclass
from email.utils import format_datetime
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape, quoteattr

from pipeline.demo.world import FeedFormat

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime


@dataclass(frozen=True, slots=True)
class FeedItem:
    """One entry of a feed document; ``id`` names it in the demo and is not published."""

    id: str
    title: str
    link: str  # "" where the entry has none
    guid: str
    published: datetime
    updated: datetime
    summary: str = ""  # plain
    content: str = ""  # HTML
    author: str = ""


@dataclass(frozen=True, slots=True)
class Channel:
    """What stands at the head of a feed document."""

    title: str
    home: str
    url: str  # of the feed itself
    description: str
    language: str


def render(kind: FeedFormat, channel: Channel, items: Sequence[FeedItem]) -> tuple[str, str]:
    """``(content type, document)``; raises ``KeyError`` for the kinds that are no feed format."""
    writers: dict[FeedFormat, tuple[str, Callable[[Channel, Sequence[FeedItem]], str]]] = {
        FeedFormat.RSS: ("application/rss+xml; charset=utf-8", _rss),
        FeedFormat.RSS091: ("text/xml; charset=utf-8", _rss091),
        FeedFormat.RDF: ("application/rdf+xml; charset=utf-8", _rdf),
        FeedFormat.ATOM: ("application/atom+xml; charset=utf-8", _atom),
        FeedFormat.JSON: ("application/feed+json", _json),
    }
    content_type, write = writers[kind]
    return content_type, write(channel, items)


def _element(name: str, text: str, attributes: str = "") -> str:
    """One element on its own line; nothing at all for an empty text."""
    return f"<{name}{attributes}>{escape(text)}</{name}>\n" if text else ""


def _head(channel: Channel) -> str:
    return (
        _element("title", channel.title) + _element("link", channel.home) + _element("description", channel.description)
    )


def _rss(channel: Channel, items: Sequence[FeedItem]) -> str:
    body = "".join(
        "<item>\n"
        + _element("title", item.title)
        + _element("link", item.link)
        + _element("guid", item.guid, ' isPermaLink="false"')
        + _element("pubDate", format_datetime(item.published))
        + _element("dc:creator", item.author)
        + _element("description", item.summary)
        + _element("content:encoded", item.content)
        + "</item>\n"
        for item in items
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<rss version="2.0" xmlns:dc="http://purl.org/dc/elements/1.1/"'
        ' xmlns:content="http://purl.org/rss/1.0/modules/content/" xmlns:atom="http://www.w3.org/2005/Atom">\n'
        f"<channel>\n{_head(channel)}"
        f'<atom:link rel="self" type="application/rss+xml" href={quoteattr(channel.url)}/>\n'
        f"{_element('language', channel.language)}<ttl>15</ttl>\n{body}</channel>\n</rss>\n"
    )


def _rss091(channel: Channel, items: Sequence[FeedItem]) -> str:
    body = "".join(
        "<item>\n"
        + _element("title", item.title)
        + _element("link", item.link)
        + _element("description", item.summary)
        + "</item>\n"
        for item in items
    )
    return (
        f'<?xml version="1.0"?>\n<rss version="0.91">\n<channel>\n{_head(channel)}'
        f"{_element('language', channel.language)}{body}</channel>\n</rss>\n"
    )


def _rdf(channel: Channel, items: Sequence[FeedItem]) -> str:
    order = "".join(f"<rdf:li rdf:resource={quoteattr(item.link)}/>\n" for item in items)
    body = "".join(
        f"<item rdf:about={quoteattr(item.link)}>\n"
        + _element("title", item.title)
        + _element("link", item.link)
        + _element("description", item.summary)
        + _element("dc:date", item.published.isoformat(timespec="seconds"))
        + _element("dc:creator", item.author)
        + "</item>\n"
        for item in items
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/"'
        ' xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:sy="http://purl.org/rss/1.0/modules/syndication/">\n'
        f"<channel rdf:about={quoteattr(channel.url)}>\n{_head(channel)}"
        "<sy:updatePeriod>hourly</sy:updatePeriod>\n<sy:updateFrequency>2</sy:updateFrequency>\n"
        f"<items>\n<rdf:Seq>\n{order}</rdf:Seq>\n</items>\n</channel>\n{body}</rdf:RDF>\n"
    )


def _atom(channel: Channel, items: Sequence[FeedItem]) -> str:
    body = "".join(
        "<entry>\n"
        + _element("id", item.guid)
        + _element("title", item.title)
        + (f'<link rel="alternate" type="text/html" href={quoteattr(item.link)}/>\n' if item.link else "")
        + _element("published", item.published.isoformat(timespec="seconds"))
        + _element("updated", item.updated.isoformat(timespec="seconds"))
        + (f"<author>{_element('name', item.author)}</author>\n" if item.author else "")
        + _element("summary", item.summary)
        + _element("content", item.content, ' type="html"')
        + "</entry>\n"
        for item in items
    )
    newest = max(item.updated for item in items)
    return (
        f'<?xml version="1.0" encoding="utf-8"?>\n<feed xmlns="http://www.w3.org/2005/Atom"'
        f" xml:lang={quoteattr(channel.language)}>\n{_element('id', channel.url)}"
        f"{_element('title', channel.title)}{_element('subtitle', channel.description)}"
        f'<link rel="self" href={quoteattr(channel.url)}/>\n'
        f'<link rel="alternate" href={quoteattr(channel.home)}/>\n'
        f"{_element('updated', newest.isoformat(timespec='seconds'))}{body}</feed>\n"
    )


def _json(channel: Channel, items: Sequence[FeedItem]) -> str:
    def entry(item: FeedItem) -> dict[str, object]:
        fields: dict[str, object] = {
            "id": item.guid,
            "url": item.link,
            "title": item.title,
            "summary": item.summary,
            "content_html": item.content,
            "date_published": item.published.isoformat(timespec="seconds"),
            "authors": [{"name": item.author}] if item.author else [],
        }
        return {name: value for name, value in fields.items() if value}

    document = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": channel.title,
        "home_page_url": channel.home,
        "feed_url": channel.url,
        "description": channel.description,
        "language": channel.language,
        "items": [entry(item) for item in items],
    }
    return json.dumps(document, ensure_ascii=False, indent=1) + "\n"
