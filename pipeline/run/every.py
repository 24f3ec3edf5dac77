"""A trigger for APScheduler that skips what was missed instead of listing it.

APScheduler 3.11 asks a trigger for run after run until one lies ahead, collects them all, and only then
lets ``coalesce`` keep the last (``Job._get_run_times``): a clock set ten years ahead makes that 16 million
times for a job every 20 seconds, about a gigabyte while the event loop stands.  This trigger answers with the
first point of its grid that lies ahead, so that one missed run is listed, however many there were.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from apscheduler.triggers.base import BaseTrigger


class Every(BaseTrigger):  # type: ignore[misc]  # the package has no types
    """Fires on a grid of ``interval`` (more than zero) from the first run on, whatever the runs take."""

    def __init__(self, interval: timedelta) -> None:
        if interval <= timedelta(0):
            raise ValueError(f"interval {interval} should be more than zero")
        self.interval = interval

    def get_next_fire_time(self, previous_fire_time: datetime | None, now: datetime) -> datetime:
        """The first point of the grid after ``previous_fire_time`` and after ``now``."""
        if previous_fire_time is None:
            return now + self.interval
        missed = max((now - previous_fire_time) // self.interval, 0)
        return previous_fire_time + (missed + 1) * self.interval

    def __str__(self) -> str:
        return f"every {self.interval}"
