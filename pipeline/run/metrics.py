"""What the service counts, for Prometheus.  Names by its conventions; every label has a bounded set of values.

Labels come from enumerations of this project, never from feeds, pages or addresses: a label value per outlet
would be a time series for each, for ever.  Who wants to know about one outlet asks the journal (``items``).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

from pipeline import __version__
from pipeline.health import HealthReport
from pipeline.model import JournalRow, Outcome, Reason
from pipeline.run.report import RoundReport
from pipeline.run.service import JobRun
from pipeline.run.writer import Written

PREFIX = "storyfold"
STAGES = ("wait", "fetch", "extract", "compare", "store")
FETCHED = ("feed", "page", "robots", "other")
RESULTS = ("done", "failed", "abandoned")
FEED_STATES = ("healthy", "in_trouble", "silent", "retired")
SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)
ROUND_SECONDS = (0.1, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1800, 3600)
LAG_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5)
SOME = (0, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)


class Metrics:
    """All figures of one service, in a registry of its own, so that two services in a process do not mix."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._flow()
        self._work()
        self._state()

    def _flow(self) -> None:
        self.polls = self._counter("polls", "Polls of feeds by result and reason of failure", "result", "reason")
        self.fetches = self._counter("fetches", "HTTP exchanges by what was asked for and result", "kind", "result")
        self.bytes = self._counter("fetched_bytes", "Bytes of bodies as they came over the wire", "kind")
        self.entries = self._counter("entries", "Journalled entries by outcome and reason", "outcome", "reason")
        self.articles = self._counter("articles", "Stored texts by outcome and reason", "outcome", "reason")

    def _work(self) -> None:
        self.stages = self._histogram("stage_seconds", "Time of one item in a stage", SECONDS, "stage")
        self.candidates = self._histogram("article_candidates", "Candidates found for one article", SOME)
        self.matches = self._histogram("article_matches", "Verified matches of one article", SOME)
        self.rounds = self._counter("rounds", "Rounds by how they ended", "result")
        self.round_seconds = self._histogram("round_seconds", "Time of one round", ROUND_SECONDS)
        self.jobs = self._counter("job_runs", "Runs of scheduled jobs by result", "job", "result")
        self.job_seconds = self._histogram("job_seconds", "Time of one run of a job", ROUND_SECONDS, "job")
        self.loop_lag = self._histogram(
            "loop_lag_seconds", "How much later than asked the event loop woke", LAG_SECONDS
        )
        self.clock_steps = self._counter("clock_steps", "Steps of the wall clock noticed", "direction")

    def _state(self) -> None:
        self.last_round = self._gauge("last_round_timestamp_seconds", "When the last round ended, Unix time")
        self.queue = self._gauge("queue_depth", "Entries that wait to be worked on")
        self.lag = self._gauge("schedule_lag_seconds", "How late the most overdue feed is")
        self.feeds = self._gauge("feeds", "Feeds by state", "state")
        self.database_bytes = self._gauge("database_bytes", "Size of the database")
        self.stored_articles = self._gauge("stored_articles", "Articles in the database")
        self.stored_stories = self._gauge("stored_stories", "Stories in the database")
        self._gauge("build_info", "Always 1; the version is its label", "version").labels(__version__).set(1)

    def observe_report(self, report: RoundReport) -> None:
        """One round has ended: its polls, its time, and what it left in the queue."""
        for failed in report.failed_feeds:
            self.polls.labels("failed", failed.reason.value).inc()
        new = report.feeds_polled - report.feeds_unchanged - len(report.failed_feeds)
        self.polls.labels("unchanged", "").inc(report.feeds_unchanged)
        self.polls.labels("fetched", "").inc(max(new, 0))
        self.rounds.labels("stopped" if report.stopped else "finished").inc()
        self.round_seconds.observe(max((report.ended - report.started).total_seconds(), 0.0))
        self.last_round.set(report.ended.timestamp())
        self.queue.set(report.waiting)

    def observe_row(self, row: JournalRow) -> None:
        """One entry was journalled."""
        self.entries.labels(row.outcome.value, row.reason.value).inc()
        if row.outcome in (Outcome.NEW, Outcome.REVISED):
            self.articles.labels(row.outcome.value, row.reason.value).inc()
        for stage, milliseconds in row.timings.items():
            self.stages.labels(stage if stage in STAGES else "other").observe(milliseconds / 1000)

    def observe_fetch(self, kind: str, reason: Reason | None, wire_bytes: int = 0) -> None:
        """One HTTP exchange for a ``feed``, ``page`` or ``robots``; ``reason`` is why it failed, if it did."""
        kind = kind if kind in FETCHED else "other"
        self.fetches.labels(kind, "ok" if reason is None else reason.value).inc()
        self.bytes.labels(kind).inc(max(wire_bytes, 0))

    def observe_written(self, written: Written) -> None:
        """One transaction of the writer."""
        for candidates, matches in written.compared:
            self.candidates.observe(candidates)
            self.matches.observe(matches)
            self.stages.labels("store").observe(written.store_seconds)

    def observe_job(self, run: JobRun) -> None:
        """One run of a job; names of jobs are those of the composition root."""
        self.jobs.labels(run.name, run.result).inc()
        self.job_seconds.labels(run.name).observe(run.seconds)
        if run.name == "round" and run.result != "done":
            self.rounds.labels(run.result).inc()

    def observe_lag(self, seconds: float) -> None:
        """One delay of the event loop."""
        self.loop_lag.observe(seconds)

    def observe_step(self, step: timedelta) -> None:
        """The wall clock was set."""
        self.clock_steps.labels("forward" if step > timedelta(0) else "back").inc()

    def observe_health(self, health: HealthReport, overdue_seconds: float) -> None:
        """How the feeds are; ``overdue_seconds`` of the one that waits longest, 0 where none does."""
        counts = {
            "healthy": health.healthy,
            "in_trouble": len(health.troubles),
            "silent": len(health.silences),
            "retired": health.retired,
        }
        for state in FEED_STATES:
            self.feeds.labels(state).set(counts[state])
        self.lag.set(max(overdue_seconds, 0.0))

    def observe_totals(self, totals: Mapping[str, int]) -> None:
        """Sizes, as the store tells them: ``articles``, ``stories``, ``waiting``, ``bytes``."""
        self.stored_articles.set(totals["articles"])
        self.stored_stories.set(totals["stories"])
        self.queue.set(totals["waiting"])
        self.database_bytes.set(totals["bytes"])

    def exposition(self) -> tuple[str, bytes]:
        """Content type and body of ``/metrics``."""
        return CONTENT_TYPE_LATEST, generate_latest(self.registry)

    def _counter(self, name: str, text: str, *labels: str) -> Counter:
        return Counter(f"{PREFIX}_{name}", text, labels, registry=self.registry)

    def _gauge(self, name: str, text: str, *labels: str) -> Gauge:
        return Gauge(f"{PREFIX}_{name}", text, labels, registry=self.registry)

    def _histogram(self, name: str, text: str, buckets: tuple[float, ...], *labels: str) -> Histogram:
        return Histogram(f"{PREFIX}_{name}", text, labels, registry=self.registry, buckets=buckets)
