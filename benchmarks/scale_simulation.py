"""Does back-pressure behave as docs/scale.md says?  A day of arrivals, second by second, against the arithmetic.

    python benchmarks/scale_simulation.py [--matcher 400] [--daily 10000000] [--peak 2.0]

News comes with the day: the rate follows a cosine whose peak is ``peak`` times the mean.  A matcher stores at most
``matcher`` articles a second.  Whatever it cannot take waits: first as drafts, up to a bound, then as entries in the
store that are not handed out yet.  Arithmetic (a fluid, no chance in it) predicts the longest queue, the longest delay
and when it is gone; the simulation draws every second's arrivals from a Poisson distribution, hands pages out only
while there is room, lets the matcher die twice in the day, and loses nothing or says so.
"""

from __future__ import annotations

import argparse
import math
from collections import deque
from dataclasses import dataclass

import numpy as np

DAY = 86_400
DRAFTS = 2_000  # [cluster] drafts
TAKEOVER = 8  # seconds without a matcher: a lease of six, and the look that finds it lapsed


@dataclass(frozen=True, slots=True)
class Told:
    """A day, predicted or simulated."""

    longest_queue: float
    longest_delay: float  # seconds
    empty_again: float  # hours after the day began; 0: it never was long


def rate(second: int, daily: float, peak: float) -> float:
    """Articles a second at a time of the day; the mean over a day is ``daily / DAY``."""
    return daily / DAY * (1 + (peak - 1) * math.sin(2 * math.pi * second / DAY))


def predicted(daily: float, peak: float, matcher: float, days: int) -> Told:
    """A fluid: the queue grows by what comes beyond what the matcher takes."""
    queue = longest = 0.0
    empty = 0.0
    for second in range(days * DAY):
        queue = max(0.0, queue + rate(second, daily, peak) - matcher)
        longest = max(longest, queue)
        if queue > DRAFTS:
            empty = second / 3600
    return Told(longest, longest / matcher, empty)


def simulated(daily: float, peak: float, matcher: float, days: int, seed: int) -> tuple[Told, int, int]:
    """The same with chance, batches, a bound on drafts and two takeovers a day; also articles in and out."""
    random = np.random.default_rng(seed)
    came = random.poisson([rate(second, daily, peak) for second in range(days * DAY)])
    dead = {start + n for start in random.integers(0, days * DAY, 2 * days) for n in range(TAKEOVER)}
    entries: deque[list[int]] = deque()  # [second, how many]: in the store, not handed out
    drafts: deque[list[int]] = deque()
    waiting = inside = stored = 0
    longest = delay = 0
    empty = 0.0
    for second, new in enumerate(came.tolist()):
        if new:
            entries.append([second, new])
            waiting += new
        while entries and inside < DRAFTS:
            moved = min(entries[0][1], DRAFTS - inside)
            drafts.append([entries[0][0], moved])
            inside += moved
            entries[0][1] -= moved
            if not entries[0][1]:
                entries.popleft()
        room = 0 if second in dead else int(matcher)
        while room and drafts:
            taken = min(room, drafts[0][1])
            delay = max(delay, second - drafts[0][0])
            room -= taken
            inside -= taken
            waiting -= taken
            stored += taken
            drafts[0][1] -= taken
            if not drafts[0][1]:
                drafts.popleft()
        longest = max(longest, waiting)
        if waiting > DRAFTS:
            empty = second / 3600
    return Told(longest, delay, empty), int(came.sum()), stored + waiting


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--daily", type=float, default=10_000_000)
    parser.add_argument("--peak", type=float, default=2.0)
    parser.add_argument("--matcher", type=float, nargs="*", default=[150.0, 200.0, 250.0, 400.0])
    parser.add_argument("--days", type=int, default=1)
    args = parser.parse_args()
    print(f"{args.daily:,.0f} articles a day, {args.daily / DAY:.0f} a second, {args.peak:g} times as many at the peak")
    for matcher in args.matcher:
        said = predicted(args.daily, args.peak, matcher, args.days)
        print(f"matcher {matcher:.0f}/s predicted: {words(said)}")
        for seed in (1, 2, 3):
            seen, came, kept = simulated(args.daily, args.peak, matcher, args.days, seed)
            print(f"matcher {matcher:.0f}/s simulated: {words(seen)}; {came - kept} of {came:,} lost")


def words(told: Told) -> str:
    return (
        f"at most {told.longest_queue:,.0f} wait, at most {told.longest_delay:,.0f} s"
        f"{f', long until {told.empty_again:.1f} h' if told.empty_again else ''}"
    )


if __name__ == "__main__":
    main()
