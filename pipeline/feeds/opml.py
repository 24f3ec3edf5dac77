"""Lists of feeds in OPML 2.0 (opml.org/spec2.opml), in and out.

Credentials and headers are never written.  What OPML has no word for goes into attributes of a namespace of
our own, which other readers pass over, so that a list which left here comes back as it was.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit
from xml.parsers.expat import ExpatError
from xml.sax.saxutils import escape, quoteattr

from pipeline.errors import UsageError
from pipeline.feeds.decode import decoded
from pipeline.feeds.xmltree import Node, read_tree
from pipeline.model import FeedSource
from pipeline.text import one_line
from pipeline.urls import is_web_url, mask_url, split_url

MAX_FEEDS = 100_000
MAX_NAME = 200  # characters of an outlet's name
_NAMESPACE = "https://storyfold.invalid/opml"  # a name, not an address (RFC 2606)


@dataclass(frozen=True, slots=True)
class OpmlFeeds:
    """Feeds in document order, each once; ``notes`` has a line for each outline that was left out."""

    feeds: tuple[FeedSource, ...]
    notes: tuple[str, ...] = ()


def read_opml(data: bytes) -> OpmlFeeds:
    """The feeds of an OPML file, however its outlines are nested.

    Raises ``UsageError`` where ``data`` is not OPML: malformed, another root element, entity declarations,
    nested more than 200 deep, or more than 100,000 feeds.
    """
    text = decoded(data, None).lstrip("\ufeff \t\r\n")
    try:
        root = read_tree(text)
    except ExpatError as error:
        raise UsageError(f"not an OPML file: {error}") from None
    if root.name != "opml":
        raise UsageError(f"not an OPML file: the root element is {root.name!r}")
    found: dict[str, FeedSource] = {}
    notes: list[str] = []
    for outline in _outlines(root):
        url = outline.attrs["xmlurl"].strip()
        if not is_web_url(url):
            notes.append(f"{mask_url(url)[:200]!r} is not an http or https address")
        elif url in found:
            notes.append(f"{mask_url(url)} stands twice")
        else:
            found[url] = _source(url, outline)
        if len(found) > MAX_FEEDS:
            raise UsageError(f"more than {MAX_FEEDS:,} feeds")
    return OpmlFeeds(tuple(found.values()), tuple(notes))


def write_opml(feeds: Iterable[FeedSource], *, title: str, created: datetime) -> str:
    """``feeds`` as an OPML 2.0 document, grouped by nothing, in their order."""
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        f'<opml version="2.0" xmlns:sf="{_NAMESPACE}">',
        f"  <head><title>{escape(title)}</title><dateCreated>{created:%a, %d %b %Y %H:%M:%S} GMT</dateCreated></head>",
        "  <body>",
        *(f"    <outline {_attributes(feed)}/>" for feed in feeds),
        "  </body>",
        "</opml>",
        "",
    ]
    return "\n".join(lines)


def _outlines(root: Node) -> Iterator[Node]:
    """Every outline that names a feed, in document order; a stack, because depth is the writer's choice."""
    waiting = [root]
    while waiting:
        node = waiting.pop()
        if node.name == "outline" and node.attrs.get("xmlurl"):
            yield node
        waiting += reversed(node.children)


def _source(url: str, outline: Node) -> FeedSource:
    attrs = outline.attrs
    name = one_line(attrs.get("outlet") or attrs.get("text") or attrs.get("title") or "")
    return FeedSource(
        url=url,
        outlet=name[:MAX_NAME] or (urlsplit(url).hostname or url),
        interval_minutes=_number(attrs.get("intervalminutes"), 0, 10_080),
        language=_word(attrs.get("language")),
        country=_word(attrs.get("country")),
        priority=int(_number(attrs.get("priority"), -1000, 1000) or 0),
    )


def _attributes(feed: FeedSource) -> str:
    pairs = {
        "type": "rss",
        "text": feed.outlet,
        "title": feed.outlet,
        "xmlUrl": split_url(feed.url)._replace(userinfo=None).text if "@" in feed.url else feed.url,
        "language": feed.language,
        "sf:country": feed.country,
        "sf:intervalMinutes": None if feed.interval_minutes is None else f"{feed.interval_minutes:g}",
        "sf:priority": str(feed.priority) if feed.priority else None,
    }
    return " ".join(f"{name}={quoteattr(_valid(value))}" for name, value in pairs.items() if value)


def _valid(text: str) -> str:
    """``text`` without characters that XML cannot hold."""
    return "".join(c for c in text if c >= " " and not "\ud800" <= c <= "\udfff" and c not in "\ufffe\uffff")


def _number(text: str | None, low: float, high: float) -> float | None:
    try:
        number = float(text or "")
    except ValueError:
        return None
    return number if low <= number <= high else None  # not a number compares as neither


def _word(text: str | None) -> str | None:
    text = (text or "").strip()
    return text if 2 <= len(text) <= 35 and text.replace("-", "").isalnum() else None
