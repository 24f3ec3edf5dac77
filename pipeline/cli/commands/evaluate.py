"""``evaluate PAIRS``: how well stories and scores agree with labelled pairs."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline import app
from pipeline.cli import show
from pipeline.dedup.evaluate import Quality, Report, evaluate, read_pairs, to_html
from pipeline.errors import UsageError
from pipeline.text import count_of

if TYPE_CHECKING:
    from rich.console import Console

    from pipeline.dedup.evaluate import LabelledPair


def run(args: Namespace) -> int:
    """Score the stored stories, and the judge itself, on the pairs."""
    from pipeline.run.judging import judge_pairs
    from pipeline.storage import open_store

    config = app.load_config(args)
    pairs = labelled(args.pairs)
    with open_store(config.storage.url, read_only=True) as store:
        judged = judge_pairs(store, app.matching_rules(config, store), pairs)
    report = evaluate(pairs, judged.stories, judged.by_ids, args.worst)
    if args.plot:
        args.plot.write_text(to_html(report), "utf-8")
    if args.json:
        show.json_lines([report.to_json()])
    else:
        _print(show.console(), report, args)
    return 0


def labelled(name: str) -> list[LabelledPair]:
    """The pairs of a file; raises ``UsageError``."""
    try:
        return read_pairs(Path(name))
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{name}: cannot be read: {error}") from None


def _print(console: Console, report: Report, args: Namespace) -> None:
    table = show.table("stratum", ">pairs", ">copies", ">precision", ">recall", ">F1", title="Stories against labels")
    for quality in (report.total, *report.strata):
        table.add_row(*_cells(quality))
    console.print(table)
    if report.sweep:
        table = show.table("threshold", ">precision", ">recall", ">F1", title="Scores alone, by threshold")
        for quality in report.sweep[1::2]:
            table.add_row(quality.name, *_cells(quality)[3:])
        console.print(table)
    if report.calibration:
        table = show.table(">mean score", ">share of copies", ">pairs", title="Calibration")
        for part in report.calibration:
            table.add_row(f"{part.score:.2f}", f"{part.copies:.2f}", str(part.pairs))
        console.print(table)
    if report.worst:
        table = show.table("label", ">weight", ">score", "~look closer", title="Worst errors")
        for wrong in report.worst:
            pair = wrong.pair
            score = "" if wrong.score is None else f"{wrong.score:.3f}"
            table.add_row(pair.label, f"{pair.weight:g}", score, show.text(f"explain {pair.a} {pair.b}"))
        console.print(table)
    if report.missing:
        console.print(show.text(f"{count_of(len(report.missing), 'article')} of the pairs not stored", "yellow"))
    if args.plot:
        console.print(f"Curves: {args.plot}", style="dim")


def _cells(quality: Quality) -> tuple[str, ...]:
    figures = (quality.precision, quality.recall, quality.f1)
    return (quality.name, str(quality.pairs), f"{quality.copies:g}", *(f"{x:.4f}" for x in figures))
