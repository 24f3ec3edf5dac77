"""The pure parts: charts, health, what is shown of text from outside, answers that are kept."""

from __future__ import annotations

import doctest
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.model import FeedSource, FeedState, Reason
from pipeline.web import charts, passages, render, settings, shapes
from pipeline.web.health import feed_health
from pipeline.web.kept import Kept, Tallies, by

NOW = datetime(2026, 3, 4, 15, 20, tzinfo=UTC)


@pytest.mark.parametrize("module", [charts, passages, render, settings], ids=lambda m: m.__name__)
def test_examples_in_the_docstrings_hold(module: object) -> None:
    assert doctest.testmod(module).failed == 0  # type: ignore[arg-type]


@given(st.lists(st.dictionaries(st.sampled_from(charts.OUTCOMES), st.integers(0, 10**7)), min_size=1, max_size=60))
def test_bars_stay_inside_their_drawing(counts: list[dict[str, int]]) -> None:
    rows = [(NOW + timedelta(hours=n), row) for n, row in enumerate(counts)]
    chart = charts.stacked(rows, 140, "label", "hour")
    for column in chart.columns:
        assert -0.01 <= column.x <= column.x + column.width <= 100.01
        assert all(s.y >= -0.1 and s.y + s.height <= 140.1 for s in column.segments)


MOMENTS = st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1)).map(lambda d: d.replace(tzinfo=UTC))


@given(st.lists(st.tuples(st.sampled_from("ABC"), st.none() | MOMENTS), min_size=1, max_size=20))
def test_a_timeline_has_every_article_in_its_outlets_lane(found: list[tuple[str, datetime | None]]) -> None:
    articles = tuple(
        shapes.StoryArticle(f"a{n}", "", outlet, "", at, n == 0, None, None) for n, (outlet, at) in enumerate(found)
    )
    story = shapes.Story("s", "", "", None, None, NOW, NOW, (), "", articles)
    drawn = charts.timeline(story, {})
    assert sorted(dot.article_id for lane in drawn.lanes for dot in lane.dots) == sorted(a.article_id for a in articles)
    assert len(drawn.lanes) == len({outlet for outlet, _ in found})
    assert all(0 <= dot.x <= 100 for lane in drawn.lanes for dot in lane.dots)
    assert drawn.speaker_at is not None
    assert 2 <= len(drawn.ticks) <= 6
    assert all(2 <= tick.place <= 98.01 for tick in drawn.ticks)
    assert len({tick.label for tick in drawn.ticks}) == len(drawn.ticks)


def test_the_matrix_shows_the_busiest_and_says_how_many_are_left_out() -> None:
    pairs = [("A", "B", 10), ("B", "A", 1), ("C", "A", 4), *((f"x{n}", "A", 1) for n in range(20))]
    drawn = charts.matrix(pairs, limit=4)
    assert drawn.names[:3] == ("A", "B", "C")
    assert drawn.left_out == 19
    assert dict(drawn.rows)["A"][1] == charts.Cell(10, 5)
    assert charts.matrix([]) == charts.Matrix((), (), 0)


STATE = FeedState(
    1, FeedSource("https://x.example/f", "X"), "https://x.example/f", NOW + timedelta(minutes=5), last_poll=NOW, polls=3
)
RHYTHM = tuple(NOW - timedelta(hours=n) for n in range(1, 20))


@pytest.mark.parametrize(
    ("change", "health", "says"),
    [
        ({}, "fine", "answers well"),
        ({"last_poll": None}, "new", "not polled yet"),
        ({"retired": True}, "retired", "polled no more"),
        ({"retired": True, "proposal": "https://x.example/new"}, "retired", "moved to https://x.example/new"),
        ({"failures": 1, "last_reason": Reason.TIMEOUT}, "unsteady", "tried once"),
        ({"failures": 1, "last_reason": Reason.HTTP_GONE}, "failing", "tried once"),
        ({"failures": 4, "last_reason": Reason.TIMEOUT}, "failing", "4 times in a row"),
        ({"failures": 4, "last_reason": None}, "unsteady", "4 times in a row"),
        ({"next_poll": NOW - timedelta(minutes=14)}, "fine", ""),
        ({"next_poll": NOW - timedelta(minutes=16)}, "late", "overdue by 16 min"),
        ({"arrivals": RHYTHM}, "fine", ""),
        ({"arrivals": tuple(at - timedelta(days=5) for at in RHYTHM)}, "silent", "for 5 days"),
        ({"arrivals": RHYTHM[-3:]}, "fine", ""),  # too few to know its rhythm
        ({"arrivals": tuple(NOW - timedelta(days=7 * n) for n in range(2, 10))}, "fine", ""),  # a weekly
    ],
)
def test_health(change: dict[str, object], health: str, says: str) -> None:
    found, note, todo = feed_health(replace(STATE, **change), NOW)  # type: ignore[arg-type]
    assert found.value == health
    assert says in note + todo
    assert bool(todo) == (health in ("failing", "late", "silent") or "proposal" in change)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Plain & simple", "Plain & simple"),
        ("<b>Bold</b> claim", "Bold claim"),
        ("a <script>x()</script>b", "a b"),
        ("5 < 6 and 7 > 2", "5 < 6 and 7 > 2"),
        ("prices <b fall", "prices <b fall"),
        ("two\nlines\tand more", "two lines and more"),
        ("left\u202eto right", "leftto right"),
        (None, ""),
    ],
)
def test_plain(text: str | None, shown: str) -> None:
    assert render.plain(text) == shown


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://x.example/a?b=1", "https://x.example/a?b=1"),
        ("javascript:alert(1)", None),
        ("JAVASCRIPT:alert(1)", None),
        ("data:text/html,x", None),
        ("vbscript:x", None),
        ("//x.example", None),
        ("/local", None),
        ("", None),
        (None, None),
    ],
)
def test_safe_url(url: str | None, shown: str | None) -> None:
    assert render.safe_url(url) == shown


class Clock:
    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now


def test_kept_answers_hold_for_their_time() -> None:
    clock, calls = Clock(), []
    kept = Kept(clock)

    def ask(seconds: float | None) -> int:
        return kept.get(("question", seconds), seconds, lambda: calls.append(1) or len(calls))

    assert (ask(10), ask(10), ask(None), ask(None)) == (1, 1, 2, 2)
    clock.now += timedelta(seconds=11)
    assert (ask(10), ask(None)) == (3, 2)
    kept.forget()
    assert (ask(10), ask(None)) == (4, 2)


def test_an_answer_that_fails_is_asked_again() -> None:
    kept = Kept(Clock())
    with pytest.raises(ZeroDivisionError):
        kept.get("x", 10, lambda: 1 // 0)
    assert kept.get("x", 10, lambda: 7) == 7


class Counting:
    """A source of tallies that counts how often it is asked."""

    def __init__(self) -> None:
        self.asked: list[datetime] = []

    def tally(self, since: datetime, until: datetime) -> Sequence[tuple[str | None, str | None, str, str, int]]:
        self.asked.append(since)
        return [("f", "o", "new", "started_story", 2), (None, None, "failed", "timeout", 1)]


def test_hours_that_are_over_are_counted_once() -> None:
    clock, source = Clock(), Counting()
    tallies = Tallies(source, Kept(clock), clock)  # type: ignore[arg-type]
    first = list(tallies.hours(6))
    assert [start.hour for start, _ in first] == [10, 11, 12, 13, 14, 15]
    assert len(source.asked) == 6
    clock.now += timedelta(minutes=1)
    list(tallies.hours(6))
    assert len(source.asked) == 7  # the present hour alone
    assert by(first[0][1], 2) == {"new": 2, "failed": 1}
    assert by(first[0][1], 0) == {"f": 2}
