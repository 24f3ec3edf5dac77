"""A worker that was out of touch does not use the turns it took before."""

from __future__ import annotations

import asyncio

import pytest

from pipeline.cluster.turns import Pulse
from pipeline.fetch.pace import HostPace
from pipeline.fetch.settings import FetchSettings
from pipeline.fetch.shared import UNSURE, SharedGate, Taken
from pipeline.fetch.values import FetchFailed
from pipeline.model import Reason


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def test_turns_are_sure_until_shortly_before_the_others_give_up() -> None:
    clock = Clock()
    pulse = Pulse(9.0, clock)
    assert pulse.hold() == 0
    clock.now += 6.1
    assert pulse.hold() == UNSURE
    pulse.beaten(clock.now)
    assert pulse.hold() == 0, "it was in time"
    clock.now += 9.0
    pulse.beaten(clock.now)
    assert pulse.hold() == 1, "the others may have taken its turns: what was taken before counts no more"


class Table:
    """Turns in memory; ``sleeps`` happens between the taking of a turn and its use."""

    def __init__(self) -> None:
        self.life = 0
        self.sleeps = False
        self.given: list[HostPace] = []

    def hold(self) -> int:
        return self.life

    async def take(self, host: str, floor: float) -> Taken:
        if self.sleeps:
            self.life += 1
        return Taken(True, False, HostPace())

    async def give(self, host: str, pace: HostPace, gap: float) -> None:
        self.given.append(pace)


def test_a_turn_that_was_slept_through_is_given_back_unused() -> None:
    async def scenario() -> None:
        table, clock = Table(), Clock()
        gate = SharedGate(table, FetchSettings(), clock=clock, sleep=asyncio.sleep)
        async with gate.turn("x"):
            pass
        table.sleeps = True
        with pytest.raises(FetchFailed) as failed:
            async with gate.turn("x"):
                pytest.fail("the host may be another worker's")
        assert failed.value.reason is Reason.HOST_PAUSED
        assert len(table.given) == 2

    asyncio.run(scenario())


def test_a_request_that_was_cancelled_is_followed_by_a_longer_wait() -> None:
    async def scenario() -> None:
        table, clock = Table(), Clock()
        gate = SharedGate(table, FetchSettings(min_host_interval=5.0), clock=clock, sleep=asyncio.sleep)

        async def cancelled() -> None:
            async with gate.turn("x"):
                clock.now += 3.0
                raise asyncio.CancelledError

        with pytest.raises(asyncio.CancelledError):
            await cancelled()
        assert table.given[-1].not_before == 10.0, "counted from the end, for its last moments are not known"

    asyncio.run(scenario())
