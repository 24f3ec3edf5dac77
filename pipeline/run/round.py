"""The whole pipeline on one page.

due feeds → poll ──→ entries (queue in the database)
                         │  many at once, few of one host
                         ▼
                work_on: fetch, extract
                         │
                         ▼
                writer: match and store, one batch at a time
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol, TypeVar

import structlog

from pipeline.model import FeedState, JournalRow, Outcome, Reason
from pipeline.run.again import plan_looks
from pipeline.run.ingest import Later, Trail, ended, work_on
from pipeline.run.poll import poll_feed
from pipeline.run.report import RoundReport, Tally
from pipeline.run.together import PollKeeper, at_once
from pipeline.run.upkeep import tidy
from pipeline.run.writer import Draft

if TYPE_CHECKING:
    from pipeline.run.parts import Parts
    from pipeline.storage import WorkItem

Watch = Callable[[Tally, int], None]  # told after every change: counts so far, entries in hand
MOST_FEEDS = 100_000  # polled in one round
READ = 1_000  # items read from the queue at a time


def unwatched(_tally: Tally, _in_hand: int) -> None:
    """For rounds that nobody looks at."""


async def run_round(
    parts: Parts,
    stop: asyncio.Event,
    *,
    everything: bool = False,
    again_seconds: float | None = None,
    watch: Watch = unwatched,
) -> RoundReport:
    """Poll every feed that is due, then work the queue until nothing in it is due.

    ``everything`` polls all feeds, due or not.  With ``again_seconds`` feeds that fall due while the queue is
    worked are polled too, so that a long queue at one host holds up nobody's schedule.  Once ``stop`` is set
    nothing new is begun, what is in hand is finished, and the rest stays in the queue.
    """
    now = parts.clock()
    if parts.memory is not None:
        await parts.db(parts.memory.restore, now)
    feeds = await parts.db(parts.store.feeds if everything else lambda: parts.store.due_feeds(now, MOST_FEEDS))
    round_ = _Round(parts, stop, Tally(now), watch, PollKeeper(parts.db, parts.store))
    try:
        async with asyncio.TaskGroup() as group:
            endless = [group.create_task(round_.write())]
            if again_seconds is not None:
                endless.append(group.create_task(round_.poll_again(again_seconds)))
            await asyncio.gather(round_.poll([feed for feed in feeds if not feed.retired]), round_.work())
            for task in endless:
                task.cancel()
    except ExceptionGroup as errors:
        raise first_of(errors) from errors
    finally:
        if parts.memory is not None:
            await parts.db(parts.memory.save, parts.clock())
    await tidy(parts, stop)
    waiting, _ = await parts.db(parts.store.waiting)
    return round_.tally.report(parts.clock(), waiting=waiting, stopped=stop.is_set())


@dataclass(slots=True)
class _Round:
    """What one round is doing at the moment."""

    parts: Parts
    stop: asyncio.Event
    tally: Tally
    watch: Watch
    keeper: PollKeeper
    polling: set[int] = field(default_factory=set)  # rows of feeds that may still bring work
    in_hand: dict[int, WorkItem] = field(default_factory=dict)  # by work row
    read: list[WorkItem] = field(default_factory=list)  # read from the queue, not begun
    more: bool = True  # the queue may hold due work that was not read
    drafts: asyncio.Queue[Draft] = field(default_factory=asyncio.Queue)
    moved: asyncio.Event = field(default_factory=asyncio.Event)  # something ended: look again

    async def poll(self, feeds: Sequence[FeedState]) -> None:
        """Poll all ``feeds``; the web's own bounds decide how many at once."""
        self.tally.feeds_due += len(feeds)
        self.polling.update(feed.row for feed in feeds)
        self.changed()

        async def one(feed: FeedState) -> None:
            try:
                if not self.stop.is_set():
                    await poll_feed(self.parts, feed, self.tally, self.keeper)
            finally:
                self.polling.discard(feed.row)
                self.more = True
                self.changed()

        await at_once(map(one, feeds))

    async def poll_again(self, seconds: float) -> None:
        """Until the round ends, poll what falls due meanwhile."""
        while not self.stop.is_set():
            await asyncio.sleep(seconds)
            feeds = await self.parts.db(self.parts.store.due_feeds, self.parts.clock(), MOST_FEEDS)
            await self.poll([feed for feed in feeds if feed.row not in self.polling])

    async def work(self) -> None:
        """Take due work from the queue until there is none, no poll may bring more and all in hand is done."""
        async with asyncio.TaskGroup() as group:
            while True:
                self.moved.clear()
                begun = 0
                for item in [] if self.stop.is_set() else await self.takeable():
                    self.in_hand[item.row] = item
                    group.create_task(self.carry_out(item))
                    begun += 1
                idle = not begun and not self.in_hand and not self.polling
                if idle and (self.stop.is_set() or not self.more):
                    return
                await self.moved.wait()

    async def takeable(self) -> list[WorkItem]:
        """Due items there is room for: few of one host, so that a slow one holds up only itself."""
        settings = self.parts.settings
        room = settings.items_in_hand - len(self.in_hand)
        chosen = spread(self.read, self.in_hand.values(), settings.items_per_host)[:room]
        if self.more and len(chosen) < room:
            self.more = False  # before the look, so that a poll which ends meanwhile is not overlooked
            known = {*self.in_hand, *(item.row for item in self.read)}
            found = await self.parts.db(self.parts.store.pending, self.parts.clock(), READ, known)
            self.more = self.more or len(found) == READ
            self.read += found
            chosen = spread(self.read, self.in_hand.values(), settings.items_per_host)[:room]
        begun = {item.row for item in chosen}
        self.read = [item for item in self.read if item.row not in begun]
        return chosen

    async def carry_out(self, item: WorkItem) -> None:
        """One item to its end or to the writer; a defect of ours costs this item only."""
        step = await worked_out(self.parts, item)
        if isinstance(step, Draft):
            self.drafts.put_nowait(step)
            return  # it stays in hand until it is stored
        if step is not None:
            self.note(step)
        self.let_go(item.row)

    async def write(self) -> None:
        """Store drafts in the order in which they came, as many at once as are there."""
        while True:
            batch = [await self.drafts.get()]
            while len(batch) < self.parts.settings.batch and not self.drafts.empty():
                batch.append(self.drafts.get_nowait())
            for row in await stored(self.parts, batch):
                self.note(row)
            for draft in batch:
                if draft.entry is not None:
                    self.let_go(draft.entry)

    def note(self, row: JournalRow) -> None:
        """Count and log what became of an entry."""
        self.tally.count(row.outcome, row.reason)
        told(self.parts, row)

    def let_go(self, row: int) -> None:
        """The item is settled or put back."""
        del self.in_hand[row]
        self.changed()

    def changed(self) -> None:
        """Wake the queue and tell whoever watches."""
        self.moved.set()
        self.watch(self.tally, len(self.in_hand))


async def worked_out(parts: Parts, item: WorkItem) -> Draft | JournalRow | None:
    """One item on its way to the writer as a draft, or put away: settled (its journal row), or to be tried later."""
    log = structlog.get_logger()
    trail = Trail(trace=parts.tracer.item(item))
    try:
        step = await work_on(parts, item, trail)
    except Exception as error:
        log.exception("defect", url=item.entry.url, feed=item.feed_url)
        step = ended(parts, item, Reason.INTERNAL_ERROR, f"{type(error).__name__}: {error}", trail)
    if isinstance(step, Draft):
        return step
    if isinstance(step, Later):
        await parts.db(parts.store.postpone, item.row, step.until, step.reason, step.detail)
        log.info("postponed", url=item.entry.url, reason=step.reason, until=step.until.isoformat())
        trail.trace.end("postponed", reason=step.reason, until=step.until.isoformat(), failed=step.reason)
        return None
    if item.look:  # a further look that came to nothing is no news
        await parts.db(parts.store.drop_work, [item.row])
        log.info("looked again in vain", url=item.entry.url, reason=step.reason, detail=step.detail)
        trail.trace.end("unchanged", reason=step.reason)
        return None
    await parts.db(parts.store.settle, item.row, step)
    failed = step.reason if step.outcome is Outcome.FAILED else None
    trail.trace.end(step.outcome, reason=step.reason, article_id=step.article_id, failed=failed)
    return step


async def stored(parts: Parts, batch: Sequence[Draft]) -> list[JournalRow]:
    """Match and store ``batch``, with the looks at it that are to come; its journal rows."""
    await parts.db(plan_looks, parts.store, batch, parts.revisions.relook_hours, parts.clock())
    return await parts.db(parts.writer.write, batch, parts.clock())


def told(parts: Parts, row: JournalRow) -> None:
    """Count and log what became of an entry."""
    if parts.metrics is not None:
        parts.metrics.observe_row(row)
    say = structlog.get_logger().warning if row.outcome is Outcome.FAILED else structlog.get_logger().info
    say(row.outcome.value, reason=row.reason.value, outlet=row.outlet, title=row.title, url=row.url)


def first_of(errors: ExceptionGroup[Exception]) -> Exception:
    """What went wrong first: the tasks that fell with it only repeat it."""
    error: Exception = errors
    while isinstance(error, ExceptionGroup):
        error = error.exceptions[0]
    return error


class Addressed(Protocol):
    """Anything that leads to one page or feed."""

    @property
    def url(self) -> str | None:
        """Its address, where it has one."""


T = TypeVar("T", bound=Addressed)


def host_of(item: Addressed) -> str:
    """The host of an item's address, for spreading; "" where it has none."""
    return (item.url or "").partition("//")[2].partition("/")[0].lower()


def spread(items: Iterable[T], in_hand: Iterable[Addressed], per_host: int) -> list[T]:
    """Those of ``items``, in order, that leave no host with more than ``per_host`` in hand.

    Of entries with one address only one is in hand: the others will find its article stored.
    """
    held = list(in_hand)
    hosts = Counter(map(host_of, held))
    addresses = {item.url for item in held}
    taken = []
    for item in items:
        host, url = host_of(item), item.url
        if hosts[host] >= per_host or (url is not None and url in addresses):
            continue
        hosts[host] += 1
        addresses.add(url)
        taken.append(item)
    return taken
