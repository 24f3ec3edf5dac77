"""What the head says in passing: other addresses of the article, section, keywords, lead image."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from urllib.parse import urljoin, urlsplit

from pipeline.articles.head import Head
from pipeline.articles.jsonld import text_of, url_of
from pipeline.text import one_line
from pipeline.urls import canonical_url, is_web_url

_MOST_KEYWORDS = 30
_LONGEST_KEYWORD = 80  # characters
_LONGEST_SECTION = 100


@dataclass(frozen=True, slots=True)
class PageLinks:
    """Other addresses of the same article, absolute; ``None`` where the page names none."""

    next_page: str | None = None
    amp: str | None = None
    print: str | None = None
    canonical: str | None = None


def links_of(head: Head, url: str) -> PageLinks:
    """Addresses from the ``link`` elements and from ``og:url``."""
    return PageLinks(
        next_page=_absolute(head.link("next"), url),
        amp=_absolute(head.link("amphtml"), url),
        print=_absolute(head.link("print"), url),
        canonical=_canonical(head.link("canonical") or head.meta("og:url"), url),
    )


def brand_of(url: str) -> str:
    """The host's own name: "example" of www.example.co.uk."""
    labels = (urlsplit(url).hostname or "").removeprefix("www.").split(".")
    return max(labels[:-1] or labels, key=len)


def section_of(head: Head) -> str | None:
    """The section by its first name."""
    value = text_of(head.json_ld.article.get("articleSection")) or head.meta(
        "article:section", "parsely-section", "section"
    )
    return one_line(value)[:_LONGEST_SECTION] or None


def keywords_of(head: Head) -> tuple[str, ...]:
    """Keywords in the page's order, each once."""
    value = head.json_ld.article.get("keywords")
    words = [text_of(item) for item in value] if isinstance(value, list) else text_of(value).split(",")
    if not any(words):
        words = list(head.metas.get("article:tag", ())) or head.meta("news_keywords", "keywords").split(",")
    return tuple(dict.fromkeys(filter(None, (one_line(word)[:_LONGEST_KEYWORD] for word in words))))[:_MOST_KEYWORDS]


def image_of(head: Head, url: str) -> str | None:
    """Address of the lead image."""
    named = head.meta("og:image", "og:image:url", "twitter:image")
    return _absolute(url_of(head.json_ld.article.get("image")) or named, url)


def site_links(head: Head, url: str) -> Callable[[str], bool]:
    """Whether a text is the whole text of a link to another page of the site; the links are read when first asked."""

    @cache
    def texts() -> frozenset[str]:
        host = urlsplit(url).netloc.removeprefix("www.")
        links = ((link, link.attributes.get("href") or "") for link in head.tree.css("a[href]"))
        return frozenset(one_line(link.text()) for link, href in links if _stays_on(href, host))

    return lambda text: text in texts()


def _stays_on(href: str, host: str) -> bool:
    """Told without taking the address apart: a page has hundreds of links.  Sites have hosts for parts of them."""
    if "://" in href or href.startswith("//"):
        there = href.partition("//")[2].partition("/")[0]
        return there == host or there.endswith(f".{host}")
    return bool(href) and not href.startswith(("#", "mailto:", "tel:", "javascript:"))


def _absolute(href: str, url: str) -> str | None:
    try:
        address = urljoin(url, href) if href else ""
    except ValueError:
        return None
    return address if address and is_web_url(address) and address.split("#")[0] != url.split("#")[0] else None


def _canonical(href: str, url: str) -> str | None:
    """The canonical address, unless it is the front page that careless templates put on every page."""
    try:
        address = urljoin(url, href) if href else ""
        if not address or not is_web_url(address):
            return None
        if not urlsplit(address).path.strip("/") and not urlsplit(address).query and urlsplit(url).path.strip("/"):
            return None
        return canonical_url(address).url
    except ValueError:
        return None
