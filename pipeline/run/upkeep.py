"""What is done once a round's work is done: the search index, forgetting, kept pages, webhooks.

Each part goes in small steps, so that whoever waits for the database never waits for long, and a failure of
one costs that one until the next round.
"""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import structlog

from pipeline.errors import StorageError
from pipeline.run.webhooks import About, deliver

if TYPE_CHECKING:
    from pipeline.run.keeping import RetentionSettings
    from pipeline.run.parts import Parts
    from pipeline.storage import Store

SLICE = 500  # events indexed at once: some hundred milliseconds
ROOM = 0.95  # of the size that is allowed is left full: the limit is not met anew by the next article


async def tidy(parts: Parts, stop: asyncio.Event) -> None:
    """All of it; ends early once ``stop`` is set."""
    try:
        while not stop.is_set() and await parts.db(parts.store.index_for_search, SLICE) > 0:
            pass
        await _forget(parts, stop)
        if parts.pages is not None:
            before = parts.clock() - timedelta(days=parts.page_settings.keep_days)
            await asyncio.to_thread(parts.pages.prune, before, parts.page_settings.max_mib << 20)
    except StorageError as error:
        structlog.get_logger().error("upkeep failed", detail=str(error))
    for hook in parts.webhooks:
        if About.STORIES in hook.about:
            await deliver(parts, hook, stop)


async def _forget(parts: Parts, stop: asyncio.Event) -> None:
    dropped = 0
    while not stop.is_set() and (count := await parts.db(forget, parts.store, parts.retention, parts.clock())):
        dropped += count
    if dropped:
        parts.writer.forget()  # the matcher knows texts that are gone
        structlog.get_logger().info("forgotten", texts_and_items=dropped)


def forget(store: Store, settings: RetentionSettings, now: datetime) -> int:
    """One slice of what is past its time; returns how many texts and journal rows went, 0 once all are gone."""
    count = 0
    if settings.text_days:
        count += store.forget_texts(now - timedelta(days=settings.text_days))
    if settings.item_days:
        count += store.forget_items(now - timedelta(days=settings.item_days))
    if settings.max_mib and not count and store.size_bytes() > settings.max_mib * ROOM * 2**20:
        count += store.forget_texts(now)
    return count
