"""A hub beside a feed: asked, verified, heard, and found out."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest

from pipeline.feeds import WebSubSettings, websub
from pipeline.feeds.websub import Standing, Subscription
from pipeline.model import FeedSource
from pipeline.run.parts import Parts
from pipeline.run.pushing import receive
from pipeline.run.round import run_round
from pipeline.run.settings import RunSettings
from pipeline.web import HubRequest
from tests.fakeweb import Answer, FakeWeb
from tests.run.polling_world import LOOPBACK, all_parts

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
CALLBACK = WebSubSettings(callback="https://me.example/websub/")


class Clock:
    now = NOW

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def web() -> Iterator[FakeWeb]:
    with FakeWeb() as web:
        web.handle("/hub", lambda _asked: Answer("", 202))
        yield web


def document(web: FakeWeb, *names: str) -> str:
    items = "".join(f"<item><title>{name}</title><link>{web.url(f'/{name}')}</link></item>" for name in names)
    links = f'<a:link rel="hub" href="{web.url("/hub")}"/><a:link rel="self" href="{web.url("/feed")}"/>'
    return f'<rss xmlns:a="http://www.w3.org/2005/Atom"><channel><title>T</title>{links}{items}</channel></rss>'


def known(parts: Parts) -> Subscription:
    return websub.read(parts.store.subscription(1) or "")


async def sent(*parts: bytes, seconds: float = 0.0) -> AsyncIterator[bytes]:
    for part in parts:
        await asyncio.sleep(seconds)
        yield part


async def verified(parts: Parts, web: FakeWeb) -> Subscription:
    query = {
        "hub.mode": "subscribe",
        "hub.topic": web.url("/feed"),
        "hub.challenge": "c0",
        "hub.lease_seconds": "864000",
    }
    assert await receive(parts, HubRequest("GET", known(parts).token, query, {}, sent())) == (200, "c0")
    return known(parts)


def test_asked_verified_heard_and_found_out(web: FakeWeb, tmp_path: Path) -> None:
    clock = Clock()
    feed = FeedSource(web.set("/feed", document(web, "one"), content_type="application/rss+xml"), "T")

    async def main() -> None:
        run = RunSettings(workers=1, attempts=1)
        async with all_parts(tmp_path, [feed], run=run, clock=clock, websub=CALLBACK) as parts:

            async def polled() -> timedelta:
                clock.now += timedelta(hours=6)
                await run_round(parts, asyncio.Event(), everything=True)
                return parts.store.feed(1).next_poll - clock.now

            usual = await polled()
            (asked,) = web.seen("/hub")
            form = parse_qs(asked.body.decode())
            assert asked.method == "POST"
            assert form["hub.callback"] == [f"https://me.example/websub/{known(parts).token}"]
            assert form["hub.topic"] == [feed.url]

            subscription = await verified(parts, web)
            assert await polled() > usual  # the hub tells what is new
            assert len(web.seen("/hub")) == 1

            told = document(web, "two", "one").encode()
            right = f"sha256={hmac.new(subscription.secret.encode(), told, hashlib.sha256).hexdigest()}"
            for signature, waiting in (("sha256=00", 0), (right, 1), (right, 1)):
                headers = {"x-hub-signature": signature, "content-type": "application/rss+xml"}
                delivery = HubRequest("POST", subscription.token, {}, headers, sent(told))
                assert (await receive(parts, delivery))[0] == 202
                assert parts.store.waiting()[0] == waiting

            for names in (("two", "one"), ("three", "two", "one"), ("four", "three", "two", "one")):
                web.set("/feed", document(web, *names), content_type="application/rss+xml")
                await polled()
            assert known(parts).standing is Standing.REFUSED  # it told neither three nor four

    asyncio.run(main())


@pytest.mark.parametrize(("method", "status"), [("GET", 404), ("POST", 404)])
def test_strangers_are_told_nothing(web: FakeWeb, tmp_path: Path, method: str, status: int) -> None:
    async def main() -> tuple[int, str]:
        async with all_parts(tmp_path, [], run=RunSettings(workers=1), websub=CALLBACK) as parts:
            return await receive(parts, HubRequest(method, "guess", {"hub.challenge": "c"}, {}, sent()))

    assert asyncio.run(main())[0] == status


def test_without_a_callback_no_hub_is_asked(web: FakeWeb, tmp_path: Path) -> None:
    feed = FeedSource(web.set("/feed", document(web, "one"), content_type="application/rss+xml"), "T")

    async def main() -> None:
        async with all_parts(tmp_path, [feed], run=RunSettings(workers=1, attempts=1)) as parts:
            await run_round(parts, asyncio.Event())

    asyncio.run(main())
    assert not web.seen("/hub")


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (lambda: sent(b"<rss/>"), 202),
        (lambda: sent(b"x" * 600, b"x" * 500), 413),
        (lambda: sent(b"x", b"x", seconds=0.2), 413),
    ],
)
def test_deliveries_are_bounded(web: FakeWeb, tmp_path: Path, body: Callable[[], Any], status: int) -> None:
    feed = FeedSource(web.set("/feed", document(web, "one"), content_type="application/rss+xml"), "T")
    fetch = replace(LOOPBACK, max_body_bytes=1_000, deadline_seconds=0.3)

    async def main() -> tuple[int, str]:
        run = RunSettings(workers=1, attempts=1)
        async with all_parts(tmp_path, [feed], run=run, websub=CALLBACK, fetch=fetch) as parts:
            await run_round(parts, asyncio.Event())
            await verified(parts, web)
            return await receive(parts, HubRequest("POST", known(parts).token, {}, {}, body()))

    assert asyncio.run(main())[0] == status
