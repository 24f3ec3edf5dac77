"""Jobs, signals, reload and watchdog of the service, on virtual time."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
from collections.abc import Callable, Sequence
from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest
import structlog
from virtual_time import VirtualTime, time

from pipeline.errors import ConfigError
from pipeline.run.notify import Notifier
from pipeline.run.service import Hooks, Job, JobRun, Service
from pipeline.run.settings import RunSettings

__all__ = ["time"]


class Told(Notifier):
    """Keeps what the service manager would be told."""

    def __init__(self, time: VirtualTime, watchdog: float | None = None) -> None:
        super().__init__({}, time.monotonic)
        self.watchdog_seconds = watchdog
        self.messages: list[tuple[float, str]] = []
        self._time = time

    def _send(self, *lines: str) -> None:
        self.messages.append((self._time.monotonic(), " ".join(lines)))

    def kinds(self) -> list[str]:
        return [text.partition("=")[0] for _, text in self.messages if not text.startswith("WATCHDOG")]

    def pings(self) -> list[float]:
        return [at for at, text in self.messages if text.startswith("WATCHDOG")]


def service(time: VirtualTime, *jobs: Job, **more: Any) -> Service:
    return Service(jobs, RunSettings(), time.now, time.monotonic, **more)


def kill(number: signal.Signals) -> Callable[[], None]:
    return lambda: os.kill(os.getpid(), number)


async def during(subject: Service, *script: tuple[float, Callable[[], object]]) -> bool:
    running = asyncio.create_task(subject.run())
    for seconds, act in script:
        await asyncio.sleep(seconds)
        act()
    return await running


async def nothing(stop: asyncio.Event) -> None:
    """A job that is done at once."""


def sleeping(seconds: float, heeds: bool, ends: list[str]) -> Callable[[asyncio.Event], Any]:
    async def action(stop: asyncio.Event) -> None:
        try:
            if heeds:
                await stop.wait()
            await asyncio.sleep(seconds)
            ends.append("finished")
        except asyncio.CancelledError:
            ends.append("abandoned")
            raise

    return action


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize(
    ("seconds", "heeds", "clean", "took"),
    [
        (3.0, True, True, 3.0),  # finishes after it is asked to
        (14.0, True, True, 14.0),
        (9_999.0, True, False, 15.0),  # would take too long
        (9_999.0, False, False, 15.0),  # does not heed
        (10.0, False, True, 0.0),  # finishes before the signal, at 100 s
    ],
)
def test_a_signal_finishes_or_abandons_work_within_its_time(
    time: VirtualTime, number: signal.Signals, seconds: float, heeds: bool, clean: bool, took: float
) -> None:
    ends: list[str] = []
    subject = service(time, Job("round", 1e6, sleeping(seconds, heeds, ends)))
    assert time.run(during(subject, (100.0, kill(number)))) is clean
    assert time.monotonic() - 1_100 == pytest.approx(took, abs=0.1)
    assert ends == ["finished" if clean else "abandoned"]


def test_a_second_signal_does_not_wait(time: VirtualTime) -> None:
    ends: list[str] = []
    subject = service(time, Job("round", 1e6, sleeping(9_999, True, ends)))
    assert time.run(during(subject, (100.0, kill(signal.SIGTERM)), (2.0, kill(signal.SIGTERM)))) is False
    assert time.monotonic() - 1_102 < 0.1
    assert ends == ["abandoned"]


def test_work_that_will_not_be_abandoned_does_not_keep_the_service(time: VirtualTime) -> None:
    async def stubborn(stop: asyncio.Event) -> None:
        while not stop.is_set() or time.monotonic() < 1_200:
            try:
                await asyncio.sleep(1)
            except asyncio.CancelledError:
                continue

    subject = service(time, Job("round", 1e6, stubborn))

    async def main() -> None:
        assert await during(subject, (50.0, subject.stop)) is False
        assert time.monotonic() - 1_050 == pytest.approx(17, abs=0.1)  # of the 20 s a manager allows
        await asyncio.sleep(200)

    time.run(main())


def test_nothing_begins_after_the_signal(time: VirtualTime) -> None:
    runs: list[str] = []

    async def often(stop: asyncio.Event) -> None:
        runs.append("late" if stop.is_set() else "in time")

    ends: list[str] = []
    subject = service(time, Job("often", 1.0, often), Job("long", 1e6, sleeping(10, True, ends)))
    time.run(during(subject, (10.5, subject.stop)))
    assert set(runs) == {"in time"}
    assert len(runs) == 11


def test_a_long_run_is_not_joined_by_a_second(time: VirtualTime) -> None:
    at_once = [0, 0]

    async def slow(stop: asyncio.Event) -> None:
        at_once[0] += 1
        at_once[1] = max(at_once)
        await asyncio.sleep(25)
        at_once[0] -= 1

    subject = service(time, Job("round", 10.0, slow))
    time.run(during(subject, (301.0, subject.stop)))
    assert at_once[1] == 1
    assert subject._pulses["round"].runs == 11  # every third turn


def test_a_job_that_fails_costs_its_run_only(time: VirtualTime) -> None:
    runs: list[JobRun] = []

    async def failing(stop: asyncio.Event) -> None:
        if time.monotonic() < 1_035:
            raise ExceptionGroup("several", [OSError("disk full")])

    subject = service(
        time,
        Job("round", 10.0, failing, watched=True),
        Job("other", 10.0, nothing),
        hooks=Hooks(run=runs.append),
    )
    failing_then: list[tuple[str, ...]] = []
    look = (35.0, lambda: failing_then.append(subject.status().failing))
    with structlog.testing.capture_logs() as logs:
        time.run(during(subject, look, (66.0, subject.stop)))
    assert failing_then == [("round",)]
    assert subject.status().failing == ()
    assert [run.result for run in runs if run.name == "round"] == ["failed"] * 3 + ["done"] * 4, "at 0 10 30; 70 ..."
    assert [run.result for run in runs if run.name == "other"] == ["done"] * 11
    assert len([log for log in logs if log["event"] == "job failed"]) == 3


def test_the_watchdog_is_pinged_while_rounds_live(time: VirtualTime) -> None:
    async def hangs(stop: asyncio.Event) -> None:
        if time.monotonic() > 1_100:
            await asyncio.sleep(10_000)

    told = Told(time, watchdog=120.0)
    subject = service(time, Job("round", 20.0, hangs, watched=True), notifier=told, stuck_seconds=300.0)
    stuck: list[tuple[str, ...]] = []
    time.run(during(subject, (900.0, lambda: stuck.append(subject.status().stuck)), (1.0, subject.stop)))
    pings = told.pings()
    assert max(b - a for a, b in pairwise(pings)) <= 31
    assert pings[-1] == pytest.approx(1_120 + 300, abs=31)
    assert stuck == [("round",)]


@pytest.mark.parametrize(("watched", "gets_on"), [(False, False), (True, True)])
def test_what_gets_on_or_is_not_watched_is_not_stuck(time: VirtualTime, watched: bool, gets_on: bool) -> None:
    async def long(stop: asyncio.Event) -> None:
        for _ in range(100):
            await asyncio.sleep(100)
            if gets_on:
                subject.progress("round")

    subject = service(time, Job("round", 20.0, long, watched=watched), stuck_seconds=300.0)
    alive: list[bool] = []
    time.run(during(subject, (9_000.0, lambda: alive.append(subject.status().alive)), (0.0, subject.stop)))
    assert alive == [True]


def test_a_daily_job_is_not_stuck_between_its_runs(time: VirtualTime) -> None:
    subject = service(time, Job("backup", 86_400.0, nothing, watched=True), stuck_seconds=300.0)
    alive: list[bool] = []
    time.run(during(subject, (40_000.0, lambda: alive.append(subject.status().alive)), (0.0, subject.stop)))
    assert alive == [True]


def test_ready_reloading_and_stopping_are_told(time: VirtualTime) -> None:
    told = Told(time)

    async def same() -> Sequence[Job]:
        return [Job("round", 10.0, nothing)]

    subject = service(time, Job("round", 10.0, nothing), notifier=told, reload=same)
    time.run(during(subject, (5.0, kill(signal.SIGHUP)), (5.0, kill(signal.SIGTERM))))
    assert told.kinds() == ["READY", "RELOADING", "READY", "STOPPING"]


def test_a_reload_changes_adds_and_removes_jobs(time: VirtualTime) -> None:
    runs: list[tuple[str, int]] = []

    def noting(name: str) -> Callable[[asyncio.Event], Any]:
        async def action(stop: asyncio.Event) -> None:
            runs.append((name, round(time.monotonic() - 1_000)))

        return action

    async def other() -> Sequence[Job]:
        return [Job("round", 5.0, noting("faster")), Job("added", 50.0, noting("added"), first_seconds=3.0)]

    subject = service(time, Job("round", 40.0, noting("slow")), Job("gone", 10.0, noting("gone")), reload=other)
    time.run(during(subject, (12.0, kill(signal.SIGHUP)), (12.0, subject.stop)))
    assert runs == [
        ("gone", 0),
        ("slow", 0),
        ("gone", 10),
        ("added", 15),
        ("faster", 17),  # an interval from the reload at the latest
        ("faster", 22),
    ]


@pytest.mark.parametrize(
    ("error", "event"),
    [
        (ConfigError(["a.toml: [fetch] x: unknown"]), "configuration refused; the old one stays"),
        (OSError("no such file"), "reload failed; the old configuration stays"),
    ],
)
def test_a_bad_configuration_is_refused(time: VirtualTime, error: Exception, event: str) -> None:
    async def bad() -> Sequence[Job]:
        raise error

    told = Told(time)
    subject = service(time, Job("round", 10.0, nothing), reload=bad, notifier=told)
    with structlog.testing.capture_logs() as logs:
        time.run(during(subject, (15.0, kill(signal.SIGHUP)), (30.0, subject.stop)))
    (said,) = [log for log in logs if log["event"] == event]
    assert said["log_level"] == "error"
    if isinstance(error, ConfigError):
        assert said["mistakes"] == ("a.toml: [fetch] x: unknown",)
    assert subject._pulses["round"].runs == 5  # the old schedule goes on
    assert told.kinds() == ["READY", "RELOADING", "READY", "STOPPING"]


def test_hang_up_without_a_way_to_reload_is_harmless(time: VirtualTime) -> None:
    subject = service(time, Job("round", 10.0, nothing))
    assert time.run(during(subject, (5.0, kill(signal.SIGHUP)), (5.0, subject.stop)))


def test_a_defect_of_the_beat_ends_the_service_loudly(time: VirtualTime) -> None:
    def defect(seconds: float) -> None:
        raise RuntimeError("defect")

    subject = service(time, Job("round", 10.0, nothing), hooks=Hooks(loop_lag=defect))
    with pytest.raises(RuntimeError, match="defect"):
        time.run(subject.run())


def test_a_database_that_is_away_does_not_keep_the_clock_from_being_followed(time: VirtualTime) -> None:
    async def away() -> None:
        raise OSError("database is locked")

    steps: list[timedelta] = []
    hooks = Hooks(clock_step=steps.append)
    subject = service(time, Job("round", 10.0, nothing), mend=away, hooks=hooks)
    script = ((15.0, lambda: time.step(timedelta(hours=-1))), (30.0, subject.stop))
    assert time.run(during(subject, *script))
    assert len(steps) == 1
    assert subject._pulses["round"].runs == 5


def test_names_of_jobs_are_their_own(time: VirtualTime) -> None:
    with pytest.raises(ValueError, match="two jobs are called 'round'"):
        service(time, Job("round", 10.0, nothing), Job("round", 5.0, nothing))


@pytest.fixture(autouse=True)
def _quiet() -> None:
    logging.getLogger("apscheduler").setLevel(logging.ERROR)
