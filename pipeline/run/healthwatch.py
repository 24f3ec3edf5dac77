"""Looks after the feeds: notices trouble and silence, tells whoever wants to know, keeps the gauges true.

What each listener was told is kept in the database, and what is told is the difference to that: neither a
restart nor a listener that is away loses a trouble or tells one twice.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

import msgspec
import structlog

from pipeline.health import Changes, HealthReport, Known, assess, changes, overdue_seconds
from pipeline.run.digest import alert, digest

if TYPE_CHECKING:
    from pipeline.run.metrics import Metrics
    from pipeline.run.parts import DatabaseThread
    from pipeline.storage import Store

DAY = timedelta(days=1)


class Message(StrEnum):
    """What is told."""

    ALERT = "alert"  # a trouble or silence began, or ended
    DIGEST = "digest"  # once a day


@dataclass(frozen=True, slots=True)
class Note:
    """One message: ``text`` for people, the rest for programs.  ``outcomes``: the day's entries, of a digest."""

    kind: Message
    text: str
    health: HealthReport
    changes: Changes
    outcomes: dict[str, int]


class Listener(Protocol):
    """Somebody who is told.  ``key`` is what it was told is kept under."""

    @property
    def key(self) -> str: ...
    @property
    def wants(self) -> frozenset[Message]: ...
    async def tell(self, note: Note) -> bool:
        """Whether it was heard; what was not is told again, as things are by then."""


class LogListener:
    """The log hears everything."""

    key = "log"
    wants = frozenset(Message)

    async def tell(self, note: Note) -> bool:
        """One line."""
        say = structlog.get_logger().warning if note.health.troubles or note.changes else structlog.get_logger().info
        say(f"feeds {note.kind}", text=note.text)
        return True


@dataclass(frozen=True, slots=True)
class Told:
    """What a listener knows."""

    known: Known
    digested: date  # day of the last digest


class HealthWatch:
    """Looks at all feeds each time it is called; ``last`` is what it saw.

    ``digest_hour`` (UTC) begins the day of the digest, -1 sends none.  Whoever listens for the first time is
    told nothing at once: what was wrong before is in the next digest.
    """

    def __init__(
        self,
        store: Store,
        db: DatabaseThread,
        clock: Callable[[], datetime],
        listeners: Sequence[Listener],
        *,
        digest_hour: int = 6,
        metrics: Metrics | None = None,
    ) -> None:
        self._store = store
        self._db = db
        self._clock = clock
        self._listeners = listeners
        self._digest_hour = digest_hour
        self._metrics = metrics
        self.last: HealthReport | None = None

    async def look(self, stop: asyncio.Event) -> None:
        """One look; the action of a job."""
        now = self._clock()
        feeds = await self._db(self._store.feeds)
        self.last = assess(feeds, now)
        if self._metrics is not None:
            self._metrics.observe_health(self.last, overdue_seconds(feeds, now))
            self._metrics.observe_totals(await self._db(self._store.totals))
        for listener in self._listeners:
            if stop.is_set():
                return
            await self._inform(listener, self.last)

    async def _inform(self, listener: Listener, health: HealthReport) -> None:
        now, today = health.time, self._day_of(health.time)
        before = await self._db(self._told, listener.key)
        told = before or Told(health.known, today)
        changed = changes(told.known, health)
        if changed:
            note = Note(Message.ALERT, alert(changed, now), health, changed, {})
            if Message.ALERT not in listener.wants or await listener.tell(note):
                told = replace(told, known=health.known)
        if self._digest_hour >= 0 and today != told.digested and Message.DIGEST in listener.wants:
            outcomes = await self._outcomes(now)
            note = Note(Message.DIGEST, digest(health, outcomes), health, Changes(), outcomes)
            if await listener.tell(note):
                told = replace(told, digested=today)
        if told != before:
            await self._db(self._store.save_checkpoint, _name(listener.key), 0, msgspec.json.encode(told))

    def _told(self, key: str) -> Told | None:
        kept = self._store.checkpoint(_name(key))
        try:
            return msgspec.json.decode(kept[1], type=Told) if kept else None
        except msgspec.MsgspecError:  # of another version: as if it listened for the first time
            return None

    def _day_of(self, now: datetime) -> date:
        """The day of the digest, which begins at its hour."""
        return (now - timedelta(hours=max(self._digest_hour, 0))).date()

    async def _outcomes(self, now: datetime) -> dict[str, int]:
        """The entries of the last 24 hours by outcome."""
        outcomes: Counter[str] = Counter()
        for _feed, _outlet, outcome, _reason, number in await self._db(self._store.tally, now - DAY, now):
            outcomes[outcome] += number
        return dict(outcomes)


def _name(key: str) -> str:
    return f"feeds told: {key}"
