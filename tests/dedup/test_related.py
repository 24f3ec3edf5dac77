"""Independent reports of one event find each other; like events stay apart."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta

import pytest

from pipeline.dedup.related import DAY, Events, Vector, Vocabulary, rank_related, terms
from pipeline.model import Article

NOON = datetime(2031, 5, 6, 12, tzinfo=UTC)
REPORTS = [
    ("quake", "Earthquake shakes Tarmouth", "A strong earthquake shook the port of Tarmouth before dawn. Walls "
     "fell in the fishing quarter, and rescuers led by Ana Brill searched the ruins of a cannery."),
    ("quake", "Rescuers search ruins in Tarmouth", "Teams under Ana Brill dug through a collapsed cannery in Tarmouth "
     "on Monday, hours after a tremor that residents of the fishing quarter called the worst in memory."),
    ("quake 2", "Earthquake in Ostrava Hills", "An earthquake was felt across the Ostrava Hills. No one was hurt, but "
     "the monastery of Saint Edda lost its bell tower, the abbot Jon Kell said."),
    ("quake 2", "Monastery loses bell tower", "The tower of Saint Edda, a monastery in the Ostrava Hills, fell in the "
     "tremor of Sunday night. Jon Kell, its abbot, wants to rebuild it."),
    ("vote", "Parliament rejects fishing law", "Members of parliament voted down minister Lena Orth's law on "
     "nets after a debate of nine hours. Fishermen outside cheered."),
    ("vote", "Law on nets fails", "Lena Orth's bill, which would have banned fine nets, found no majority in "
     "parliament. The minister said that she would try again after the summer."),
]  # fmt: skip


def articles() -> list[Article]:
    return [Article(f"https://x.example/{i}", t, x, published=NOON) for i, (_, t, x) in enumerate(REPORTS)]


def gathered(times: list[float], similar: float = 0.1) -> list[int]:
    events = Events(similar=similar)
    found = terms(articles())
    for item in found:
        events.learn(item)
    return [events.add(i, item, time) for i, (item, time) in enumerate(zip(found, times, strict=True))]


@pytest.mark.parametrize("time", [0.0, math.nan])
def test_reports_of_one_event_meet(time: float) -> None:
    assert gathered([time] * len(REPORTS)) == [1, 1, 2, 2, 3, 3]


def test_not_after_the_window() -> None:
    assert gathered([i * 30 * DAY for i in range(len(REPORTS))]) == [1, 2, 3, 4, 5, 6]


def test_related_lists_the_others() -> None:
    events = Events(similar=0.1)
    for i, item in enumerate(terms(articles())):
        events.learn(item)
        events.add(i, item)
    assert events.related(1) == [0]
    assert events.related(99) == []


def test_rank_related() -> None:
    own, *others = articles()
    ranked = rank_related(own, dict(enumerate(others, 1)), least=0.1)
    assert [row for row, _ in ranked] == [1]
    late = Article(others[0].url, others[0].title, others[0].text, published=NOON + timedelta(days=60))
    assert rank_related(own, {1: late}, least=0.1) == []


def test_vectors_have_length_one() -> None:
    vocabulary = Vocabulary()
    found = terms(articles())
    for item in found:
        vocabulary.learn(item)
    vector = vocabulary.vector(found[0])
    assert vector.dot(vector) == pytest.approx(1.0)
    assert vector.dot(Vector(vector.keys[:0], vector.values[:0])) == 0.0


def test_an_empty_text_is_related_to_nothing() -> None:
    _, *others = articles()
    empty = Article("https://x.example/e", "", "")
    assert rank_related(empty, dict(enumerate(others))) == []
