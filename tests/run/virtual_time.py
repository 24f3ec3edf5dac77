"""An event loop whose time passes only when nothing is left to do, and a wall clock that can be set."""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any

import apscheduler.executors.base
import apscheduler.schedulers.base
import pytest

START = datetime(2026, 3, 1, tzinfo=UTC)


class _Waitless(selectors.DefaultSelector):  # type: ignore[misc, valid-type]
    """Where the loop would sleep, time jumps instead."""

    def __init__(self, time: VirtualTime) -> None:
        super().__init__()
        self._time = time

    def select(self, timeout: float | None = None) -> Any:
        ready = super().select(0)
        if not ready:
            if timeout is None:
                raise RuntimeError("the loop would wait for ever")
            self._time.pass_(timeout)
        return ready


class VirtualTime:
    """Monotonic seconds, and a wall clock beside them that can step."""

    def __init__(self, start: datetime = START) -> None:
        self.seconds = 1_000.0
        self._apart = start - timedelta(seconds=self.seconds)

    def monotonic(self) -> float:
        return self.seconds

    def now(self) -> datetime:
        return self._apart + timedelta(seconds=self.seconds)

    def step(self, by: timedelta) -> None:
        """Set the wall clock; the monotonic one does not notice."""
        self._apart += by

    def pass_(self, seconds: float) -> None:
        # A loop may ask for less than a float can tell at this size; then time would never pass.
        self.seconds += max(seconds, 1e-6)

    def run(self, main: Coroutine[Any, Any, Any]) -> Any:
        """Run a coroutine to its end on a loop of this time."""
        loop = asyncio.SelectorEventLoop(_Waitless(self))
        loop.time = self.monotonic  # type: ignore[method-assign]
        with asyncio.Runner(loop_factory=lambda: loop) as runner:
            return runner.run(main)


@pytest.fixture
def time(monkeypatch: pytest.MonkeyPatch) -> VirtualTime:
    """Virtual time that APScheduler, which reads the wall clock by itself, lives in as well."""
    virtual = VirtualTime()
    shown = _datetime_of(virtual.now)
    monkeypatch.setattr(apscheduler.schedulers.base, "datetime", shown)
    monkeypatch.setattr(apscheduler.executors.base, "datetime", shown)
    return virtual


def _datetime_of(now: Callable[[], datetime]) -> type:
    class Shown(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> datetime:  # type: ignore[override]
            return now().astimezone(tz)

    return Shown
