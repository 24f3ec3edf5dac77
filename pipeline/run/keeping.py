"""Settings of what is looked at again, what is kept and for how long."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Annotated

from msgspec import Meta

Days = Annotated[float, Meta(ge=0)]


@dataclass(frozen=True, slots=True)
class RevisionSettings:
    """The ``[revisions]`` section."""

    # Hours after its first fetch at which a page is fetched again; none: only when its entry changes.
    relook_hours: tuple[Annotated[float, Meta(gt=0)], ...] = (1, 6, 24, 72)

    def __post_init__(self) -> None:
        if any(later <= earlier for earlier, later in pairwise(self.relook_hours)):
            raise ValueError("relook_hours should rise from one to the next")


@dataclass(frozen=True, slots=True)
class PageSettings:
    """The ``[pages]`` section: fetched pages, kept so that extraction can be done again."""

    keep_days: Days = 7.0  # 0 keeps none
    max_mib: Annotated[int, Meta(ge=1)] = 2_048  # compressed; the oldest go first


@dataclass(frozen=True, slots=True)
class RetentionSettings:
    """The ``[retention]`` section; 0 keeps for ever.  Addresses, stories and events are always kept."""

    text_days: Days = 0.0  # texts of articles that speak for no story seen since
    item_days: Days = 90.0  # the journal
    max_mib: Annotated[int, Meta(ge=0)] = 0  # above it the oldest texts go before their time
