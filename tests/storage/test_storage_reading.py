"""The contract of what people read: items, stories, counts; and that lists never walk whole tables."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from sqlalchemy.dialects import sqlite
from storage_builders import NOW, article, ingest, join, merge, row, source

from pipeline.errors import NotFound
from pipeline.model import Outcome, Reason
from pipeline.storage import ItemFilter, Store, StoryFilter, open_store
from pipeline.storage.items import items_query
from pipeline.storage.stories import stories_query


def at(minutes: int) -> datetime:
    return NOW + timedelta(minutes=minutes)


@pytest.fixture
def filled(store: Store) -> Store:
    """Six articles in three stories, one failure and one skip, a minute apart."""
    store.sync_feeds([source(1)], NOW)
    intents = [ingest(1, 1), join(2, 1, 1), ingest(3, 2), ingest(4, 3), join(5, 3, 4), merge(6, 1, 3, 1)]
    for minute, intent in enumerate(intents):
        told = replace(intent.journal, time=at(minute), feed=source(minute % 2).url)
        store.apply([replace(intent, journal=told)], at(minute))
    failed = row(
        Outcome.FAILED,
        Reason.HTTP_GONE,
        time=at(6),
        url="https://gone.example/",
        outlet="Outlet 9",
        title="Gone 100%",
    )
    skipped = row(Outcome.SKIPPED, Reason.PAYWALL, time=at(7), feed=source(1).url, title="50_50")
    store.apply_poll(store.feeds()[0], [], [failed, skipped], at(8))
    return store


ITEMS: dict[str, tuple[ItemFilter, list[int]]] = {
    "everything, newest first": (ItemFilter(), [8, 7, 6, 5, 4, 3, 2, 1]),
    "since": (ItemFilter(since=at(5)), [8, 7, 6]),
    "until": (ItemFilter(until=at(2)), [2, 1]),
    "outlet": (ItemFilter(outlet="Outlet 1"), [4, 1]),
    "feed": (ItemFilter(feed=source(1).url), [8, 6, 4, 2]),
    "feed and time": (ItemFilter(feed=source(1).url, since=at(1), until=at(4)), [4, 2]),
    "new": (ItemFilter(outcome=Outcome.NEW), [6, 5, 4, 3, 2, 1]),
    "failed": (ItemFilter(outcome=Outcome.FAILED), [7]),
    "reason": (ItemFilter(reason=Reason.JOINED_STORY), [5, 2]),
    "common reason": (ItemFilter(reason=Reason.STARTED_STORY), [4, 3, 1]),
    "outcome and reason": (ItemFilter(outcome=Outcome.SKIPPED, reason=Reason.PAYWALL), [8]),
    "story": (ItemFilter(story="s2"), [3]),
    "merged story": (ItemFilter(story="s3"), [6, 5, 4, 2, 1]),
    "no such story": (ItemFilter(story="s99"), []),
    "article": (ItemFilter(article="a3"), [3]),
    "url of an article": (ItemFilter(url=article(5).url), [5]),
    "url of a failure": (ItemFilter(url="https://gone.example/"), [7]),
    "text": (ItemFilter(text="NUMBER 3"), [3]),
    "text with a percent sign": (ItemFilter(text="0%"), [7]),
    "text with an underscore": (ItemFilter(text="0_5"), [8]),
    "nothing": (ItemFilter(outlet="Nobody"), []),
}


@pytest.mark.parametrize(("wanted", "expected"), ITEMS.values(), ids=ITEMS.keys())
def test_items(filled: Store, wanted: ItemFilter, expected: list[int]) -> None:
    assert [item.cursor for item in filled.items(wanted)] == expected
    assert [item.cursor for item in filled.items(wanted, after=0)] == expected[::-1]
    assert [item.cursor for item in filled.items(wanted, limit=1)] == expected[:1]


def test_items_name_the_story_of_today(filled: Store) -> None:
    by_article = {item.row.article_id: item.row.story_id for item in filled.items()}
    assert by_article == {None: None, "a1": "s1", "a2": "s1", "a3": "s2", "a4": "s1", "a5": "s1", "a6": "s1"}


def test_items_are_followed_with_a_cursor(filled: Store) -> None:
    assert [item.cursor for item in filled.items(after=filled.last_item())] == []
    assert [item.cursor for item in filled.items(after=5, limit=2)] == [6, 7]


STORIES: dict[str, tuple[StoryFilter, list[str]]] = {
    "everything, last seen first": (StoryFilter(), ["s1", "s2"]),
    "since": (StoryFilter(since=at(3)), ["s1"]),
    "until": (StoryFilter(until=at(3)), ["s2"]),
    "outlet": (StoryFilter(outlet="Outlet 1"), ["s1"]),
    "shared outlet": (StoryFilter(outlet="Outlet 0"), ["s1", "s2"]),
    "url": (StoryFilter(url=article(5).url), ["s1"]),
    "by name": (StoryFilter(ids=("s2", "nobody")), ["s2"]),
    "copies": (StoryFilter(min_articles=2), ["s1"]),
    "nothing": (StoryFilter(outlet="Nobody"), []),
}


@pytest.mark.parametrize(("wanted", "expected"), STORIES.values(), ids=STORIES.keys())
def test_stories(filled: Store, wanted: StoryFilter, expected: list[str]) -> None:
    assert [story.story_id for story in filled.stories(wanted)] == expected
    assert [story.story_id for story in filled.stories(wanted, limit=1)] == expected[:1]


def test_unknown_story(filled: Store) -> None:
    with pytest.raises(NotFound, match="s99"):
        filled.story("s99")


def test_story_with_an_article(filled: Store) -> None:
    assert filled.story_with(5) == filled.story("s1")
    with pytest.raises(NotFound, match="99"):
        filled.story_with(99)


def test_counts(filled: Store) -> None:
    counts = filled.counts()
    assert (counts.feeds, counts.waiting, counts.articles, counts.stories) == (1, 0, 6, 2)
    assert counts.items == {
        (Outcome.NEW, Reason.STARTED_STORY): 3,
        (Outcome.NEW, Reason.JOINED_STORY): 2,
        (Outcome.NEW, Reason.MERGED_STORIES): 1,
        (Outcome.FAILED, Reason.HTTP_GONE): 1,
        (Outcome.SKIPPED, Reason.PAYWALL): 1,
    }
    assert filled.counts(at(6)).items == {
        (Outcome.FAILED, Reason.HTTP_GONE): 1,
        (Outcome.SKIPPED, Reason.PAYWALL): 1,
    }


BOUNDED = {
    **{f"items, {name}": items_query(wanted, None, 50) for name, (wanted, _) in ITEMS.items()},
    **{f"following items, {name}": items_query(wanted, 7, 50) for name, (wanted, _) in ITEMS.items()},
    **{f"stories, {name}": stories_query(wanted, 50) for name, (wanted, _) in STORIES.items()},
}


@pytest.fixture(scope="module")
def planner() -> object:
    with open_store("sqlite://") as store, store._db.read() as connection:
        yield connection


@pytest.mark.parametrize("query", BOUNDED.values(), ids=BOUNDED.keys())
def test_lists_walk_an_index(planner: object, query: object) -> None:
    """Nothing is scanned but the index that gives the order, and nothing big is sorted."""
    compiled = query.compile(dialect=sqlite.dialect(), compile_kwargs={"render_postcompile": True})
    values = tuple(compiled.params[name] for name in compiled.positiontup)
    plan = [line[3] for line in planner.exec_driver_sql(f"EXPLAIN QUERY PLAN {compiled}", values)]
    ordered = ("journal_time", "story_recent", "story_copied", "path")
    walked = [line for line in plan if line.startswith("SCAN") and not any(name in line for name in ordered)]
    assert walked == [], plan
