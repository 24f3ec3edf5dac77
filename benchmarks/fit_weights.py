"""Fit the judge's weights on labelled corpora, and say how good they are where they were not fitted.

    python benchmarks/fit_weights.py ../shared/data reuters_dev allsides_dev polbias_dev [--write]

Each corpus goes through the real matcher in order; when the later article of a labelled pair arrives, the
pair's figures are taken with the counts as they stand, so that the weights see what they will see in use.
The decisions of the weights in force shape those counts a little: run it twice after changing a figure.
"""

from __future__ import annotations

import argparse
import gzip
import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

import numpy as np

from pipeline.dedup import Incoming, open_matcher, profiles
from pipeline.dedup.evaluate import PARTIAL, LabelledPair, read_pairs
from pipeline.dedup.explain import NoCounts
from pipeline.dedup.features import FEATURES, pair_features
from pipeline.dedup.index import EPOCH
from pipeline.dedup.judge import THRESHOLD, Table, default_table, weighed
from pipeline.dedup.tune import Sample, changes, cross_validated, fit, groups, tempered, to_toml, weighted_f1
from pipeline.model import Article, StoredArticle

TARGET = Path(__file__).parent.parent / "pipeline" / "dedup" / "weights.toml"
SEEDS = 5


class InMemory:
    """A store that holds what the matcher was told to keep; it begins empty."""

    def __init__(self, articles: Sequence[Article]) -> None:
        self._articles = articles

    def next_rows(self) -> tuple[int, int]:
        return 1, 1

    def sketches(self, after_row: int = 0) -> Iterator[tuple[int, int, int | None, bytes]]:
        return iter(())

    def articles(self, rows: Sequence[int]) -> Mapping[int, StoredArticle]:
        now = datetime.now(UTC)
        return {row: StoredArticle(row, str(row), 0, self._articles[row - 1], now) for row in rows}

    def story_of(self, rows: Sequence[int]) -> Mapping[int, tuple[int, int]]:
        return {}

    def checkpoint(self, name: str) -> tuple[int, bytes] | None:
        return None


def read_articles(path: Path) -> tuple[list[str], list[Article]]:
    """Ids and articles of a corpus file."""
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        raw = [json.loads(line) for line in lines]
    made = [
        Article(
            url=r["url"], title=r["title"] or "", text=r["text"], outlet=r["outlet"], published=_time(r["published"])
        )
        for r in raw
    ]  # fmt: skip
    return [str(r["id"]) for r in raw], made


def _time(text: str | None) -> datetime | None:
    try:
        value = datetime.fromisoformat(text or "")
    except ValueError:
        return None
    return value if value.tzinfo else value.replace(tzinfo=UTC)


def sample(ids: Sequence[str], articles: Sequence[Article], pairs: Sequence[LabelledPair]) -> tuple[Sample, np.ndarray]:  # type: ignore[type-arg]
    """Figures of the labelled pairs, and whether the matcher put both articles into one story."""
    row = {name: i + 1 for i, name in enumerate(ids)}
    later = [max(row[str(p.a)], row[str(p.b)]) for p in pairs]
    earlier = [min(row[str(p.a)], row[str(p.b)]) for p in pairs]
    wanted = {*later, *earlier}
    figures, unlearned = np.zeros((2, len(pairs), len(FEATURES)))
    kept = {}
    matcher = open_matcher(InMemory(articles))
    for first in range(0, len(articles) + 1, EPOCH):
        rows = range(max(first, 1), min(first + EPOCH, len(articles) + 1))
        if not rows:
            continue
        made = dict(zip(rows, profiles([articles[r - 1] for r in rows]), strict=True))
        kept.update({r: p for r, p in made.items() if r in wanted})
        matcher.enter_epoch(first // EPOCH)
        due = [i for i, r in enumerate(later) if r in made]
        if due:
            old = np.array([earlier[i] for i in due])
            counted = matcher.ledger.started(old) & (old < first)
            figures[due] = pair_features(
                [kept[later[i]] for i in due], [kept[earlier[i]] for i in due], matcher.counts, None, counted
            )
            unlearned[due] = pair_features(
                [kept[later[i]] for i in due], [kept[earlier[i]] for i in due], NoCounts(), None, ~np.ones_like(counted)
            )
        matcher.decide([Incoming(r, articles[r - 1], made[r]) for r in rows])
    together = np.array(
        [matcher.ledger.story(x) == matcher.ledger.story(y) for x, y in zip(later, earlier, strict=True)]
    )
    return (
        Sample(
            figures,
            np.array([p.copy for p in pairs]),
            np.array([p.weight for p in pairs]),
            groups([(str(p.a), str(p.b)) for p in pairs]),
            unlearned,
        ),
        together,
    )


def report(names: Sequence[str], samples: Sequence[Sample], together: Sequence[np.ndarray], table: Table) -> list[str]:  # type: ignore[type-arg]
    """A line per corpus: F1 cross-validated by article, by weights fitted on the other corpora only, fitted, and
    of the stories of the weights in force."""
    runs = [cross_validated(samples, seed=s) for s in range(SEEDS)]
    lines = []
    for i, (name, s) in enumerate(zip(names, samples, strict=True)):
        others = [x for j, x in enumerate(samples) if j != i]
        figures = {
            "cross-validated": float(np.mean([_f1(s, run[i]) for run in runs])),
            **({"fitted on the others": _f1(s, fit(others).probability(s.figures))} if others else {}),
            "fitted": _f1(s, table.probability(s.figures)),
            "stories": weighted_f1(s.copies, together[i], s.weights),
        }
        lines.append(f"{name}: F1 " + ", ".join(f"{what} {value:.3f}" for what, value in figures.items()))
    return [*lines, *_calibration(samples, runs)]


def _f1(s: Sample, score: np.ndarray) -> float:  # type: ignore[type-arg]
    """With the vetoes, which are part of every verdict."""
    vetoed = np.array([bool(reason) for reason in weighed(s.figures, default_table())[1]])
    return weighted_f1(s.copies, (score >= THRESHOLD) & ~vetoed, s.weights)


def _calibration(samples: Sequence[Sample], runs: Sequence[Sequence[np.ndarray]]) -> list[str]:  # type: ignore[type-arg]
    """Of the pairs whose cross-validated score lies in a range, which share are copies; pairs as they count in
    the fit."""
    score = np.concatenate([np.concatenate(list(run)) for run in runs])
    copies = np.concatenate([s.copies for s in samples] * len(runs))
    weights = np.concatenate([tempered(s.weights) for s in samples] * len(runs))
    lines = []
    for low, high in pairwise((0.0, 0.1, 0.3, 0.5, 0.7, 0.9, 1.001)):
        here = (score >= low) & (score < high)
        share, mean = (float(np.average(x[here], weights=weights[here])) for x in (copies * 1.0, score))
        end, pairs = min(high, 1.0), here.sum() / len(runs)
        lines.append(f"scores {low:.1f} to {end:.1f}: mean {mean:.2f}, copies {share:.2f}, {pairs:.0f} pairs")
    return lines


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("corpora", nargs="+")
    parser.add_argument("--write", action="store_true", help="replace the table of the package")
    args = parser.parse_args()
    samples, together = [], []
    for name in args.corpora:
        ids, articles = read_articles(args.folder / f"{name}.jsonl.gz")
        pairs = [p for p in read_pairs(args.folder / f"{name}.pairs.jsonl") if p.label != PARTIAL]
        own, stories = sample(ids, articles, pairs)
        samples.append(own)
        together.append(stories)
    table = fit(samples)
    lines = report(args.corpora, samples, together, table)
    print("\n".join(lines))
    for feature, old, new in changes(table, default_table()):
        print(f"{feature:28} {old:8.3f} -> {new:8.3f}")
    if args.write:
        count = sum(len(s.copies) for s in samples)
        copies = sum(int(s.copies.sum()) for s in samples)
        source = [
            "Weights of the logistic combination (judge.py), in log odds per unit of the figure.",
            f"Fitted by benchmarks/fit_weights.py on {count} labelled pairs, {copies} of them copies:",
            *(f"  {line.split(', stories')[0]}" for line in lines),
        ]
        TARGET.write_text(to_toml(table, "\n".join(source)), "utf-8")


if __name__ == "__main__":
    main()
