"""The storing half of ``dedup``: decisions about a parcel and its texts → one transaction.

It runs in a process of its own, up to a few parcels behind the matcher, so that the disk is never waited for;
for a database in memory, which no other process can open, it runs in the matcher's.  ``Behind`` lets the
matcher read what is stored as if it were stored at once.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import cycle
from typing import TYPE_CHECKING, Protocol

from pipeline.model import Action, Decision, Ingest, JournalRow, Outcome, Reason, StoredArticle
from pipeline.run.naming import public_id
from pipeline.run.profiling import Reading, Text, article_of

if TYPE_CHECKING:
    from pipeline.run.beside import Queue
    from pipeline.storage import Store

BEHIND = 48  # parts that may wait to be stored
PARTS = 16  # parts in one transaction at most,
ARTICLES = 2048  # or about so many articles,
CHARACTERS = 4_000_000  # or about so many characters: indexes are written once for all of them


@dataclass(frozen=True, slots=True)
class Order:
    """What was decided about one article: ``place`` in its parcel, its row, and all that is stored of it.

    ``revision``: the revision that is replaced, 0 for a new article.
    """

    place: int
    row: int
    decision: Decision
    reason: Reason
    revision: int = 0


@dataclass(frozen=True, slots=True)
class Orders:
    """What is stored together: all of it or nothing.

    ``started``: place, row and story of new articles that start a story, most of them: plain numbers cross
    over cheaply; ``others``: the rest; ``last``: the parcel is done with.
    """

    started: list[tuple[int, int, int]]
    others: list[Order]
    last: bool


class Storekeeper:
    """Carries out orders, several at a time; ``texts`` gives the texts of one parcel after the other."""

    def __init__(self, store: Store, texts: Callable[[], list[Text]], now: datetime) -> None:
        self._store = store
        self._next = texts
        self._now = now
        self._texts: list[Text] | None = None  # of the parcel that is not done with
        self._ready: list[Ingest] = []
        self._characters = 0
        self.parts = 0  # taken and not stored

    def take(self, orders: Orders) -> None:
        """Carry out orders with the next transaction."""
        if self._texts is None:
            self._texts = self._next()
        ingests = [self._ingest(order, self._texts[order.place]) for order in _in_order(orders)]
        self._ready += ingests
        self._characters += sum(len(ingest.article.text) for ingest in ingests)
        self.parts += 1
        if orders.last:
            self._texts = None

    @property
    def full(self) -> bool:
        """Whether what was taken is enough for a transaction."""
        return self.parts >= PARTS or len(self._ready) >= ARTICLES or self._characters >= CHARACTERS

    def store(self) -> int:
        """Store what was taken, all or nothing; returns the number of parts."""
        if self._ready:
            self._store.apply(self._ready, self._now)
        stored, self.parts = self.parts, 0
        self._ready, self._characters = [], 0
        return stored

    def _ingest(self, order: Order, text: Text) -> Ingest:
        article, key = article_of(text), text[0]
        # An article that was revised may have started a story before, which keeps its name.
        name = f"import:{key}" + (f" revision {order.revision}" if order.revision else "")
        outcome = Outcome.REVISED if order.revision else Outcome.NEW
        return Ingest(
            row=order.row,
            article_id=key,
            article=article,
            sketch=text[-2],
            text_hash=text[-1],
            decision=order.decision,
            journal=JournalRow(
                self._now, None, article.url or None, article.outlet, article.title, outcome, order.reason
            ),
            story_id=public_id("s", name) if order.reason is Reason.STARTED_STORY else "",
            addresses=("", article.url) if article.url else ("",),  # here the id says what is one article
        )


def _in_order(orders: Orders) -> list[Order]:
    """Everything in the order in which it was decided."""
    from pipeline.dedup.canonical import ONLY

    starts = [
        Order(place, row, Decision(Action.START, story, (), None, row, ONLY), Reason.STARTED_STORY)
        for place, row, story in orders.started
    ]
    if not orders.others:
        return starts
    return sorted((*starts, *orders.others), key=lambda order: (order.revision > 0, order.place))


class Keeping(Protocol):
    """Where orders go."""

    def put(self, orders: Orders) -> None:
        """Have them carried out, now or soon, in order."""
        ...

    def wait(self) -> None:
        """Until everything is stored; raises what went wrong."""
        ...

    @property
    def waiting(self) -> int:
        """Orders that are not known to be stored."""
        ...


class AtOnce:
    """Storing in the matcher's own process."""

    waiting = 0

    def __init__(self, store: Store, texts: Callable[[], list[Text]], now: datetime) -> None:
        self._keeper = Storekeeper(store, texts, now)

    def put(self, orders: Orders) -> None:
        """Carried out when this returns."""
        self._keeper.take(orders)
        self._keeper.store()

    def wait(self) -> None:
        """Nothing ever waits."""


class Aside:
    """Storing in another process."""

    def __init__(self, ahead: Reading, url: str, now: datetime) -> None:
        self._processes = ahead.processes
        self._orders = self._processes.queue(BEHIND)
        self._done = self._processes.queue()
        self.waiting = 0
        self._processes.start("storing", _store_aside, url, ahead.texts, self._orders, self._done, now)

    def put(self, orders: Orders) -> None:
        """Carried out soon; waits where too much is waiting."""
        while self.waiting >= BEHIND or (self.waiting and not self._done.empty()):
            self._settle()
        self._orders.put(orders)
        self.waiting += 1

    def wait(self) -> None:
        """Until the other process has stored everything."""
        if self.waiting:
            self._orders.put(None)  # no more will come until then
        while self.waiting:
            self._settle()

    def _settle(self) -> None:
        self.waiting -= self._processes.get(self._done)


def in_turn(texts: tuple[Queue, ...]) -> Callable[[], list[Text]]:
    """The texts of one parcel after the other, from the queues that are filled in turn."""
    turns = cycle(texts)
    return lambda: next(turns).get()


def _store_aside(url: str, texts: tuple[Queue, ...], orders: Queue, done: Queue, now: datetime) -> None:
    from pipeline.storage import open_store

    try:
        with open_store(url) as store:
            keeper = Storekeeper(store, in_turn(texts), now)
            while True:
                order = orders.get()
                if order is not None:
                    keeper.take(order)
                if keeper.full or (order is None and keeper.parts):
                    done.put(keeper.store())
    except Exception as error:  # noqa: BLE001 - handed to the process that can report it
        done.put(error)


class Behind:
    """The store as the matcher reads and keeps it: what waits to be stored is waited for where it may matter."""

    def __init__(self, store: Store, keeping: Keeping) -> None:
        self._store = store
        self._keeping = keeping
        self._pending: deque[tuple[int, set[str]]] = deque()  # first row and ids of each order, oldest first

    def order(self, orders: Orders, first_row: int, ids: set[str]) -> None:
        """Have orders carried out; new articles among them have ``ids``, and rows from ``first_row`` on."""
        self._keeping.put(orders)
        self._pending.append((first_row, ids))
        while len(self._pending) > self._keeping.waiting:
            self._pending.popleft()

    def wait(self) -> None:
        """Until everything is stored; raises what went wrong."""
        self._keeping.wait()
        self._pending.clear()

    def wait_for(self, ids: Sequence[str]) -> None:
        """Until articles with those ids are stored, if they are ever."""
        if any(not waiting.isdisjoint(ids) for _, waiting in self._pending):
            self.wait()

    # what the matcher asks

    def next_rows(self) -> tuple[int, int]:
        """As the store, with nothing waiting."""
        self.wait()
        return self._store.next_rows()

    def sketches(self, after_row: int = 0) -> Iterator[tuple[int, int, int | None, bytes]]:
        """As the store, with nothing waiting."""
        self.wait()
        return self._store.sketches(after_row)

    def articles(self, rows: Sequence[int]) -> Mapping[int, StoredArticle]:
        """As the store, with those rows stored."""
        if self._pending and max(rows, default=0) >= self._pending[0][0]:
            self.wait()
        return self._store.articles(rows)

    def story_of(self, rows: Sequence[int]) -> Mapping[int, tuple[int, int]]:
        """As the store, with nothing waiting: any order may change a story."""
        self.wait()
        return self._store.story_of(rows)

    def checkpoint(self, name: str) -> tuple[int, bytes] | None:
        """As the store."""
        return self._store.checkpoint(name)

    def save_checkpoint(self, name: str, upto_row: int, blob: bytes) -> None:
        """As the store, never ahead of what is stored."""
        self.wait()
        self._store.save_checkpoint(name, upto_row, blob)
