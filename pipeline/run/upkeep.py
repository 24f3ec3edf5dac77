"""What is done once a round's work is done: the search index, forgetting, kept pages, webhooks.

Each part goes in small steps, so that whoever waits for the database never waits for long, and a failure of
one costs that one until the next round.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import structlog

from pipeline.errors import StorageError
from pipeline.run.clockguard import EPOCH
from pipeline.run.webhooks import About, deliver
from pipeline.storage import ItemFilter

if TYPE_CHECKING:
    from pipeline.run.keeping import RetentionSettings
    from pipeline.run.parts import Parts
    from pipeline.storage import Store

STEADY = timedelta(days=1)  # what the clock must have kept to before anything is forgotten by it
SLICE = 500  # events indexed at once: some hundred milliseconds
ROOM = 0.95  # of the size that is allowed is left full: the limit is not met anew by the next article


async def tidy(parts: Parts, stop: asyncio.Event, *, forget_too: bool = True) -> None:
    """All of it; ends early once ``stop`` is set.  Texts are forgotten where they are matched: ``forget_too``."""
    try:
        while not stop.is_set() and await parts.db(parts.store.index_for_search, SLICE) > 0:
            pass
        steady = await parts.db(is_steady, parts.store, parts.clock())
        if forget_too:
            await forgetting(parts, stop)
        if parts.pages is not None:
            before = parts.clock() - timedelta(days=parts.page_settings.keep_days) if steady else EPOCH
            await asyncio.to_thread(parts.pages.prune, before, parts.page_settings.max_mib << 20)
    except StorageError as error:
        structlog.get_logger().error("upkeep failed", detail=str(error))
    for hook in parts.webhooks:
        if About.STORIES in hook.about:
            await deliver(parts, hook, stop)


def is_steady(store: Store, now: datetime) -> bool:
    """Whether the clock was about where it is now a day ago already: the journal has rows of that time.

    A clock that leaps ahead would make everything old at once.  So after a leap, and after a long pause, nothing
    is forgotten for a day; until then somebody, or the time service, may have set it right.
    """
    before = ItemFilter(since=now - 2 * STEADY, until=now - STEADY)
    return bool(store.items(before, limit=1))


async def forgetting(parts: Parts, stop: asyncio.Event) -> None:
    """Drop all that is past its time; the matcher of ``parts`` lets go of it too."""
    steady = await parts.db(is_steady, parts.store, parts.clock())
    settings = parts.retention if steady else replace(parts.retention, text_days=0, item_days=0)

    def slice_of() -> Forgotten:
        gone = forget(parts.store, settings, parts.clock())
        parts.writer.removed(gone.texts)
        return gone

    dropped = 0
    while not stop.is_set() and (gone := await parts.db(slice_of)):
        dropped += len(gone)
    await parts.db(parts.writer.age, parts.clock())
    if dropped:
        structlog.get_logger().info("forgotten", texts_and_items=dropped)


@dataclass(frozen=True, slots=True)
class Forgotten:
    """What went: the articles whose texts did, by row, and how many journal rows."""

    texts: tuple[int, ...] = ()
    items: int = 0

    def __len__(self) -> int:
        return len(self.texts) + self.items


def forget(store: Store, settings: RetentionSettings, now: datetime) -> Forgotten:
    """One slice of what is past its time; empty once all is gone."""
    texts: list[int] = []
    items = 0
    if settings.text_days:
        texts += store.forget_texts(now - timedelta(days=settings.text_days))
    if settings.item_days:
        items = store.forget_items(now - timedelta(days=settings.item_days))
    if settings.max_mib and not texts and not items and store.size_bytes() > settings.max_mib * ROOM * 2**20:
        texts += store.forget_texts(now)
    return Forgotten(tuple(texts), items)
