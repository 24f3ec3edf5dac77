"""How a feed does, in a word and a sentence: a pure function of what is stored about it."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import pairwise
from statistics import median

from pipeline.model import REASONS, FeedState

from .shapes import Health

LATE = timedelta(minutes=15)  # a poll this far behind its time is late: rounds come every few seconds
SILENT_FACTOR = 8.0  # times the usual gap between two items
SILENT_LEAST = timedelta(days=1)  # no feed is called silent sooner
ENOUGH_ARRIVALS = 6  # from which a feed's own rhythm is known


def feed_health(state: FeedState, now: datetime) -> tuple[Health, str]:
    """The health and what to know or do about it."""
    if state.retired:
        note = "polled no more: gone for good, or no longer in the configuration"
        return Health.RETIRED, f"{note}; its server proposes {state.proposal}" if state.proposal else note
    if state.failures:
        reason = REASONS[state.last_reason] if state.last_reason else "no reason was recorded"
        return Health.FAILING, f"{reason}; tried {_times(state.failures)}, it is tried again by itself"
    if now - state.next_poll > LATE:
        return Health.LATE, "its poll is overdue: is the service running?"
    if state.last_poll is None:
        return Health.NEW, "not polled yet"
    silence = silent_for(state, now)
    if silence is not None:
        days = silence / timedelta(days=1)
        return Health.SILENT, f"answers well, but nothing new for {days:.0f} days, far longer than usual"
    return Health.FINE, "answers well"


def silent_for(state: FeedState, now: datetime) -> timedelta | None:
    """How long nothing came, when that is far beyond the feed's own rhythm; else None."""
    arrivals = sorted(state.arrivals)
    if len(arrivals) < ENOUGH_ARRIVALS:
        return None
    gaps = [(later - earlier).total_seconds() for earlier, later in pairwise(arrivals)]
    usual = timedelta(seconds=median(gaps))
    silence = now - arrivals[-1]
    return silence if silence > max(SILENT_FACTOR * usual, SILENT_LEAST) else None


def _times(number: int) -> str:
    return "once" if number == 1 else f"{number:,} times in a row"
