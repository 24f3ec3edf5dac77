"""Every misdeed of a hostile server, as feeds and as pages, through a whole round, beside 50 good feeds."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest

from pipeline.fetch import refusal
from pipeline.model import FeedSource, FeedState, Reason
from pipeline.run.parts import Parts
from pipeline.run.round import run_round
from pipeline.run.settings import RunSettings
from pipeline.storage import ItemFilter
from tests.feeds.hostile_feeds import OTHERS, QUADRATIC
from tests.fetch.hostile import Behaviour, Hostile, body
from tests.fetch.support import PLAIN, SMALL, Names, Recording
from tests.fetch.test_hostile import NAMES, REFUSED, TAKEN
from tests.run.polling_world import all_parts, rss, tree_bytes

GOOD = 50
GROWTH = 150 * 1024 * 1024  # bytes, the whole process tree
ALLOWED = ("127.0.0.1/32", "127.0.1.0/24", "127.0.2.0/24", "127.0.3.0/24")
PATIENCE = 20.0  # seconds until the last good feed was polled; on a quiet machine it is under 3
ROUND = 60.0  # seconds
HARMFUL = (
    *("blank lines before the root", "a run in author", "entities", "doctypes", "entity bomb", "attributes"),
    *("categories", "depth", "a polygon", "external entity", "open CDATA", "nested sources", "nested bases"),
    *("empty", "words", "a page", "JSON brackets", "nested sitemap", "truncated JSON", "binary", "gzip"),
)
PARSED = {name: {**QUADRATIC, **OTHERS}[name] for name in HARMFUL}
SMALL_BOMB = "gzip bomb in many members"  # fits the limit of this test, and holds nothing but zeros
PRELOAD = ("pipeline.articles.page", "pipeline.feeds.parse", "trafilatura")  # as the service does
STORY = (
    "The harbour office of Tarn Mouth put berth number {0} up for lease on Monday, after the last trawler that used "
    "it was sold to a yard further north. Bidders have until the {0}th week of the season to name a rent, the harbour "
    "master said, and preference goes to boats that land their catch in town. The berth is forty metres long and was "
    "dredged two winters ago. Fishermen had asked for it to be kept free as a shelter in easterly gales."
)


@dataclass(frozen=True)
class World:
    """Hosts of their own for each misdeed, as a feed and as a page, and for each good feed."""

    server: Hostile
    bad_feeds: dict[str, FeedSource]  # by name
    bad_pages: dict[str, str]  # by address: name
    good_feeds: list[FeedSource]


def as_bytes(content: str | bytes) -> bytes:
    return content if isinstance(content, bytes) else content.encode()


def misdeeds() -> dict[str, Behaviour]:
    transport = {name: behaviour for name, (behaviour, _) in {**REFUSED, **TAKEN}.items()}
    return transport | {name: body(as_bytes(content)) for name, (content, _) in PARSED.items()}


@asynccontextmanager
async def world(done: Mapping[str, Behaviour], count: int = GOOD) -> AsyncIterator[World]:
    """One server on many addresses of loopback: what one host does is held against that host alone."""
    server = Hostile()
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(server.serving())
        feeds = {name: f"127.0.1.{i}" for i, name in enumerate(done, 1)}
        pages = {name: f"127.0.2.{i}" for i, name in enumerate(done, 1)}
        good = [f"127.0.3.{i}" for i in range(1, count + 1)]
        hosts = [*feeds.values(), *pages.values(), *good]
        more = await asyncio.start_server(server._connected, hosts, server.port)
        stack.callback(more.close)
        for name, behaviour in done.items():
            server.behaviours[path(name)] = behaviour
        server.behaviours["/fine"] = body(b"fine")
        bad_pages = {server.url(path(name), host): name for name, host in pages.items()}
        entries = [(name, address, "") for address, name in bad_pages.items()]
        server.behaviours["/links"] = body(rss(entries).encode())
        for i, host in enumerate(good):
            server.behaviours[f"/good/{i}"] = body(rss([(f"Berth {i}", server.url(f"/story/{i}", host), "")]).encode())
            page = f"<html><title>Berth {i}</title><article><h1>Berth {i}</h1><p>{STORY.format(i)}</p></article></html>"
            server.behaviours[f"/story/{i}"] = body(page.encode(), "Content-Type: text/html")
        bad = {name: FeedSource(server.url(path(name), host), name) for name, host in feeds.items()}
        wells = [FeedSource(server.url(f"/good/{i}", host), f"Good {i}", 5) for i, host in enumerate(good)]
        links = FeedSource(server.url("/links"), "Links")
        yield World(server, {**bad, "links": links}, bad_pages, wells)


def path(name: str) -> str:
    kept = "".join(c if c.isalnum() else "-" for c in name)
    return "/to-itself" if name == "to itself" else f"/x-{kept}"


def alike(reason: Reason) -> set[Reason]:
    """What never ends meets whichever limit comes first; a host that could not be had is not asked again."""
    others = {Reason.TOO_LARGE: {Reason.TIMEOUT}, Reason.DNS_FAILED: {Reason.HOST_PAUSED}}
    return {reason} | others.get(reason, set())


async def watch(peak: list[int]) -> None:
    while True:
        peak.append(await asyncio.to_thread(tree_bytes, os.getpid()))
        await asyncio.sleep(0.1)


def crowding() -> float:
    """Processes that want each core, at least 1: all take so many times as long."""
    return max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1))


def check_good_feeds(web: World, states: dict[str, FeedState], start: datetime) -> None:
    wells = [states[feed.url] for feed in web.good_feeds]
    assert all(state.failures == 0 and state.last_success for state in wells)
    polled = [state.last_poll for state in wells if state.last_poll]
    assert len(polled) == GOOD
    assert (max(polled) - start).total_seconds() < PATIENCE * crowding()
    assert all(state.next_poll == polled + timedelta(minutes=5) for state, polled in zip(wells, polled, strict=True))


def bad_feed_faults(web: World, states: dict[str, FeedState], told: dict[str | None, Reason]) -> Iterator[str]:
    for name, feed in web.bad_feeds.items():
        found = states[feed.url].last_reason
        wanted = REFUSED[name][1] if name in REFUSED else PARSED.get(name, ("", None))[1]
        wanted = Reason.FEED_EMPTY if name == SMALL_BOMB else wanted
        if isinstance(wanted, Reason):
            if found not in alike(wanted):
                yield f"the feed {name!r} is {found}, should be {wanted}"
            if told.get(feed.url) != found:
                yield f"the feed {name!r} is {found}, the journal says {told.get(feed.url)}"
        elif isinstance(wanted, int) and found is not None:
            yield f"the feed {name!r} is {found}"


def bad_page_faults(web: World, told: dict[str | None, Reason]) -> Iterator[str]:
    for address, name in web.bad_pages.items():
        if not told.get(address):
            yield f"nothing is said of the page {name!r}"
        elif name in REFUSED and name != SMALL_BOMB and told[address] not in alike(REFUSED[name][1]):
            yield f"the page {name!r} is {told[address]}, should be {REFUSED[name][1]}"


SETTINGS = replace(  # on a busy machine the server, which is in this process, may be late by a second
    SMALL, robots=True, allow_private=ALLOWED, connect_seconds=2.5, deadline_seconds=3.0, max_body_bytes=1_040_000
)


@asynccontextmanager
async def round_over(web: World, folder: Path, inner: Recording) -> AsyncIterator[Parts]:
    """All that a round over a world needs."""
    run = RunSettings(workers=2, cpu_seconds=2.0, memory_mib=512, attempts=1)
    seams: dict[str, Any] = {"ssl_context": PLAIN, "resolver": Names({**NAMES, "e.example": []}), "inner": inner}
    everyone = [*web.bad_feeds.values(), *web.good_feeds]
    async with all_parts(folder, everyone, fetch=SETTINGS, run=run, preload=PRELOAD, **seams) as parts:
        yield parts


def bad_faults(web: World, parts: Parts) -> list[str]:
    """What misdeeds were not taken for what they are."""
    rows = {item.row.url: item.row.reason for item in parts.store.items(ItemFilter(), limit=10_000)}
    states = {state.source.url: state for state in parts.store.feeds()}
    return [*bad_feed_faults(web, states, rows), *bad_page_faults(web, rows)]


@pytest.mark.timeout(300)
def test_a_round_survives_every_misdeed_and_keeps_the_schedule_of_good_feeds(tmp_path: Path) -> None:
    async def main() -> None:
        backend = Recording()
        async with world(misdeeds()) as web, round_over(web, tmp_path, backend) as parts:
            await parts.pool.run(sum, [1, 2])
            before, peak = tree_bytes(os.getpid()), [0]
            watcher = asyncio.create_task(watch(peak))
            began, start = time.monotonic(), parts.clock()
            report = await run_round(parts, asyncio.Event())
            assert time.monotonic() - began < ROUND * crowding()
            watcher.cancel()
            assert bad_faults(web, parts) == []
            rows = [item.row for item in parts.store.items(ItemFilter(), limit=10_000)]
            states = {state.source.url: state for state in parts.store.feeds()}
        assert len(misdeeds()) >= 100
        check_good_feeds(web, states, start)
        stories = {web.server.url(f"/story/{i}", f"127.0.3.{i + 1}") for i in range(GOOD)}
        assert stories <= {row.url for row in rows if row.outcome == "new"}
        assert report.waiting == 0
        assert not [address for address in backend.opened if refusal(ip_address(address), SETTINGS.networks)]
        assert max(peak) - before < GROWTH

    asyncio.run(main())
