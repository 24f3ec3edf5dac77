"""A web page → the feeds it offers.

Read from its tags by one linear pattern, not from a tree: pages come here because they are not what was
asked for, and a tree builder takes 16 s for 100,000 nested elements.
"""

from __future__ import annotations

import html
import re
from dataclasses import dataclass
from urllib.parse import urljoin, urlsplit

from pipeline.text import one_line
from pipeline.urls import is_web_url

MAX_PAGE = 500_000  # characters; links to feeds stand in the head
MAX_LINKS = 20
_TAG = re.compile(r"<(link|a|base)(?=[\s/])((?>[^<>\"']++|\"[^\"<]*+\"|'[^'<]*+')*+)>([^<]{0,200})", re.IGNORECASE)
_ATTRIBUTE = re.compile(r"([a-z\-:]+)\s*=\s*(?:\"([^\"]*)\"|'([^']*)'|([^\s\"'>]+))", re.IGNORECASE)
_XML_TYPES = frozenset(["application/xml", "text/xml", "application/json"])
_FEED_TYPES = frozenset(f"application/{kind}" for kind in ("rss+xml", "atom+xml", "rdf+xml", "feed+json"))
_FEED_ENDS = (".rss", ".atom", "/rss", "/feed", "/feed/", "/rss.xml", "/feed.xml", "/atom.xml", "/feed.json")
# Where feeds commonly lie, in the order of trying.
COMMON_PATHS = ("/feed/", "/rss", "/rss.xml", "/feed.xml", "/atom.xml", "/index.xml", "/feed.json")
NEWS_SITEMAPS = ("/sitemap-news.xml", "/news-sitemap.xml")


@dataclass(frozen=True, slots=True)
class FeedLink:
    """A feed that a page names, or (``guessed``) an address where one may lie."""

    url: str
    title: str = ""
    guessed: bool = False


def feed_links(page: str, url: str) -> list[FeedLink]:
    """Feeds that the page at ``url`` names, at most 20: those it announces, then links that look like one."""
    base = url
    announced: dict[str, FeedLink] = {}
    linked: dict[str, FeedLink] = {}
    for match in _TAG.finditer(_without_silent(page[:MAX_PAGE])):
        name, attrs = match[1].lower(), _attributes(match[2])
        href = attrs.get("href", "")
        if not href:
            continue
        if name == "base":
            base = _joined(url, href) or base
        elif name == "link" and _announces(attrs):
            _add(announced, base, href, attrs.get("title", ""))
        elif name == "a" and _looks_like_feed(href):
            _add(linked, base, href, html.unescape(match[3]))
    others = [link for address, link in linked.items() if address not in announced]
    return [*announced.values(), *others][:MAX_LINKS]


def guesses(url: str) -> list[FeedLink]:
    """Addresses on the host of ``url`` where feeds and news sitemaps commonly lie, for a person to try."""
    return [FeedLink(urljoin(url, path), guessed=True) for path in COMMON_PATHS + NEWS_SITEMAPS]


def _without_silent(page: str) -> str:
    """The page without comments and scripts, as far as those are closed."""
    for opening, closing in (("<!--", "-->"), ("<script", "</script"), ("<template", "</template")):
        parts = []
        position = 0
        lower = page.lower()
        while (start := lower.find(opening, position)) >= 0:
            end = lower.find(closing, start)
            if end < 0:
                break
            parts.append(page[position:start])
            position = end
        page = "".join(parts) + page[position:]
    return page


def _attributes(text: str) -> dict[str, str]:
    found = _ATTRIBUTE.findall(text[:5_000])
    return {key.lower(): html.unescape(a or b or c).strip() for key, a, b, c in found}


def _announces(attrs: dict[str, str]) -> bool:
    relations = attrs.get("rel", "").lower().split()
    kind = attrs.get("type", "").partition(";")[0].strip().lower()
    if "feed" in relations:
        return True
    if "alternate" not in relations or "oembed" in attrs["href"] or "/wp-json/" in attrs["href"]:
        return False  # WordPress announces its programming interface in the same way
    return kind in _FEED_TYPES or kind in _XML_TYPES


def _looks_like_feed(href: str) -> bool:
    try:
        return urlsplit(href).path.lower().endswith(_FEED_ENDS)
    except ValueError:
        return False


def _joined(base: str, href: str) -> str | None:
    try:
        link = urljoin(base, href)
    except ValueError:
        return None
    return link if is_web_url(link) else None


def _add(found: dict[str, FeedLink], base: str, href: str, title: str) -> None:
    link = _joined(base, href)
    if link is not None and link not in found:
        found[link] = FeedLink(link, one_line(title)[:200])
