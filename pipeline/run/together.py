"""Polls that end at about the same time are stored in one transaction: the disk is waited for once for all."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterable, Sequence
from typing import TYPE_CHECKING, Generic, TypeVar

from pipeline.errors import StorageError

if TYPE_CHECKING:
    from pipeline.model import JournalRow
    from pipeline.run.parts import DatabaseThread
    from pipeline.storage import Poll, Store

T = TypeVar("T")
R = TypeVar("R")

MOST = 200  # calls in one, so also polls in one transaction
BEGUN = 20  # tasks begun before others get their turn: each takes about a tenth of a millisecond


async def at_once(works: Iterable[Coroutine[object, object, object]]) -> None:
    """Carry out all of ``works`` side by side; many thousands begin without holding up the event loop."""
    async with asyncio.TaskGroup() as group:
        for number, work in enumerate(works, 1):
            group.create_task(work)
            if number % BEGUN == 0:
                await asyncio.sleep(0)


class Together(Generic[T, R]):
    """Calls that come while the database's thread is busy are carried out as one, ``MOST`` at a time.

    ``function`` takes the arguments of all of them and returns their results in order.
    """

    def __init__(self, db: DatabaseThread, function: Callable[[Sequence[T]], Sequence[R]]) -> None:
        self._db = db
        self._function = function
        self._waiting: list[tuple[T, asyncio.Future[R]]] = []
        self._front = asyncio.Lock()

    async def __call__(self, asked: T) -> R:
        """The result for ``asked``; raises what ``function`` raises for it alone."""
        mine: asyncio.Future[R] = asyncio.get_running_loop().create_future()
        self._waiting.append((asked, mine))
        async with self._front:  # whoever comes to the front carries out all that wait behind it
            while not mine.done():
                part, self._waiting = self._waiting[:MOST], self._waiting[MOST:]
                await self._carry_out(part)
        return mine.result()

    async def _carry_out(self, part: list[tuple[T, asyncio.Future[R]]]) -> None:
        try:
            results = await self._db(self._function, [asked for asked, _ in part])
        except StorageError as error:
            if len(part) == 1:
                part[0][1].set_exception(error)
                return
            for one in part:  # what cannot be stored costs its own feed only
                await self._carry_out([one])
        except BaseException as error:
            for _, theirs in part:
                _ended(theirs, error)
            raise
        else:
            for (_, theirs), result in zip(part, results, strict=True):
                theirs.set_result(result)


class PollKeeper:
    """Looks up and stores what polls bring, for all feeds that wait at once."""

    def __init__(self, db: DatabaseThread, store: Store) -> None:
        self.db = db
        self._known = Together(db, store.known_entries_of)
        self._keep = Together(db, store.apply_polls)

    async def known(self, feed_row: int, keys: Sequence[str]) -> dict[str, str]:
        """``Store.known_entries``."""
        return await self._known((feed_row, keys))

    async def keep(self, poll: Poll) -> list[JournalRow]:
        """``Store.apply_poll``; returns once it is on the disk.  Raises ``StorageError``."""
        return await self._keep(poll)


def _ended(theirs: asyncio.Future[R], error: BaseException) -> None:
    if isinstance(error, Exception):
        theirs.set_exception(error)
        theirs.exception()  # counts as seen: not everybody may still wait for it
    else:
        theirs.cancel()
