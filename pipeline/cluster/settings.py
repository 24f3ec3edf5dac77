"""How workers share a database: settings of their own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from msgspec import Meta

Seconds = Annotated[float, Meta(gt=0)]
Positive = Annotated[int, Meta(ge=1)]


@dataclass(frozen=True, slots=True)
class ClusterSettings:
    """The ``[cluster]`` section; read by ``worker`` alone."""

    lease_seconds: Annotated[float, Meta(ge=1)] = 6.0  # a matcher or scheduler that is silent so long is succeeded
    alive_seconds: Annotated[float, Meta(ge=2)] = 15.0  # a worker that is silent so long loses its turns at hosts
    job_seconds: Annotated[float, Meta(ge=2)] = 30.0  # work of a worker that is silent so long is done by another
    polls_in_hand: Positive = 500  # feeds handed out at once for each worker that polls
    drafts: Positive = 2_000  # articles that may wait for the matcher; beyond it no page is handed out
    tick_seconds: Seconds = 0.25  # the scheduler looks for work so often
    log_hours: Seconds = 6.0  # PgQueuer's log of finished jobs is emptied so often
