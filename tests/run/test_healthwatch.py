"""Looking after feeds in a real database: alerts once, a digest a day, gauges that are true."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from pipeline.model import FeedSource, JournalRow, Outcome, Reason
from pipeline.run.clockguard import mend_feeds
from pipeline.run.healthwatch import HealthWatch, Message, Note
from pipeline.run.keeping import RevisionSettings
from pipeline.run.metrics import Metrics
from pipeline.run.parts import DatabaseThread
from pipeline.storage import Store, open_store

NOW = datetime(2026, 5, 20, 5, 50, tzinfo=UTC)
SOURCES = [FeedSource(f"https://feed{n}.example/rss", f"Outlet {n}") for n in range(3)]


class World:
    """A store with three feeds, a clock, and what was told."""

    def __init__(self, store: Store, db: DatabaseThread) -> None:
        self.store, self.db = store, db
        self.revisions = RevisionSettings()
        self.now = NOW
        self.told: list[tuple[Message, str]] = []
        self.key, self.wants, self.hears = "test", frozenset(Message), True
        store.sync_feeds(SOURCES, NOW)

    def clock(self) -> datetime:
        return self.now

    async def tell(self, note: Note) -> bool:
        self.told.append((note.kind, note.text))
        return self.hears

    def fail(self, place: int, failures: int) -> None:
        state = self.store.feed_by_url(SOURCES[place].url)
        reason = Reason.DNS_FAILED if failures else None
        since = self.now if failures else None
        state = replace(state, failures=failures, last_reason=reason, failing_since=since, last_poll=self.now)
        row = JournalRow(self.now, state.url, None, "Outlet", "", Outcome.FAILED, Reason.DNS_FAILED)
        self.store.apply_poll(state, [], [row], self.now)


@pytest.fixture
def world() -> Iterator[World]:
    db = DatabaseThread()
    with open_store("sqlite://") as store:
        yield World(store, db)
        db.close()


def test_alerts_are_told_once_and_the_digest_daily(world: World) -> None:
    metrics = Metrics()
    watch = HealthWatch(world.store, world.db, world.clock, [world], metrics=metrics)

    async def day() -> None:
        stop = asyncio.Event()
        world.fail(0, 3)
        await watch.look(stop)  # the first look tells nothing
        assert world.told == []
        world.fail(1, 3)
        for _ in range(3):
            await watch.look(stop)
        for _ in range(50):  # past six o'clock, into the next day's morning
            world.now += timedelta(minutes=30)
            await watch.look(stop)
        world.fail(1, 0)
        await watch.look(stop)

    asyncio.run(day())
    kinds = [message for message, _ in world.told]
    assert kinds == [Message.ALERT, Message.DIGEST, Message.DIGEST, Message.ALERT]
    alerts = [text for message, text in world.told if message is Message.ALERT]
    assert "Outlet 1, https://feed1.example/rss: network, dns_failed" in alerts[0]
    assert alerts[1] == "- https://feed1.example/rss works again.\n"
    digests = [text for message, text in world.told if message is Message.DIGEST]
    assert "Entries since yesterday: 2 failed." in digests[0]
    assert "Entries since yesterday: none." in digests[1]
    assert "1 healthy, 2 in trouble" in digests[0]
    assert watch.last is not None
    assert watch.last.healthy == 2
    body = metrics.exposition()[1].decode()
    assert 'storyfold_feeds{state="in_trouble"} 1.0' in body
    assert "storyfold_stored_articles 0.0" in body


def test_no_digest_where_none_is_wanted(world: World) -> None:
    watch = HealthWatch(world.store, world.db, world.clock, [world], digest_hour=-1)

    async def days() -> None:
        for _ in range(4):
            await watch.look(asyncio.Event())
            world.now += timedelta(days=1)

    asyncio.run(days())
    assert world.told == []


def looked(world: World, times: int = 1) -> None:
    """As often a process that starts, looks and ends."""
    for _ in range(times):
        asyncio.run(HealthWatch(world.store, world.db, world.clock, [world]).look(asyncio.Event()))


def test_what_was_told_outlives_the_process(world: World) -> None:
    looked(world)
    world.fail(0, 3)
    looked(world, 3)
    assert [message for message, _ in world.told] == [Message.ALERT]
    world.now += timedelta(hours=1)  # past the hour of the digest
    looked(world, 3)
    assert [message for message, _ in world.told] == [Message.ALERT, Message.DIGEST]


def test_who_does_not_hear_is_told_again_as_things_are_by_then(world: World) -> None:
    looked(world)
    world.hears = False
    world.fail(0, 3)
    looked(world)
    world.fail(0, 0)
    world.fail(1, 3)
    looked(world)
    assert "Outlet 1" in world.told[-1][1]
    assert "Outlet 0" not in world.told[-1][1]
    world.hears = True
    looked(world, 2)
    assert len(world.told) == 3


def test_a_trouble_that_began_anew_is_told_anew(world: World) -> None:
    looked(world)
    world.fail(0, 3)
    looked(world)
    world.now += timedelta(minutes=1)
    world.fail(0, 3)  # well in between, unseen: another beginning
    looked(world)
    assert len(world.told) == 2


def test_polls_in_the_future_are_mended_in_the_database(world: World) -> None:
    ahead = NOW + timedelta(days=3650)
    state = world.store.feed_by_url(SOURCES[0].url)
    state = replace(state, last_poll=ahead, next_poll=ahead + timedelta(minutes=30))
    world.store.apply_poll(state, [], [], ahead)
    assert [feed.source for feed in world.store.due_feeds(NOW + timedelta(hours=1), 10)] == SOURCES[1:]
    assert asyncio.run(mend_feeds(world)) == 1  # type: ignore[arg-type]
    assert asyncio.run(mend_feeds(world)) == 0  # type: ignore[arg-type]
    assert world.store.feed_by_url(SOURCES[0].url).next_poll == NOW + timedelta(minutes=30)
    assert len(world.store.due_feeds(NOW + timedelta(hours=1), 10)) == 3
