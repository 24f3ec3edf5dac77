"""The matcher's side: drafts in the order in which they came, matched and stored by one worker at a time."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import structlog

from pipeline.cluster.jobs import unpacked
from pipeline.errors import StorageError
from pipeline.model import JournalRow, Outcome, Reason
from pipeline.run.round import stored, told
from pipeline.run.upkeep import forgetting

if TYPE_CHECKING:
    from pipeline.run.parts import Parts
    from pipeline.run.writer import Draft
    from pipeline.storage.cluster import Cluster

REST = 0.1  # seconds between looks while nothing waits
FORGET_EVERY = 600.0  # seconds between looks for what is past its time; texts are the matcher's to forget


class Matching:
    """Matches and stores.  ``parts`` write under the fence of the role: see ``pipeline.storage.cluster.fence``."""

    def __init__(self, parts: Parts, cluster: Cluster) -> None:
        self._parts = parts
        self._cluster = cluster

    async def go_on(self, stop: asyncio.Event) -> None:
        """Until ``stop``; raises ``Deposed`` where somebody else matches."""
        loop = asyncio.get_running_loop()
        forget_at = loop.time() + FORGET_EVERY
        while not stop.is_set():
            found = await self._parts.db(self._cluster.drafts, self._parts.settings.batch)
            if found:
                await self._write([unpacked(content) for _, content in found])
            else:
                await asyncio.sleep(REST)
            if loop.time() >= forget_at:
                await forgetting(self._parts, stop)
                forget_at = loop.time() + FORGET_EVERY

    async def _write(self, batch: list[Draft]) -> None:
        try:
            rows = await stored(self._parts, batch)
        except StorageError:
            raise
        except Exception as error:  # noqa: BLE001 - a defect of ours costs its own item only
            structlog.get_logger().exception("defect", drafts=len(batch))
            if len(batch) == 1:
                await self._give_up(batch[0], error)
                return
            for draft in batch:
                await self._write([draft])
            return
        for row in rows:
            told(self._parts, row)

    async def _give_up(self, draft: Draft, error: Exception) -> None:
        row = JournalRow(
            time=self._parts.clock(),
            feed=draft.feed,
            url=draft.url,
            outlet=draft.article.outlet,
            title=draft.article.title,
            outcome=Outcome.FAILED,
            reason=Reason.INTERNAL_ERROR,
            detail=f"{type(error).__name__}: {error}",
            timings=draft.timings,
            trail=draft.trail,
        )
        if draft.entry is not None:
            await self._parts.db(self._parts.store.settle, draft.entry, row)
        told(self._parts, row)
