"""Delay and polls spent by three schedules on the same simulated arrivals.

    python benchmarks/polling.py [--weeks N]

Each feed of each kind publishes for ``N`` weeks (default 8) after four weeks of history.  Compared are
Miniflux's ``entry_frequency`` (seven days divided by the entries of the last week, 5 min to 24 h), a fixed
hour, and the project's own schedule.  Delay is the mean time from an entry's publication to the poll that
finds it; a poll is one request.  Seeds are fixed: the figures are the same on every machine.
"""

from __future__ import annotations

import argparse
import math
import random
from bisect import bisect_right
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from pipeline.feeds import expectation

START = datetime(2026, 1, 5, tzinfo=UTC)  # a Monday
HISTORY = timedelta(weeks=4)
SHORTEST, LONGEST = timedelta(minutes=5), timedelta(days=1)
FEEDS = 12  # of each kind

Rate = Callable[[datetime], float]


def poisson(rate: Rate, highest: float, end: datetime, rng: random.Random) -> list[datetime]:
    """Arrivals of an inhomogeneous Poisson process (thinning, Lewis and Shedler 1979); rates per hour."""
    times, now = [], START
    while now < end:
        now += timedelta(hours=rng.expovariate(highest))
        if rng.random() < rate(now) / highest:
            times.append(now)
    return times


def steady(per_day: float) -> Callable[[random.Random, datetime], list[datetime]]:
    return lambda rng, end: poisson(lambda _: per_day / 24, per_day / 24, end, rng)


def newsroom(per_day: float, weekend: float) -> Callable[[random.Random, datetime], list[datetime]]:
    """Busy from morning to evening, with a quiet night; fewer at weekends."""

    def make(rng: random.Random, end: datetime) -> list[datetime]:
        shift = rng.uniform(0, 24)  # outlets sit in all time zones

        def rate(time: datetime) -> float:
            hour = (time.hour + time.minute / 60 + shift) % 24
            day = math.exp(-(((hour - 13) / 4.5) ** 2)) + 0.03
            return per_day / 8.7 * day * (weekend if time.weekday() >= 5 else 1.0)

        return poisson(rate, per_day / 8.7 * 1.03, end, rng)

    return make


def digest(rng: random.Random, end: datetime) -> list[datetime]:
    """Three entries every morning at nearly the same minute."""
    first = START + timedelta(hours=rng.uniform(0, 24))
    days = range(int((end - first) / timedelta(days=1)))
    return sorted(first + timedelta(days=d, minutes=rng.gauss(0, 6) + k) for d in days for k in range(3))


def bursts(rng: random.Random, end: datetime) -> list[datetime]:
    """Long silence, then a handful within an hour, at no particular time."""
    begins = poisson(lambda _: 1 / 40, 1 / 40, end, rng)
    return sorted(b + timedelta(minutes=rng.uniform(0, 60)) for b in begins for _ in range(rng.randint(2, 12)))


KINDS = {
    "steady, 2 a day": steady(2),
    "steady, 24 a day": steady(24),
    "newsroom, 5 a day": newsroom(5, 0.5),
    "newsroom, 20 a day": newsroom(20, 0.4),
    "newsroom, 80 a day": newsroom(80, 0.4),
    "morning digest": digest,
    "bursts": bursts,
}


def entry_frequency(known: list[datetime], now: datetime, _rng: random.Random) -> datetime:
    week = len(known) - bisect_right(known, now - timedelta(days=7))
    interval = timedelta(days=7) / week if week else LONGEST
    return now + min(max(interval, SHORTEST), LONGEST)


def hourly(_known: list[datetime], now: datetime, _rng: random.Random) -> datetime:
    return now + timedelta(hours=1)


def learned(known: list[datetime], now: datetime, rng: random.Random) -> datetime:
    expected = expectation(known[-100:], now)
    return expected.next_poll(now, SHORTEST, LONGEST) if expected else now + timedelta(hours=1)


def spent(schedule: Callable[..., datetime], times: list[datetime], end: datetime, seed: int) -> tuple[float, int]:
    """Sum of delays in hours over all entries after the history, and the number of polls."""
    rng = random.Random(seed)
    now, seen, polls, delay = START + HISTORY, bisect_right(times, START + HISTORY), 0, 0.0
    while now < end:
        now = schedule(times[:seen], now, rng)
        polls += 1
        fresh = bisect_right(times, now)
        delay += sum((now - time) / timedelta(hours=1) for time in times[seen:fresh])
        seen = fresh
    return delay, polls


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--weeks", type=int, default=8)
    end = START + HISTORY + timedelta(weeks=parser.parse_args().weeks)
    schedules = {"fixed hour": hourly, "entry_frequency": entry_frequency, "learned": learned}
    print(f"{'kind':22}" + "".join(f"{name:>28}" for name in schedules))
    for kind, make in KINDS.items():
        feeds = [make(random.Random(f"{kind} {n}"), end) for n in range(FEEDS)]
        cells = []
        for schedule in schedules.values():
            delays, polls = zip(*(spent(schedule, times, end, n) for n, times in enumerate(feeds)), strict=True)
            entries = sum(len(times) - bisect_right(times, START + HISTORY) for times in feeds)
            cells.append(f"{sum(delays) / entries * 60:8.1f} min {sum(polls) / FEEDS:7.0f} polls")
        print(f"{kind:22}" + "".join(f"{cell:>28}" for cell in cells))


if __name__ == "__main__":
    main()
