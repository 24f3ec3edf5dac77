"""How a run works: sizes and limits of its own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from msgspec import Meta

Positive = Annotated[int, Meta(ge=1)]
Seconds = Annotated[float, Meta(gt=0)]


@dataclass(frozen=True, slots=True)
class RunSettings:
    """The ``[run]`` section."""

    workers: Annotated[int, Meta(ge=0, le=64)] = 0  # processes that parse and extract; 0: one per CPU
    cpu_seconds: Seconds = 5.0  # CPU time one parse or extraction may take
    memory_mib: Annotated[int, Meta(ge=64)] = 1024  # memory one parse or extraction may take
    items_in_hand: Positive = 200  # entries worked on at once
    items_per_host: Positive = 8  # of those, at most so many of one host: a slow host holds up only itself
    batch: Positive = 256  # articles stored in one transaction
    attempts: Positive = 4  # tries for a page before the entry's own text is used
    retry_minutes: Seconds = 10.0  # wait before the second try; doubles with each
    tick_seconds: Seconds = 20.0  # the service looks for due feeds this often
    stop_seconds: Seconds = 15.0  # after SIGTERM, how long work in hand may take to finish
