"""Answers that take a while are kept for a while, and counts of hours that are over are kept for good."""

from __future__ import annotations

import threading
from collections import Counter, OrderedDict
from collections.abc import Callable, Hashable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any, TypeVar

from .source import Source, Tally

T = TypeVar("T")

SETTLED = timedelta(minutes=10)  # after its end a window gets no more rows: they are written at once
MAX_KEPT = 4000  # answers kept at most


class Kept:
    """A bounded store of answers with a time until which each holds; one thread works out an answer."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self._answers: OrderedDict[Hashable, tuple[datetime | None, Any]] = OrderedDict()
        self._lock = threading.Lock()
        self._working: dict[Hashable, threading.Lock] = {}

    def get(self, key: Hashable, seconds: float | None, work: Callable[[], T]) -> T:
        """The kept answer, or ``work()``, which then holds for ``seconds`` (None: for good)."""
        with self._lock:
            found = self._fresh(key)
            if found is not None:
                return found[0]  # type: ignore[no-any-return]
            working = self._working.setdefault(key, threading.Lock())
        try:
            with working:
                with self._lock:
                    found = self._fresh(key)
                if found is not None:
                    return found[0]  # type: ignore[no-any-return]
                answer = work()
                until = None if seconds is None else self._clock() + timedelta(seconds=seconds)
                with self._lock:
                    self._answers[key] = (until, answer)
                    while len(self._answers) > MAX_KEPT:
                        self._answers.popitem(last=False)
                return answer
        finally:
            with self._lock:
                self._working.pop(key, None)

    def forget(self) -> None:
        """Drop every answer that would not hold for good: something was changed."""
        with self._lock:
            for key in [key for key, (until, _) in self._answers.items() if until is not None]:
                del self._answers[key]

    def _fresh(self, key: Hashable) -> tuple[Any] | None:
        held = self._answers.get(key)
        if held is None or (held[0] is not None and held[0] <= self._clock()):
            return None
        self._answers.move_to_end(key)
        return (held[1],)


class Tallies:
    """Journal rows counted by windows; a window that is over is counted once."""

    def __init__(self, source: Source, kept: Kept, clock: Callable[[], datetime]) -> None:
        self._source, self._kept, self._clock = source, kept, clock

    def window(self, since: datetime, length: timedelta) -> Sequence[Tally]:
        """The tally of one window."""
        until = since + length
        seconds = None if until + SETTLED < self._clock() else 10.0
        return self._kept.get(("tally", since, until), seconds, lambda: tuple(self._source.tally(since, until)))

    def hours(self, number: int) -> Iterator[tuple[datetime, Sequence[Tally]]]:
        """The last ``number`` hours with the present one, oldest first."""
        hour = timedelta(hours=1)
        first = self._clock().replace(minute=0, second=0, microsecond=0) - (number - 1) * hour
        for n in range(number):
            start = first + n * hour
            yield start, self.window(start, hour)

    def days(self, number: int) -> Iterator[tuple[datetime, Sequence[Tally]]]:
        """The last ``number`` days (UTC) with the present one, oldest first."""
        day = timedelta(days=1)
        first = self._clock().replace(hour=0, minute=0, second=0, microsecond=0) - (number - 1) * day
        for n in range(number):
            start = first + n * day
            yield start, self.window(start, day)


def by(tally: Sequence[Tally], column: int) -> Counter[str]:
    """Numbers by feed (0), outlet (1), outcome (2) or reason (3)."""
    counts: Counter[str] = Counter()
    for row in tally:
        name = row[column]
        if isinstance(name, str):
            counts[name] += row[4]
    return counts
