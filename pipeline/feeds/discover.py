"""A web page → the feeds it offers."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urljoin, urlsplit

from selectolax.lexbor import LexborHTMLParser

from pipeline.urls import is_web_url

MAX_PAGE = 500_000  # characters; links to feeds stand in the head
MAX_LINKS = 20
_XML_TYPES = frozenset(["application/xml", "text/xml", "application/json"])
_FEED_TYPES = frozenset(f"application/{kind}" for kind in ("rss+xml", "atom+xml", "rdf+xml", "feed+json"))
# Where feeds usually lie, in the order of how common it is.
COMMON_PATHS = (
    "/feed/",
    "/rss",
    "/rss.xml",
    "/feed.xml",
    "/atom.xml",
    "/index.xml",
    "/feed.json",
    "/sitemap-news.xml",
)


@dataclass(frozen=True, slots=True)
class FeedLink:
    """A feed that a page names (``guessed`` is false), or an address where one may lie."""

    url: str
    title: str = ""
    guessed: bool = False


def feed_links(page: str, url: str) -> list[FeedLink]:
    """Feeds that the page at ``url`` announces: first its autodiscovery links, then what looks like one."""
    tree = LexborHTMLParser(page[:MAX_PAGE])
    base_node = tree.css_first("base[href]")
    base = urljoin(url, (base_node.attributes.get("href") or "").strip()) if base_node else url
    found: dict[str, FeedLink] = {}
    for node in tree.css("link[rel][href]"):
        attrs = {key.lower(): (value or "").strip() for key, value in node.attributes.items()}
        kind = attrs.get("type", "").partition(";")[0].strip().lower()
        relations = attrs["rel"].lower().split()
        if "feed" in relations or (
            "alternate" in relations and kind in _FEED_TYPES | _XML_TYPES and not _is_api(attrs["href"])
        ):
            _add(found, base, attrs["href"], attrs.get("title", ""))
    for node in tree.css("a[href]"):
        href = (node.attributes.get("href") or "").strip()
        if _looks_like_feed(href):
            _add(found, base, href, node.text(deep=True)[:200])
    return list(found.values())[:MAX_LINKS]


def guesses(url: str) -> list[FeedLink]:
    """Addresses on the same host where feeds commonly lie, for a person to try."""
    return [FeedLink(urljoin(url, path), guessed=True) for path in COMMON_PATHS]


def _add(found: dict[str, FeedLink], base: str, href: str, title: str) -> None:
    try:
        link = urljoin(base, href)
    except ValueError:
        return
    if is_web_url(link) and link not in found:
        found[link] = FeedLink(link, " ".join(title.split())[:200])


def _is_api(href: str) -> bool:
    return "/wp-json/" in href or "oembed" in href  # announced like feeds by WordPress


def _looks_like_feed(href: str) -> bool:
    try:
        path = urlsplit(href).path.lower()
    except ValueError:
        return False
    return path.endswith(
        (".rss", ".atom", "/rss", "/feed", "/feed/", "/rss.xml", "/feed.xml", "/atom.xml", "/feed.json")
    )
