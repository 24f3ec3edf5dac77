"""When a feed is asked again: a table of cases for each rule, and what must hold whatever happens."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.feeds import (
    PollFacts,
    PollSettings,
    after_delivery,
    after_poll,
    moved_back,
    needs_parsing,
    should_poll_unconditionally,
)
from pipeline.model import FeedHints, FeedSource, FeedState, Reason, Validators

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)  # a Monday
URL = "https://e.example/feed"
SETTINGS = PollSettings()
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


def state(interval: float | None = None, **facts: object) -> FeedState:
    source = FeedSource(url=URL, outlet="Example", interval_minutes=interval)
    base = FeedState(row=1, source=source, url=URL, next_poll=NOW)
    return replace(base, **facts)  # type: ignore[arg-type]


def every(interval: timedelta, number: int) -> tuple[datetime, ...]:
    """Arrivals so far apart on average, at no particular hour."""
    return tuple(NOW - interval * (n + (n * 0.618 + 0.5) % 1) for n in range(number))


def waited(old: FeedState, poll: PollFacts, chance: float = 0.0) -> timedelta:
    return after_poll(old, poll, NOW, SETTINGS, chance).next_poll - NOW


def document(*keys: str, times: Sequence[datetime | None] | None = None, **facts: object) -> PollFacts:
    times = times or [None] * len(keys)
    return PollFacts(entries=tuple(zip(keys, times, strict=True)), **facts)  # type: ignore[arg-type]


UNCHANGED = PollFacts(not_modified=True)

# Expected arrival


@pytest.mark.parametrize(
    ("arrivals", "low", "high"),
    [
        ((), 60 * MINUTE, 60 * MINUTE),  # nothing is known: the start
        (every(HOUR, 100), 55 * MINUTE, 65 * MINUTE),
        (every(10 * MINUTE, 100), 9 * MINUTE, 11 * MINUTE),
        (every(MINUTE, 100), 5 * MINUTE, 5 * MINUTE),  # the shortest interval
        (every(4 * DAY, 6), DAY, DAY),  # the longest
        (tuple(NOW - 200 * DAY - n * HOUR for n in range(50)), DAY, DAY),  # a feed that fell silent
        ((NOW + 5 * HOUR,), DAY, DAY),  # dates of the future tell nothing
    ],
)
def test_the_interval_follows_the_arrivals(arrivals: tuple[datetime, ...], low: timedelta, high: timedelta) -> None:
    assert low <= waited(state(arrivals=arrivals), UNCHANGED) <= high


def test_a_daily_hour_is_learned() -> None:
    """A digest at 18:00 is looked for soon after 18:00, not 24 hours after the last look."""
    arrivals = tuple(NOW.replace(hour=18) - n * DAY + (n % 3) * MINUTE for n in range(1, 29))
    due = after_poll(state(arrivals=arrivals), UNCHANGED, NOW, SETTINGS, 0.0).next_poll
    assert NOW.replace(hour=18) < due < NOW.replace(hour=19)


# Never sooner than allowed


@pytest.mark.parametrize(
    ("hints", "facts", "expected", "who"),
    [
        (FeedHints(ttl=30 * MINUTE), {}, 30 * MINUTE, "ttl"),
        (FeedHints(update_interval=2 * HOUR), {}, 2 * HOUR, "sy:updatePeriod"),
        (FeedHints(), {"freshness": 45 * MINUTE}, 45 * MINUTE, "freshness"),
        (FeedHints(ttl=30 * MINUTE), {"freshness": 20 * MINUTE}, 30 * MINUTE, "ttl"),
        (FeedHints(ttl=MINUTE), {"freshness": MINUTE}, 5 * MINUTE, "shortest"),
        (FeedHints(ttl=7 * DAY), {}, DAY, "ttl"),  # the longest interval holds
        (FeedHints(), {"freshness": 365 * DAY}, DAY, "freshness"),
        (FeedHints(), {"retry_after": 3 * HOUR}, 3 * HOUR, "Retry-After"),
    ],
)
def test_wishes_of_the_feed_are_kept(
    hints: FeedHints, facts: dict[str, timedelta], expected: timedelta, who: str
) -> None:
    busy = state(arrivals=every(MINUTE, 100), hints=hints)
    after = after_poll(busy, PollFacts(not_modified=True, **facts), NOW, SETTINGS, 0.0)  # type: ignore[arg-type]
    assert after.next_poll - NOW == expected
    if expected > 5 * MINUTE:
        assert who in after.why_next


def test_hints_of_a_new_document_replace_the_old_ones() -> None:
    after = after_poll(state(hints=FeedHints(ttl=DAY)), document("a", hints=FeedHints(ttl=HOUR)), NOW, SETTINGS, 0.0)
    assert after.hints == FeedHints(ttl=HOUR)
    assert after_poll(after, UNCHANGED, NOW, SETTINGS, 0.0).hints == FeedHints(ttl=HOUR)


@pytest.mark.parametrize(
    ("hours", "days", "expected"),
    [
        ({12, 13}, set(), NOW.replace(hour=14)),
        (set(range(24)) - {3}, set(), NOW.replace(hour=3) + DAY),
        (set(), {0}, NOW.replace(hour=0) + DAY),
        ({0, 1}, {0}, NOW.replace(hour=2) + DAY),
        (set(), {0, 1, 2, 3, 4, 6}, NOW.replace(hour=0) + 5 * DAY),
        ({12}, {2}, NOW.replace(hour=13)),
        (set(range(24)), set(), NOW + 5 * MINUTE),  # says nothing
    ],
)
def test_hours_and_days_to_skip_are_skipped(hours: set[int], days: set[int], expected: datetime) -> None:
    hints = FeedHints(skip_hours=frozenset(hours), skip_days=frozenset(days))
    after = after_poll(state(arrivals=every(MINUTE, 100), hints=hints), UNCHANGED, NOW, SETTINGS, 0.0)
    assert after.next_poll == expected


@pytest.mark.parametrize("interval", [0.0, 1.0, 15.0, 10_080.0])
def test_a_fixed_interval_is_kept_whatever_the_feed_says(interval: float) -> None:
    fixed = state(interval, arrivals=every(MINUTE, 100), hints=FeedHints(ttl=2 * HOUR))
    assert waited(fixed, PollFacts(not_modified=True, freshness=DAY), 0.9) == interval * MINUTE


@pytest.mark.parametrize(("chance", "expected"), [(0.0, 60.0), (0.5, 63.0), (0.999, 65.994)])
def test_jitter_only_ever_delays(chance: float, expected: float) -> None:
    assert waited(state(), UNCHANGED, chance) / MINUTE == pytest.approx(expected)


# Failures


@pytest.mark.parametrize(
    ("reason", "first", "fourth", "longest"),
    [
        (Reason.TIMEOUT, 10 * MINUTE, 80 * MINUTE, 6 * HOUR),
        (Reason.CONNECT_FAILED, 10 * MINUTE, 80 * MINUTE, 6 * HOUR),
        (Reason.HTTP_SERVER_ERROR, 10 * MINUTE, 80 * MINUTE, 6 * HOUR),
        (Reason.WORKER_DIED, 10 * MINUTE, 80 * MINUTE, 6 * HOUR),
        (Reason.DNS_FAILED, 30 * MINUTE, 4 * HOUR, DAY),
        (Reason.TLS_FAILED, 30 * MINUTE, 4 * HOUR, DAY),
        (Reason.HTTP_RATE_LIMITED, 30 * MINUTE, 4 * HOUR, DAY),
        (Reason.HTTP_NOT_FOUND, HOUR, 8 * HOUR, DAY),
        (Reason.HTTP_UNAUTHORIZED, HOUR, 8 * HOUR, DAY),
        (Reason.FEED_IS_HTML, HOUR, 8 * HOUR, DAY),
        (Reason.FEED_NOT_A_FEED, HOUR, 8 * HOUR, DAY),
    ],
)
def test_failures_wait_by_their_class(reason: Reason, first: timedelta, fourth: timedelta, longest: timedelta) -> None:
    poll = PollFacts(reason=reason, detail="words")
    assert waited(state(), poll) == first
    assert waited(state(failures=3), poll) == fourth
    assert waited(state(failures=500), poll) == longest
    after = after_poll(state(), poll, NOW, SETTINGS, 0.0)
    assert (after.failures, after.failing_since, after.last_reason) == (1, NOW, reason)
    assert (after.last_detail, after.retired) == ("words", False)
    assert str(reason) in after.why_next


@pytest.mark.parametrize("reason", [Reason.HOST_PAUSED, Reason.ROBOTS_UNREACHABLE])
def test_a_pause_of_ours_is_not_held_against_the_feed(reason: Reason) -> None:
    after = after_poll(state(), PollFacts(reason=reason), NOW, SETTINGS, 0.0)
    assert (after.failures, after.last_reason, after.next_poll) == (0, None, NOW + 10 * MINUTE)


@pytest.mark.parametrize(
    ("reason", "asked", "expected"),
    [
        (Reason.HTTP_RATE_LIMITED, 2 * MINUTE, 5 * MINUTE),
        (Reason.HTTP_RATE_LIMITED, 3 * HOUR, 3 * HOUR),
        (Reason.HTTP_RATE_LIMITED, 300 * HOUR, DAY),
        (Reason.HTTP_SERVER_ERROR, 3 * HOUR, 3 * HOUR),
        (Reason.HTTP_SERVER_ERROR, MINUTE, 10 * MINUTE),
    ],
)
def test_retry_after_is_obeyed_up_to_a_day(reason: Reason, asked: timedelta, expected: timedelta) -> None:
    assert waited(state(), PollFacts(reason=reason, retry_after=asked)) == expected


@pytest.mark.parametrize(("failures", "expected"), [(0, 2 * MINUTE), (2, 8 * MINUTE), (50, 6 * HOUR)])
def test_failures_slow_down_a_fixed_interval(failures: int, expected: timedelta) -> None:
    assert waited(state(2.0, failures=failures), PollFacts(reason=Reason.TIMEOUT)) == expected


def test_success_ends_a_failure() -> None:
    failing = state(failures=9, failing_since=NOW - DAY, last_reason=Reason.TIMEOUT, last_detail="words")
    after = after_poll(failing, document("a"), NOW, SETTINGS, 0.0)
    assert (after.failures, after.failing_since, after.last_reason, after.last_detail) == (0, None, None, "")
    assert after.last_success == NOW


def test_gone_retires_the_feed_with_a_proposal() -> None:
    poll = PollFacts(reason=Reason.HTTP_GONE, proposal="https://e.example/new")
    after = after_poll(state(), poll, NOW, SETTINGS, 0.0)
    assert (after.retired, after.proposal) == (True, "https://e.example/new")


@pytest.mark.parametrize("unchanged", [UNCHANGED, PollFacts(same_body=True)])
def test_a_feed_that_turned_into_a_stable_page_goes_on_failing(unchanged: PollFacts) -> None:
    turned = after_poll(
        state(body_hash="feed"),
        PollFacts(reason=Reason.FEED_IS_HTML, body_hash="page", validators=Validators(etag='"p"')),
        NOW,
        SETTINGS,
        0.0,
    )
    assert (turned.body_was_feed, turned.body_hash) == (False, "page")
    assert not needs_parsing(turned, "page")
    again = after_poll(turned, unchanged, NOW, SETTINGS, 0.0)
    assert (again.failures, again.last_reason) == (2, Reason.FEED_IS_HTML)
    back = after_poll(again, document("a", body_hash="feed"), NOW, SETTINGS, 0.0)
    assert (back.failures, back.body_was_feed) == (0, True)


# Validators


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ({"validators": Validators('"b"', None)}, Validators('"b"', None)),
        ({"validators": None}, Validators()),
        ({"validators": Validators('"b"', "Tue"), "expired": True}, Validators()),
        ({"not_modified": True}, Validators('"a"', "Mon")),
        ({"not_modified": True, "validators": Validators('W/"b"', None)}, Validators('W/"b"', "Mon")),
        ({"not_modified": True, "expired": True}, Validators()),
    ],
)
def test_validators_are_replaced_refreshed_or_dropped(facts: dict[str, object], expected: Validators) -> None:
    old = state(validators=Validators('"a"', "Mon"))
    assert after_poll(old, PollFacts(**facts), NOW, SETTINGS, 0.0).validators == expected  # type: ignore[arg-type]


def test_a_transport_failure_keeps_the_validators() -> None:
    old = state(validators=Validators('"a"'))
    assert after_poll(old, PollFacts(reason=Reason.TIMEOUT), NOW, SETTINGS, 0.0).validators == Validators('"a"')


@pytest.mark.parametrize(
    ("poll", "lies"),
    [
        (document("b", "a", unconditional=True, validators=Validators('"a"')), True),
        (document("b", "a", unconditional=True, validators=Validators('"b"')), False),
        (document("a", unconditional=True, validators=Validators('"a"')), False),
        (document("b", "a", validators=Validators('"a"')), False),  # nothing was hidden
        (
            document("b", "a", unconditional=True, times=[NOW - 9 * HOUR, None]),
            True,
        ),  # older than the last 304
        (document("b", "a", unconditional=True, times=[NOW - 3 * HOUR, None]), False),
    ],
)
def test_lying_validators_are_found_out(poll: PollFacts, lies: bool) -> None:
    old = state(validators=Validators('"a"'), last_keys=frozenset("a"), last_success=NOW - 3 * HOUR)
    after = after_poll(old, poll, NOW, SETTINGS, 0.0)
    assert after.validators_lie is lies
    assert should_poll_unconditionally(replace(after, validators=Validators('"a"')), 0.9, SETTINGS) is lies


@pytest.mark.parametrize(
    ("validators", "chance", "expected"),
    [(Validators(), 0.0, False), (Validators('"a"'), 0.019, True), (Validators('"a"'), 0.02, False)],
)
def test_a_small_share_of_polls_is_unconditional(validators: Validators, chance: float, expected: bool) -> None:
    assert should_poll_unconditionally(state(validators=validators), chance, SETTINGS) is expected


# Redirects


def polled_through(target: str, polls: int, apart: timedelta, permanent: bool = True) -> FeedState:
    current = state()
    for n in range(polls):
        poll = document("a", final_url=target, permanent=permanent)
        current = after_poll(current, poll, NOW + n * apart, SETTINGS, 0.0)
    return current


@pytest.mark.parametrize(
    ("polls", "apart", "permanent", "moved"),
    [
        (10, 8 * HOUR, True, True),
        (9, 10 * HOUR, True, False),  # too few polls
        (50, HOUR, True, False),  # too few days
        (50, DAY, False, False),  # a hop was temporary
    ],
)
def test_only_a_permanent_redirect_that_lasts_moves_a_feed(
    polls: int, apart: timedelta, permanent: bool, moved: bool
) -> None:
    after = polled_through("https://e.example/new", polls, apart, permanent)
    assert after.url == ("https://e.example/new" if moved else URL)
    assert after.source.url == URL


@pytest.mark.parametrize("between", [document("a"), document("a", final_url="https://e.example/other", permanent=True)])
def test_a_redirect_that_changes_its_mind_starts_again(between: PollFacts) -> None:
    nine = polled_through("https://e.example/new", 9, DAY)
    assert nine.moved_polls == 9
    after = after_poll(nine, between, NOW + 9 * DAY, SETTINGS, 0.0)
    assert (after.url, after.moved_polls) == (URL, 1 if between.permanent else 0)


def test_a_failure_neither_moves_nor_forgets() -> None:
    nine = polled_through("https://e.example/new", 9, DAY)
    after = after_poll(nine, PollFacts(reason=Reason.TIMEOUT), NOW + 9 * DAY, SETTINGS, 0.0)
    assert (after.url, after.moved_polls) == (URL, 9)


def test_a_move_can_be_undone() -> None:
    back = moved_back(polled_through("https://e.example/new", 10, DAY), NOW)
    assert (back.url, back.next_poll, back.validators, back.moved_polls) == (URL, NOW, Validators(), 0)


# Roll-over


def test_a_document_without_overlap_counts_as_missed_and_is_polled_sooner() -> None:
    old = state(last_keys=frozenset("abc"), last_success=NOW - 10 * HOUR, arrivals=every(DAY, 5))
    poll = document("x", "y", "z", times=[NOW - n * HOUR for n in range(3)])
    after = after_poll(old, poll, NOW, SETTINGS, 0.0)
    assert after.missed >= 1
    assert after.next_poll == NOW + 5 * MINUTE
    assert "rolled over" in after.why_next
    assert after_poll(after, document("x", "y", "w"), NOW, SETTINGS, 0.0).missed == after.missed


def test_the_estimate_of_what_was_missed_follows_the_rate() -> None:
    """One entry every 12 minutes, looked at after ten hours: about fifty came, twenty are there."""
    old = state(last_keys=frozenset("a"), last_success=NOW - 10 * HOUR)
    keys = [f"k{n}" for n in range(20)]
    poll = document(*keys, times=[NOW - n * 12 * MINUTE for n in range(20)])
    assert after_poll(old, poll, NOW, SETTINGS, 0.0).missed == pytest.approx(30, abs=5)


def test_a_short_document_is_polled_before_it_can_roll_over() -> None:
    hourly = state(arrivals=every(HOUR, 100), last_keys=frozenset(["a", "b"]))
    short = waited(replace(hourly, last_keys=frozenset("a")), UNCHANGED)
    assert short < 35 * MINUTE < waited(hourly, UNCHANGED)


@pytest.mark.parametrize(
    ("shown", "told", "found", "missed"),
    [
        (("a", "b"), ("c", "d"), ("d", "e"), False),  # the hub told what is no longer in the document
        (("a", "b"), (), ("d", "e"), True),
        (("a", "b"), ("c",), ("x", "y"), True),  # it told something else
        (("a", "b"), ("c",), ("b", "c"), False),
    ],
)
def test_what_a_hub_told_was_not_missed(
    shown: tuple[str, ...], told: tuple[str, ...], found: tuple[str, ...], missed: bool
) -> None:
    old = state(last_keys=frozenset(shown), last_success=NOW - 6 * HOUR, arrivals=every(HOUR, 50))
    between = after_delivery(old, [(key, NOW - HOUR) for key in told], NOW - HOUR) if told else old
    assert (after_poll(between, document(*found), NOW, SETTINGS, 0.0).missed > 0) == missed


@pytest.mark.parametrize(
    ("shown", "told", "arrivals"),
    [
        (("a",), (("b", NOW - HOUR),), (NOW - HOUR,)),
        (("a",), (("a", NOW - HOUR),), ()),  # known
        (("a",), (("b", None),), (NOW,)),  # undated: it came now
        (("a",), (("b", NOW + DAY),), ()),  # of the future
        ((), (("b", NOW - HOUR),), ()),  # nothing was polled yet
        (("a",), tuple((f"k{n}", NOW) for n in range(1_001)), ()),  # more than is kept between polls
    ],
)
def test_deliveries_count_as_arrivals(
    shown: tuple[str, ...], told: tuple[tuple[str, datetime | None], ...], arrivals: tuple[datetime, ...]
) -> None:
    after = after_delivery(state(last_keys=frozenset(shown)), told, NOW)
    assert after.arrivals == arrivals
    assert after.next_poll == NOW


def test_undated_entries_count_when_they_are_first_seen() -> None:
    first = after_poll(state(), document("a", "b"), NOW, SETTINGS, 0.0)
    assert first.arrivals == ()  # how old they are is not known
    second = after_poll(first, document("c", "a"), NOW + HOUR, SETTINGS, 0.0)
    assert second.arrivals == (NOW + HOUR,)


# Whatever happens

REASONS = [r for r in Reason if r is not Reason.HTTP_GONE]
SPANS = st.none() | st.timedeltas(timedelta(), timedelta(days=400))
HINTS = st.builds(
    FeedHints,
    ttl=SPANS,
    update_interval=SPANS,
    skip_hours=st.frozensets(st.integers(0, 23), max_size=23),
    skip_days=st.frozensets(st.integers(0, 6), max_size=6),
)
TIMES = st.datetimes(datetime(2026, 10, 1), datetime(2026, 12, 1), timezones=st.just(UTC))
POLLS = st.builds(
    PollFacts,
    reason=st.none() | st.sampled_from(REASONS),
    not_modified=st.booleans(),
    same_body=st.booleans(),
    unconditional=st.booleans(),
    retry_after=SPANS,
    freshness=SPANS,
    expired=st.booleans(),
    validators=st.none() | st.builds(Validators, st.none() | st.just('"e"'), st.none()),
    final_url=st.none() | st.just("https://e.example/new"),
    permanent=st.booleans(),
    hints=st.none() | HINTS,
    entries=st.lists(st.tuples(st.sampled_from("abcdef"), st.none() | TIMES), max_size=6).map(tuple),
)
CHANCE = st.floats(0, 1, exclude_max=True)


@given(st.lists(POLLS, min_size=1, max_size=6), CHANCE)
def test_the_next_poll_is_never_sooner_than_allowed_and_never_beyond_the_longest(
    polls: list[PollFacts], chance: float
) -> None:
    current, now = state(), NOW
    for poll in polls:
        current = after_poll(current, poll, now, SETTINGS, chance)
        wait = current.next_poll - now
        hints = current.hints
        assert wait >= 5 * MINUTE
        assert current.why_next
        if current.last_reason is None and poll.reason is None:
            for wish in (hints.ttl, hints.update_interval, poll.freshness, poll.retry_after):
                assert wait >= min(wish or timedelta(), DAY)
            assert current.next_poll.hour not in hints.skip_hours
            assert current.next_poll.weekday() not in hints.skip_days
        if wait > DAY:  # only because all hours between are to be skipped
            hour = (now + DAY).replace(minute=0, second=0, microsecond=0) + HOUR
            while hour < current.next_poll.replace(minute=0, second=0, microsecond=0):
                assert hour.hour in hints.skip_hours or hour.weekday() in hints.skip_days
                hour += HOUR
        now = current.next_poll


@given(st.lists(st.sampled_from(REASONS), max_size=40), CHANCE)
def test_a_feed_always_recovers(reasons: list[Reason], chance: float) -> None:
    current, now = state(arrivals=every(HOUR, 50)), NOW
    for reason in reasons:
        current = after_poll(current, PollFacts(reason=reason), now, SETTINGS, chance)
        assert not current.retired
        assert current.next_poll - now <= DAY
        now = current.next_poll
    after = after_poll(current, document("a"), now, SETTINGS, chance)
    assert (after.failures, after.last_reason) == (0, None)
    assert after.next_poll - now <= DAY


def test_it_depends_on_nothing_but_its_arguments() -> None:
    poll = document("a", "b", times=[NOW - HOUR, NOW - DAY])
    results = {after_poll(state(), poll, NOW, SETTINGS, 0.3) for _ in range(3)}
    random.seed(1)
    assert results == {after_poll(state(), poll, NOW, SETTINGS, 0.3)}


@pytest.mark.parametrize(
    "wrong",
    [
        {"min_minutes": 0},
        {"max_minutes": 2000},
        {"start_minutes": 1},
        {"jitter": 0.9},
        {"unconditional_share": 2},
    ],
)
def test_settings_that_contradict_each_other_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="should"):
        PollSettings(**wrong)  # type: ignore[arg-type]
