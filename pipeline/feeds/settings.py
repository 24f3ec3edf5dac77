"""Settings of this room: what may be read from a feed, and how often one asks."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FeedLimits:
    """``[feeds]``: bounds on one feed document."""

    max_entries: int = 5_000  # entries beyond it are left, with a reason
    max_entry: int = 2 * 1024 * 1024  # bytes of one entry in the document

    def __post_init__(self) -> None:
        if self.max_entries < 1 or self.max_entry < 1024:
            raise ValueError("max_entries should be 1 or more, max_entry 1024 or more")
