"""``tune PAIRS``: weights fitted to a newsroom's own labelled pairs, starting from those of the package."""

from __future__ import annotations

from argparse import Namespace
from dataclasses import asdict, dataclass

from pipeline import app
from pipeline.cli import show
from pipeline.cli.commands.evaluate import labelled
from pipeline.dedup.judge import THRESHOLD, default_table
from pipeline.dedup.tune import changes, cross_validated, fit, to_toml, weighted_f1


@dataclass(frozen=True, slots=True)
class Outcome:
    """F1 on the pairs: with the weights in force, with the fitted ones on pairs they never saw, and on all."""

    pairs: int
    f1_before: float
    f1_cross_validated: float
    f1_fitted: float
    weights: str


def run(args: Namespace) -> int:
    """Fit, report honestly, and write the table; it is used once ``[dedup] weights`` names it."""
    from pipeline.run.judging import judge_pairs
    from pipeline.storage import open_store

    config = app.load_config(args)
    rules = app.matching_rules(config)
    with open_store(config.storage.url, read_only=True) as store:
        judged = judge_pairs(store, rules, labelled(args.pairs))
    sample, before = judged.sample(), rules.table or default_table()
    table = fit([sample], before)
    unseen = cross_validated([sample], prior=before)[0]
    before_f1, unseen_f1, fitted_f1 = (
        round(weighted_f1(sample.copies, scores >= THRESHOLD, sample.weights), 4)
        for scores in (judged.scores, unseen, table.probability(sample.figures))
    )
    outcome = Outcome(len(judged.pairs), before_f1, unseen_f1, fitted_f1, str(args.output))
    said = f"Fitted on {outcome.pairs} pairs of {args.pairs}; F1 {outcome.f1_cross_validated} cross-validated."
    args.output.write_text(to_toml(table, said), "utf-8")
    if args.json:
        show.json_lines([asdict(outcome)])
        return 0
    console = show.console()
    console.print(
        f"F1 on {outcome.pairs} pairs: {outcome.f1_before:.4f} with the weights in force, "
        f"{outcome.f1_cross_validated:.4f} fitted and tried on unseen pairs, {outcome.f1_fitted:.4f} fitted on all."
    )
    shown = show.table("figure", ">weight before", ">after")
    for name, old, new in changes(table, before):
        shown.add_row(name, f"{old:+.3f}", f"{new:+.3f}")
    console.print(shown)
    console.print(f'Written to {args.output}; to use it, set [dedup] weights = "{args.output}".')
    return 0
