"""What tests of whole rounds share: all parts of a run over a loopback web, and what a process tree takes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any

from pipeline.articles import ExtractSettings
from pipeline.dedup import Rules, open_matcher
from pipeline.feeds import FeedLimits, PollSettings, WebSubSettings
from pipeline.fetch import FetchSettings, Web
from pipeline.model import FeedSource
from pipeline.run.memory import HostMemory
from pipeline.run.parts import DatabaseThread, Parts
from pipeline.run.pool import WorkerPool
from pipeline.run.settings import RunSettings
from pipeline.run.writer import Writer
from pipeline.storage import open_store

LOOPBACK = FetchSettings(
    allow_private=("127.0.0.0/8",), proxy="none", min_host_interval=0.0, user_agent="Storyfold/test"
)


def utc_now() -> datetime:
    return datetime.now(UTC)


@asynccontextmanager
async def all_parts(
    folder: Path,
    feeds: Sequence[FeedSource],
    *,
    fetch: FetchSettings = LOOPBACK,
    run: RunSettings | None = None,
    polling: PollSettings | None = None,
    clock: Callable[[], datetime] = utc_now,
    preload: tuple[str, ...] = (),
    websub: WebSubSettings | None = None,
    **web_seams: Any,
) -> AsyncIterator[Parts]:
    """Everything a round needs, on a database in ``folder`` that polls ``feeds``."""
    own = run or RunSettings(workers=2)
    database = DatabaseThread()
    with open_store(f"sqlite:///{folder / 'news.db'}") as store:
        store.sync_feeds(feeds, clock())
        pool = WorkerPool(own.workers, own.cpu_seconds, own.memory_mib << 20, preload=preload)
        try:
            async with Web(fetch, now=clock, random=Random(7), **web_seams) as web, pool:
                yield Parts(
                    store=store,
                    web=web,
                    pool=pool,
                    writer=Writer(store, lambda: open_matcher(store, Rules())),
                    settings=own,
                    polling=polling or PollSettings(),
                    limits=FeedLimits(),
                    extract=ExtractSettings(),
                    clock=clock,
                    random=Random(8),
                    db=database,
                    memory=HostMemory(web.gate, store),
                    websub=websub or WebSubSettings(),
                )
        finally:
            await asyncio.to_thread(database.close)


def rss(entries: Sequence[tuple[str, str, str]], title: str = "Feed") -> str:
    """A feed of (title, link, description)."""
    items = "".join(
        f"<item><title>{name}</title><link>{link}</link><description>{text}</description></item>"
        for name, link, text in entries
    )
    return f"<rss version='2.0'><channel><title>{title}</title>{items}</channel></rss>"


def tree_bytes(root: int) -> int:
    """Memory of a process and all its children: shared pages counted once (proportional set size)."""
    total, waiting = 0, [root]
    while waiting:
        pid = waiting.pop()
        try:
            lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
            waiting += map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split())
        except (OSError, ProcessLookupError):
            continue  # it ended meanwhile
        total += sum(int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:"))
    return total
