"""How a feed does, in a word and a sentence: a pure function of what is stored about it.

What is trouble and what is silence is decided in ``pipeline.health``, for the page as for metrics and alerts.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from pipeline.health import silence_of, trouble_of
from pipeline.model import REASONS, FeedState
from pipeline.text import span
from pipeline.urls import mask_url

from .shapes import Health

LATE = timedelta(minutes=15)  # a poll this far behind its time is late: rounds come every few seconds


def feed_health(state: FeedState, now: datetime) -> tuple[Health, str, str]:
    """The health, what is known of it, and what to do about it ("" where nothing is to be done)."""
    trouble = trouble_of(state, now)
    proposal = f" Perhaps it moved to {mask_url(state.proposal)}." if state.proposal else ""
    if state.retired:
        said = REASONS[trouble.reason] if trouble else "gone for good"
        said = said if state.listed else "no longer in the configuration"
        return Health.RETIRED, f"polled no more: {said}", (trouble.todo if trouble else "") + proposal
    if trouble is not None:
        since = span(now - trouble.since)
        note = f"{REASONS[trouble.reason]}; for {since}, tried {_times(trouble.tried)}"
        return Health.FAILING, note, trouble.todo + proposal
    if now - state.next_poll > LATE:
        return Health.LATE, f"its poll is overdue by {span(now - state.next_poll)}", "See whether the service runs."
    if state.last_poll is None:
        return Health.NEW, "not polled yet", ""
    if state.failures:
        said = REASONS[state.last_reason] if state.last_reason else "no reason was recorded"
        return Health.UNSTEADY, f"{said}; tried {_times(state.failures)}, it is tried again by itself", ""
    silence = silence_of(state, now)
    if silence is not None:
        note = f"answers, but nothing new for {span(now - silence.since)}; never paused for more than"
        todo = "See whether the outlet has another feed by now: add its home page."
        return Health.SILENT, f"{note} {span(silence.longest)}", todo
    return Health.FINE, "answers well", ""


def _times(number: int) -> str:
    return "once" if number == 1 else f"{number:,} times in a row"
