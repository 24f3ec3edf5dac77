"""JSON Feed 1.0 and 1.1 (jsonfeed.org); feedparser does not read it."""

from __future__ import annotations

import html
import json
import re
from typing import Any

from pipeline.errors import FeedRejected
from pipeline.feeds.raw import RawEntry, RawFeed, names, title_of
from pipeline.model import FeedHints, Reason

_VERSION = re.compile(r"https?://(?:www\.)?jsonfeed\.org/version/1", re.IGNORECASE)
_ITEMS = re.compile(r'"items"\s*:\s*\[')
_NEXT = re.compile(r"[^\s,]")


def read_json_feed(text: str, max_entries: int) -> RawFeed:
    """The feed; of one that ends in the middle, the items before the break.  Raises ``FeedRejected``."""
    truncated = False
    try:
        document = json.loads(text)
    except RecursionError:
        raise FeedRejected(Reason.FEED_NOT_A_FEED, "JSON nested too deeply") from None
    except ValueError as error:
        document = _before_break(text, max_entries + 1)
        truncated = True
        if not document["items"]:
            raise FeedRejected(Reason.FEED_NOT_A_FEED, f"not valid JSON: {error}") from None
    if not isinstance(document, dict):
        raise FeedRejected(Reason.FEED_NOT_A_FEED, "JSON, but not an object")
    items = document.get("items")
    if not isinstance(items, list) or not (_VERSION.match(_text(document, "version")) or truncated):
        raise FeedRejected(Reason.FEED_NOT_A_FEED, "JSON, but not a JSON Feed (no version, or no items)")
    return RawFeed(
        title=title_of(_text(document, "title"), markup=False),
        site=_text(document, "home_page_url") or None,
        language=_text(document, "language") or None,
        entries=tuple(_entry(item) for item in items[:max_entries] if isinstance(item, dict)),
        hints=FeedHints(hub=_hub(document), self_url=_text(document, "feed_url") or None),
        left=max(0, len(items) - max_entries),
        truncated=truncated,
    )


def _before_break(text: str, limit: int) -> dict[str, Any]:
    """Items that are complete, read one after the other until one is not."""
    items: list[Any] = []
    start = _ITEMS.search(text)
    position = start.end() if start else len(text)
    decoder = json.JSONDecoder()
    while len(items) < limit and (begin := _NEXT.search(text, position)):
        try:
            item, position = decoder.raw_decode(text, begin.start())
        except (ValueError, RecursionError):
            break
        items.append(item)
    return {"items": items}


def _entry(item: dict[str, Any]) -> RawEntry:
    content = _text(item, "content_html")
    if not content and (plain := _text(item, "content_text")):
        content = "".join(f"<p>{html.escape(p)}</p>" for p in plain.split("\n\n") if p.strip())
    summary = _text(item, "summary")
    identity = item.get("id")
    return RawEntry(
        guid=str(identity) if isinstance(identity, str | int | float) and identity != "" else None,
        link=_text(item, "url") or _text(item, "external_url") or None,
        title=title_of(_text(item, "title"), markup=False),
        summary=html.escape(summary) if summary else "",
        content=content,
        authors=_authors(item),
        published=_text(item, "date_published") or None,
        updated=_text(item, "date_modified") or None,
        language=_text(item, "language") or None,
        size=len(content.encode("utf-8", "replace")) + len(summary),
    )


def _authors(item: dict[str, Any]) -> tuple[str, ...]:
    people = item.get("authors")
    if not isinstance(people, list):
        people = [item.get("author")]  # version 1.0
    return names([_text(person, "name") for person in people[:100] if isinstance(person, dict)])


def _hub(document: dict[str, Any]) -> str | None:
    hubs = document.get("hubs")
    for hub in hubs[:10] if isinstance(hubs, list) else []:
        if isinstance(hub, dict) and _text(hub, "type").lower() == "websub":
            return _text(hub, "url") or None
    return None


def _text(table: dict[str, Any], key: str) -> str:
    value = table.get(key)
    return value.encode("utf-8", "replace").decode() if isinstance(value, str) else ""
