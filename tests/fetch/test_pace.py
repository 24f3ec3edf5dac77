"""How fast a host is asked: the pure decision, and the gate that keeps to it (in virtual time)."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from itertools import pairwise
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.fetch import FetchFailed, FetchSettings, HostGate, HostPace
from pipeline.fetch.pace import (
    MAX_INTERVAL,
    after_failure,
    after_response,
    interval,
    next_allowed,
    with_crawl_delay,
)
from pipeline.model import Reason
from tests.fetch.support import VirtualClock


@pytest.mark.parametrize(
    ("pace", "floor", "seconds"),
    [
        (HostPace(), 5.0, 5.0),
        (HostPace(), 0.0, 0.0),
        (HostPace(average=2.0), 5.0, 5.0),
        (HostPace(average=8.0), 5.0, 8.0),
        (HostPace(average=8.0), 0.0, 0.0),  # 0 switches the learned pace off
        (HostPace(crawl_delay=20.0), 5.0, 20.0),
        (HostPace(crawl_delay=2.0), 0.0, 2.0),
        (HostPace(backoff=2.0), 5.0, 10.0),
        (HostPace(backoff=4.0, crawl_delay=20.0), 5.0, 80.0),
        (HostPace(backoff=2.0), 0.0, 2.0),
        (HostPace(backoff=64.0, crawl_delay=300.0), 5.0, MAX_INTERVAL),
    ],
)
def test_interval(pace: HostPace, floor: float, seconds: float) -> None:
    assert interval(pace, floor) == seconds


def answered(pace: HostPace, status: int | None = 200, **more: float) -> HostPace:
    return after_response(pace, **{"now": 100.0, "elapsed": 1.0, "status": status, "floor": 5.0, **more})  # type: ignore[arg-type]


def test_the_average_follows_with_a_quarter() -> None:
    first = answered(HostPace(), elapsed=4.0)
    assert first.average == 4.0
    assert answered(first, elapsed=8.0).average == 0.75 * 4.0 + 0.25 * 8.0


@pytest.mark.parametrize(
    ("before", "status", "after"),
    [
        (1.0, 429, 2.0),
        (2.0, 429, 4.0),
        (64.0, 429, 64.0),
        (4.0, 200, 2.0),
        (1.0, 200, 1.0),
        (4.0, 503, 4.0),
        (4.0, None, 4.0),
        (4.0, 404, 2.0),
    ],
)
def test_backoff(before: float, status: int | None, after: float) -> None:
    assert answered(HostPace(backoff=before), status).backoff == after


@pytest.mark.parametrize(
    ("status", "asked", "jitter", "paused"),
    [
        (429, 60.0, 0.0, 160.0),
        (503, 60.0, 0.0, 160.0),
        (429, 60.0, 1.0, 166.0),
        (429, 7200.0, 1.0, 7360.0),
        (200, 60.0, 0.0, 0.0),
        (500, 60.0, 0.0, 0.0),
        (429, 0.0, 1.0, 0.0),
    ],
)
def test_retry_after_pauses_the_host(status: int, asked: float, jitter: float, paused: float) -> None:
    assert answered(HostPace(), status, retry_after=asked, jitter=jitter).paused_until == paused


def test_a_failed_connection_pauses_and_an_answer_ends_the_count() -> None:
    failed = after_failure(HostPace(), now=100.0, pause=600.0, floor=5.0)
    assert next_allowed(failed, 100.0) == 700.0
    assert failed.failures == 1
    assert answered(failed, now=701.0).failures == 0


def test_a_longer_crawl_delay_counts_from_now_on() -> None:
    pace = with_crawl_delay(replace(HostPace(), not_before=105.0), 30.0, floor=5.0)
    assert pace.not_before == 130.0
    assert with_crawl_delay(pace, 9999.0, floor=5.0).crawl_delay == 300.0
    assert with_crawl_delay(pace, None, floor=5.0).crawl_delay == 0.0


answers = st.tuples(
    st.sampled_from([200, 304, 404, 429, 500, 503, None, "failed"]),
    st.floats(0, 60),
    st.one_of(st.none(), st.floats(0, 86_400)),
    st.floats(0, 1),
)


@given(st.lists(answers, max_size=40), st.floats(0, 60))
def test_never_sooner_than_the_floor_never_beyond_the_cap_and_always_recovers(history, floor) -> None:  # type: ignore[no-untyped-def]
    pace, now = HostPace(), 50.0
    for status, elapsed, wait, jitter in history:
        now = next_allowed(pace, now) + elapsed
        if status == "failed":
            pace = after_failure(pace, now=now, pause=600.0, floor=floor)
        else:
            pace = after_response(
                pace, now=now, elapsed=elapsed, status=status, floor=floor, retry_after=wait, jitter=jitter
            )
        assert next_allowed(pace, now) >= now + min(floor, MAX_INTERVAL)
        assert next_allowed(pace, now) <= now + 86_400 + 60 + MAX_INTERVAL
    for _ in range(40):
        now = next_allowed(pace, now)
        pace = after_response(pace, now=now, elapsed=0.0, status=200, floor=floor)
    assert pace.backoff == 1.0
    assert next_allowed(pace, now) <= now + max(floor, 0.01)


def settings(**more: object) -> FetchSettings:
    return FetchSettings(**{"proxy": "none", **more})  # type: ignore[arg-type]


def gate(clock: VirtualClock, **more: object) -> HostGate:
    return HostGate(settings(**more), clock=clock, sleep=clock.sleep, random=Random(1))


class Log:
    """When each host's requests began and ended."""

    def __init__(self) -> None:
        self.spans: dict[str, list[tuple[float, float]]] = {}
        self.now = 0
        self.most = 0

    async def ask(self, one: HostGate, clock: VirtualClock, host: str, seconds: float, status: int = 200) -> float:
        async with one.turn(host) as timing:
            self.now += 1
            self.most = max(self.most, self.now)
            start = clock()
            await clock.sleep(seconds)
            timing.elapsed, timing.status = seconds, status
            self.spans.setdefault(host, []).append((start, clock()))
            self.now -= 1
            return timing.waited


def test_one_at_a_time_and_never_sooner_than_the_pace() -> None:
    clock, log = VirtualClock(), Log()

    async def main() -> None:
        one = gate(clock)
        work = [log.ask(one, clock, f"host{i % 7}", 0.5 + i % 3) for i in range(70)]
        await clock.run(asyncio.gather(*work))  # type: ignore[arg-type]

    asyncio.run(main())
    for spans in log.spans.values():
        assert len(spans) == 10
        for (_, ended), (started, _) in pairwise(spans):
            assert started >= ended + 5.0


def test_a_slow_host_holds_up_nobody() -> None:
    clock, log = VirtualClock(), Log()

    async def main() -> float:
        one = gate(clock, concurrency=2)
        slow = [asyncio.ensure_future(log.ask(one, clock, "slow", 25.0)) for _ in range(20)]

        async def quick() -> float:
            await asyncio.gather(*(log.ask(one, clock, f"quick{i}", 0.1) for i in range(100)))
            return clock() - 1000.0

        taken = await clock.run(quick())
        for task in slow:
            task.cancel()
        await asyncio.gather(*slow, return_exceptions=True)
        return taken

    # One place of two stays free for a hundred requests of 0.1 s.
    assert asyncio.run(main()) < 11.0


def test_all_together_are_bounded() -> None:
    clock, log = VirtualClock(), Log()

    async def main() -> None:
        one = gate(clock, concurrency=4)
        await clock.run(asyncio.gather(*(log.ask(one, clock, f"host{i}", 1.0) for i in range(20))))  # type: ignore[arg-type]

    asyncio.run(main())
    assert log.most == 4


def test_waiting_is_told() -> None:
    clock, log = VirtualClock(), Log()

    async def main() -> list[float]:
        one = gate(clock)
        return await clock.run(asyncio.gather(*(log.ask(one, clock, "host", 1.0) for _ in range(3))))  # type: ignore[arg-type]

    assert asyncio.run(main()) == [0.0, 6.0, 12.0]


@pytest.mark.parametrize(("per_host", "most"), [(1, 1), (3, 3)])
def test_a_host_may_be_given_more_places(per_host: int, most: int) -> None:
    clock, log = VirtualClock(), Log()

    async def main() -> None:
        one = gate(clock, per_host=per_host, min_host_interval=0.0)
        await clock.run(asyncio.gather(*(log.ask(one, clock, "host", 1.0) for _ in range(9))))  # type: ignore[arg-type]

    asyncio.run(main())
    assert log.most == most


def test_a_paused_host_refuses_and_recovers_by_itself() -> None:
    clock, log = VirtualClock(), Log()

    async def fail(one: HostGate) -> None:
        async with one.turn("host"):
            raise FetchFailed(Reason.CONNECT_FAILED, "refused")

    async def main() -> None:
        one = gate(clock)
        with pytest.raises(FetchFailed):
            await clock.run(fail(one))
        with pytest.raises(FetchFailed) as caught:
            await clock.run(log.ask(one, clock, "host", 1.0))
        assert caught.value.reason is Reason.HOST_PAUSED
        assert caught.value.retry_after == pytest.approx(600.0)
        await clock.run(log.ask(one, clock, "other", 1.0))
        clock.time += 595.0
        waited = await clock.run(log.ask(one, clock, "host", 1.0))  # short pauses are waited out
        assert 0 < waited <= 5.0

    asyncio.run(main())


def test_those_in_line_leave_when_the_host_is_paused() -> None:
    clock, log = VirtualClock(), Log()

    async def main() -> list[object]:
        one = gate(clock)

        async def busy() -> None:
            async with one.turn("host") as timing:
                timing.status, timing.retry_after = 429, 300.0

        work = (busy(), *(log.ask(one, clock, "host", 1.0) for _ in range(3)))
        return await clock.run(asyncio.gather(*work, return_exceptions=True))  # type: ignore[arg-type]

    results = asyncio.run(main())
    assert [r.reason for r in results[1:] if isinstance(r, FetchFailed)] == [Reason.HOST_PAUSED] * 3


@pytest.mark.parametrize("reason", [Reason.ADDRESS_REFUSED, Reason.BAD_URL])
def test_our_own_refusals_do_not_pause_a_host(reason: Reason) -> None:
    clock = VirtualClock()

    async def fail(one: HostGate) -> None:
        async with one.turn("host"):
            raise FetchFailed(reason)

    async def main() -> HostPace:
        one = gate(clock)
        with pytest.raises(FetchFailed):
            await clock.run(fail(one))
        return one.pace("host")

    assert asyncio.run(main()).paused_until == 0.0


def test_paces_survive_the_process() -> None:
    clock, log = VirtualClock(), Log()

    async def main() -> None:
        one = gate(clock)
        await clock.run(log.ask(one, clock, "host", 2.0))
        one.crawl_delay("host", 30.0)
        kept = one.export()
        assert kept["host"].not_before == pytest.approx(30.0)
        later = VirtualClock()
        later.time = 77_000.0
        other = gate(later)
        other.restore(kept, elapsed=10.0)
        waited = await later.run(log.ask(other, later, "host", 1.0))
        assert waited == pytest.approx(20.0)
        assert other.pace("host").average == pytest.approx(0.75 * 2.0 + 0.25)

    asyncio.run(main())


def test_idle_hosts_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipeline.fetch.gate.MAX_IDLE_HOSTS", 50)
    clock, log = VirtualClock(), Log()

    async def main() -> int:
        one = gate(clock, min_host_interval=0.0)
        for i in range(300):
            await clock.run(log.ask(one, clock, f"host{i}", 0.0))
        return len(one.export())

    assert asyncio.run(main()) <= 51
