"""The contract of the matcher's side: start, join, merge, revise, and what one can look up afterwards."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta, timezone

import pytest
from storage_builders import LATER, NOW, article, ingest, join, merge, revise

from pipeline.errors import StorageError
from pipeline.model import Action, Article, Match, OriginKind, OriginSign, TextSource
from pipeline.storage import BestMatch, EventKind, Store, StoryFilter, text_hash


def kinds(store: Store) -> list[tuple[EventKind, str, str | None, str | None]]:
    return [(e.kind, e.story_id, e.article_id, e.other_story_id) for e in store.changes()]


def test_rows_begin_at_one_and_follow_what_is_stored(store: Store) -> None:
    assert store.next_rows() == (1, 1)
    store.apply([ingest(1, 1), join(2, 1, 1), ingest(3, 2)], NOW)
    assert store.next_rows() == (4, 3)


def test_start(store: Store) -> None:
    store.apply([ingest(1, 1)], NOW)
    record = store.story("s1")
    assert (record.title, record.url, record.outlet) == ("Report number 1", article(1).url, "Outlet 1")
    assert (record.first_seen, record.last_seen, record.outlets) == (NOW, NOW, ("Outlet 1",))
    assert [(m.article_id, m.canonical, m.score, m.reason) for m in record.articles] == [("a1", True, None, None)]
    assert kinds(store) == [(EventKind.STARTED, "s1", "a1", None)]


def test_article_comes_back_as_it_was_given(store: Store) -> None:
    full = Article(
        url="https://news.example/full",
        title="Everything 😀 \x00 '; DROP TABLE story; --",
        text="One.\nTwo \u202e three.",
        outlet="Outlet",
        published=NOW,
        published_day_only=True,
        modified=LATER,
        authors=("A",),
        agencies=("AP",),
        language="de",
        canonical_url="https://other.example/full",
        section="Harbours",
        keywords=("x", "y"),
        image="https://news.example/i.png",
        free=False,
        origins=(OriginSign(OriginKind.AGENCY_DATELINE, "AP"),),
        source=TextSource.SUMMARY,
        notes=("the page could not be had",),
    )
    bare = Article(url="https://news.example/bare", title="", text="")
    store.apply([replace(ingest(1, 1), article=full), replace(ingest(2, 2), article=bare)], NOW)
    found = store.articles([1, 2, 3])
    if store._db.dialect == "postgresql":  # the one character that it has no room for
        full = replace(full, title=full.title.replace("\0", "\ufffd"))
    assert {n: stored.article for n, stored in found.items()} == {1: full, 2: bare}
    assert (found[1].article_id, found[1].story, found[1].stored, found[1].revision) == ("a1", 1, NOW, 1)
    assert store.find_article("a1") == store.find_article(full.url) == found[1]
    assert store.find_article("nothing") is None
    assert store.texts([1, 2, 9]) == {1: full.text, 2: ""}


def test_a_time_in_the_pages_own_zone_comes_back_as_the_same_moment_in_utc(store: Store) -> None:
    local = NOW.astimezone(timezone(timedelta(hours=-5)))
    store.apply([replace(ingest(1, 1), article=article(1, published=local))], NOW)
    published = store.articles([1])[1].article.published
    assert published is not None
    assert (published, published.utcoffset()) == (local, timedelta(0))


def test_join_keeps_the_evidence(store: Store) -> None:
    store.apply([ingest(1, 1)], NOW)
    store.apply([join(2, 1, 1, 0.875)], LATER)
    record = store.story("s1")
    assert [(m.article_id, m.canonical, m.score, m.reason) for m in record.articles] == [
        ("a1", True, None, None),
        ("a2", False, 0.875, "reprint"),
    ]
    assert (record.first_seen, record.last_seen, record.outlets) == (NOW, LATER, ("Outlet 1", "Outlet 2"))
    assert store.matches(2) == (Match(1, 0.875, "reprint", {"containment": 0.75, "jaccard": 0.5}),)
    assert store.story_of([1, 2, 3]) == {1: (1, 1), 2: (1, 1)}


def test_starting_with_near_misses_keeps_them_as_evidence_only(store: Store) -> None:
    near = Match(1, 0.3, "template", {"nan": float("inf")})
    store.apply([ingest(1, 1), ingest(2, 2, matches=(near,))], NOW)
    assert store.matches(2) == (near,)
    assert store.story("s2").articles[0].score is None


def test_a_joining_article_can_take_over(store: Store) -> None:
    store.apply([ingest(1, 1), join(2, 1, 1, canonical=2)], NOW)
    record = store.story("s1")
    assert (record.title, record.canonical_rule) == ("Report number 2", "first published")
    assert kinds(store)[-1] == (EventKind.CANONICAL, "s1", "a2", None)


@pytest.mark.parametrize("together", [True, False], ids=["one batch", "batch by batch"])
def test_merge_redirects_the_folded_story(store: Store, together: bool) -> None:
    intents = [ingest(1, 1), ingest(2, 2), join(3, 2, 2), merge(4, 1, 2, 1), join(5, 1, 1)]
    for batch in [intents] if together else [[intent] for intent in intents]:
        store.apply(batch, NOW)
    record = store.story("s2")
    assert record == store.story("s1")
    assert [m.article_id for m in record.articles] == ["a1", "a2", "a3", "a4", "a5"]
    assert [m.article_id for m in record.articles if m.canonical] == ["a1"]
    assert [(row, story) for row, story, _, _ in store.sketches()] == [(n, 1) for n in range(1, 6)]
    assert [s.story_id for s in store.stories()] == ["s1"]
    assert (EventKind.MERGED, "s1", None, "s2") in kinds(store)
    assert store.stories(StoryFilter(min_articles=5)) == [record]


def test_redirects_are_followed_through_several_merges(store: Store) -> None:
    store.apply([ingest(n, n) for n in (1, 2, 3)], NOW)
    store.apply([merge(4, 2, 1, 2), merge(5, 3, 2, 3)], NOW)
    assert store.story("s1").story_id == store.story("s2").story_id == "s3"
    assert len(store.story("s1").articles) == 5


@pytest.mark.parametrize("together", [True, False], ids=["one batch", "batch by batch"])
def test_revision_keeps_the_old_text(store: Store, together: bool) -> None:
    intents = [ingest(1, 1), revise(1, 1, "Second text."), revise(1, 1, "Third text.", title="New title")]
    for batch in [intents] if together else [[intent] for intent in intents]:
        store.apply(batch, NOW)
    stored = store.articles([1])[1]
    assert (stored.article.text, stored.article.title, stored.revision) == ("Third text.", "New title", 3)
    assert [(r.number, r.title, r.text) for r in store.revisions("a1")] == [
        (1, "Report number 1", article(1).text),
        (2, "Report number 1", "Second text."),
    ]
    assert store.next_rows() == (2, 2)
    assert [e.kind for e in store.changes()] == [EventKind.STARTED, EventKind.REVISED, EventKind.REVISED]
    assert store.by_identity([article(1).url])[article(1).url] == (1, 1, text_hash("Third text."))


def test_revision_under_a_new_address_is_found_under_both(store: Store) -> None:
    store.apply([ingest(1, 1), revise(1, 1, "Later.", url="https://news.example/new")], NOW)
    assert store.find_article("https://news.example/new") == store.find_article(article(1).url)


BAD: dict[str, object] = {
    "row taken": replace(ingest(1, 9), article_id="a9"),
    "url taken": replace(ingest(9, 9), article=article(1)),
    "id taken": replace(ingest(9, 9), article_id="a1"),
    "story row taken": ingest(9, 1),
    "story id taken": replace(ingest(9, 9), story_id="s1"),
    "no such story": join(9, 9, 1),
    "merge with itself": merge(9, 1, 1, 1),
    "merge with nothing": ingest(9, 1, Action.MERGE),
    "revising what is not there": revise(9, 1, "x"),
}


@pytest.mark.parametrize("bad", BAD.values(), ids=BAD.keys())
def test_contradiction_changes_nothing(store: Store, bad: object) -> None:
    store.apply([ingest(1, 1), ingest(2, 2), ingest(3, 3), merge(4, 1, 3, 1)], NOW)
    before = (store.items(), store.stories(), store.changes(), store.counts(), list(store.sketches()))
    with pytest.raises(StorageError):
        store.apply([ingest(7, 7), bad, ingest(8, 8)], LATER)
    assert before == (store.items(), store.stories(), store.changes(), store.counts(), list(store.sketches()))


def test_a_story_merged_meanwhile_stands_for_the_one_it_went_into(store: Store) -> None:
    store.apply([ingest(1, 1), ingest(2, 2), merge(3, 1, 2, 1)], NOW)
    store.apply([join(4, 2, 2), merge(5, 1, 2, 1), revise(2, 2, "Later text.")], NOW)
    assert len(store.story("s1").articles) == 5
    assert store.stories(StoryFilter(min_articles=5)) == store.stories()
    assert [e.kind for e in store.changes()].count(EventKind.MERGED) == 1
    assert {item.row.story_id for item in store.items()} == {"s1"}


def test_a_revision_that_became_another_report_leaves_its_story(store: Store) -> None:
    store.apply([ingest(1, 1), join(2, 1, 1), join(3, 1, 1), ingest(4, 2)], NOW)
    store.apply([replace(ingest(1, 3, text="Another report."), article_id="a1")], LATER)
    assert [m.article_id for m in store.story("s1").articles] == ["a2", "a3"]
    assert [m.article_id for m in store.story("s1").articles if m.canonical] == ["a2"]
    assert [m.article_id for m in store.story("s3").articles] == ["a1"]
    store.apply([join(4, 3, 1, text="A copy of the other report.")], LATER)
    assert store.story("s2") == store.story("s3")
    assert [(m.article_id, m.score) for m in store.story("s3").articles] == [("a1", None), ("a4", 0.9)]
    assert [story for _, story, _, _ in store.sketches()] == [3, 1, 1, 3]
    assert [r.number for r in store.revisions("a4")] == [1]
    assert (EventKind.LEFT, "s1", "a1", "s3") in kinds(store)


def test_articles_without_an_address_may_be_many(store: Store) -> None:
    store.apply([replace(ingest(n, n), article=article(n, url="")) for n in (1, 2)], NOW)
    assert store.counts().articles == 2


def test_lone_surrogates_cost_nothing_else(store: Store) -> None:
    store.apply([ingest(1, 1, title="half \ud83d", authors=("\udc00",)), ingest(2, 2)], NOW)
    assert store.articles([1])[1].article.title == "half ?"
    assert store.counts().articles == 2


def test_by_identity(store: Store) -> None:
    store.apply([ingest(n, n) for n in range(1, 1201)], NOW)
    urls = [article(n).url for n in range(1, 1300)]
    found = store.by_identity(urls)
    assert len(found) == 1200
    assert found[article(700).url] == (700, 700, text_hash(article(700).text))


def test_streams_in_row_order(store: Store) -> None:
    store.apply([ingest(1, 1), join(2, 1, 1, 0.5), replace(ingest(3, 2), article=article(3, published=None))], NOW)
    seconds = int(NOW.timestamp())
    assert list(store.sketches()) == [
        (1, 1, seconds + 60, b"\1" * 8),
        (2, 1, seconds + 120, b"\2" * 8),
        (3, 2, None, b"\3" * 8),
    ]
    assert list(store.sketches(2)) == list(store.sketches())[2:]
    assert list(store.articles_in_order()) == [
        (1, "a1", "s1", True, None),
        (2, "a2", "s1", False, BestMatch("a1", 0.5, "reprint")),
        (3, "a3", "s2", True, None),
    ]
    assert [row[0] for row in store.articles_in_order(1, 1)] == [2]


def test_streams_longer_than_one_read(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipeline.storage.lookup.STREAM", 3)
    store.apply([ingest(n, n) for n in range(1, 8)], NOW)
    assert [row[0] for row in store.sketches()] == list(range(1, 8))


def test_checkpoints(store: Store) -> None:
    assert store.checkpoint("weights") is None
    store.save_checkpoint("weights", 5, b"old")
    store.save_checkpoint("weights", 9, b"\0new")
    assert store.checkpoint("weights") == (9, b"\0new")


def test_changes_are_followed_with_a_cursor(store: Store) -> None:
    store.apply([ingest(1, 1), join(2, 1, 1), ingest(3, 2)], NOW)
    seen, cursor = [], 0
    while page := store.changes(cursor, 1):
        seen += page
        cursor = page[-1].cursor
    assert seen == store.changes()
    assert [e.cursor for e in seen] == [1, 2, 3]
