"""Times as people write them on a command line."""

from __future__ import annotations

import argparse
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

_SPAN = re.compile(r"(\d{1,6})\s*([smhdw])")
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}


@dataclass(frozen=True, slots=True)
class When:
    """A moment, or a span before now; ``at`` turns it into an aware UTC time."""

    moment: datetime | None = None
    ago: timedelta | None = None

    def at(self, now: datetime) -> datetime:
        """The moment meant, given the current time."""
        if self.moment is not None:
            return self.moment
        return now - (self.ago or timedelta(0))


def parse_when(text: str) -> When:
    """``90m``, ``6h``, ``2d``, ``2026-01-31`` or an ISO 8601 time; without a zone it means UTC."""
    span = _SPAN.fullmatch(text.strip().lower())
    if span:
        return When(ago=timedelta(seconds=int(span[1]) * _UNITS[span[2]]))
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"{text!r} is no time: write 2026-01-31, 2026-01-31T08:00Z, or a span such as 90m, 6h, 2d"
        ) from None
    return When(moment=moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC))
