"""Settings of this room: what may be read from a feed, and how often one asks."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FeedLimits:
    """``[parse]``: bounds on one feed document."""

    max_entries: int = 5_000  # entries beyond it are left, with a reason
    max_entry: int = 2 * 1024 * 1024  # bytes of one entry in the document

    def __post_init__(self) -> None:
        if self.max_entries < 1 or self.max_entry < 1024:
            raise ValueError("max_entries should be 1 or more, max_entry 1024 or more")


@dataclass(frozen=True, slots=True)
class PollSettings:
    """``[polling]``: how often one asks.  Times in minutes unless a name says otherwise."""

    min_minutes: float = 5.0  # never sooner, except where a feed has a fixed interval
    max_minutes: float = 1440.0  # never later; a day keeps dead feeds cheap and lets all recover
    start_minutes: float = 60.0  # before anything is known about a feed
    jitter: float = 0.1  # share of the interval by which a poll may come later, so that feeds spread out
    unconditional_share: float = 0.02  # of polls that send no validators, to find out lying ones
    move_polls: int = 10  # a permanent redirect moves a feed after so many polls
    move_days: float = 3.0  # and so many days

    def __post_init__(self) -> None:
        if not 0 < self.min_minutes <= self.start_minutes <= self.max_minutes <= 1440:
            raise ValueError("should hold: 0 < min_minutes <= start_minutes <= max_minutes <= 1440")
        if not (0 <= self.jitter <= 0.5 and 0 <= self.unconditional_share <= 1):
            raise ValueError("jitter should lie between 0 and 0.5, unconditional_share between 0 and 1")
        if self.move_polls < 1 or self.move_days < 0:
            raise ValueError("move_polls should be 1 or more, move_days 0 or more")


@dataclass(frozen=True, slots=True)
class WebSubSettings:
    """``[websub]``: being told by hubs instead of asking feeds."""

    callback: str = ""  # public address of our callback, e.g. "https://news.example/websub"; "" asks no hub
    lease_days: float = 10.0  # asked of hubs; they grant what they like, 1 hour to 30 days are believed

    def __post_init__(self) -> None:
        if self.callback and not self.callback.startswith(("https://", "http://")):
            raise ValueError("callback should be an https:// or http:// address, or empty")
        if not 0 < self.lease_days <= 30:
            raise ValueError("lease_days should be more than 0 and at most 30")
