"""Each hostile feed ends inside the limits of a worker, with its entries or with a reason."""

from __future__ import annotations

import asyncio
import itertools
import time

import pytest
from hostile_feeds import OTHERS, QUADRATIC

from pipeline.errors import Rejected
from pipeline.feeds import FeedLimits, parse_feed
from pipeline.model import FeedDocument, Reason
from pipeline.run.pool import WorkerPool

TABLE = {**QUADRATIC, **OTHERS}
URL = "https://e.example/feed"


@pytest.fixture(scope="module")
def ends() -> dict[str, FeedDocument | Reason]:
    """What became of every feed, parsed in two workers with the limits of the real program."""

    async def one(pool: WorkerPool, text: str | bytes) -> FeedDocument | Reason:
        body = text if isinstance(text, bytes) else text.encode()
        try:
            return await pool.run(parse_feed, body, URL, "application/xml", FeedLimits())
        except Rejected as rejected:
            return rejected.reason

    async def main() -> list[FeedDocument | Reason]:
        async with WorkerPool(2) as pool:
            return await asyncio.gather(*(one(pool, text) for text, _ in TABLE.values()))

    return dict(zip(TABLE, asyncio.run(main()), strict=True))


@pytest.mark.parametrize("name", TABLE)
def test_it_ends_inside_the_limits(name: str, ends: dict[str, FeedDocument | Reason]) -> None:
    end, expected = ends[name], TABLE[name][1]
    assert (len(end.entries) if isinstance(end, FeedDocument) else end) == expected


def test_entries_beyond_the_limit_are_left_with_a_reason(ends: dict[str, FeedDocument | Reason]) -> None:
    document = ends["a million entries"]
    assert isinstance(document, FeedDocument)
    assert document.notes == (Reason.FEED_TOO_MANY_ENTRIES,)
    assert document.refused[-1].detail == "995,000 entries after the first 5,000"


def test_a_large_entry_is_refused_and_named(ends: dict[str, FeedDocument | Reason]) -> None:
    document = ends["an entry of 3 MB"]
    assert isinstance(document, FeedDocument)
    (refused,) = document.refused
    assert (refused.reason, refused.title) == (Reason.ENTRY_TOO_LARGE, "One")
    assert refused.url == "https://e.example/one"


def test_nothing_on_disk_is_read(ends: dict[str, FeedDocument | Reason]) -> None:
    document = ends["external entity"]
    assert isinstance(document, FeedDocument)
    assert "root:" not in repr(document)


@pytest.mark.parametrize("name", ["attributes", "categories", "a run in author", "blank lines before the root"])
def test_time_grows_in_proportion(name: str) -> None:
    """Four times the input takes nowhere near sixteen times as long (with room for a busy machine)."""
    make = {
        "attributes": lambda n: "<rss><channel><item><x " + " ".join(f'a{i}="b"' for i in range(n)) + "/>",
        "categories": lambda n: "<rss><channel><item>" + "".join(f"<category>{i}</category>" for i in range(n)),
        "a run in author": lambda n: f"<rss><channel><item><author>{'a' * n}</author>",
        "blank lines before the root": lambda n: "\n" * n + "<rss><channel><item>",
    }[name]
    took = []
    for size in (5_000, 20_000):
        body = (make(size) + "<link>https://e.example/</link></item></channel></rss>").encode()
        best = min(itertools.starmap(_timed, [(body,)] * 3))
        took.append(best)
    assert took[1] < 0.05 + 10 * took[0]


def _timed(body: bytes) -> float:
    start = time.process_time()
    assert parse_feed(body, URL, None, FeedLimits()).entries
    return time.process_time() - start
