"""RSS 0.9-2.0, RDF and Atom: what feedparser, or the quick reader of ordinary feeds, found → ``RawFeed``.

feedparser gets UTF-8 that has passed the guard, no base address (so that it never resolves a GUID into a
link), and neither cleans nor rewrites HTML.  It does join links with ``xml:base``; what is still relative
after that is resolved against the feed's own address later on.
"""

from __future__ import annotations

import html
import io
import re
from datetime import timedelta
from typing import Any

import feedparser

from pipeline.errors import FeedRejected
from pipeline.feeds.plainxml import read_plain
from pipeline.feeds.raw import RawEntry, RawFeed, names, plain, title_of
from pipeline.model import FeedHints, Reason

# What defects of feedparser look like; running out of memory is not among them.
_STUMBLES = (LookupError, ValueError, TypeError, AttributeError, ArithmeticError, AssertionError, RecursionError)
_HEADERS = {"content-type": "application/xml; charset=utf-8"}
_ABSOLUTE = re.compile(r"https?://[^\s<>\"]+$", re.IGNORECASE)
_HTML_TYPES = frozenset(["text/html", "application/xhtml+xml", ""])
_PERIODS = {"hourly": 1.0, "daily": 24.0, "weekly": 168.0, "monthly": 730.0, "yearly": 8760.0}  # hours
MAX_INTERVAL = timedelta(days=7)  # what a feed may ask for at most; more is a slip of the pen
_SKIP = re.compile(r"<skip(hours|days)\b[^<>]{0,200}>(.{0,2000}?)</skip\1\s*>", re.IGNORECASE | re.DOTALL)
_SKIPPED = re.compile(r"<(?:hour|day)\b[^<>]{0,200}>\s{0,20}(\w{1,10})", re.IGNORECASE)
_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


def read_xml_feed(text: str) -> RawFeed:
    """The feed in ``text``, which has passed ``pipeline.feeds.guard``.

    Raises ``FeedRejected`` where feedparser stumbles, which it does over some orders of tags.
    """
    return raw_feed(read_plain(text) or by_feedparser(text), text)


def by_feedparser(text: str) -> Any:
    """What feedparser finds; raises ``FeedRejected``."""
    try:
        return feedparser.parse(
            io.BytesIO(b"<?xml version='1.0' encoding='utf-8'?>\n" + text.encode("utf-8", "replace")),
            response_headers=_HEADERS,
            resolve_relative_uris=False,
            sanitize_html=False,
        )
    except _STUMBLES as error:
        raise FeedRejected(Reason.FEED_NOT_A_FEED, f"damaged beyond reading ({type(error).__name__})") from None


def raw_feed(found: Any, text: str) -> RawFeed:
    """The feed of which a parser ``found`` feed and entries in ``text``."""
    feed = found.feed
    return RawFeed(
        title=_title(feed),
        site=_link(feed),
        language=_string(feed, "language") or None,
        entries=tuple(_entry(entry) for entry in found.entries),
        hints=_hints(feed, text),
    )


def _entry(entry: Any) -> RawEntry:
    content = max((_markup(part) for part in _parts(entry, "content")), key=len, default="")
    summary = _markup(_part(entry, "summary_detail") or {"value": _string(entry, "summary")})
    return RawEntry(
        guid=_string(entry, "id") or None,
        link=_link(entry),
        title=_title(entry),
        summary="" if summary == content else summary,  # feedparser fills the one from the other
        content=content,
        authors=_authors(entry),
        published=_string(entry, "published") or _string(entry, "created") or None,
        updated=_string(entry, "updated") or None,
        language=_string(entry, "language") or None,
    )


def _title(thing: Any) -> str:
    kind = _part(thing, "title_detail").get("type", "text/html")
    return title_of(_string(thing, "title"), markup=kind != "text/plain")


def _link(thing: Any) -> str | None:
    """The address of the page: FeedBurner's original, the first alternate, a GUID that is an address."""
    original = _string(thing, "feedburner_origlink")
    if original:
        return original
    alternates = [link for link in _parts(thing, "links") if link.get("rel") == "alternate" and link.get("href")]
    for link in alternates:
        if (link.get("type") or "").lower() in _HTML_TYPES:
            return str(link["href"]).strip()
    if alternates:
        return str(alternates[0]["href"]).strip()
    guid = _string(thing, "id")
    return guid if _ABSOLUTE.match(guid) else None


def _parts(thing: Any, name: str) -> list[Any]:
    """A list that feedparser keeps; elements of the same name (``<links>``) leave plain text in its place."""
    found = thing.get(name)
    return [part for part in found if isinstance(part, dict)] if isinstance(found, list) else []


def _part(thing: Any, name: str) -> dict[str, Any]:
    """The same for a single one."""
    found = thing.get(name)
    return found if isinstance(found, dict) else {}


def _markup(detail: Any) -> str:
    value = detail.get("value") or ""
    return html.escape(value, quote=False) if detail.get("type") == "text/plain" else str(value)


def _authors(entry: Any) -> tuple[str, ...]:
    people = [_string(person, "name") for person in _parts(entry, "authors")[:100]]
    return names(list(map(plain, people if any(people) else [_string(entry, "author")])))


def _hints(feed: Any, text: str) -> FeedHints:
    skipped: dict[str, list[str]] = {"hours": [], "days": []}
    for match in _SKIP.finditer(text[:200_000]):  # part of the channel, which comes first
        skipped[match[1].lower()] += [value.lower() for value in _SKIPPED.findall(match[2])]
    hours = frozenset(int(h) % 24 for h in skipped["hours"] if h.isascii() and h.isdigit() and int(h) <= 24)
    days = frozenset(_DAYS.index(day) for day in skipped["days"] if day in _DAYS)
    return FeedHints(
        ttl=_hours(_number(feed, "ttl") / 60),
        update_interval=_update_interval(feed),
        skip_hours=hours if len(hours) < 24 else frozenset(),  # all of them: then it says nothing
        skip_days=days if len(days) < 7 else frozenset(),
        hub=_related(feed, "hub"),
        self_url=_related(feed, "self"),
    )


def _related(feed: Any, relation: str) -> str | None:
    links = _parts(feed, "links")
    return next((str(k["href"]) for k in links if k.get("rel") == relation and k.get("href")), None)


def _update_interval(feed: Any) -> timedelta | None:
    """RSS 1.0 syndication module: ``updatePeriod`` divided by ``updateFrequency`` (default daily, once)."""
    period, frequency = _string(feed, "sy_updateperiod").lower(), _number(feed, "sy_updatefrequency")
    if not period and not frequency:
        return None
    return _hours(_PERIODS.get(period, 24.0) / max(1.0, frequency))


def _hours(hours: float) -> timedelta | None:
    return min(timedelta(hours=hours), MAX_INTERVAL) if 0 < hours < 1e6 else None


def _number(thing: Any, key: str) -> float:
    value = _string(thing, key)
    return float(value) if value.isascii() and value.isdigit() and len(value) < 10 else 0.0


def _string(thing: Any, key: str) -> str:
    value = dict.get(thing, key)  # feedparser's own get answers "updated" with "published"
    return value.strip() if isinstance(value, str) else ""
