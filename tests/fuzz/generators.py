"""Feeds and pages that strangers might write: whole documents for hypothesis, well formed around hostile values.

Random bytes end in the first lines of a parser; these reach what lies behind it.
"""

from __future__ import annotations

import html
import json
from collections.abc import Mapping
from typing import Any

from hypothesis import strategies as st

HOSTILE = (
    "\x1b[2Jgone",
    "=1+1",
    "<script>alert(1)</script>",
    "]]>",
    "&amp;lt;b&amp;gt;",
    "\u202egnp.exe",
    "' OR 1=1 --",
    "{{7*7}}",
    "\ufeff",
    "a\u0300" * 40,
    "x" * 3_000,
    "Ferry “Aurora” late – again",
    "渡船停运三天",
    "العبّارة متوقفة",
)
ADDRESSES = (
    "https://news.example/2026/05/04/ferry",
    "/relative?utm_source=x#top",
    "//other.example/a",
    "http://127.0.0.1:8080/",
    "javascript:alert(1)",
    "data:text/html,x",
    "https://xn--/",
    "http://[::1",
    "https://user:secret@news.example/",
    "https://news.example/" + "a/" * 400,
    "",
)
STAMPS = (
    "Mon, 04 May 2026 09:30:00 +0200",
    "2026-05-04T09:30:00Z",
    "2026-05-04",
    "0000-00-00T99:99:99Z",
    "9999-12-31T23:59:59-23:59",
    "0001-01-01T00:00:00+23:59",
    "yesterday",
    "1778000000",
    "",
)
SENTENCE = "The ferry to the northern islands stayed in port while divers looked at its propeller for hours. "
_ALLOWED = st.characters(codec="utf-8", exclude_characters="\x00", exclude_categories=("Cs",))

texts = st.one_of(st.sampled_from(HOSTILE), st.text(_ALLOWED, max_size=30))
addresses = st.one_of(st.sampled_from(ADDRESSES), texts)
stamps = st.one_of(st.sampled_from(STAMPS), texts)
blocks = st.one_of(texts, st.integers(1, 6).map(SENTENCE.__mul__))
_XML_NO = dict.fromkeys(set(range(32)) - set(map(ord, "\t\n\r")) | {0xFFFE, 0xFFFF})


def _xml(text: str) -> str:
    """As the text of an element or the value of an attribute; XML 1.0 knows no control characters."""
    return html.escape(text.translate(_XML_NO))


def _elements(parts: Mapping[str, str]) -> str:
    return "".join(f"<{name}>{_xml(value)}</{name}>" for name, value in parts.items())


_RSS_PARTS = st.fixed_dictionaries(
    {},
    optional={
        "title": texts,
        "link": addresses,
        "guid": addresses,
        "description": blocks,
        "content:encoded": texts,
        "pubDate": stamps,
        "dc:date": stamps,
        "dc:creator": texts,
        "author": texts,
    },
)


@st.composite
def rss(draw: st.DrawFn) -> tuple[str, int]:
    """An RSS 2.0 document and how many items it has."""
    items = draw(st.lists(_RSS_PARTS, max_size=5))
    inside = "".join(f"<item>{_elements(item)}</item>" for item in items)
    spaces = 'xmlns:content="http://purl.org/rss/1.0/modules/content/" xmlns:dc="http://purl.org/dc/elements/1.1/"'
    head = _elements({"title": draw(texts), "ttl": draw(texts)})
    return f'<rss version="2.0" {spaces}><channel>{head}{inside}</channel></rss>', len(items)


@st.composite
def atom(draw: st.DrawFn) -> tuple[str, int]:
    """An Atom document and how many entries it has."""
    parts = st.fixed_dictionaries(
        {}, optional={"title": texts, "id": addresses, "updated": stamps, "published": stamps, "summary": blocks}
    )
    entries = draw(st.lists(st.tuples(parts, addresses), max_size=5))
    inside = "".join(f'<entry>{_elements(entry)}<link href="{_xml(link)}"/></entry>' for entry, link in entries)
    head = _elements({"title": draw(texts)})
    return f'<feed xmlns="http://www.w3.org/2005/Atom">{head}{inside}</feed>', len(entries)


json_values: st.SearchStrategy[Any] = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), texts, addresses, stamps),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(texts, inner, max_size=3)),
    max_leaves=6,
)


@st.composite
def json_feed(draw: st.DrawFn) -> tuple[str, int]:
    """A JSON Feed whose values have any type, and how many items it has."""
    names = ("id", "url", "external_url", "title", "content_html", "content_text", "summary", "date_published")
    item = st.fixed_dictionaries(
        {}, optional=dict.fromkeys((*names, "date_modified", "authors", "language"), json_values)
    )
    items = draw(st.lists(item, max_size=5))
    feed = {"version": "https://jsonfeed.org/version/1.1", "title": draw(json_values), "items": items}
    return json.dumps(feed), len(items)


feeds = st.one_of(rss(), atom(), json_feed())

_TAGS = ("p", "div", "span", "h1", "h2", "ul", "li", "table", "tr", "td", "article", "a", "time", "blockquote", "form")


def _wrapped(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """Elements around others; one in so many is never closed."""
    attribute = st.sampled_from(("", ' class="byline"', ' itemprop="articleBody"', ' datetime="2026-05-04"'))
    return st.builds(
        lambda tag, given, parts, closed: f"<{tag}{given}>{''.join(parts)}" + f"</{tag}>" * closed,
        st.sampled_from(_TAGS),
        attribute,
        st.lists(inner, max_size=4),
        st.sampled_from((True, True, True, False)),
    )


_bodies = st.lists(st.recursive(blocks, _wrapped, max_leaves=8), max_size=6)
_TYPES = st.one_of(st.sampled_from(("NewsArticle", "LiveBlogPosting", "VideoObject")), json_values)
_ABOUT = ("headline", "articleBody", "author", "datePublished", "publisher", "isAccessibleForFree", "@graph")
_ld = st.fixed_dictionaries({"@type": _TYPES}, optional=dict.fromkeys(_ABOUT, json_values))
_METAS = ("og:title", "og:type", "article:published_time", "author", "description", "og:url", "news_keywords")


@st.composite
def pages(draw: st.DrawFn) -> str:
    """A page: markup of its head with values of any kind, and nested elements around text."""
    metas = "".join(
        f'<meta property="{name}" content="{_xml(value)}">'
        for name, value in draw(st.dictionaries(st.sampled_from(_METAS), st.one_of(texts, addresses, stamps))).items()
    )
    block = json.dumps(draw(_ld)) if draw(st.booleans()) else draw(texts)
    canonical = f'<link rel="canonical" href="{_xml(draw(addresses))}">'
    body = "".join(draw(_bodies))
    head = f"<title>{_xml(draw(texts))}</title>{metas}{canonical}"
    return f'<html><head>{head}<script type="application/ld+json">{block}</script></head><body>{body}</body></html>'
