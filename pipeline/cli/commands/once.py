"""``once``: one round, for cron; prints a one-screen report."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from pipeline import app
from pipeline.cli import show
from pipeline.text import count_of

if TYPE_CHECKING:
    from argparse import Namespace

    from rich.console import Console

    from pipeline.run.report import RoundReport

NOTHING_FETCHED = 3


def run(args: Namespace) -> int:
    """Poll what is due, work the queue to the end, report; exit 3 when nothing could be fetched at all."""
    config = app.load_config(args)
    app.configure_log(args)
    with show.progress(enabled=not args.json) as watch:
        report = asyncio.run(app.one_round(config, everything=args.all, watch=watch, progress=show.ticker()))
    if args.json:
        show.json_lines([as_json(report)])
    else:
        print_report(show.console(), report)
    return NOTHING_FETCHED if report.nothing_fetched else 0


def as_json(report: RoundReport) -> dict[str, Any]:
    """The report as one JSON object."""
    return {
        "started": report.started,
        "ended": report.ended,
        "feeds_due": report.feeds_due,
        "feeds_polled": report.feeds_polled,
        "feeds_unchanged": report.feeds_unchanged,
        "failed_feeds": [
            {
                "url": feed.url,
                "outlet": feed.outlet,
                "reason": feed.reason,
                "detail": feed.detail,
                "failures": feed.failures,
                "next_poll": feed.next_poll,
            }
            for feed in report.failed_feeds
        ],
        "outcomes": report.outcomes,
        "reasons": report.reasons,
        "waiting": report.waiting,
    }


def print_report(console: Console, report: RoundReport) -> None:
    """Counts in a few lines, then every failed feed with its reason."""
    took = show.span((report.ended - report.started).total_seconds())
    console.print(
        f"Polled {report.feeds_polled} of {count_of(report.feeds_due, 'due feed')} in {took}, "
        f"{report.feeds_unchanged} unchanged, {len(report.failed_feeds)} failed."
    )
    counted = ", ".join(f"{number} {outcome}" for outcome, number in sorted(report.outcomes.items()))
    console.print(f"Entries: {counted or 'none came in'}; {report.waiting} waiting for another try.")
    if report.reasons:
        table = show.table(">entries", "reason", "~meaning")
        for reason, number in sorted(report.reasons.items(), key=lambda pair: (-pair[1], pair[0])):
            table.add_row(str(number), reason, app.meaning_of(reason))
        console.print(table)
    if report.failed_feeds:
        table = show.table("failed feed", "reason", ">times", "next try", "~what happened", title="Feeds in trouble")
        for feed in report.failed_feeds:
            table.add_row(
                show.text(feed.outlet, width=24),
                feed.reason.value,
                str(feed.failures),
                show.moment(feed.next_poll),
                show.text(f"{feed.url}: {feed.detail}"),
            )
        console.print(table)
    if report.stopped:
        console.print("Stopped before the queue was worked off; the rest is taken up at the next start.")
