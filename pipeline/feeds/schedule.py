"""When a feed is asked again: facts of one poll in, the feed's next state out.  Pure.

The rules, in the order in which they speak:

1. 410 Gone retires the feed.  429 and Retry-After are obeyed (at most a day).
2. A failure waits by its class, twice as long each time; no failure ever disables a feed.
3. A fixed interval of the user is kept as it is.
4. Else the next poll is expected from the feed's own publication times, sooner after a roll-over, and never
   sooner than ``ttl``, ``sy:update*``, ``Cache-Control``/``Expires`` and ``skipHours``/``skipDays`` allow.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from pipeline.feeds.arrivals import expectation
from pipeline.feeds.settings import PollSettings
from pipeline.model import FeedHints, FeedState, Reason, Validators

MAX_ARRIVALS = 100
MAX_TOLD = 1_000  # keys kept between two polls of a feed whose hub tells what is new
MAX_RETRY_AFTER = timedelta(hours=24)
LATE = timedelta(hours=1)  # an entry that much older than the poll before was there and not shown
OVERLAP = 0.5  # share of a document that may be new at the next poll, so that nothing rolls over unseen
MAX_JITTER = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class PollFacts:
    """What fetching and parsing found.  ``reason`` is ``None`` where the feed was had, or had not changed."""

    reason: Reason | None = None
    detail: str = ""
    not_modified: bool = False  # 304
    same_body: bool = False  # 200 with the hash of the last body: not parsed again
    unconditional: bool = False  # asked without validators although there were some
    retry_after: timedelta | None = None
    freshness: timedelta | None = None  # max-age, or Expires minus Date
    expired: bool = False  # Expires: 0, no-store: validators are not to be trusted
    validators: Validators | None = None  # of this answer
    final_url: str | None = None  # where the redirects led; None without any
    permanent: bool = False  # every hop was 301 or 308
    hints: FeedHints | None = None  # of the parsed document
    title: str = ""
    entries: tuple[tuple[str, datetime | None], ...] = ()  # key and publication time
    body_hash: str | None = None
    proposal: str | None = None  # a replacement that was discovered for a feed that is gone


@dataclass(frozen=True, slots=True)
class Wait:
    """How a class of failures is waited out: ``first`` × 2^(failures - 1), at most ``longest``."""

    first: timedelta
    longest: timedelta
    words: str


_PASSING = Wait(timedelta(minutes=10), timedelta(hours=6), "a passing failure")
_ADDRESS = Wait(timedelta(minutes=30), timedelta(hours=24), "name or certificate")
_ANSWER = Wait(timedelta(hours=1), timedelta(hours=24), "the answer is no feed")
_LIMITED = Wait(timedelta(minutes=30), timedelta(hours=24), "asked to slow down")
_WAITS: dict[Reason, Wait] = {
    Reason.DNS_FAILED: _ADDRESS,
    Reason.TLS_FAILED: _ADDRESS,
    Reason.HTTP_RATE_LIMITED: _LIMITED,
    **dict.fromkeys(
        [
            *(Reason.BAD_URL, Reason.ADDRESS_REFUSED, Reason.ROBOTS_DISALLOWED, Reason.REDIRECT_LOOP),
            *(Reason.TOO_MANY_REDIRECTS, Reason.BAD_REDIRECT, Reason.TOO_LARGE, Reason.HTTP_CLIENT_ERROR),
            *(Reason.HTTP_UNAUTHORIZED, Reason.HTTP_NOT_FOUND, Reason.FEED_EMPTY, Reason.FEED_IS_HTML),
            *(Reason.FEED_NOT_A_FEED, Reason.OVERRUN_CPU, Reason.OVERRUN_MEMORY),
        ],
        _ANSWER,
    ),
}
# Not the feed's doing: it is asked again soon, and nothing is held against it.
_OURS = frozenset([Reason.HOST_PAUSED, Reason.ROBOTS_UNREACHABLE])
# Bytes came and were no feed: remembered with their hash.
_NO_FEED = frozenset([Reason.FEED_EMPTY, Reason.FEED_IS_HTML, Reason.FEED_NOT_A_FEED, Reason.FEED_TRUNCATED])


def after_poll(state: FeedState, poll: PollFacts, now: datetime, settings: PollSettings, random: float) -> FeedState:
    """The feed's state after ``poll`` at ``now``; ``random`` is uniform in [0, 1).

    A change of ``url`` means that a permanent redirect moved the feed; ``retired`` that it is gone for good.
    """
    state = replace(state, last_poll=now, polls=state.polls + 1)
    reason = _standing_reason(state, poll)
    if reason is not None:
        return _after_failure(state, replace(poll, reason=reason), now, settings, random)
    return _after_success(state, poll, now, settings, random)


def after_delivery(state: FeedState, entries: Sequence[tuple[str, datetime | None]], now: datetime) -> FeedState:
    """The feed's state after its hub sent ``entries`` (key and publication time) at ``now``.

    They count as arrivals, and as shown: the next document is no roll-over because the hub told what came between.
    """
    known = frozenset(key for key, _ in entries) | state.last_keys
    if not state.last_keys or len(known) > MAX_TOLD:
        return state  # nothing to continue, or so much that only a poll tells what is still shown
    times = (time or now for key, time in entries if key not in state.last_keys)
    return replace(state, arrivals=_arrivals(state, times, now), last_keys=known)


def should_poll_unconditionally(state: FeedState, random: float, settings: PollSettings) -> bool:
    """Whether to send no validators: they were found lying, or to find out; ``random`` in [0, 1)."""
    if state.validators == Validators():
        return False
    return state.validators_lie or random < settings.unconditional_share


def needs_parsing(state: FeedState, body_hash: str) -> bool:
    """Whether a body is another one than at the poll before."""
    return body_hash != state.body_hash


def moved_back(state: FeedState, now: datetime) -> FeedState:
    """The feed at the address the user wrote, polled next; a permanent redirect has to prove itself anew."""
    return replace(
        state,
        url=state.source.url,
        next_poll=now,
        validators=Validators(),
        body_hash=None,
        moved_to=None,
        moved_polls=0,
        moved_since=None,
        why_next="moved back to its configured address",
    )


def _standing_reason(state: FeedState, poll: PollFacts) -> Reason | None:
    """The failure of this poll; what was no feed and has not changed is still none."""
    unchanged = poll.not_modified or poll.same_body
    if poll.reason is None and unchanged and not state.body_was_feed:
        return state.last_reason or Reason.FEED_NOT_A_FEED
    return poll.reason


# failures


def _after_failure(
    state: FeedState, poll: PollFacts, now: datetime, settings: PollSettings, random: float
) -> FeedState:
    reason = poll.reason or Reason.INTERNAL_ERROR
    if reason is Reason.HTTP_GONE:
        return replace(
            _failed(state, poll, now),
            retired=True,
            proposal=poll.proposal or state.proposal,
            next_poll=now + timedelta(minutes=settings.max_minutes),
            why_next="gone for good (410): retired",
        )
    if reason not in _OURS:
        state = _failed(state, poll, now)
    wait, why = _wait(state, reason, settings)
    if poll.retry_after is not None:
        asked = min(max(poll.retry_after, timedelta()), MAX_RETRY_AFTER)
        if asked > wait or reason is Reason.HTTP_RATE_LIMITED:
            wait, why = max(asked, _minimum(state, settings)), f"Retry-After: {_span(asked)}"
    wait += min(wait * settings.jitter, MAX_JITTER) * random
    wait = min(wait, _longest(settings)) if poll.retry_after is None else min(wait, MAX_RETRY_AFTER)
    return replace(state, next_poll=now + wait, why_next=why)


def _failed(state: FeedState, poll: PollFacts, now: datetime) -> FeedState:
    no_feed = poll.reason in _NO_FEED
    return replace(
        state,
        failures=state.failures + 1,
        failing_since=state.failing_since or now,
        last_reason=poll.reason,
        last_detail=poll.detail or state.last_detail * (poll.reason is state.last_reason),
        body_was_feed=state.body_was_feed and not no_feed,
        body_hash=poll.body_hash or state.body_hash if no_feed else state.body_hash,
        validators=_validators(state, poll) if no_feed else state.validators,
        proposal=poll.proposal or state.proposal,
    )


def _wait(state: FeedState, reason: Reason, settings: PollSettings) -> tuple[timedelta, str]:
    if reason in _OURS:
        return max(_PASSING.first, _minimum(state, settings)), f"{reason}: asked again when the host may be"
    rule = _WAITS.get(reason, _PASSING)
    first = rule.first
    if state.source.interval_minutes is not None:  # the user's own pace, slowed down
        first = timedelta(minutes=state.source.interval_minutes)
    doublings = min(state.failures - 1, 20)
    wait = min(first * 2**doublings, rule.longest, _longest(settings))
    wait = max(wait, _minimum(state, settings))
    return wait, f"{reason} ({rule.words}), {_times(state.failures)} in a row: waits {_span(wait)}"


# successes


def _after_success(
    state: FeedState, poll: PollFacts, now: datetime, settings: PollSettings, random: float
) -> FeedState:
    rolled = _rolled_over(state, poll)
    state = replace(
        _moved(_learned(state, poll, now), poll, now, settings),
        validators=_validators(state, poll),
        validators_lie=state.validators_lie or _lied(state, poll),
        last_success=now,
        failing_since=None,
        failures=0,
        last_reason=None,
        last_detail="",
        retired=False,
        proposal=None,
    )
    due, why = _due(state, poll, rolled, now, settings, random)
    return replace(state, next_poll=due, why_next=why)


def _learned(state: FeedState, poll: PollFacts, now: datetime) -> FeedState:
    """The state with what the document says; an unchanged one says nothing new."""
    if poll.not_modified or poll.same_body:
        return state
    keys = frozenset(key for key, _ in poll.entries)
    new = [(key, time) for key, time in poll.entries if key not in state.last_keys]
    times = [time or now for _, time in new if time is not None or state.last_keys]
    return replace(
        state,
        arrivals=_arrivals(state, times, now),
        last_keys=keys or state.last_keys,
        missed=state.missed + _missed(state, poll, now),
        hints=poll.hints or FeedHints(),
        title=poll.title or state.title,
        body_hash=poll.body_hash,
        body_was_feed=True,
    )


def _arrivals(state: FeedState, times: Iterable[datetime], now: datetime) -> tuple[datetime, ...]:
    """The newest arrivals that are known, with ``times``; those of the future are left out."""
    return tuple(sorted({*state.arrivals, *(time for time in times if time <= now)}, reverse=True)[:MAX_ARRIVALS])


def _rolled_over(state: FeedState, poll: PollFacts) -> bool:
    """No entry of the last document is left in this one: others may have come and gone between."""
    keys = {key for key, _ in poll.entries}
    return bool(keys) and bool(state.last_keys) and keys.isdisjoint(state.last_keys)


def _missed(state: FeedState, poll: PollFacts, now: datetime) -> int:
    """How many entries came and went unseen: those expected since the last success beyond those found."""
    if not _rolled_over(state, poll) or state.last_success is None:
        return 0
    expected = expectation([time for _, time in poll.entries if time], now)
    days = (now - state.last_success) / timedelta(days=1)
    come = expected.per_day * days if expected else 0.0
    return max(1, round(come) - len(poll.entries))


def _validators(state: FeedState, poll: PollFacts) -> Validators:
    """RFC 9111 section 4.3.4: a 304 refreshes what it names and keeps the rest; a 200 replaces all."""
    if poll.expired:
        return Validators()
    given = poll.validators or Validators()
    if not poll.not_modified:
        return given
    return Validators(given.etag or state.validators.etag, given.last_modified or state.validators.last_modified)


def _lied(state: FeedState, poll: PollFacts) -> bool:
    """Whether an unconditional poll found new entries that a conditional one would have hidden, or has."""
    if not poll.unconditional or not state.last_keys or state.last_success is None:
        return False
    new = [(key, time) for key, time in poll.entries if key not in state.last_keys]
    if not new:
        return False
    if poll.validators is not None and poll.validators == state.validators != Validators():
        return True
    return any(time is not None and time < state.last_success - LATE for _, time in new)


def _moved(state: FeedState, poll: PollFacts, now: datetime, settings: PollSettings) -> FeedState:
    """Track a permanent redirect; after enough polls over enough days it moves the feed."""
    if poll.final_url is None or not poll.permanent or poll.final_url == state.url:
        return replace(state, moved_to=None, moved_polls=0, moved_since=None)
    same = poll.final_url == state.moved_to and state.moved_since is not None
    since = state.moved_since if same and state.moved_since else now
    polls = state.moved_polls + 1 if same else 1
    if polls >= settings.move_polls and now - since >= timedelta(days=settings.move_days):
        return replace(state, url=poll.final_url, moved_to=None, moved_polls=0, moved_since=None)
    return replace(state, moved_to=poll.final_url, moved_polls=polls, moved_since=since)


def _due(
    state: FeedState, poll: PollFacts, rolled: bool, now: datetime, settings: PollSettings, random: float
) -> tuple[datetime, str]:
    fixed = state.source.interval_minutes
    if fixed is not None:
        return now + timedelta(minutes=fixed), f"fixed interval of {_span(timedelta(minutes=fixed))}"
    due, why = _expected(state, rolled, now, settings)
    floor, rule = _floor(state.hints, poll, settings)
    if now + floor > due:
        due, why = now + floor, rule
    due += min((due - now) * settings.jitter, MAX_JITTER) * random
    due = min(due, now + _longest(settings))
    allowed = _after_skipped(due, state.hints, random)
    return (due, why) if allowed == due else (allowed, f"{why}; then skipHours and skipDays")


def _expected(state: FeedState, rolled: bool, now: datetime, settings: PollSettings) -> tuple[datetime, str]:
    """What the history lets one expect, before anyone's wishes."""
    shortest, longest = timedelta(minutes=settings.min_minutes), _longest(settings)
    if rolled:
        return now + shortest, "entries rolled over between two polls: looks again soon"
    expected = expectation(state.arrivals, now)
    if expected is None:
        start = timedelta(minutes=settings.start_minutes)
        return now + start, f"nothing known about its habits yet: {_span(start)}"
    due = expected.next_poll(now, shortest, longest)
    why = f"about {expected.per_day:.1f} entries a day"
    if expected.profile is not None:
        why += ", at its usual hours"
    if expected.per_day > 0 and state.last_keys:
        safe = timedelta(days=OVERLAP * len(state.last_keys) / expected.per_day)
        if now + safe < due:
            due, why = now + max(safe, shortest), f"{why}; its document holds only {len(state.last_keys)}"
    return due, f"{why}: {_span(due - now)}"


def _floor(hints: FeedHints, poll: PollFacts, settings: PollSettings) -> tuple[timedelta, str]:
    """The longest wait that anyone asks for, and who; never beyond the longest interval."""
    wishes = [
        (timedelta(minutes=settings.min_minutes), "the shortest interval"),
        (hints.ttl or timedelta(), "the feed's ttl"),
        (hints.update_interval or timedelta(), "the feed's sy:updatePeriod"),
        (poll.freshness or timedelta(), "the response headers' freshness"),
        (min(poll.retry_after or timedelta(), MAX_RETRY_AFTER), "Retry-After"),
    ]
    wait, who = max(wishes)
    wait = min(wait, _longest(settings))
    return wait, f"{who}: {_span(wait)}"


def _after_skipped(due: datetime, hints: FeedHints, random: float) -> datetime:
    """``due``, or early in the first hour after it that the feed does not ask to skip (RSS 2.0; UTC).

    Not at the full hour: everybody who obeys these lists would come at once.
    """
    if not (hints.skip_hours or hints.skip_days):
        return due
    time = due
    for _ in range(24 * 7 + 1):
        if time.hour not in hints.skip_hours and time.weekday() not in hints.skip_days:
            return time if time == due else time + MAX_JITTER * random
        time = time.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
    return due  # every hour is skipped: then it says nothing


def _minimum(state: FeedState, settings: PollSettings) -> timedelta:
    fixed = state.source.interval_minutes
    return timedelta(minutes=settings.min_minutes if fixed is None else min(fixed, settings.min_minutes))


def _longest(settings: PollSettings) -> timedelta:
    return timedelta(minutes=settings.max_minutes)


def _times(number: int) -> str:
    return "once" if number == 1 else f"{number} times"


def _span(wait: timedelta) -> str:
    """``wait`` for people: 45 s, 20 min, 3.5 h."""
    seconds = wait.total_seconds()
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
