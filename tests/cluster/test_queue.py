"""Jobs come as soon as they can be done, however quiet the queue is."""

from __future__ import annotations

import asyncio
import time

import pytest

from pipeline.cluster.queue import FETCH, JobQueue
from pipeline.errors import StorageError
from pipeline.storage.cluster import Cluster
from tests.pgserver import Server


async def worked_off(url: str, schema: str, count: int, at_once: int) -> tuple[float, int]:
    """Seconds from the first of ``count`` jobs to the last, and the most that were done side by side."""
    began: list[float] = []
    stop, now, most = asyncio.Event(), 0, 0

    async def work(_row: int) -> None:
        nonlocal now, most
        now += 1
        most = max(most, now)
        began.append(time.monotonic())
        await asyncio.sleep(0.01)
        now -= 1
        if len(began) == count:
            stop.set()

    async with JobQueue.opened(url, schema, "test") as queue:
        await queue.install()
        await queue.put(FETCH, range(count))
        await queue.run({FETCH: work}, stop, at_once=at_once, stale_seconds=30)
    return began[-1] - began[0], most


def test_taking_a_job_waits_for_no_notification(url: str, cluster: Cluster) -> None:
    # One connection for both answers a question a second: 39 seconds for these.
    seconds, most = asyncio.run(worked_off(url, cluster.schema, 40, at_once=2))
    assert seconds < 8
    assert most <= 2, "no more are in hand than the settings allow"


@pytest.mark.soak  # PgQueuer looks every ten seconds and waits as long
def test_a_worker_that_hears_nothing_any_more_begins_again(url: str, cluster: Cluster, postgres: Server) -> None:
    async def lost() -> None:
        async with JobQueue.opened(url, cluster.schema, "deaf") as queue:
            await queue.install()
            running = asyncio.create_task(queue.run({}, asyncio.Event(), at_once=2, stale_seconds=30))
            while await asyncio.to_thread(listeners) < 2:
                await asyncio.sleep(0.05)
            await asyncio.to_thread(deafened)
            await running

    def listeners() -> int:
        return len(postgres.run("SELECT 1 FROM pg_stat_activity WHERE application_name = 'deaf'"))

    def deafened() -> None:
        assert postgres.run(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'deaf'"
            " AND backend_start = (SELECT max(backend_start) FROM pg_stat_activity WHERE application_name = 'deaf')"
        )

    with pytest.raises(StorageError, match="was lost"):  # PgQueuer notices, or the connection itself says so
        asyncio.run(lost())
