"""When entries may be expected, from the times at which earlier ones were published.

Miniflux's ``entry_frequency`` spreads as many polls as there are entries evenly over the week.  Newsrooms
sleep: with the same number of polls the mean delay is smaller where polls follow the hours in which
entries come.  For arrivals at rate r(t) the delay for a given number of polls is least when polls are as
dense as the square root of r(t) (the Lagrange condition of minimising the integral of r/2p with that of p
fixed); so the day is cut into as many parts of equal "square-root mass" as polls are due.  Where in its part
a poll stands is tried out: it should come just after the entries, not just before.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

BINS = 96  # quarters of an hour in a day
QUARTER = timedelta(minutes=15)
WEEK = timedelta(days=7)
HISTORY = timedelta(days=28)  # older arrivals say little about today
MIN_DAYS = 3  # hours of the day show only in arrivals on so many different days
MIN_ARRIVALS = 8
SPREADS = (0, 1, 3, 8, 16)  # quarters to each side over which an arrival counts; the likeliest is used
UNIFORM = 0.05  # share of the mass that every hour keeps, so that a change of habits is noticed
THRIFT = 0.8  # polls per expected entry where the hours are known: see benchmarks/polling.py
DOUBT = 4.0  # nats by which a profile has to be likelier than no habits at all
PHASES = tuple((n + 0.5) / 16 for n in range(16))  # where in its part of the mass a poll may stand
MANY = 24  # with more polls a day than this their place matters little


@dataclass(frozen=True, slots=True)
class Expectation:
    """What a feed's history lets one expect.  ``profile`` sums to 1 over the quarters of a day (UTC)."""

    per_day: float  # entries
    profile: tuple[float, ...] | None  # None: every hour alike

    def next_poll(self, now: datetime, shortest: timedelta, longest: timedelta) -> datetime:
        """When to look next: between ``shortest`` and ``longest`` after ``now``."""
        per_day = min(max(self.per_day, timedelta(days=1) / longest), timedelta(days=1) / shortest)
        if self.profile is None:
            return now + timedelta(days=1) / per_day
        polls = max(1, round(per_day * THRIFT))
        earliest, latest = now + shortest, now + longest
        midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
        quarters = _polls_of_day(self.profile, polls)
        times = (midnight + timedelta(days=day) + at * QUARTER for day in (0, 1) for at in quarters)
        return min(next((time for time in times if time >= earliest), latest), latest)


def expectation(arrivals: Sequence[datetime], now: datetime) -> Expectation | None:
    """From publication times in any order (those of the future are left out); ``None`` without any.

    The rate is that of the last seven days, or of the last twenty-eight where the week is too thin to
    tell; a history that is shorter counts for its own length.
    """
    past = sorted(time for time in arrivals if now - HISTORY < time <= now)
    if not past:
        return Expectation(0.0, None) if arrivals else None
    week = [time for time in past if time > now - WEEK]
    if len(week) >= MIN_ARRIVALS:
        whole = len(week) < len(past)  # else the history begins with an entry, which is not one of its span
        since = WEEK if whole else now - week[0]
        per_day = (len(week) - (not whole)) / max(since / timedelta(days=1), 1 / BINS)
    else:
        per_day = len(past) / max((now - past[0]) / timedelta(days=1), 7.0)
    return Expectation(per_day, _profile(past))


def _profile(past: Sequence[datetime]) -> tuple[float, ...] | None:
    """Density over the quarters of the day, or ``None`` where the hours are alike or unknown."""
    if len(past) < MIN_ARRIVALS or len({time.date() for time in past}) < MIN_DAYS:
        return None
    # How sharply the day is cut is judged by hours with an entry, so that a burst speaks once; where polls
    # stand best depends on all entries.
    hours = _counts(list({(time.date(), time.hour): time for time in reversed(past)}.values()))
    best, likelihood = None, sum(hours) * math.log(1 / BINS) + DOUBT
    for spread in SPREADS:
        _, found = _smoothed(hours, spread)
        if found > likelihood:
            best, likelihood = spread, found
    return None if best is None else tuple(_smoothed(_counts(past), best)[0])


def _counts(times: Sequence[datetime]) -> list[int]:
    counts = [0] * BINS
    for time in times:
        counts[time.hour * 4 + time.minute // 15] += 1
    return counts


def _smoothed(counts: Sequence[int], spread: int) -> tuple[list[float], float]:
    """Density over the day, each count spread evenly, and its leave-one-out log-likelihood."""
    total, width = sum(counts), 2 * spread + 1
    around = sum(counts[i % BINS] for i in range(-spread, spread + 1))
    density: list[float] = []
    likelihood = 0.0
    for i, count in enumerate(counts):
        density.append((1 - UNIFORM) * around / (total * width) + UNIFORM / BINS)
        if count:
            without = (1 - UNIFORM) * (around - 1) / (max(total - 1, 1) * width) + UNIFORM / BINS
            likelihood += count * math.log(without)
        around += counts[(i + spread + 1) % BINS] - counts[(i - spread) % BINS]
    return density, likelihood


def _polls_of_day(density: Sequence[float], polls: int) -> list[float]:
    """Where in the day, in quarters, so many polls stand best: of some placements that of least delay."""
    mass = [0.0]
    for share in density:
        mass.append(mass[-1] + math.sqrt(share))
    placements = (
        [_where(mass, (poll + phase) / polls * mass[-1]) for poll in range(polls)]
        for phase in (PHASES if polls <= MANY else PHASES[-1:])
    )
    return min(placements, key=lambda places: _delay(density, places))


def _delay(density: Sequence[float], polls: Sequence[float]) -> float:
    """Mean number of quarters from an entry to the next of ``polls``, which are in order."""
    total, coming = 0.0, 0
    for quarter, share in enumerate(density):
        middle = quarter + 0.5
        while coming < len(polls) and polls[coming] < middle:
            coming += 1
        total += share * ((polls[coming] if coming < len(polls) else polls[0] + BINS) - middle)
    return total


def _where(cumulative: Sequence[float], mass: float) -> float:
    """The point of the day, in quarters, before which ``mass`` of the profile lies."""
    low, high = 0, BINS
    while high - low > 1:
        middle = (low + high) // 2
        if cumulative[middle] <= mass:
            low = middle
        else:
            high = middle
    return low + (mass - cumulative[low]) / max(cumulative[low + 1] - cumulative[low], 1e-12)
