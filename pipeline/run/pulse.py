"""How the service is: jobs on time or stuck, and how late the event loop is.  Values and arithmetic only."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

KEPT = 600  # delays of the loop that are remembered: ten minutes at one a second


class LoopLag:
    """How much later than asked the event loop woke, over the last ``KEPT`` times (seconds)."""

    def __init__(self) -> None:
        self._delays: deque[float] = deque(maxlen=KEPT)

    def add(self, delay: float) -> None:
        """One delay; below zero counts as none."""
        self._delays.append(max(delay, 0.0))

    def quantile(self, share: float) -> float:
        """The delay that ``share`` (0-1) of those remembered do not exceed; 0 before the first."""
        if not self._delays:
            return 0.0
        ordered = sorted(self._delays)
        return ordered[min(int(share * len(ordered)), len(ordered) - 1)]


@dataclass(slots=True)
class JobPulse:
    """One job's signs of life, in seconds on the monotonic clock."""

    interval: float
    sign: float  # last sign of life: a start, an end, or progress in between
    running: bool = False
    runs: int = 0
    failures: int = 0  # in a row
    succeeded: float | None = None

    def silent_for(self, now: float) -> float:
        """Seconds without a sign; a job that waits for its turn may be silent for its interval."""
        return now - self.sign - (0.0 if self.running else self.interval)


@dataclass(frozen=True, slots=True)
class Status:
    """What ``/healthz`` and ``/readyz`` answer from.  ``stuck`` and ``failing`` name jobs."""

    started: bool
    stopping: bool
    stuck: tuple[str, ...] = ()  # without a sign of life: a restart would help
    failing: tuple[str, ...] = ()  # whose last runs all failed
    loop_lag_p99: float = 0.0  # seconds
    since_success: dict[str, float] = field(default_factory=dict)  # job → seconds; absent before the first

    @property
    def alive(self) -> bool:
        """The loop turns and no watched job is stuck."""
        return not self.stuck

    @property
    def on_time(self) -> bool:
        """Rounds happen and succeed."""
        return self.started and not self.stopping and not self.stuck and not self.failing
