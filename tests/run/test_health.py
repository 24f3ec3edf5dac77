"""Which feeds are in trouble, which fell silent, and what people are told."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.health import ADVICE, HealthReport, Kind, Known, advice_for, assess, changes, overdue_seconds
from pipeline.model import FeedSource, FeedState, Reason
from pipeline.run.digest import MOST, alert, digest
from pipeline.text import span

NOW = datetime(2026, 5, 20, 12, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def feed(row: int = 1, **more: Any) -> FeedState:
    source = FeedSource(f"https://feed{row}.example/rss", f"Outlet {row}")
    return FeedState(row, source, source.url, **{"next_poll": NOW + HOUR, "last_poll": NOW - HOUR, **more})


def failing(reason: Reason, failures: int, row: int = 1, **more: Any) -> FeedState:
    return feed(row, last_reason=reason, failures=failures, failing_since=NOW - 2 * DAY, **more)


def published(*hours_ago: float) -> tuple[datetime, ...]:
    return tuple(NOW - timedelta(hours=hours) for hours in hours_ago)


@pytest.mark.parametrize(
    ("reason", "failures", "kind"),
    [
        (Reason.TIMEOUT, 1, None),  # weather
        (Reason.TIMEOUT, 3, None),
        (Reason.TIMEOUT, 4, Kind.NETWORK),
        (Reason.DNS_FAILED, 3, Kind.NETWORK),
        (Reason.TLS_FAILED, 1, None),
        (Reason.TLS_FAILED, 2, Kind.NETWORK),
        (Reason.HTTP_SERVER_ERROR, 3, None),
        (Reason.HTTP_SERVER_ERROR, 4, Kind.SERVER),
        (Reason.HTTP_UNAUTHORIZED, 2, Kind.REFUSED),
        (Reason.HTTP_NOT_FOUND, 1, None),
        (Reason.HTTP_NOT_FOUND, 2, Kind.GONE),
        (Reason.HTTP_GONE, 1, Kind.GONE),
        (Reason.FEED_IS_HTML, 2, Kind.NOT_A_FEED),
        (Reason.ADDRESS_REFUSED, 1, Kind.CONFIGURATION),
        (Reason.TOO_LARGE, 2, Kind.CONFIGURATION),
        (Reason.INTERNAL_ERROR, 1, Kind.DEFECT),
        (Reason.WORKER_DIED, 1, Kind.DEFECT),
    ],
)
def test_trouble_by_kind_and_patience(reason: Reason, failures: int, kind: Kind | None) -> None:
    report = assess([failing(reason, failures, last_detail="it said so")], NOW)
    if kind is None:
        assert report == HealthReport(NOW, healthy=1, retired=0)
        return
    (trouble,) = report.troubles
    assert (trouble.kind, trouble.reason, trouble.tried) == (kind, reason, failures)
    assert trouble.since == NOW - 2 * DAY
    assert trouble.detail == "it said so"
    assert trouble.todo.endswith(".")
    assert report.healthy == 0


def test_every_reason_of_transport_answers_and_feeds_has_advice() -> None:
    names = list(Reason)
    feed_wide = names[names.index(Reason.BAD_URL) : names.index(Reason.FEED_TRUNCATED) + 1]
    assert set(feed_wide) <= set(ADVICE)
    assert all(advice_for(reason).todo for reason in Reason)


def test_a_feed_that_is_gone_is_not_tried_again() -> None:
    (trouble,) = assess([failing(Reason.HTTP_GONE, 1, retired=True)], NOW).troubles
    assert trouble.next_poll is None
    assert "not tried again" in digest(assess([failing(Reason.HTTP_GONE, 1, retired=True)], NOW), {})


@pytest.mark.parametrize(
    ("arrivals", "silent"),
    [
        ((), False),  # it never brought anything
        (published(300, 400, 500, 600), False),  # too few to know its rhythm
        (published(30, 31, 32, 33, 34), False),  # a young history: perhaps a weekend
        (published(85, 86, 87, 88, 89), True),
        (published(*(23 + n for n in range(0, 300, 6))), False),  # four a day, quiet for less than a day
        (published(*(25 + n for n in range(0, 300, 6))), True),
        (published(*(47 + n for n in range(0, 600, 24))), False),  # daily: two days are twice its pause
        (published(*(49 + n for n in range(0, 600, 24))), True),
        (published(*(300 + n * 168 for n in range(6))), False),  # weekly
        (published(*(340 + n * 168 for n in range(6))), True),
        (published(-200, *(340 + n * 168 for n in range(6))), True),  # a date in the future is no sign of life
    ],
)
def test_silence_by_the_feeds_own_rhythm(arrivals: tuple[datetime, ...], silent: bool) -> None:
    report = assess([feed(arrivals=arrivals)], NOW)
    assert bool(report.silences) is silent
    assert report.healthy == (not silent)


def test_what_fails_or_is_retired_is_not_silent_as_well() -> None:
    old = published(*(340 + n * 168 for n in range(6)))
    report = assess([failing(Reason.TIMEOUT, 9, 1, arrivals=old), feed(2, arrivals=old, retired=True)], NOW)
    assert report.silences == ()
    assert (len(report.troubles), report.retired) == (1, 1)


def test_those_longest_in_trouble_come_first() -> None:
    feeds = [failing(Reason.TIMEOUT, 5, row) for row in range(1, 4)]
    feeds[1] = replace(feeds[1], failing_since=NOW - 9 * DAY)
    assert [t.outlet for t in assess(feeds, NOW).troubles] == ["Outlet 2", "Outlet 1", "Outlet 3"]


def test_changes_are_told_once() -> None:
    well, ill = assess([feed(1), feed(2)], NOW), assess([feed(1), failing(Reason.DNS_FAILED, 3, 2)], NOW)
    began = changes(well.known, ill)
    assert [trouble.outlet for trouble in began.new] == ["Outlet 2"]
    assert not changes(ill.known, ill)
    assert changes(ill.known, well).recovered == ("https://feed2.example/rss",)
    silent = assess([feed(1, arrivals=published(*(340 + n * 168 for n in range(6)))), feed(2)], NOW)
    assert [silence.outlet for silence in changes(well.known, silent).fell_silent] == ["Outlet 1"]
    assert alert(changes(ill.known, well), NOW) == "- https://feed2.example/rss works again.\n"
    assert alert(changes(well.known, well), NOW) == ""


def test_an_alert_says_since_when_what_was_tried_and_what_to_do() -> None:
    ill = assess([failing(Reason.HTTP_NOT_FOUND, 3, last_detail="404", proposal="https://new.example/rss")], NOW)
    assert alert(changes(Known(), ill), NOW) == (
        "- Outlet 1, https://feed1.example/rss: gone, http_not_found (404), for 2 days (since 2026-05-18 12:00 UTC); "
        "tried 3 times, next try 2026-05-20 13:00 UTC. Find the new address: `feeds add` with the outlet's home "
        "page; then `feeds remove` the old one. Perhaps it moved to https://new.example/rss.\n"
    )


def test_the_digest() -> None:
    old = published(*(340 + n * 168 for n in range(6)))
    feeds = [failing(Reason.TIMEOUT, 5, 1), feed(2, arrivals=old), feed(3), feed(4)]
    assert digest(assess(feeds, NOW), {"seen": 40, "new": 12, "failed": 0}) == (
        "Storyfold, Wednesday 2026-05-20 12:00 UTC\n"
        "Entries since yesterday: 12 new, 40 seen.\n"
        "Feeds: 2 healthy, 1 in trouble, 1 silent.\n"
        "\n"
        "In trouble:\n"
        "- Outlet 1, https://feed1.example/rss: network, timeout, for 2 days (since 2026-05-18 12:00 UTC); tried "
        "5 times, next try 2026-05-20 13:00 UTC. Check the address in a browser. If it works there, check DNS, "
        "firewall and proxy of this machine.\n"
        "\n"
        "Silent:\n"
        "- Outlet 2, https://feed2.example/rss: answers, but brings nothing new for 14 days 4 h; its longest pause "
        "before was 7 days. See whether the outlet has another feed by now: `feeds add` with its home page.\n"
    )


def test_a_feed_that_was_taken_out_troubles_nobody() -> None:
    gone = replace(failing(Reason.DNS_FAILED, 9), retired=True, listed=False)
    assert assess([gone], NOW).troubles == ()
    assert assess([replace(gone, listed=True)], NOW).troubles


def test_a_digest_is_bounded_safe_and_keeps_secrets() -> None:
    feeds = [failing(Reason.TIMEOUT, 5, row) for row in range(200)]
    text = digest(assess(feeds, NOW), {})
    assert text.count("\n- ") == MOST + 1
    assert text.endswith("- and 150 more\n")
    nasty = replace(feeds[0], source=FeedSource("https://ann:secret@a.example/", "Out\x1b[31mlet\n- forged"))
    text = digest(assess([replace(nasty, last_detail="bad\nline")], NOW), {})
    assert "secret" not in text
    assert "\x1b" not in text
    assert text.count("\n- ") == 1


@pytest.mark.parametrize(
    ("time", "words"),
    [
        (timedelta(minutes=5), "5 min"),
        (timedelta(hours=3, minutes=20), "3 h 20 min"),
        (timedelta(hours=9), "9 h"),
        (timedelta(days=1), "1 day"),
        (timedelta(days=4, hours=7, minutes=59), "4 days 7 h"),
        (timedelta(0), "0 min"),
    ],
)
def test_spans(time: timedelta, words: str) -> None:
    assert span(time) == words


@pytest.mark.parametrize(
    ("ahead", "expected"),
    [([], 0.0), ([60.0], 0.0), ([-60.0, 30.0], 60.0), ([-60.0, -90.0], 90.0)],
)
def test_overdue(ahead: list[float], expected: float) -> None:
    feeds = [feed(row, next_poll=NOW + timedelta(seconds=seconds)) for row, seconds in enumerate(ahead)]
    assert overdue_seconds(feeds, NOW) == expected
    assert overdue_seconds([replace(state, retired=True) for state in feeds], NOW) == 0.0


@given(
    st.lists(
        st.builds(
            feed,
            st.integers(1, 9),
            failures=st.integers(0, 9),
            last_reason=st.none() | st.sampled_from(Reason),
            retired=st.booleans(),
            arrivals=st.lists(st.integers(-99, 9_999).map(lambda h: NOW - h * HOUR), max_size=30).map(tuple),
        ),
        max_size=9,
        unique_by=lambda state: state.row,
    )
)
def test_each_feed_is_counted_once(feeds: list[FeedState]) -> None:
    report = assess(feeds, NOW)
    gone = sum(t.next_poll is None for t in report.troubles)
    assert report.healthy + len(report.troubles) - gone + len(report.silences) + report.retired == len(feeds)
    assert not changes(report.known, report)
    assert digest(report, {})
