"""The service: a few jobs on one scheduler, until a signal ends it.

    SIGTERM, SIGINT   nothing new begins, work in hand may finish for ``stop_seconds``, then it is abandoned
                      (which is safe: what is not stored is still in the queue); a second signal does not wait
    SIGHUP            the configuration is read again; a bad one is refused and the old one stays

APScheduler plans by the wall clock and sleeps by the monotonic one.  ``ClockGuard`` and ``Every`` keep steps
of the wall clock from stalling or flooding it.
"""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import structlog
from apscheduler.schedulers.asyncio import AsyncIOScheduler

from pipeline.errors import ConfigError, StoryfoldError
from pipeline.run.clockguard import ClockGuard, replanned
from pipeline.run.every import Every
from pipeline.run.notify import Notifier
from pipeline.run.pulse import JobPulse, LoopLag, Status
from pipeline.run.settings import RunSettings

Action = Callable[[asyncio.Event], Awaitable[None]]
LAST_SECONDS = 2.0  # for work that was abandoned to put itself away
MOST_WAIT = 300.0  # seconds that a job which keeps failing waits: what was mended is noticed within five minutes
FAILING = 3  # failures in a row after which a watched job makes the service unready


@dataclass(frozen=True, slots=True)
class Job:
    """Something done over and over.  ``action`` gets the event that is set when the service ends.

    A run that is still going on when the next is due is not joined by a second one.  A ``watched`` job counts
    for health: where it is stuck, the watchdog is no longer pinged.
    """

    name: str
    interval_seconds: float  # from start to start
    action: Action
    first_seconds: float = 0.0  # wait before the first run
    watched: bool = False


@dataclass(frozen=True, slots=True)
class JobRun:
    """One run, for metrics.  ``result``: done, failed or abandoned."""

    name: str
    result: str
    seconds: float


Reload = Callable[[], Awaitable[Sequence[Job]]]  # raises ConfigError; returns all jobs as they shall be


def put_off(interval: float, failures: int) -> float:
    """Seconds until a job's next run after so many ``failures`` in a row (1 or more): the interval, doubled with
    each, up to ``MOST_WAIT`` where the interval itself is not longer.

    >>> [put_off(20, n) for n in (1, 2, 5, 6)]
    [20.0, 40.0, 300.0, 300.0]
    """
    return min(interval * float(2 ** min(failures - 1, 20)), max(MOST_WAIT, interval))


@dataclass(frozen=True, slots=True)
class Hooks:
    """Who is told what.  Each is called on the event loop and should return at once."""

    run: Callable[[JobRun], None] = lambda _: None
    loop_lag: Callable[[float], None] = lambda _: None  # seconds, at each beat
    clock_step: Callable[[timedelta], None] = lambda _: None


class Service:
    """Runs ``jobs`` until told to stop.

    ``clock`` is the wall clock (aware UTC), ``monotonic`` the one that never steps.  Every ``beat_seconds``
    the loop's delay is measured, the clocks are compared, and the watchdog is pinged unless a watched job
    gave no sign of life for ``stuck_seconds``.  ``mend`` puts stored times right that the wall clock got
    wrong; it is called before the first run and after every step of the clock.
    """

    def __init__(
        self,
        jobs: Sequence[Job],
        settings: RunSettings,
        clock: Callable[[], datetime],
        monotonic: Callable[[], float] = time.monotonic,
        *,
        reload: Reload | None = None,
        mend: Callable[[], Awaitable[object]] | None = None,
        notifier: Notifier | None = None,
        hooks: Hooks | None = None,
        beat_seconds: float = 1.0,
        stuck_seconds: float = 900.0,
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._monotonic = monotonic
        self._reload = reload
        self._mend = mend
        self._notifier = notifier or Notifier({}, monotonic)
        self._hooks = hooks or Hooks()
        self._beat_seconds = beat_seconds
        self._stuck_seconds = stuck_seconds
        self._jobs: dict[str, Job] = {}
        self._pulses: dict[str, JobPulse] = {}
        self._running: set[asyncio.Task[Any]] = set()
        self._lag = LoopLag()
        self._stop, self._at_once = asyncio.Event(), asyncio.Event()
        self._hup = asyncio.Event()
        self._started = False
        # A late run is always better than none: jobs look at what is due, so that one look makes up for all
        # that were missed.  Hence no grace time after which a run is dropped (the default is one second).
        defaults = {"coalesce": True, "max_instances": 1, "misfire_grace_time": None}
        self._scheduler = AsyncIOScheduler(timezone=UTC, job_defaults=defaults)
        for job in jobs:
            self._add(job)

    async def run(self) -> bool:
        """Until a signal or ``stop``; whether all work in hand was finished (else it was abandoned)."""
        log = structlog.get_logger()
        with self._signals():
            await self._mend_stored()
            self._scheduler.start()
            stopped = asyncio.create_task(self._stop.wait())
            helpers = [asyncio.create_task(self._beat()), asyncio.create_task(self._reloads())]
            self._started = True
            self._notifier.ready(f"{len(self._jobs)} jobs on schedule")
            log.info("service started", jobs={job.name: job.interval_seconds for job in self._jobs.values()})
            try:
                ended, _ = await asyncio.wait({stopped, *helpers}, return_when=asyncio.FIRST_COMPLETED)
                self._stop.set()
                self._notifier.stopping()
                log.info("stopping", in_hand=len(self._running), seconds=self._settings.stop_seconds)
                clean = await self._wind_down()
                for broken in ended - {stopped}:
                    broken.result()  # raises: without clock guard and watchdog nothing is run
                return clean
            finally:
                for helper in (stopped, *helpers):
                    helper.cancel()
                await asyncio.wait({stopped, *helpers})
                self._scheduler.shutdown(wait=False)
                await asyncio.sleep(0)  # the scheduler ends itself in a callback
                log.info("service stopped")

    def stop(self) -> None:
        """As SIGTERM does: the first time finish what is in hand, the second time do not wait for it."""
        (self._at_once if self._stop.is_set() else self._stop).set()

    def reload(self) -> None:
        """As SIGHUP does: read the configuration again."""
        self._hup.set()

    def progress(self, name: str) -> None:
        """A long run of the job ``name`` is getting on: it is not stuck."""
        if name in self._pulses:
            self._pulses[name].sign = self._monotonic()

    def status(self) -> Status:
        """How the service is, now."""
        now = self._monotonic()
        watched = [(name, self._pulses[name]) for name, job in self._jobs.items() if job.watched]
        return Status(
            started=self._started,
            stopping=self._stop.is_set(),
            stuck=tuple(name for name, pulse in watched if pulse.silent_for(now) > self._stuck_seconds),
            failing=tuple(name for name, pulse in watched if pulse.failures >= FAILING),
            loop_lag_p99=self._lag.quantile(0.99),
            since_success={n: now - p.succeeded for n, p in self._pulses.items() if p.succeeded is not None},
        )

    # jobs

    def _add(self, job: Job) -> None:
        if job.name in self._jobs:
            raise ValueError(f"two jobs are called {job.name!r}")
        interval = timedelta(seconds=job.interval_seconds)
        first = self._clock() + timedelta(seconds=job.first_seconds)
        self._scheduler.add_job(self._run, Every(interval), (job.name,), id=job.name, next_run_time=first)
        self._jobs[job.name] = job
        self._pulses[job.name] = JobPulse(job.interval_seconds, self._monotonic() + job.first_seconds)

    async def _run(self, name: str) -> None:
        """One run; whatever it raises costs this run only."""
        job, pulse, task = self._jobs.get(name), self._pulses.get(name), asyncio.current_task()
        if job is None or pulse is None or task is None or self._stop.is_set():
            return
        began = pulse.sign = self._monotonic()
        pulse.running = True
        self._running.add(task)
        result = "done"
        try:
            await job.action(self._stop)
        except asyncio.CancelledError:  # by _wind_down: the task ends here anyway
            result = "abandoned"
        except StoryfoldError as error:  # what the machine does to us: the words are enough
            result = "failed"
            structlog.get_logger().error("job failed", job=name, detail=str(error))
        except Exception:  # noqa: BLE001 - a job that fails is tried again at its next turn
            result = "failed"
            structlog.get_logger().exception("job failed", job=name)
        finally:
            self._running.discard(task)
            pulse.sign, pulse.running, pulse.runs = self._monotonic(), False, pulse.runs + 1
        if result == "done":
            pulse.succeeded, pulse.failures, pulse.interval = pulse.sign, 0, job.interval_seconds
        elif result == "failed":
            pulse.failures += 1
            self._put_off(job, pulse)
        self._hooks.run(JobRun(name, result, pulse.sign - began))

    def _put_off(self, job: Job, pulse: JobPulse) -> None:
        """What fails again and again waits longer each time: a full disk is not asked, nor feeds polled for it."""
        pulse.interval = put_off(job.interval_seconds, pulse.failures)
        if job.name in self._jobs and pulse.interval > job.interval_seconds:
            due = self._clock() + timedelta(seconds=pulse.interval)
            self._scheduler.modify_job(job.name, next_run_time=due)

    async def _wind_down(self) -> bool:
        """Let work in hand finish within the time allowed, then abandon it."""
        self._scheduler.pause()
        impatient = asyncio.create_task(self._at_once.wait())
        ends = self._monotonic() + self._settings.stop_seconds
        while self._running and not impatient.done() and (left := ends - self._monotonic()) > 0:
            await asyncio.wait({*self._running, impatient}, timeout=left, return_when=asyncio.FIRST_COMPLETED)
        impatient.cancel()
        abandoned = set(self._running)
        if abandoned:
            structlog.get_logger().warning("work in hand abandoned; the queue keeps it", jobs=len(abandoned))
            for task in abandoned:
                task.cancel()
            await asyncio.wait(abandoned, timeout=LAST_SECONDS)
        return not abandoned

    # clocks and health

    async def _beat(self) -> None:
        guard = ClockGuard(self._clock, self._monotonic)
        while True:
            asked = self._monotonic()
            await asyncio.sleep(self._beat_seconds)
            lag = self._monotonic() - asked - self._beat_seconds
            self._lag.add(lag)
            self._hooks.loop_lag(max(lag, 0.0))
            if step := guard.step():
                await self._follow(step)
            if self.status().alive:
                self._notifier.alive()

    async def _follow(self, step: timedelta) -> None:
        """The wall clock was set, or the machine slept: plan anew."""
        structlog.get_logger().warning("the clock was set", seconds=round(step.total_seconds(), 3))
        await self._mend_stored()
        now = self._clock()
        for planned in self._scheduler.get_jobs():
            due = replanned(planned.next_run_time, step, now, planned.trigger.interval)
            self._scheduler.modify_job(planned.id, next_run_time=due)
        self._hooks.clock_step(step)

    async def _mend_stored(self) -> None:
        try:
            if self._mend is not None:
                await self._mend()
        except Exception:  # noqa: BLE001 - the database may be away for a while: the next step tries again
            structlog.get_logger().exception("stored times could not be checked")

    # signals

    @contextmanager
    def _signals(self) -> Iterator[None]:
        loop = asyncio.get_running_loop()
        handlers = {signal.SIGTERM: self.stop, signal.SIGINT: self.stop, signal.SIGHUP: self._hup.set}
        for number, handler in handlers.items():
            loop.add_signal_handler(number, handler)
        try:
            yield
        finally:
            for number in handlers:
                loop.remove_signal_handler(number)

    async def _reloads(self) -> None:
        """One reload after the other, as often as asked."""
        while True:
            await self._hup.wait()
            self._hup.clear()
            self._notifier.reloading()
            self._notifier.ready(await self._reloaded())

    async def _reloaded(self) -> str:
        """Read the configuration again; what came of it."""
        log = structlog.get_logger()
        if self._reload is None:
            log.warning("there is nothing to reload")
            return "nothing to reload"
        try:
            jobs = await self._reload()
        except ConfigError as error:
            log.error("configuration refused; the old one stays", mistakes=error.mistakes)  # noqa: TRY400
            return "a bad configuration was refused; the old one stays"
        except Exception:  # a service that runs is not ended by an attempt to change it
            log.exception("reload failed; the old configuration stays")
            return "reload failed; the old configuration stays"
        self._replace(jobs)
        log.info("configuration reloaded", jobs={job.name: job.interval_seconds for job in jobs})
        return f"configuration reloaded, {len(jobs)} jobs on schedule"

    def _replace(self, jobs: Sequence[Job]) -> None:
        """Take ``jobs`` instead of the old ones; a run under way ends as it began."""
        wanted = {job.name: job for job in jobs}
        for name in set(self._jobs) - set(wanted):
            self._scheduler.remove_job(name)
            del self._jobs[name], self._pulses[name]
        now = self._clock()
        for name, job in wanted.items():
            if name not in self._jobs:
                self._add(job)
                continue
            interval = timedelta(seconds=job.interval_seconds)
            due = replanned(self._scheduler.get_job(name).next_run_time, timedelta(0), now, interval)
            self._scheduler.modify_job(name, trigger=Every(interval), next_run_time=due)
            self._jobs[name] = job
            self._pulses[name].interval = job.interval_seconds
