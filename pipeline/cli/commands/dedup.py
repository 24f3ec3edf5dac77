"""``dedup``: a file of articles → the story of each."""

from __future__ import annotations

import tempfile
from argparse import Namespace
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline import app
from pipeline.cli import show
from pipeline.text import count_of

if TYPE_CHECKING:
    from rich.console import Console

    from pipeline.run.bulk import BulkReport


def run(args: Namespace) -> int:
    """Fold the articles and report; without ``--db`` the records live in a temporary database."""
    from pipeline.run.profiling import reading

    with reading(Path(args.input)) as ahead, tempfile.TemporaryDirectory(prefix="storyfold-") as folder:
        from pipeline.run.bulk import fold

        app.configure_log(args)
        args.db = args.db or f"sqlite:///{Path(folder) / 'dedup.db'}"
        config = app.load_config(args)
        with app.locked_store(config, "dedup", show.ticker()) as store, _progress(enabled=not args.json) as progress:
            report = fold(ahead, Path(args.output), store, app.matching_rules(config, store), progress, app.clock())
    if args.json:
        show.json_lines([asdict(report)])
    else:
        _print(show.console(), report, args.output)
    return 0


@contextmanager
def _progress(*, enabled: bool) -> Iterator[Callable[[int, int], None] | None]:
    """A live count on a terminal; the input is streamed, so its end is not known beforehand."""
    screen = show.console(stderr=True)
    if not (enabled and screen.is_terminal):
        yield None
        return
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = (
        SpinnerColumn(),
        TextColumn("{task.completed:,} articles"),
        TimeElapsedColumn(),
        TextColumn("{task.fields[pace]}"),
    )
    bar = Progress(*columns, console=screen, transient=True)
    task = bar.add_task("", total=None, pace="")

    def told(_lines: int, articles: int) -> None:
        bar.start()  # not sooner: it has a thread, and until now processes were started
        speed = bar.tasks[0].speed
        bar.update(task, completed=articles, pace=f"{speed:,.0f} a second" if speed else "")

    try:
        yield told
    finally:
        bar.stop()


def _print(console: Console, report: BulkReport, output: str) -> None:
    spent = sum(report.seconds.values())
    console.print(
        f"{count_of(report.articles, 'article')} in {count_of(report.stories, 'story', 'stories')}, "
        f"{show.span(spent)} ({report.articles / max(spent, 1e-9):,.0f} a second). Written to {output}."
    )
    table = show.table(">articles", "reason", "~meaning")
    for reason, number in sorted(report.reasons.items(), key=lambda pair: -pair[1]):
        table.add_row(f"{number:,}", reason, app.meaning_of(reason))
    console.print(table)
    console.print(
        "Time: " + ", ".join(f"{name} {show.span(seconds)}" for name, seconds in report.seconds.items()), style="dim"
    )
    if report.bad_count:
        console.print(f"{count_of(report.bad_count, 'line')} left out:", style="yellow")
        for bad in report.bad[:20]:
            console.print(show.text(f"  line {bad.number}: {bad.reason}"))
        if report.bad_count > 20:
            console.print(f"  … and {report.bad_count - 20:,} more (--json names up to 1,000)")
