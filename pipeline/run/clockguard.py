"""Steps of the wall clock: noticed by the monotonic clock, and mended in what was planned by the wall clock.

A wall clock that was set back leaves every plan in the future for as long as the step was; one that was wrong
for a while (a machine without a battery starts in 1970, or in 2036) leaves plans that never come due.  The
monotonic clock does neither: it tells by how much the wall clock moved on its own.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import structlog

from pipeline.model import FeedState

if TYPE_CHECKING:
    from pipeline.run.parts import Parts

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
TOLERANCE = 0.5  # seconds; time daemons slew (500 ppm at most, ntp_adjtime) below it and step above it
NOTHING = timedelta(0)
LONGEST_WAIT = timedelta(hours=24)  # of an entry for another try


class ClockGuard:
    """Compares the two clocks at every call of ``step``.

    ``clock`` gives aware UTC; ``monotonic`` seconds that never go back and may stand still while the machine
    sleeps (``time.monotonic`` on Linux): a suspension then shows as a step forward, which is what it is for
    everything planned by the wall clock.
    """

    def __init__(
        self, clock: Callable[[], datetime], monotonic: Callable[[], float], tolerance: float = TOLERANCE
    ) -> None:
        self._clock = clock
        self._monotonic = monotonic
        self._tolerance = tolerance
        self._apart = self._difference()

    def step(self) -> timedelta:
        """How far the wall clock moved on its own since the last call; zero within the tolerance.

        Slewing is followed call by call, so that it never adds up to a step.
        """
        apart = self._difference()
        moved, self._apart = apart - self._apart, apart
        return timedelta(seconds=moved) if abs(moved) > self._tolerance else NOTHING

    def _difference(self) -> float:
        return (self._clock() - EPOCH).total_seconds() - self._monotonic()


def replanned(next_run: datetime, step: timedelta, now: datetime, interval: timedelta) -> datetime:
    """When a run is due after a ``step`` of the clock: between ``now`` and one ``interval`` from it.

    A step back takes the plan along, so that the run comes when it would have come.  A step forward leaves
    it: what is overdue then (after a suspension, say) runs now, once.
    """
    return min(max(next_run + min(step, NOTHING), now), now + interval)


def mended(state: FeedState, now: datetime) -> FeedState | None:
    """The feed's state with no past in the future; ``None`` where nothing is wrong.

    A feed whose last poll lies ahead was polled while the clock was ahead: all its times move back together,
    so that the planned interval is kept and starts now.  It follows that a feed is never further than its own
    interval from its next poll, whatever the clock did and whether the service ran meanwhile.
    """
    if state.last_poll is None or state.last_poll <= now:
        return None
    back = state.last_poll - now
    return replace(
        state,
        last_poll=now,
        next_poll=state.next_poll - back,
        last_success=_not_after(state.last_success, now),
        failing_since=_not_after(state.failing_since, now),
        moved_since=_not_after(state.moved_since, now),
        why_next=f"{state.why_next}; moved with the clock, which was set back",
    )


async def mend_feeds(parts: Parts) -> int:
    """Store what ``mended`` says of each feed; how many were mended.  For the start and for clock steps.

    Work that was put off for longer than any rule does is due now: the clock was ahead when that was decided.
    """
    now = parts.clock()
    count = 0
    for state in await parts.db(parts.store.feeds):
        better = mended(state, now)
        if better is not None:
            await parts.db(parts.store.apply_poll, better, (), (), now)
            count += 1
    looks = timedelta(hours=max(parts.revisions.relook_hours, default=0.0))
    work = await parts.db(parts.store.bring_forward, now, max(LONGEST_WAIT, looks))
    if count or work:
        structlog.get_logger().warning("plans of a clock that was ahead were moved back", feeds=count, work=work)
    return count


def _not_after(time: datetime | None, now: datetime) -> datetime | None:
    return None if time is None else min(time, now)
