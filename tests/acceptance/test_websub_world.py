"""WebSub from end to end: a real hub, a real feed, and the callback in the web application, all on loopback."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import httpx
import pytest

from pipeline.feeds import WebSubSettings, websub
from pipeline.feeds.websub import Standing, Subscription
from pipeline.model import FeedSource
from pipeline.run.parts import Parts
from pipeline.run.pushing import receive
from pipeline.run.round import run_round
from pipeline.run.settings import RunSettings
from pipeline.storage import open_store
from pipeline.web import HubRequest, WebSettings, create_app, serving
from tests.fakeweb import FakeWeb
from tests.hub import Hub
from tests.run.polling_world import all_parts

ROOT = Path(__file__).parents[2]
NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
OLD = [f"old-{n}" for n in range(16)]
TEXT = (
    "The ferry between Tarn Mouth and the islands will sail every hour from April, its operator said on Monday. A "
    "second boat was bought from a yard that closed last year and is being fitted with a ramp for lorries this month."
)


class Clock:
    now = NOW

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def web() -> Iterator[FakeWeb]:
    with FakeWeb() as web:
        yield web


def dated(name: str) -> str:
    """Old entries were published one every three hours."""
    if name not in OLD:
        return ""
    published = format_datetime(NOW - OLD.index(name) * timedelta(hours=3), usegmt=True)
    return f"<pubDate>{published}</pubDate>"


def document(web: FakeWeb, *names: str, links: str = "") -> str:
    items = "".join(
        f"<item><title>Report {name}</title><link>{web.url(f'/{name}')}</link><description>{TEXT} {name}</description>"
        f"{dated(name)}</item>"
        for name in names
    )
    return f'<rss xmlns:a="http://www.w3.org/2005/Atom"><channel><title>T</title>{links}{items}</channel></rss>'


@dataclass
class Newsroom:
    """One feed, its hub, and all of us."""

    web: FakeWeb
    hub: Hub
    parts: Parts
    clock: Clock
    feed: FeedSource

    def publish(self, *names: str, headers: Mapping[str, str] | None = None) -> str:
        named = headers or {"Link": f'<{self.hub.url}>; rel="hub", <{self.feed.url}>; rel=self'}
        body = document(self.web, *names)
        self.web.set("/feed", body, content_type="application/rss+xml", headers=named)
        return body

    async def poll(self, hours: float = 1.0) -> bool:
        """A round after ``hours``; whether the next was put off because the hub tells what is new."""
        self.clock.now += timedelta(hours=hours)
        await run_round(self.parts, asyncio.Event(), everything=True)
        await asyncio.to_thread(self.hub.settle)
        return "its hub tells what is new" in self.parts.store.feed(1).why_next

    async def sent(self, body: str, **how: str) -> int:
        return await asyncio.to_thread(lambda: self.hub.send(body, **how))

    @property
    def subscription(self) -> Subscription:
        return websub.read(self.parts.store.subscription(1) or "")

    @property
    def waiting(self) -> int:
        return self.parts.store.waiting()[0]


@asynccontextmanager
async def newsroom(web: FakeWeb, folder: Path, **settings: str) -> AsyncIterator[Newsroom]:
    clock, hub = Clock(), Hub(web)
    feed = FeedSource(web.url("/feed"), "T")
    async with all_parts(folder, [feed], run=RunSettings(workers=1, attempts=1), clock=clock) as parts:
        in_use = [parts]

        async def door(sent: HubRequest) -> tuple[int, str]:
            return await receive(in_use[0], sent)

        made = create_app(parts.store, None, WebSettings(**settings), clock, None, door)
        async with serving(made, "127.0.0.1", 0) as address:
            in_use[0] = replace(parts, websub=WebSubSettings(callback=f"{address}/websub"))
            yield Newsroom(web, hub, in_use[0], clock, feed)


def test_subscribed_verified_told_renewed_and_found_out(web: FakeWeb, tmp_path: Path) -> None:
    async def life() -> None:
        async with newsroom(web, tmp_path, token="a token of this page alone") as room:
            room.publish(*OLD)
            assert not await room.poll()
            assert room.hub.verified == [(200, True)]
            assert room.subscription.standing is Standing.HELD
            assert room.hub.asked[0]["hub.topic"] == room.feed.url
            assert await room.poll(), "polled less from now on"

            body = room.publish("two", *OLD)
            assert await room.sent(body, signed_as="somebody else") == 202
            assert room.waiting == 0, "not believed"
            assert await room.sent(body) == 202
            assert room.waiting == 1
            assert await room.sent(body, method="sha512") == 202
            assert room.waiting == 1, "told twice, taken once"

            room.publish(*(f"late-{n}" for n in range(9)))
            assert await room.sent(document(web, *(f"late-{n}" for n in range(9)))) == 202
            await room.poll()
            assert room.parts.store.feed(1).missed == 0, "the hub told what the document no longer holds"

            await room.poll(8 * 24)
            assert len(room.hub.asked) == 2, "renewed at four fifths of the lease"
            assert room.hub.asked[1]["hub.callback"] == room.hub.asked[0]["hub.callback"]
            assert room.hub.verified == [(200, True)] * 2
            assert room.subscription.since == room.clock.now

            for number in range(websub.MISSES):
                room.publish(f"untold-{number}", "late-8")
                await room.poll()
            assert room.subscription.standing is Standing.REFUSED, "found out"
            assert not await room.poll(), "and polled as before"
            await room.poll(7 * 24)
            assert len(room.hub.asked) == 3, "given another chance after a week"

    asyncio.run(life())


def test_a_hub_that_never_verifies_is_asked_again_and_the_feed_polled_as_usual(web: FakeWeb, tmp_path: Path) -> None:
    async def life() -> None:
        async with newsroom(web, tmp_path) as room:
            room.hub.deaf = True
            room.publish(*OLD)
            assert not await room.poll()
            assert not await room.poll()
            assert len(room.hub.asked) == 1
            await room.poll(24)
            assert len(room.hub.asked) == 2

    asyncio.run(life())


def test_what_knocks_at_the_callback(web: FakeWeb, tmp_path: Path) -> None:
    """Hubs come under the public name and without a token of the page; nothing else does."""

    async def life() -> list[tuple[str, int]]:
        async with newsroom(web, tmp_path, token="a token of this page alone") as room:
            room.publish(*OLD)
            await room.poll()
            ours = httpx.URL(room.hub.asked[0]["hub.callback"])
            large = b"x" * (room.parts.web.settings.max_body_bytes + 1)
            knocks: list[tuple[str, Callable[[httpx.AsyncClient], object]]] = [
                ("public name", lambda c: c.post(ours, headers={"Host": "news.example"}, content=b"<rss/>")),
                ("another page", lambda c: c.get(ours.copy_with(path="/items"), headers={"Host": "news.example"})),
                ("no token", lambda c: c.get(ours.copy_with(path="/api/items"))),
                ("guessed", lambda c: c.post(ours.copy_with(path="/websub/guess"), content=large)),
                ("deeper", lambda c: c.get(ours.copy_with(path="/websub/a/b"))),
                ("another method", lambda c: c.put(ours, content=b"")),
                ("too large", lambda c: c.post(ours, content=large)),
                ("a browser elsewhere", lambda c: c.post(ours, headers={"Origin": "https://evil.example"})),
            ]
            async with httpx.AsyncClient(trust_env=False) as client:
                seen = [(name, (await knock(client)).status_code) for name, knock in knocks]  # type: ignore[misc]
            room.parts.store.sync_feeds([], room.clock())
            async with httpx.AsyncClient(trust_env=False) as client:
                seen.append(("a feed that was removed", (await client.post(ours, content=b"")).status_code))
            assert room.waiting == 0
            return seen

    assert asyncio.run(life()) == [
        ("public name", 202),
        ("another page", 421),
        ("no token", 401),
        ("guessed", 404),
        ("deeper", 404),
        ("another method", 405),
        ("too large", 413),
        ("a browser elsewhere", 202),
        ("a feed that was removed", 410),
    ]


def test_the_service_is_told(web: FakeWeb, tmp_path: Path) -> None:
    """The program itself: `run` asks the hub, answers it at its page's port, and takes what it sends."""
    hub = Hub(web)
    links = f'<a:link rel="hub" href="{hub.url}"/><a:link rel="self" href="{web.url("/feed")}"/>'
    web.set("/feed", document(web, "one", links=links), content_type="application/rss+xml")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    database = f"sqlite:///{tmp_path / 'news.db'}"
    config = tmp_path / "pipeline.toml"
    config.write_text(
        f'[storage]\nurl = "{database}"\n[web]\nport = {port}\n[websub]\ncallback = "http://127.0.0.1:{port}/websub"\n'
        '[fetch]\nallow_private = ["127.0.0.0/8"]\nproxy = "none"\nmin_host_interval = 0.0\n[run]\nworkers = 1\n'
        f'[[feeds]]\nurl = "{web.url("/feed")}"\noutlet = "Tarn Courier"\n'
    )
    command = [sys.executable, str(ROOT / "run_pipeline.py"), "--config", str(config), "run"]
    with subprocess.Popen(command, cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(ROOT)}) as process:
        try:
            eventually(lambda: hub.verified == [(200, True)])
            assert hub.send(document(web, "two", "one", links=links)) == 202
            with open_store(database, read_only=True) as store:
                assert store.feed(1).last_keys, "polled"
                keys = [entry.key for entry in parsed(document(web, "two", "one"), web)]
                assert len(store.known_entries(1, keys)) == 2
        finally:
            process.send_signal(signal.SIGTERM)
            assert process.wait(30) == 0


def parsed(text: str, web: FakeWeb) -> tuple[object, ...]:
    from pipeline.feeds import FeedLimits, parse_feed

    return parse_feed(text.encode(), web.url("/feed"), "application/rss+xml", FeedLimits()).entries


def eventually(true: Callable[[], bool], seconds: float = 40.0) -> None:
    ends = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < ends, "it did not happen"
        time.sleep(0.05)
