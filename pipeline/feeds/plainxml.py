"""Ordinary RSS 2.0 and Atom in one pass of a C parser, in the shape in which feedparser would give them.

Most feeds are well-formed and use a few elements in the usual way.  Those are read here, several times as fast;
at the first thing that is not on the lists below the whole document is left to feedparser, whose readings of the
unusual took twenty years to collect.  What both would make of a document is the same: the tests compare them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from lxml import etree

ATOM = "{http://www.w3.org/2005/Atom}"
_DC = "{http://purl.org/dc/elements/1.1/}"
_CONTENT = "{http://purl.org/rss/1.0/modules/content/}"
_SY = "{http://purl.org/rss/1.0/modules/syndication/}"
_BURNER = "{http://rssnamespace.org/feedburner/ext/1.0}"
_MEDIA = ("{http://search.yahoo.com/mrss/}", "{http://search.yahoo.com/mrss}")
# Elements without children of their own that say nothing about what is read of a feed.
_IGNORED = frozenset(
    [
        *("comments", "enclosure", "source", "generator", "docs", "copyright", "webMaster", "managingEditor", "cloud"),
        *("lastBuildDate", "rating", _DC + "rights", _DC + "publisher"),
        *(ATOM + name for name in ("generator", "icon", "logo", "rights", "subtitle")),
        *(space + name for space in _MEDIA for name in ("content", "thumbnail", "credit")),
        *("{http://purl.org/rss/1.0/modules/slash/}" + name for name in ("comments", "section", "department")),
        *("{http://wellformedweb.org/CommentAPI/}" + name for name in ("comment", "commentRss")),
        *("{http://purl.org/syndication/thread/1.0}" + name for name in ("total", "in-reply-to")),
        _SY + "updateBase",
        _BURNER + "info",
    ]
)
_PARENTS = frozenset(["image", "skipHours", "skipDays"])  # of leaves; "image" has a title and a link of its own
_IN_PARENTS = frozenset(["title", "link", "url", "width", "height", "description", "hour", "day"])
_LINK_ATTRIBUTES = frozenset(["href", "rel", "type", "title", "hreflang", "length"])
_SIMPLE_URL = re.compile(r"https?://[^/\s][^\s]*", re.IGNORECASE)
_NOT_PLAIN = re.compile(r"</\w+>|&#?\w+;")  # what makes feedparser wonder whether a text is HTML
_CONTROL = re.compile("[\x80-\x9f]")  # windows-1252 in disguise
_REFERENCE = re.compile(r"&([A-Za-z0-9_]+);")
_XML = "{http://www.w3.org/XML/1998/namespace}"


class _Unusual(Exception):
    """Something that is left to feedparser."""


@dataclass(slots=True)
class Found:
    """As ``feedparser.parse`` gives them, as far as they are read."""

    feed: dict[str, Any] = field(default_factory=dict)
    entries: list[dict[str, Any]] = field(default_factory=list)


def read_plain(text: str) -> Found | None:
    """The feed in ``text``, which has passed the guard; ``None`` where it is not ordinary or not well-formed."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, remove_comments=True)
    try:
        root = etree.fromstring(text.encode("utf-8", "replace"), parser)
        if root.tag == "rss" and set(root.attrib) <= {"version"}:
            return _rss(root)
        if root.tag == ATOM + "feed" and set(root.attrib) <= {_XML + "lang"}:
            return _atom(root)
    except (etree.XMLSyntaxError, _Unusual):
        return None
    return None


def _rss(root: Any) -> Found:
    found = Found()
    if len(root) != 1 or root[0].tag != "channel" or root[0].attrib:
        raise _Unusual
    for child in root[0]:
        if child.tag == "item":
            found.entries.append(_read(child, _RSS_ENTRY))
        else:
            _one(child, found.feed, _RSS_FEED)
    return found


def _atom(root: Any) -> Found:
    found = Found()
    if language := root.get(_XML + "lang"):
        found.feed["language"] = language.replace("_", "-")
    for child in root:
        if child.tag == ATOM + "entry":
            found.entries.append(_read(child, _ATOM_ENTRY))
        else:
            _one(child, found.feed, _ATOM_FEED)
    return found


Reader = Callable[[Any, dict[str, Any]], None]


def _read(element: Any, readers: dict[str, Reader]) -> dict[str, Any]:
    if element.attrib:
        raise _Unusual
    entry: dict[str, Any] = {}
    for child in element:
        _one(child, entry, readers)
    if "content" in entry and "summary" not in entry:  # feedparser fills the one from the other
        entry["summary"] = entry["content"][0]["value"]
    return entry


def _one(element: Any, into: dict[str, Any], readers: dict[str, Reader]) -> None:
    reader = readers.get(element.tag)
    if reader is not None:
        reader(element, into)
    elif element.tag in _PARENTS and not element.attrib:
        if any(len(child) or child.tag not in _IN_PARENTS or child.attrib for child in element):
            raise _Unusual
    elif element.tag not in _IGNORED or len(element) or any(key.startswith(_XML) for key in element.attrib):
        raise _Unusual


def _text(element: Any, attributes: frozenset[str] = frozenset()) -> str:
    """The text of an element without children, trimmed, in which feedparser would find nothing to repair."""
    if len(element) or set(element.attrib) - attributes:
        raise _Unusual
    text: str = (element.text or "").strip()
    if not text.isascii():
        if _CONTROL.search(text):
            raise _Unusual
        try:
            text.encode("latin-1").decode("utf-8")
        except UnicodeError:
            return text
        raise _Unusual  # UTF-8 that was taken for Latin-1
    return text


def _keep(into: dict[str, Any], key: str, value: object) -> None:
    if key in into:  # which of two counts depends on more than their order
        raise _Unusual
    into[key] = value


def _leaf(key: str) -> Reader:
    return lambda element, into: _keep(into, key, _text(element))


def _address(text: str) -> str:
    """``text`` where joining it with no base leaves it as it is."""
    if text and not _SIMPLE_URL.fullmatch(text) and ("://" in text or text != text.strip("/")):
        raise _Unusual
    return text


def _rss_title(element: Any, into: dict[str, Any]) -> None:
    text = _text(element)
    if _NOT_PLAIN.search(text):
        raise _Unusual
    _detailed(into, "title", text, "text/plain")


def _rss_link(element: Any, into: dict[str, Any]) -> None:
    text = _REFERENCE.sub(r"&\1", _address(_text(element)).replace("&amp;", "&"))
    if not text or any(link["rel"] == "alternate" for link in into.get("links", [])):
        raise _Unusual
    into.setdefault("links", []).append({"rel": "alternate", "type": "text/html", "href": text})


def _rss_guid(element: Any, into: dict[str, Any]) -> None:
    text = _text(element, frozenset(["isPermaLink"]))
    _keep(into, "id", text if element.get("isPermaLink", "true") != "true" else _address(text))


def _html(element: Any, into: dict[str, Any]) -> None:
    _detailed(into, "summary", _text(element), "text/html")


def _encoded(element: Any, into: dict[str, Any]) -> None:
    _keep(into, "content", [{"type": "text/html", "value": _text(element)}])


def _creator(element: Any, into: dict[str, Any]) -> None:
    name = _text(element)
    if not name or "@" in name:
        raise _Unusual
    into.setdefault("authors", []).append({"name": name})


def _atom_link(element: Any, into: dict[str, Any]) -> None:
    if len(element) or (element.text or "").strip() or set(element.attrib) - _LINK_ATTRIBUTES:
        raise _Unusual
    relation = element.get("rel", "alternate").lower()
    kind = element.get("type", "text/html").lower()
    href = element.get("href", "")
    if not href or not href.isascii() or not _SIMPLE_URL.fullmatch(href):
        raise _Unusual
    into.setdefault("links", []).append({"rel": relation, "type": kind, "href": href})


def _related_link(element: Any, into: dict[str, Any]) -> None:
    """In RSS: the page's own address is the business of ``link``."""
    _atom_link(element, into)
    if into["links"][-1]["rel"] == "alternate":
        raise _Unusual


def _typed(key: str) -> Reader:
    """Text constructs of Atom; inline XHTML has children and is not ordinary."""
    kinds = {"text": "text/plain", "html": "text/html"}

    def read(element: Any, into: dict[str, Any]) -> None:
        kind = kinds.get(element.get("type", "text"))
        if kind is None:
            raise _Unusual
        text = _text(element, frozenset(["type"]))
        if key == "content":
            _keep(into, "content", [{"type": kind, "value": text}])
        else:
            _detailed(into, key, text, kind)

    return read


def _detailed(into: dict[str, Any], key: str, text: str, kind: str) -> None:
    _keep(into, key, text)
    into[key + "_detail"] = {"type": kind, "value": text}


def _atom_author(element: Any, into: dict[str, Any]) -> None:
    if element.attrib:
        raise _Unusual
    parts = dict(_person(element))
    if not parts.get("name"):
        raise _Unusual
    into.setdefault("authors", []).append({"name": parts["name"]})


def _person(element: Any) -> Iterator[tuple[str, str]]:
    for child in element:
        if child.tag not in (ATOM + "name", ATOM + "uri", ATOM + "email"):
            raise _Unusual
        yield child.tag.removeprefix(ATOM), _text(child)


def _skipped(_element: Any, _into: dict[str, Any]) -> None:
    """Of a feed, not of its entries."""


_RSS_ENTRY: dict[str, Reader] = {
    "title": _rss_title,
    "link": _rss_link,
    "guid": _rss_guid,
    "description": _html,
    "pubDate": _leaf("published"),
    "author": _creator,
    _DC + "creator": _creator,
    _DC + "date": _leaf("updated"),
    _CONTENT + "encoded": _encoded,
    _BURNER + "origLink": _leaf("feedburner_origlink"),
    ATOM + "link": _related_link,
}
_RSS_FEED: dict[str, Reader] = {
    "title": _rss_title,
    "link": _rss_link,
    "language": _leaf("language"),
    "ttl": _leaf("ttl"),
    "description": _html,
    "pubDate": _leaf("published"),
    _SY + "updatePeriod": _leaf("sy_updateperiod"),
    _SY + "updateFrequency": _leaf("sy_updatefrequency"),
    ATOM + "link": _related_link,
}
_ATOM_ENTRY: dict[str, Reader] = {
    ATOM + "title": _typed("title"),
    ATOM + "link": _atom_link,
    ATOM + "id": lambda element, into: _keep(into, "id", _address(_text(element))),
    ATOM + "published": _leaf("published"),
    ATOM + "updated": _leaf("updated"),
    ATOM + "summary": _typed("summary"),
    ATOM + "content": _typed("content"),
    ATOM + "author": _atom_author,
    _BURNER + "origLink": _leaf("feedburner_origlink"),
}
_ATOM_FEED: dict[str, Reader] = {
    ATOM + "title": _typed("title"),
    ATOM + "link": _atom_link,
    ATOM + "id": lambda element, into: _keep(into, "id", _address(_text(element))),
    ATOM + "updated": _leaf("updated"),
    ATOM + "author": _skipped,
    _SY + "updatePeriod": _leaf("sy_updateperiod"),
    _SY + "updateFrequency": _leaf("sy_updatefrequency"),
}
