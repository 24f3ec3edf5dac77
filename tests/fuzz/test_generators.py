"""Whole documents with hostile values, on the whole way: what comes out keeps its promises, whatever came in."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings

from pipeline.articles import entry_article, extract_page
from pipeline.dedup import open_matcher
from pipeline.errors import Rejected
from pipeline.feeds import FeedLimits, parse_feed
from pipeline.model import Article, FeedDocument, Outcome
from pipeline.run.writer import Draft, Writer
from pipeline.storage import Store, open_store
from pipeline.urls import is_web_url
from tests.fuzz import generators

LONG = 60  # words of a summary that are enough for an article whatever markup is in it
NOW = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)
NUMBERS = itertools.count()
_LINE_BREAK = re.compile("[\n\r\x0b\x0c\x1c-\x1e\x85\u2028\u2029]")


def read(text: str, limits: FeedLimits | None = None) -> FeedDocument:
    return parse_feed(text.encode(), "https://news.example/feed", None, limits or FeedLimits(), NOW)


@settings(max_examples=100, deadline=None)
@given(generators.feeds)
def test_no_entry_of_a_feed_goes_unaccounted(made: tuple[str, int]) -> None:
    text, items = made
    try:
        document = read(text)
    except Rejected:
        assert items == 0 or text.startswith("{")  # a JSON Feed whose items are no items may be none
        return
    assert len(document.entries) + len(document.refused) == items
    for entry in document.entries:
        assert entry.key
        assert entry.url is None or is_web_url(entry.url)
        assert not _LINE_BREAK.search(entry.title)


@settings(max_examples=60, deadline=None)
@given(generators.feeds)
def test_a_limit_of_entries_is_kept_and_said(made: tuple[str, int]) -> None:
    text, items = made
    try:
        document = read(text, FeedLimits(max_entries=1))
    except Rejected:
        return
    assert len(document.entries) <= 1
    assert items <= 1 or document.notes or document.refused


@pytest.fixture(scope="module")
def writer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Writer, Store]]:
    with open_store(f"sqlite:///{tmp_path_factory.mktemp('pages') / 'news.db'}") as store:
        yield Writer(store, lambda: open_matcher(store)), store


@settings(max_examples=60, deadline=None)
@given(html=generators.pages())
def test_any_page_is_an_article_or_a_reason_and_its_article_can_be_kept(
    writer: tuple[Writer, Store], html: str
) -> None:
    found = extract_page(html.encode(), f"https://news.example/ferry-{next(NUMBERS)}", content_type="text/html")
    if found.article is None:
        assert found.reason is not None
        assert found.detail
        return
    sound(found.article)
    made, store = writer
    (row,) = made.write([Draft(found.article)], NOW)
    kept = store.find_article(row.article_id or "")
    assert kept is not None
    if row.outcome is Outcome.NEW:  # else its canonical address is one that an earlier page claimed
        assert kept.article.text == found.article.text


@settings(max_examples=60, deadline=None)
@given(generators.feeds)
def test_an_entry_that_becomes_an_article_is_a_sound_one(made: tuple[str, int]) -> None:
    try:
        document = read(made[0])
    except Rejected:
        return
    for entry in document.entries:
        if entry.url is not None and len(entry.summary.split()) > LONG:
            sound(entry_article(entry))


def sound(article: Article) -> None:
    """What everything behind extraction relies on."""
    assert is_web_url(article.url)
    assert not _LINE_BREAK.search(article.title)
    assert article.published is None or article.published.tzinfo is not None
    assert article.canonical_url is None or is_web_url(article.canonical_url)
    assert all(name and not _LINE_BREAK.search(name) for name in article.authors)
    assert "\x00" not in article.text
    article.text.encode()  # no lone surrogate
