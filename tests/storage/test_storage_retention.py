"""Forgetting never breaks a story and never lets an old item come back as new."""

from __future__ import annotations

import os
from datetime import timedelta

from storage_builders import LATER, NOW, article, entry, ingest, join, revise, row, source

from pipeline.model import Outcome, Reason
from pipeline.storage import Store, parse_query, text_hash

OLD = NOW - timedelta(days=30)


def filled(store: Store) -> None:
    store.apply([ingest(1, 1), join(2, 1, 1), ingest(3, 2), revise(2, 1, "Second text.")], OLD)
    store.apply([join(4, 2, 3)], NOW)


def forget(store: Store) -> int:
    return sum(map(len, iter(lambda: store.forget_texts(NOW - timedelta(days=1), limit=1), [])))


def test_old_texts_go_and_records_stay(store: Store) -> None:
    filled(store)
    before = store.stories()
    assert forget(store) == 2  # article 3 speaks for a story that was seen since
    assert store.stories() == before
    assert store.texts([1, 2, 3, 4]) == {n: article(n).text for n in (3, 4)}
    assert [found[0] for found in store.sketches()] == [3, 4]
    assert store.articles([1])[1].article.text == ""
    assert store.revisions("a2") == []
    assert store.quick_check() == []


def test_what_memory_still_needs(store: Store) -> None:
    assert store.first_needed(OLD) == 1
    filled(store)
    assert [store.first_needed(when) for when in (OLD, NOW, LATER)] == [1, 4, 5]
    forget(store)
    assert store.first_needed(OLD) == 3


def test_old_items_do_not_come_back_as_new(store: Store) -> None:
    store.sync_feeds([source()], OLD)
    store.apply_poll(store.feeds()[0], [(entry(), False)], [], OLD)
    store.apply([ingest(1, 1, work=store.pending(NOW, 1)[0].row)], OLD)
    forget(store)
    store.forget_items(NOW)
    assert store.known_entries(store.feeds()[0].row, ["k1"]) == {"k1": "f1"}
    store.apply_poll(store.feeds()[0], [(entry(), False)], [], NOW)
    assert store.pending(NOW, 1) == []
    assert store.by_identity([article(1).url])[article(1).url] == (1, 1, text_hash(article(1).text))
    assert store.next_rows() == (2, 2)


def test_a_forgotten_article_can_be_revised(store: Store) -> None:
    filled(store)
    forget(store)
    store.apply([revise(1, 1, "It came back with another text.")], LATER)
    assert store.texts([1]) == {1: "It came back with another text."}
    assert [found[0] for found in store.sketches()] == [1, 3, 4]
    assert [(r.number, r.text) for r in store.revisions("a1")] == [(1, "")]


def test_a_forgotten_article_is_found_by_its_title_only(store: Store) -> None:
    filled(store)
    store.index_for_search()
    forget(store)
    assert store.search(parse_query('"town 1"', NOW)) == []
    assert [hit.article_id for hit in store.search(parse_query('"number 1"', NOW))] == ["a1"]
    store.apply([revise(1, 1, "The quay of town 1 stands again.")], LATER)
    assert [hit.article_id for hit in store.search(parse_query('"town 1" quay', NOW))] == ["a1"]
    assert store.full_check() == []


def test_old_journal_rows_go_but_cursors_grow(store: Store) -> None:
    store.sync_feeds([source()], NOW)
    feed = store.feeds()[0]
    rows = [row(Outcome.FAILED, Reason.TIMEOUT, time=OLD + timedelta(hours=n)) for n in range(5)]
    store.apply_poll(feed, [], rows, NOW)
    assert [store.forget_items(NOW, limit=3) for _ in range(3)] == [3, 1, 0]  # one week, also where there are weeks
    assert [item.cursor for item in store.items()] == [5]
    store.apply_poll(feed, [], rows[:1], NOW)
    assert [item.cursor for item in store.items(after=0)] == [5, 6]


def test_size_is_what_is_used(store: Store) -> None:
    store.apply([ingest(n, n, text=os.urandom(20_000).hex()) for n in range(1, 50)], OLD)
    full = store.size_bytes()
    store.forget_texts(NOW, limit=1000)
    assert 0 < store.size_bytes() < full - 49 * 30_000  # what others left in a shared database is not counted
