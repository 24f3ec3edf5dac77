"""What the page asks: pages of lists that neither lose nor repeat a row, tallies, who copies whom."""

from __future__ import annotations

from datetime import timedelta

import pytest
from storage_builders import LATER, NOW, ingest, join, merge

from pipeline.storage import Store


@pytest.fixture
def filled(store: Store) -> Store:
    store.apply([ingest(n, n) for n in range(1, 8)], NOW)
    store.apply([join(8, 1, 1), join(9, 1, 1), join(10, 2, 2)], NOW + timedelta(minutes=30))
    store.apply([join(11, 3, 3), join(12, 3, 3), join(13, 3, 3)], NOW + timedelta(hours=30))
    store.apply([merge(14, 4, 5, 4)], NOW + timedelta(hours=31))
    return store


def test_item_pages_fit_together(filled: Store) -> None:
    whole = [item.cursor for item in filled.item_page({}, limit=100)]
    paged: list[int] = []
    before = None
    while page := filled.item_page({}, before=before, limit=3):
        paged += [item.cursor for item in page]
        before = page[-1].cursor
    assert paged == whole == sorted(whole, reverse=True)
    assert len(whole) == 14


def test_an_unknown_place_has_nothing_behind_it(filled: Store) -> None:
    assert filled.item_page({}, before=999) == []


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        ("newest", ["s4", "s3", "s2", "s1", "s7", "s6"]),
        ("widest", ["s3", "s4", "s1", "s2"]),
        ("fastest", ["s1", "s2", "s3", "s4"]),
    ],
)
def test_story_orders_and_their_pages(filled: Store, order: str, expected: list[str]) -> None:
    whole = [record.story_id for _, record in filled.story_page({}, order=order)]
    assert whole == expected
    paged: list[str] = []
    behind = None
    while page := filled.story_page({}, order=order, behind=behind, limit=2):
        paged += [record.story_id for _, record in page]
        behind = page[-1][0]
    assert paged == whole


def test_tally_counts_a_window(filled: Store) -> None:
    found = filled.tally(NOW, NOW + timedelta(seconds=1))
    assert sum(row[-1] for row in found) == 14
    assert {row[2] for row in found} == {"new"}
    assert filled.tally(LATER, LATER + timedelta(days=1)) == []


def test_copying_counts_between_outlets_only(filled: Store) -> None:
    pairs = filled.copying(NOW - timedelta(days=1))
    assert pairs == sorted(pairs, key=lambda p: (-p[2], p[0], p[1]))
    assert all(copier != source for copier, source, _ in pairs)
    assert pairs[0] == ("Outlet 2", "Outlet 1", 3)  # articles 5, 8 and 14
    assert filled.copying(NOW + timedelta(days=30)) == []


def test_what_a_story_page_needs(filled: Store) -> None:
    story = filled.story("s1")
    assert filled.stored_times(story.row) == {
        "a1": NOW,
        "a8": NOW + timedelta(minutes=30),
        "a9": NOW + timedelta(minutes=30),
    }
    [(other, match)] = filled.evidence_of("a8")
    assert (other, match.reason, match.evidence) == ("a1", "reprint", {"containment": 0.75, "jaccard": 0.5})
    assert filled.evidence_of("nobody") == []


def test_totals_and_arrivals(filled: Store) -> None:
    totals = filled.totals()
    assert (totals["articles"], totals["stories"], totals["waiting"]) == (14, 6, 0)
    assert totals["bytes"] > 0
    assert len(filled.arrivals(5)) == 5
