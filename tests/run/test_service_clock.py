"""The service under clocks that step, sleep and leap; over simulated weeks."""

from __future__ import annotations

import asyncio
import gc
import logging
import tracemalloc
from collections import defaultdict
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from virtual_time import START, VirtualTime, time

from pipeline.model import FeedSource, FeedState
from pipeline.run.clockguard import ClockGuard, mended, replanned
from pipeline.run.every import Every
from pipeline.run.service import Hooks, Job, Service
from pipeline.run.settings import RunSettings

__all__ = ["time"]

TICK = 60.0
HOUR, DAY, YEAR = timedelta(hours=1), timedelta(days=1), timedelta(days=365.25)
STEPS = [sign * size for size in (timedelta(seconds=1), HOUR, 10 * YEAR) for sign in (1, -1)]


class Feeds:
    """A few feeds in a store, polled when due by the wall clock; monotonic times of polls are kept."""

    def __init__(self, time: VirtualTime, minutes: list[float]) -> None:
        self.time = time
        self.polls: dict[int, list[float]] = defaultdict(list)
        self.states = [
            FeedState(row, FeedSource(f"https://feed{row}.example/", "Outlet", wait), "", time.now())
            for row, wait in enumerate(minutes)
        ]
        self.rounds: list[float] = []

    async def round(self, stop: asyncio.Event) -> None:
        self.rounds.append(self.time.monotonic())
        now = self.time.now()
        for place, state in enumerate(self.states):
            if state.next_poll <= now:
                self.polls[place].append(self.time.monotonic())
                due = now + self.interval(place)
                self.states[place] = replace(state, last_poll=now, next_poll=due)
        await asyncio.sleep(1)

    async def mend(self) -> None:
        now = self.time.now()
        self.states = [mended(state, now) or state for state in self.states]

    def interval(self, place: int) -> timedelta:
        minutes = self.states[place].source.interval_minutes
        assert minutes is not None
        return timedelta(minutes=minutes)


def service(time: VirtualTime, *jobs: Job, **more: object) -> Service:
    more = {"beat_seconds": 10.0, **more}
    return Service(jobs, RunSettings(), time.now, time.monotonic, **more)  # type: ignore[arg-type]


async def during(service: Service, *script: tuple[float, object]) -> bool:
    """Run the service; after each wait call what stands beside it, then stop."""
    running = asyncio.create_task(service.run())
    for seconds, act in script:
        await asyncio.sleep(seconds)
        if callable(act):
            act()
    service.stop()
    return await running


@pytest.mark.parametrize("step", STEPS, ids=str)
@pytest.mark.parametrize("moment", [0.5, 59.5, 61.0], ids=["early", "just before a round", "just after"])
def test_after_a_step_every_feed_is_polled_within_its_interval(
    time: VirtualTime, step: timedelta, moment: float
) -> None:
    feeds = Feeds(time, [5, 30, 120])
    subject = service(time, Job("round", TICK, feeds.round), mend=feeds.mend)
    stepped = 3 * 3600 + moment
    time.run(during(subject, (stepped, lambda: time.step(step)), (5 * 3600.0, None)))
    at = 1_000 + stepped
    for place in range(3):
        allowed = feeds.interval(place).total_seconds() + TICK + 2
        after = next(poll for poll in feeds.polls[place] if poll > at)
        assert after - at <= allowed
        gaps = [b - a for a, b in pairwise(feeds.polls[place])]
        # A feed may wait for its interval before the step and for the same one after it, no longer.
        assert max(gaps) <= 2 * allowed
    waits = [b - a for a, b in pairwise(feeds.rounds)]
    assert max(waits) <= TICK + 2


@pytest.mark.parametrize("away", [10 * YEAR, -10 * YEAR], ids=str)
def test_a_clock_that_was_wrong_and_is_put_right(time: VirtualTime, away: timedelta) -> None:
    feeds = Feeds(time, [5, 30])
    subject = service(time, Job("round", TICK, feeds.round), mend=feeds.mend)
    script = ((7_000.0, lambda: time.step(away)), (7_000.0, lambda: time.step(-away)), (7_000.0, None))
    time.run(during(subject, *script))
    for place in range(2):
        after = [poll for poll in feeds.polls[place] if poll > 1_000 + 14_000]
        assert after[0] - 15_000 <= feeds.interval(place).total_seconds() + TICK + 2


def test_without_the_guard_a_step_back_stalls(time: VirtualTime) -> None:
    # The oracle above has teeth: the same hour back, with a guard that never notices.
    feeds = Feeds(time, [5])
    subject = service(time, Job("round", TICK, feeds.round), beat_seconds=1e6)
    time.run(during(subject, (601.0, lambda: time.step(-HOUR)), (7_200.0, None)))
    assert max(b - a for a, b in pairwise(feeds.rounds)) > 3_600


def test_without_mending_a_clock_that_was_ahead_stalls_feeds(time: VirtualTime) -> None:
    feeds = Feeds(time, [5])
    subject = service(time, Job("round", TICK, feeds.round))
    script = ((601.0, lambda: time.step(HOUR)), (601.0, lambda: time.step(-HOUR)), (7_200.0, None))
    time.run(during(subject, *script))
    assert max(b - a for a, b in pairwise(feeds.polls[0])) > 3_600


def test_a_leap_of_ten_years_lists_one_missed_run(time: VirtualTime) -> None:
    feeds = Feeds(time, [5])
    subject = service(time, Job("round", 20.0, feeds.round), mend=feeds.mend)
    tracemalloc.start()
    try:
        time.run(during(subject, (100.0, lambda: time.step(10 * YEAR)), (100.0, None)))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 4 << 20  # 16 million missed runs would be hundreds of megabytes
    assert len(feeds.rounds) in (10, 11)


def test_after_a_suspension_what_is_overdue_runs_once(time: VirtualTime) -> None:
    backups: list[datetime] = []

    async def backup(stop: asyncio.Event) -> None:
        backups.append(time.now())

    steps: list[timedelta] = []
    subject = service(time, Job("backup", 86_400.0, backup), hooks=Hooks(clock_step=steps.append))
    time.run(during(subject, (3_600.0, lambda: time.step(3 * DAY)), (20.0, None)))
    assert [round(step / DAY, 6) for step in steps] == [3]
    first, second = (moment - START for moment in backups)
    assert first < timedelta(seconds=1)
    assert timedelta(0) <= second - 3 * DAY - HOUR <= timedelta(seconds=11)  # one beat


def test_simulated_weeks_without_drift_missed_feeds_or_growth(time: VirtualTime) -> None:
    feeds = Feeds(time, [5, 7, 60, 1440])
    tick = 2 * TICK
    grown: list[tuple[int, int]] = []

    async def measure(stop: asyncio.Event) -> None:
        gc.collect()
        grown.append((len(asyncio.all_tasks()), len(gc.get_objects())))
        feeds.polls = defaultdict(list, {place: polls[-1:] for place, polls in feeds.polls.items()})
        feeds.rounds = feeds.rounds[-1:]

    counted = [0]

    async def counting(stop: asyncio.Event) -> None:
        before = [polls[-1] if (polls := feeds.polls[place]) else None for place in range(4)]
        await feeds.round(stop)
        counted[0] += 1
        for place, last in enumerate(before):
            now = feeds.polls[place][-1]
            allowed = feeds.interval(place).total_seconds() + tick + 1
            assert last is None or now - last <= allowed, f"feed {place} waited {now - last} s"
        assert abs((time.monotonic() - 1_001) % tick) < 0.01 or counted[0] == 1

    measuring = Job("measure", 7 * 86_400.0, measure, first_seconds=86_400)
    round_ = Job("round", tick, counting, watched=True)
    subject = service(time, round_, measuring, mend=feeds.mend, beat_seconds=60.0)
    days = 7 * 3 + 2
    assert time.run(during(subject, (days * 86_400.0 + 30, None)))
    assert subject.status().failing == ()
    assert counted[0] == days * 720 + 1
    assert subject._pulses["round"].runs == counted[0]
    assert subject._pulses["round"].failures == 0
    tasks, objects = zip(*grown, strict=True)
    assert len(set(tasks)) == 1
    assert max(objects) - objects[1] < 200 or objects[-1] - objects[1] < 200


# pure parts


@pytest.mark.parametrize(
    ("moved", "step"),
    [(0.0, 0.0), (0.4, 0.0), (-0.4, 0.0), (1.0, 1.0), (-1.0, -1.0), (-3600.0, -3600.0), (3.2e8, 3.2e8)],
)
def test_the_guard_tells_steps_from_slewing(moved: float, step: float) -> None:
    virtual = VirtualTime()
    guard = ClockGuard(virtual.now, virtual.monotonic)
    virtual.pass_(20)
    virtual.step(timedelta(seconds=moved))
    assert guard.step().total_seconds() == pytest.approx(step, abs=1e-3)
    virtual.pass_(20)
    assert guard.step() == timedelta(0)


def test_slewing_for_days_is_no_step() -> None:
    virtual = VirtualTime()
    guard = ClockGuard(virtual.now, virtual.monotonic)
    for _ in range(100_000):
        virtual.pass_(1.0)
        virtual.step(timedelta(microseconds=500))  # 500 ppm, the most a time daemon slews
        assert guard.step() == timedelta(0)


moments = st.datetimes(datetime(1971, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))
spans = st.timedeltas(timedelta(seconds=1), timedelta(days=7))
steps = st.timedeltas(timedelta(days=-3653), timedelta(days=3653))


@given(now=moments, ahead=spans, interval=spans, step=steps)
def test_a_replanned_run_is_never_further_than_one_interval(
    now: datetime, ahead: timedelta, interval: timedelta, step: timedelta
) -> None:
    due = replanned(now + ahead, step, now, interval)
    assert now <= due <= now + interval


@given(now=moments, polled=steps, interval=spans)
def test_a_mended_feed_is_never_further_than_its_interval(
    now: datetime, polled: timedelta, interval: timedelta
) -> None:
    last = now + polled
    state = FeedState(1, FeedSource("https://a.example/", "A"), "", last + interval, last_poll=last)
    state = mended(state, now) or state
    assert state.next_poll - now <= interval
    assert state.last_poll is not None
    assert state.last_poll <= now
    assert state.next_poll - state.last_poll == interval
    assert mended(state, now) is None


@given(start=moments, interval=spans, late=st.timedeltas(timedelta(0), timedelta(days=3653)))
def test_the_grid_neither_drifts_nor_looks_back(start: datetime, interval: timedelta, late: timedelta) -> None:
    due = Every(interval).get_next_fire_time(start, start + late)
    assert start + late < due <= start + late + interval
    assert (due - start) % interval == timedelta(0)


@pytest.mark.parametrize(
    "start",
    [
        datetime(2026, 3, 29, 0, 59, 30, tzinfo=UTC),  # Europe puts the clock forward
        datetime(2026, 10, 25, 0, 59, 30, tzinfo=UTC),  # and back
        datetime(2026, 11, 1, 5, 59, 30, tzinfo=UTC),  # North America
        datetime(2028, 2, 28, 23, 59, 30, tzinfo=UTC),  # a leap day follows
        datetime(2028, 12, 31, 23, 59, 30, tzinfo=UTC),
    ],
    ids=str,
)
def test_calendars_do_not_matter(time: VirtualTime, start: datetime) -> None:
    time.step(start - time.now())
    feeds = Feeds(time, [5])
    time.run(during(service(time, Job("round", TICK, feeds.round)), (7_230.0, None)))
    assert feeds.rounds == pytest.approx([1_000 + TICK * n for n in range(121)], abs=0.01)


def test_the_interval_is_more_than_nothing() -> None:
    with pytest.raises(ValueError, match="more than zero"):
        Every(timedelta(0))


@pytest.fixture(autouse=True)
def _quiet() -> None:
    logging.getLogger("apscheduler").setLevel(logging.ERROR)
