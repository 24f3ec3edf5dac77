"""Jobs that look after the feeds: notice trouble and silence, tell someone, keep the gauges true."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

import structlog

from pipeline.run.digest import alert, digest
from pipeline.run.health import HealthReport, assess, changes, overdue_seconds

if TYPE_CHECKING:
    from pipeline.run.metrics import Metrics
    from pipeline.run.parts import DatabaseThread
    from pipeline.storage import Store

DAY = timedelta(days=1)


class Message(StrEnum):
    """What is told."""

    ALERT = "alert"  # a trouble or silence began, or ended
    DIGEST = "digest"  # once a day


Tell = Callable[[Message, str], Awaitable[None]]  # plain text, to whoever shall know


class HealthWatch:
    """Looks at all feeds each time it is called; ``last`` is what it saw, for the page.

    ``digest_hour`` (UTC) begins the day of the digest, -1 sends none.  The first look tells nothing: what was
    wrong before the start is in the next digest.
    """

    def __init__(
        self,
        store: Store,
        db: DatabaseThread,
        clock: Callable[[], datetime],
        tell: Tell,
        *,
        digest_hour: int = 6,
        metrics: Metrics | None = None,
    ) -> None:
        self._store = store
        self._db = db
        self._clock = clock
        self._tell = tell
        self._digest_hour = digest_hour
        self._metrics = metrics
        self._digested: date | None = None
        self.last: HealthReport | None = None

    async def look(self, stop: asyncio.Event) -> None:
        """One look; the action of a job.  A message that cannot be told fails the run after the look."""
        now = self._clock()
        feeds = await self._db(self._store.feeds)
        before, self.last = self.last, assess(feeds, now)
        if self._metrics is not None:
            self._metrics.observe_health(self.last, overdue_seconds(feeds, now))
            self._metrics.observe_totals(await self._db(self._store.totals))
        if before is not None and (changed := changes(before, self.last)):
            text = alert(changed, now)
            structlog.get_logger().warning("feeds changed health", text=text)
            await self._tell(Message.ALERT, text)
        if not stop.is_set() and self._digest_is_due(now):
            await self._tell(Message.DIGEST, digest(self.last, await self._day(now)))

    def _digest_is_due(self, now: datetime) -> bool:
        """Once for each day that began at the hour of the digest; not for the one the service started in."""
        if self._digest_hour < 0:
            return False
        day = (now - timedelta(hours=self._digest_hour)).date()
        due = self._digested is not None and day != self._digested
        self._digested = day
        return due

    async def _day(self, now: datetime) -> dict[str, int]:
        """The entries of the last 24 hours by outcome."""
        outcomes: Counter[str] = Counter()
        for _feed, _outlet, outcome, _reason, number in await self._db(self._store.tally, now - DAY, now):
            outcomes[outcome] += number
        return dict(outcomes)
