"""What a round did, as values: counted outcomes and reasons, and every feed that failed with why."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime

from pipeline.model import Outcome, Reason


@dataclass(frozen=True, slots=True)
class FailedFeed:
    """A feed that could not be had in this round."""

    url: str
    outlet: str
    reason: Reason
    detail: str
    failures: int  # in a row, this one included
    next_poll: datetime


@dataclass(frozen=True, slots=True)
class RoundReport:
    """The sum of one round.  ``waiting`` entries are tried again later; nothing is lost."""

    started: datetime
    ended: datetime
    feeds_due: int
    feeds_polled: int
    feeds_unchanged: int
    failed_feeds: tuple[FailedFeed, ...]
    outcomes: dict[str, int]
    reasons: dict[str, int]
    waiting: int
    stopped: bool = False  # asked to end before the queue was worked off

    @property
    def nothing_fetched(self) -> bool:
        """Every feed that was due failed: the network, most likely."""
        return self.feeds_due > 0 and len(self.failed_feeds) == self.feeds_due


@dataclass(slots=True)
class Tally:
    """Counts while a round is under way; becomes a ``RoundReport`` at its end."""

    started: datetime
    feeds_due: int = 0
    feeds_polled: int = 0
    feeds_unchanged: int = 0
    failed: list[FailedFeed] = field(default_factory=list)
    outcomes: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)

    def count(self, outcome: Outcome, reason: Reason) -> None:
        """One entry was settled."""
        self.outcomes[outcome.value] += 1
        self.reasons[reason.value] += 1

    def report(self, ended: datetime, *, waiting: int, stopped: bool) -> RoundReport:
        """The finished report; failed feeds in the order of their outlets."""
        return RoundReport(
            started=self.started,
            ended=ended,
            feeds_due=self.feeds_due,
            feeds_polled=self.feeds_polled,
            feeds_unchanged=self.feeds_unchanged,
            failed_feeds=tuple(sorted(self.failed, key=lambda f: (f.outlet.casefold(), f.url))),
            outcomes=dict(self.outcomes),
            reasons=dict(self.reasons),
            waiting=waiting,
            stopped=stopped,
        )
