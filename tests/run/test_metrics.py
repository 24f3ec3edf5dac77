"""What is counted, under which names, with bounded labels."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from pipeline.health import HealthReport
from pipeline.model import JournalRow, Outcome, Reason
from pipeline.run.metrics import Metrics
from pipeline.run.report import FailedFeed, RoundReport
from pipeline.run.service import JobRun
from pipeline.run.writer import Written

NOW = datetime(2026, 5, 20, 12, tzinfo=UTC)
PAGE = Path(__file__).parents[2] / "docs" / "operations.md"


def values(metrics: Metrics) -> dict[str, float]:
    """``name{label=value,…}`` → value."""
    content_type, body = metrics.exposition()
    assert content_type.startswith("text/plain")
    found = {}
    for family in text_string_to_metric_families(body.decode()):
        for sample in family.samples:
            labels = ",".join(f"{name}={value}" for name, value in sorted(sample.labels.items()))
            found[f"{sample.name}{{{labels}}}" if labels else sample.name] = sample.value
    return found


def report(**more: object) -> RoundReport:
    failed = FailedFeed("https://a.example/", "A", Reason.TIMEOUT, "", 1, NOW)
    facts = {
        "started": NOW - timedelta(seconds=8),
        "ended": NOW,
        "feeds_due": 10,
        "feeds_polled": 10,
        "feeds_unchanged": 6,
        "failed_feeds": (failed,),
        "outcomes": {},
        "reasons": {},
        "waiting": 7,
    }
    return RoundReport(**{**facts, **more})  # type: ignore[arg-type]


def row(outcome: Outcome, reason: Reason, **timings: float) -> JournalRow:
    return JournalRow(NOW, None, None, "An outlet", "A title", outcome, reason, timings=timings)


def test_a_round_is_counted() -> None:
    metrics = Metrics()
    metrics.observe_report(report())
    metrics.observe_report(report(stopped=True, failed_feeds=(), waiting=3))
    found = values(metrics)
    assert found["storyfold_polls_total{reason=,result=fetched}"] == 3 + 4
    assert found["storyfold_polls_total{reason=,result=unchanged}"] == 12
    assert found["storyfold_polls_total{reason=timeout,result=failed}"] == 1
    assert found["storyfold_rounds_total{result=finished}"] == 1
    assert found["storyfold_rounds_total{result=stopped}"] == 1
    assert found["storyfold_round_seconds_sum"] == 16
    assert found["storyfold_queue_depth"] == 3
    assert found["storyfold_last_round_timestamp_seconds"] == NOW.timestamp()


def test_entries_articles_and_stages() -> None:
    metrics = Metrics()
    metrics.observe_row(row(Outcome.NEW, Reason.JOINED_STORY, fetch=1500.0, extract=20.0))
    metrics.observe_row(row(Outcome.SKIPPED, Reason.PAYWALL, fetch=100.0, invented=5.0))
    metrics.observe_written(Written(compared=((12, 2),), store_seconds=0.004))
    metrics.observe_fetch("page", None, 4_000)
    metrics.observe_fetch("page", Reason.TIMEOUT)
    found = values(metrics)
    assert found["storyfold_entries_total{outcome=new,reason=joined_story}"] == 1
    assert found["storyfold_entries_total{outcome=skipped,reason=paywall}"] == 1
    assert found["storyfold_articles_total{outcome=new,reason=joined_story}"] == 1
    assert "storyfold_articles_total{outcome=skipped,reason=paywall}" not in found
    assert found["storyfold_stage_seconds_sum{stage=fetch}"] == pytest.approx(1.6)
    assert found["storyfold_stage_seconds_count{stage=other}"] == 1
    assert found["storyfold_article_candidates_sum"] == 12
    assert found["storyfold_article_matches_sum"] == 2
    assert found["storyfold_fetches_total{kind=page,result=ok}"] == 1
    assert found["storyfold_fetches_total{kind=page,result=timeout}"] == 1
    assert found["storyfold_fetched_bytes_total{kind=page}"] == 4_000


def test_jobs_health_and_sizes() -> None:
    metrics = Metrics()
    metrics.observe_job(JobRun("round", "done", 2.0))
    metrics.observe_job(JobRun("round", "failed", 0.1))
    metrics.observe_lag(0.002)
    metrics.observe_step(timedelta(hours=-1))
    metrics.observe_step(timedelta(hours=1))
    metrics.observe_health(HealthReport(NOW, healthy=40, retired=2), overdue_seconds=30.0)
    metrics.observe_totals({"articles": 100, "stories": 60, "waiting": 4, "bytes": 1 << 20})
    found = values(metrics)
    assert found["storyfold_job_runs_total{job=round,result=failed}"] == 1
    assert found["storyfold_rounds_total{result=failed}"] == 1
    assert found["storyfold_job_seconds_count{job=round}"] == 2
    assert found["storyfold_loop_lag_seconds_count"] == 1
    assert found["storyfold_clock_steps_total{direction=back}"] == 1
    assert found["storyfold_feeds{state=healthy}"] == 40
    assert found["storyfold_feeds{state=retired}"] == 2
    assert found["storyfold_schedule_lag_seconds"] == 30
    assert found["storyfold_queue_depth"] == 4
    assert found["storyfold_database_bytes"] == 1 << 20
    assert (found["storyfold_stored_articles"], found["storyfold_stored_stories"]) == (100, 60)


def test_two_services_do_not_mix() -> None:
    first, second = Metrics(), Metrics()
    first.observe_lag(1.0)
    assert values(second)["storyfold_loop_lag_seconds_count"] == 0


def test_labels_are_bounded_whatever_comes_in() -> None:
    metrics = Metrics()
    for number in range(500):
        stranger = {f"stage{number}": 1.0}
        metrics.observe_row(JournalRow(NOW, f"https://{number}.example/", None, f"Outlet {number}", "", Outcome.SEEN,
                                       Reason.KNOWN_URL, timings=stranger))  # fmt: skip
        metrics.observe_fetch(f"kind{number}", None)
    before = len(values(metrics))
    assert before < 250
    for outcome in Outcome:
        for reason in Reason:
            metrics.observe_row(row(outcome, reason))
    assert len(values(metrics)) < before + 4 * len(Outcome) * len(Reason) * 2


def names(metrics: Metrics) -> set[str]:
    """Names as queries use them: with ``_total`` for counters, plain for gauges and histograms."""
    return {
        f"{metric.name}_total" if metric.type == "counter" else metric.name for metric in metrics.registry.collect()
    }


def test_names_follow_the_conventions() -> None:
    for metric in Metrics().registry.collect():
        assert re.fullmatch(r"storyfold(_[a-z]+)+", metric.name)
        assert metric.documentation
        assert not metric.documentation.endswith(".")
        if metric.type == "histogram":
            assert metric.name.endswith(("_seconds", "_candidates", "_matches"))
        for sample in metric.samples:
            assert set(sample.labels) <= {"result", "reason", "kind", "outcome", "stage", "job", "direction", "state",
                                          "version", "le"}  # fmt: skip


def test_every_metric_is_documented() -> None:
    documented = set(re.findall(r"^\| `(storyfold_[a-z_]+)`", PAGE.read_text("utf-8"), re.MULTILINE))
    assert documented == names(Metrics())
