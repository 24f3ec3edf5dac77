"""Tables in parts: forgetting drops weeks and ranges, keeps what outlives them, and holds nobody up."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pgserver
import pytest
from hypothesis import given
from hypothesis import strategies as st
from storage_builders import LATER, NOW, article, ingest, join, revise, row, source

from pipeline.model import Outcome, Reason
from pipeline.storage import Store, open_store, parse_query
from pipeline.storage import partitions as parts

OLD = NOW - timedelta(days=30)
DAY = timedelta(days=1)


@pytest.fixture
def store(postgres: pgserver.Server, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    monkeypatch.setattr(parts, "ARTICLES", 4)
    with open_store(postgres.database()) as opened:
        yield opened


def ranges(store: Store, table: str = "body") -> list[str]:
    with store._db.read() as connection:
        return [name for name, _ in parts.parts_of(connection, table)]


def rest(store: Store) -> list[int]:
    with store._db.read() as connection:
        return list(connection.exec_driver_sql("SELECT article FROM body_rest ORDER BY article").scalars())


@given(st.integers(min_value=-(10**15), max_value=4 * 10**15))
def test_a_week_holds_its_times_and_begins_on_a_monday(time: int) -> None:
    week = parts.week_of(time)
    assert week.low <= time < week.high == week.low + parts.WEEK
    assert (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=week.low)).strftime("%a %H:%M") == "Mon 00:00"


@given(st.lists(st.integers(min_value=0, max_value=10**7), min_size=1), st.integers(min_value=0, max_value=10**7))
def test_ranges_cover_new_rows_and_never_overlap(rows: list[int], end: int) -> None:
    made = parts.ranges_for(rows, end)
    assert all(any(span.low <= row < span.high for span in made) for row in rows if row >= end)
    assert all(one.high <= two.low for one, two in pairwise(made))
    assert all(span.low >= end for span in made)


def test_ranges_are_made_as_articles_come(store: Store) -> None:
    store.apply([ingest(n, n) for n in range(1, 10)], NOW)
    for table in parts.BY_ARTICLE:
        assert ranges(store, table) == [f"{table}_0", f"{table}_4", f"{table}_8"]
    assert rest(store) == []


def test_a_range_whose_time_has_passed_is_dropped(store: Store) -> None:
    store.apply([ingest(n, n) for n in range(1, 8)], OLD)
    store.apply([revise(2, 2, "A second text of the harbour."), join(8, 5, 5)], NOW)
    store.apply([ingest(n, n - 1) for n in range(9, 12)], NOW)
    store.index_for_search()
    before = store.stories()
    forgotten = [store.forget_texts(NOW - DAY) for _ in range(3)]
    assert forgotten == [[1, 3], [], []]  # of the second range the articles behind it are young
    assert ranges(store) == ["body_4", "body_8"]
    assert rest(store) == [2]
    assert store.texts(range(1, 12)).keys() == {2, *range(4, 12)}
    assert store.stories() == before
    assert store.search(parse_query("harbour", NOW), limit=20)[-1].article_id == "a2"
    assert [hit.article_id for hit in store.search(parse_query('"number 3"', NOW))] == ["a3"]
    assert store.full_check() == []


def test_what_was_dropped_can_come_back(store: Store) -> None:
    store.apply([ingest(n, n) for n in range(1, 4)], OLD)
    store.apply([ingest(n, n) for n in range(4, 9)], OLD + timedelta(hours=1))
    assert store.forget_texts(NOW) == [1, 2, 3]
    store.apply([revise(1, 1, "It came back.")], LATER)
    assert store.texts([1, 2]) == {1: "It came back."}
    assert rest(store) == [1]
    store.apply([ingest(n, n) for n in range(9, 14)], LATER)
    assert store.full_check() == []


def test_the_journal_goes_by_weeks(store: Store) -> None:
    store.sync_feeds([source()], NOW)
    feed = store.feeds()[0]
    rows = [row(Outcome.FAILED, Reason.TIMEOUT, time=NOW - timedelta(days=n)) for n in range(40, 0, -1)]
    store.apply_poll(feed, [], rows, NOW)
    with store._db.read() as connection:
        weeks = [name for name, _ in parts.parts_of(connection, "journal")]
    assert weeks[0] == "journal_20260119"
    edge = NOW - timedelta(days=20)
    dropped = store.forget_items(edge)
    left = [item.row.time for item in store.items(limit=100)]
    assert dropped + len(left) == 40
    assert len(left) == sum(one.time >= NOW - timedelta(days=27) and one.time >= min(left) for one in rows)
    assert edge - timedelta(days=7) <= min(left) <= edge
    assert store.forget_items(edge) == 0
    assert store.last_item() == 40
    store.apply_poll(feed, [], [row(Outcome.FAILED, Reason.TIMEOUT, time=OLD)], NOW)
    assert [item.cursor for item in store.items(after=40)] == [41]


def test_another_process_makes_and_drops_parts_too(store: Store) -> None:
    assert store.shared_url is not None
    with open_store(store.shared_url) as other:
        store.apply([ingest(n, n) for n in range(1, 6)], OLD)
        other.apply([ingest(n, n) for n in range(6, 14)], NOW)
        assert store.forget_texts(NOW - DAY) == [1, 2, 3]
        other.apply([revise(1, 1, "Once more."), ingest(14, 14)], NOW)
        store.apply([ingest(n, n) for n in range(15, 20)], NOW)
    assert ranges(store)[-1] == "body_16"
    assert store.texts([14, 19]) == {n: article(n).text for n in (14, 19)}
