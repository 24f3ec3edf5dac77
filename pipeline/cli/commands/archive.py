"""``archive``: a whole archive → stories, on DuckDB or Spark."""

from __future__ import annotations

import os
from argparse import Namespace
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline import app
from pipeline.cli import show
from pipeline.text import count_of

if TYPE_CHECKING:
    from rich.console import Console

    from pipeline.archive.archive import ArchiveReport
    from pipeline.archive.stages import Progress


def run(args: Namespace) -> int:
    """Fold the archive, load it where asked to, and report."""
    from pipeline.archive.archive import Order, fold_archive

    app.configure_log(args)
    args.db = args.into or args.db
    config = app.load_config(args)
    order = Order(
        inputs=args.inputs,
        output=Path(args.output),
        engine=args.engine or ("spark" if args.master else "duckdb"),
        master=args.master,
        workers=args.workers or os.cpu_count() or 1,
        memory_mib=args.memory,
        fresh=args.fresh,
    )
    lines = Path(args.jsonl) if args.jsonl else None
    opened = app.locked_store(config, "archive") if args.into else nullcontext()
    with opened as store, _progress(enabled=not args.json) as progress:
        report = fold_archive(
            order, app.matching_rules(config, store), progress, lines=lines, into=store, now=app.clock()
        )
    if args.json:
        show.json_lines([asdict(report)])
    else:
        _print(show.console(), report, args)
    return 0


@contextmanager
def _progress(*, enabled: bool) -> Iterator[Progress | None]:
    """A bar for the stage at work, on a terminal."""
    screen = show.console(stderr=True)
    if not (enabled and screen.is_terminal):
        yield None
        return
    from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

    from pipeline.archive.stages import STAGES

    places = {stage.name: f"{number}/{len(STAGES)} {stage.meaning}" for number, stage in enumerate(STAGES, 1)}
    columns = (TextColumn("{task.description:60}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=screen, transient=True) as bar:
        tasks: dict[str, TaskID] = {}

        def told(stage: str, done: int, parts: int) -> None:
            if stage not in tasks:
                for task in tasks.values():
                    bar.update(task, visible=False)
                tasks[stage] = bar.add_task(places.get(stage, "the result into the store"), total=parts)
            bar.update(tasks[stage], completed=done, total=parts)

        yield told


def _print(console: Console, report: ArchiveReport, args: Namespace) -> None:
    spent = sum(report.seconds.values())
    console.print(
        f"{count_of(report.articles, 'article')} in {count_of(report.stories, 'story', 'stories')}, "
        f"{show.span(spent)} ({report.articles / max(spent, 1e-9):,.0f} a second). Written to {args.output}."
    )
    console.print(
        f"{count_of(report.with_copies, 'story', 'stories')} with copies, the largest of "
        f"{count_of(report.largest, 'article')}; {count_of(report.compared, 'pair')} compared, "
        f"{report.same:,} the same report."
    )
    left = [
        (report.repeated, "lines were repeated by a later one with the same id"),
        (report.undated, "articles have no date; each stands with the dated one before it in its file"),
        (report.capped.meetings_left_out, _crowded(report)),
        (report.capped.not_compared, "candidates beyond the best eight of an article were not compared"),
    ]
    table = show.table(">number", "~what")
    for number, meaning in left:
        if number:
            table.add_row(f"{number:,}", meaning)
    if table.row_count:
        console.print(table)
    console.print("Time: " + ", ".join(f"{n} {show.span(s)}" for n, s in report.seconds.items()), style="dim")
    if report.went_on:
        console.print(f"Finished before: {', '.join(report.went_on)}.", style="dim")
    if report.bad_count:
        console.print(f"{count_of(report.bad_count, 'line')} left out:", style="yellow")
        for name, line, reason in report.bad[:20]:
            console.print(show.text(f"  {name}, line {line}: {reason}"))
        if report.bad_count > 20:
            console.print(f"  … and {report.bad_count - 20:,} more (--json names up to 1,000)")
    if report.loaded is not None:
        console.print(
            f"{count_of(report.loaded.articles, 'article')} and "
            f"{count_of(report.loaded.stories, 'story', 'stories')} loaded into {args.into}; "
            f"{report.loaded.known:,} were there."
        )


def _crowded(report: ArchiveReport) -> str:
    capped = report.capped
    return (
        f"meetings by {capped.crowded_hashes:,} crowded hashes were left out: each article meets the last sixteen "
        f"carriers before it (the most common hash has {capped.most_carried:,})"
    )
