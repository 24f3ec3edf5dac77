"""The contract of feeds, polls and the queue."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from storage_builders import LATER, NOW, entry, ingest, row, source

from pipeline.errors import NotFound
from pipeline.model import FeedHints, Outcome, Reason, RefusedEntry, Validators
from pipeline.storage import ItemFilter, Store


@pytest.fixture
def feed(store: Store) -> int:
    store.sync_feeds([source()], NOW)
    return store.feeds()[0].row


def poll(store: Store, *taken: tuple[object, bool], **more: object) -> None:
    store.apply_poll(store.feeds()[0], list(taken), more.pop("journal", []), NOW, **more)


def test_new_feed_is_due_at_once(store: Store, feed: int) -> None:
    (state,) = store.due_feeds(NOW, 10)
    assert (state.row, state.url, state.next_poll) == (feed, source().url, NOW)
    assert store.next_due() == NOW


def test_no_feed_is_due_in_an_empty_store(store: Store) -> None:
    assert (store.feeds(), store.due_feeds(NOW, 10), store.next_due()) == ([], [], None)


def test_due_feeds_are_bounded_and_longest_overdue_first(store: Store) -> None:
    store.sync_feeds([source(n) for n in range(5)], NOW)
    for n, state in enumerate(store.feeds()):
        store.apply_poll(replace(state, next_poll=NOW - timedelta(minutes=n)), [], [], NOW)
    assert [state.source.outlet for state in store.due_feeds(NOW, 2)] == ["Outlet 4", "Outlet 3"]
    assert store.due_feeds(NOW - timedelta(hours=1), 9) == []


def test_state_comes_back_as_it_was_saved(store: Store, feed: int) -> None:
    saved = replace(
        store.feeds()[0],
        next_poll=LATER,
        last_poll=NOW,
        failing_since=NOW,
        failures=3,
        last_reason=Reason.TIMEOUT,
        last_detail="gave up after 30 s",
        validators=Validators('W/"x"', "Sun, 01 Mar 2026 12:00:00 GMT"),
        hints=FeedHints(ttl=timedelta(minutes=90), skip_hours=frozenset({1, 2}), skip_days=frozenset({6})),
        arrivals=(NOW, NOW - timedelta(days=1)),
        last_keys=frozenset({"a", "b"}),
        title="Harbour news \x00 \u202e",
    )
    store.apply_poll(saved, [], [], NOW)
    assert store.feeds() == [saved]


def test_feed_that_left_the_configuration_keeps_its_history(store: Store, feed: int) -> None:
    poll(store, (entry(), False))
    store.sync_feeds([source(2)], LATER)
    old, new = store.feeds()
    assert (old.retired, new.retired) == (True, False)
    assert [state.row for state in store.due_feeds(LATER, 9)] == [new.row]
    store.sync_feeds([source(1), source(2)], LATER)
    assert [state.retired for state in store.feeds()] == [False, False]
    assert store.known_entries(feed, ["k1"]) == {"k1": "f1"}


def test_feed_renamed_to_where_it_moved_keeps_its_history(store: Store, feed: int) -> None:
    new = replace(source(), url="https://feeds.example/new.xml")
    store.apply_poll(replace(store.feeds()[0], url=new.url), [(entry(), False)], [], NOW)
    store.sync_feeds([new], LATER)
    (state,) = store.feeds()
    assert (state.row, state.source, state.retired) == (feed, new, False)


def test_secrets_stay_in_memory(store: Store) -> None:
    secret = source(headers=(("Cookie", "s3cret-cookie"),), username="me", password="s3cret", proxy="http://p:s3cret@h")
    store.sync_feeds([secret], NOW)
    poll(store, (entry(), False))
    assert store.feeds()[0].source == secret
    assert store.pending(NOW, 1)[0].source == secret
    with store._db.read() as connection:
        written = connection.exec_driver_sql("SELECT state FROM feed").scalar_one()
    assert "s3cret" not in written


def test_feed_by_url(store: Store, feed: int) -> None:
    store.apply_poll(replace(store.feeds()[0], url="https://feeds.example/moved.xml"), [], [], NOW)
    assert store.feed_by_url(source().url).row == feed
    assert store.feed_by_url("https://feeds.example/moved.xml").row == feed
    with pytest.raises(NotFound, match=r"nowhere\.example"):
        store.feed_by_url("https://nowhere.example/")


def test_taken_entries_become_work_in_order(store: Store, feed: int) -> None:
    poll(store, (entry("k1"), False), (entry("k2"), False))
    items = store.pending(NOW, 10)
    assert [item.entry for item in items] == [entry("k1"), entry("k2")]
    assert {(i.feed_row, i.feed_url, i.revised, i.attempts) for i in items} == {(feed, source().url, False, 0)}
    assert [i.entry.key for i in store.pending(NOW, 1, exclude={items[0].row})] == ["k2"]
    assert store.waiting() == (2, NOW)


def test_a_version_is_taken_once(store: Store, feed: int) -> None:
    for _ in range(3):
        poll(store, (entry(), False))
    assert len(store.pending(NOW, 10)) == 1
    assert store.known_entries(feed, ["k1", "unknown"]) == {"k1": "f1"}


def test_later_version_waits_for_the_earlier(store: Store, feed: int) -> None:
    poll(store, (entry(), False))
    poll(store, (entry(fingerprint="f2"), True))
    (first,) = store.pending(NOW, 10)
    assert first.entry.fingerprint == "f1"
    assert store.pending(NOW, 10, exclude={first.row}) == []
    store.settle(first.row, row())
    (second,) = store.pending(NOW, 10)
    assert (second.entry.fingerprint, second.revised) == ("f2", True)


def test_postponed_work_comes_back_when_due(store: Store, feed: int) -> None:
    poll(store, (entry(), False))
    store.postpone(store.pending(NOW, 1)[0].row, LATER, Reason.TIMEOUT, "slow \ud800 host")
    assert store.pending(NOW, 10) == []
    assert store.pending(LATER, 10)[0].attempts == 1
    assert store.waiting() == (1, LATER)


def test_work_is_settled_and_journalled_once(store: Store, feed: int) -> None:
    poll(store, (entry(), False))
    (item,) = store.pending(NOW, 1)
    failed = row(Outcome.FAILED, Reason.HTTP_GONE, url=item.entry.url, trail=("GET", "410"))
    assert store.settle(item.row, failed) is True
    assert store.settle(item.row, failed) is False
    assert [listed.row for listed in store.items()] == [failed]
    assert store.pending(LATER, 10) == []


def test_work_rows_are_never_given_twice(store: Store, feed: int) -> None:
    poll(store, (entry("k1"), False))
    (first,) = store.pending(NOW, 1)
    store.settle(first.row, row())
    poll(store, (entry("k2"), False))
    assert store.pending(NOW, 1)[0].row > first.row


def test_refusal_is_journalled_the_first_time_only(store: Store, feed: int) -> None:
    refused = RefusedEntry("k9", None, "No link", Reason.ENTRY_WITHOUT_LINK)
    told = row(Outcome.SKIPPED, Reason.ENTRY_WITHOUT_LINK, title="No link")
    for _ in range(3):
        poll(store, refused=[(refused, told)])
    assert [item.row for item in store.items()] == [told]


def test_rows_about_the_poll_are_written_each_time(store: Store, feed: int) -> None:
    told = row(Outcome.FAILED, Reason.FEED_IS_HTML, feed=source().url)
    poll(store, journal=[told])
    poll(store, journal=[told])
    assert len(store.items(ItemFilter(feed=source().url))) == 2


def test_applied_work_leaves_the_queue(store: Store, feed: int) -> None:
    poll(store, (entry(), False))
    (item,) = store.pending(NOW, 1)
    store.apply([ingest(1, 1, work=item.row)], NOW)
    assert store.waiting() == (0, None)
    assert store.counts().waiting == 0


def test_work_that_led_to_a_known_article_names_it(store: Store, feed: int) -> None:
    poll(store, (entry("k1"), False), (entry("k2"), False))
    first, second = store.pending(NOW, 2)
    store.apply([ingest(1, 1, work=first.row)], NOW)
    seen = row(Outcome.SEEN, Reason.KNOWN_URL, article_id="a1", story_id="s1")
    unheard = row(Outcome.SEEN, Reason.KNOWN_URL, article_id="unheard-of", story_id="s1")
    assert store.settle_all([(second.row, seen), (second.row, seen), (99, unheard)]) == 1
    assert [item.row for item in store.items(ItemFilter(story="s1", outcome=Outcome.SEEN))] == [seen]
    with store._db.read() as connection:
        led = connection.exec_driver_sql("SELECT key, article FROM entry ORDER BY key").all()
    assert [tuple(pair) for pair in led] == [("k1", 1), ("k2", 1)]


def test_hundreds_of_entries_in_one_poll(store: Store, feed: int) -> None:
    poll(store, *((entry(f"k{n}"), False) for n in range(1200)))
    assert len(store.known_entries(feed, [f"k{n}" for n in range(1300)])) == 1200


def test_work_put_off_by_a_clock_that_was_ahead_is_brought_forward(store: Store) -> None:
    store.sync_feeds([source()], NOW)
    store.apply_poll(store.feeds()[0], [(entry(f"k{n}"), False) for n in range(3)], [], NOW)
    rows = [item.row for item in store.pending(NOW, 10)]
    for work, wait in zip(rows, (timedelta(days=3650), timedelta(hours=23), timedelta(0)), strict=True):
        store.postpone(work, NOW + wait, Reason.TIMEOUT, "")
    assert store.bring_forward(NOW, timedelta(hours=24)) == 1
    assert [item.row for item in store.pending(NOW, 10)] == [rows[0], rows[2]]
