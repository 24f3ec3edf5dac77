"""Polls that end at about the same time are stored in one transaction: the disk is waited for once for all."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pipeline.errors import StorageError

if TYPE_CHECKING:
    from pipeline.model import JournalRow
    from pipeline.run.parts import DatabaseThread
    from pipeline.storage import Poll, Store

MOST = 200  # polls in one transaction
BEGUN = 20  # tasks begun before others get their turn: each takes about a tenth of a millisecond


async def at_once(works: Iterable[Coroutine[object, object, object]]) -> None:
    """Carry out all of ``works`` side by side; many thousands begin without holding up the event loop."""
    async with asyncio.TaskGroup() as group:
        for number, work in enumerate(works, 1):
            group.create_task(work)
            if number % BEGUN == 0:
                await asyncio.sleep(0)


@dataclass(slots=True)
class PollKeeper:
    """Stores polls.  Whoever comes to the front stores all that wait behind it."""

    db: DatabaseThread
    store: Store
    _waiting: list[tuple[Poll, asyncio.Future[list[JournalRow]]]] = field(default_factory=list)
    _front: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def keep(self, poll: Poll) -> list[JournalRow]:
        """``Store.apply_poll``; returns once it is on the disk.  Raises ``StorageError``."""
        mine: asyncio.Future[list[JournalRow]] = asyncio.get_running_loop().create_future()
        self._waiting.append((poll, mine))
        async with self._front:
            while not mine.done():
                part, self._waiting = self._waiting[:MOST], self._waiting[MOST:]
                await self._store(part)
        return mine.result()

    async def _store(self, part: list[tuple[Poll, asyncio.Future[list[JournalRow]]]]) -> None:
        try:
            kept = await self.db(self.store.apply_polls, [poll for poll, _ in part])
        except StorageError as error:
            if len(part) == 1:
                part[0][1].set_exception(error)
                return
            for one in part:  # what cannot be stored costs its own feed only
                await self._store([one])
        except BaseException as error:
            for _, theirs in part:
                _ended(theirs, error)
            raise
        else:
            for (_, theirs), rows in zip(part, kept, strict=True):
                theirs.set_result(rows)


def _ended(theirs: asyncio.Future[list[JournalRow]], error: BaseException) -> None:
    if isinstance(error, Exception):
        theirs.set_exception(error)
        theirs.exception()  # counts as seen: not everybody may still wait for it
    else:
        theirs.cancel()
