"""One function for each parser that is ours: bytes in, nothing but the errors it says it raises out.

``TARGETS`` names them.  Each also checks what must hold for whatever came out, so that a wrong answer is found as
well as a crash.  Used by ``tests/fuzz/run.py`` (atheris, guided by coverage) and, over the corpus and random bytes,
by the ordinary tests.
"""

from __future__ import annotations

import json
from argparse import ArgumentTypeError
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qsl

from pipeline.articles import extract_page
from pipeline.articles.bylines import clean_authors
from pipeline.articles.decode import decode_page
from pipeline.articles.jsonld import read_json_ld, text_of, url_of
from pipeline.articles.stamps import day_in_address, parse_stamp
from pipeline.cli.when import parse_when
from pipeline.dedup.tokens import normalised, tokenise
from pipeline.errors import Rejected, UsageError
from pipeline.feeds import FeedLimits, parse_feed, websub
from pipeline.feeds.dates import read_date
from pipeline.feeds.discover import feed_links
from pipeline.feeds.opml import read_opml
from pipeline.fetch.freshness import cache_control, freshness, http_date, retry_after
from pipeline.fetch.robots import rules_from_answer, verdict
from pipeline.model import FeedHints
from pipeline.storage import parse_query
from pipeline.text import printable, shortened
from pipeline.urls import (
    canonical_url,
    entry_identity_url,
    fold_alternates,
    is_web_url,
    led_away,
    mask_url,
    named_target,
)

NOW = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)
PAGE = "https://news.example/2026/05/04/ferry"
MOST_ENTRIES = 50


def text(data: bytes) -> str:
    """Bytes as text; what is no UTF-8 stays visible as lone surrogates, as it does in Python's own input."""
    return data.decode("utf-8", "surrogateescape")


def urls(data: bytes) -> None:
    url = text(data)
    try:
        found = canonical_url(url, PAGE).url
    except ValueError:
        return
    assert canonical_url(found).url == found, "canonical spelling is a fixed point"
    identity = entry_identity_url(found)
    assert entry_identity_url(identity) == identity
    assert found.isascii()
    assert found.startswith(("http://", "https://"))
    named_target(found)
    led_away(PAGE, found)
    fold_alternates(found, canonical=url, og_url=url, amphtml=url)
    mask_url(url)


def dates(data: bytes) -> None:
    said = text(data)
    read = read_date(said, NOW)
    assert read.time is None or read.time.tzinfo is not None
    parse_stamp(said)
    parse_stamp(said, day_first=True)
    clean_authors([said], ["The Paper"])
    day_in_address(said)
    try:
        parse_when(said)
    except ArgumentTypeError:
        return


def opml(data: bytes) -> None:
    try:
        found = read_opml(data)
    except UsageError:
        return
    assert all(is_web_url(feed.url) for feed in found.feeds)


def robots(data: bytes) -> None:
    rules = rules_from_answer(200, data, now=0.0, keep=60.0, limit=512_000)
    assert verdict(rules, PAGE, "Storyfold").allowed in (True, False)
    delay = rules.crawl_delay("Storyfold")
    assert delay is None or delay >= 0


def headers(data: bytes) -> None:
    value = text(data)
    names = ("cache-control", "expires", "date", "age", "etag", "last-modified", "retry-after", "vary")
    found = freshness(dict(zip(names, value.split("\n"), strict=False)), NOW)
    assert found.fresh_for is None or found.fresh_for.total_seconds() >= 0
    cache_control(value)
    seconds = retry_after(value, NOW)
    assert seconds is None or seconds >= 0
    http_date(value)


def json_ld(data: bytes) -> None:
    block = text(data)
    read_json_ld([block, block], PAGE)
    try:
        value = json.loads(block)
    except (ValueError, RecursionError):
        return
    text_of(value)
    url_of(value)


def tokens(data: bytes) -> None:
    said = text(data)
    found = tokenise([said, said])
    assert found is not None
    assert normalised(normalised(said)) == normalised(said)


def search(data: bytes) -> None:
    try:
        parse_query(text(data), NOW)
    except UsageError:
        return


def feeds(data: bytes) -> None:
    try:
        found = parse_feed(data, "https://news.example/feed", None, FeedLimits(max_entries=MOST_ENTRIES), NOW)
    except Rejected:
        return
    assert len(found.entries) <= MOST_ENTRIES
    assert all(entry.key for entry in found.entries)


def hubs(data: bytes) -> None:
    """A feed's Link headers, then what a hub asks and sends, which is never signed by it."""
    header, _, asked = text(data).partition("\n")
    hints = websub.announced(FeedHints(), header, PAGE)
    known = websub.Subscription(hints.hub or PAGE, hints.self_url or PAGE, "token", "secret", NOW)
    websub.request_body(known, PAGE, timedelta(days=1))
    query = dict(parse_qsl(asked, keep_blank_values=True, max_num_fields=50)) if asked.count("&") < 50 else {}
    reply = websub.answered(known, {"hub.topic": known.topic} | query, NOW)
    if reply.subscription.holds(NOW):
        assert websub.SHORTEST_LEASE <= reply.subscription.lease <= websub.LONGEST_LEASE
    assert websub.delivered(known, {"x-hub-signature": asked}, data, NOW).document is None


def pages(data: bytes) -> None:
    found = extract_page(data, PAGE, content_type="text/html")
    assert found.article is not None or found.reason is not None
    try:
        feed_links(decode_page(data, None).html, PAGE)
    except Rejected:
        return


def shown(data: bytes) -> None:
    said = text(data)
    assert not any(ord(c) < 32 or 0x7F <= ord(c) < 0xA0 or 0xD800 <= ord(c) < 0xE000 for c in printable(said))
    assert len(shortened(said, 20)) <= 21


TARGETS: dict[str, Callable[[bytes], None]] = {
    "urls": urls,
    "dates": dates,
    "opml": opml,
    "robots": robots,
    "headers": headers,
    "json_ld": json_ld,
    "tokens": tokens,
    "search": search,
    "feeds": feeds,
    "hubs": hubs,
    "pages": pages,
    "shown": shown,
}
