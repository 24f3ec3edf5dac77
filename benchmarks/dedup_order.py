"""Does the order of arrival matter?  ``dedup`` on shuffles of a corpus, scored on its labelled pairs.

usage: python benchmarks/dedup_order.py [ARTICLES.jsonl.gz PAIRS.jsonl] [--shuffles 10] [--flips]

``--flips`` names the labelled pairs that some orders put together and others apart.
"""

from __future__ import annotations

import argparse
import json
import random
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pipeline.dedup import Incoming, open_matcher
from pipeline.dedup.profile import profiles
from pipeline.model import Article, StoredArticle
from pipeline.run.records import Record, read_records

SHARED = Path(__file__).resolve().parent.parent.parent / "shared" / "data"
BATCH = 512


class Memory:
    """Articles by row; enough of a database for the matcher."""

    def __init__(self, articles: Sequence[Article]) -> None:
        self._articles = articles

    def next_rows(self) -> tuple[int, int]:
        return 1, 1

    def sketches(self, after_row: int = 0) -> object:
        return iter(())

    def articles(self, rows: Sequence[int]) -> dict[int, StoredArticle]:
        now = datetime(2000, 1, 1, tzinfo=UTC)
        return {r: StoredArticle(r, str(r), 0, self._articles[r - 1], now) for r in rows}

    def story_of(self, rows: Sequence[int]) -> dict[int, tuple[int, int]]:
        return {}

    def checkpoint(self, name: str) -> None:
        return None


def stories(records: Sequence[Record]) -> dict[str, int]:
    """Id -> story, for articles in this order."""
    articles = [record.article for record in records]
    matcher = open_matcher(Memory(articles))  # type: ignore[arg-type]
    for begin in range(0, len(articles), BATCH):
        part = articles[begin : begin + BATCH]
        made = profiles(part)
        matcher.decide([Incoming(begin + i + 1, a, p) for i, (a, p) in enumerate(zip(part, made, strict=True))])
    return {record.id: matcher.ledger.story(i + 1) for i, record in enumerate(records)}


def shuffled(articles: Path, seed: int) -> dict[str, int]:
    """Id -> story, for a file in its own order (seed 0) or shuffled."""
    records = [item for item in read_records(articles) if isinstance(item, Record)]
    if seed:
        random.Random(seed).shuffle(records)
    return stories(records)


def f1(story: dict[str, int], pairs: Sequence[dict[str, Any]]) -> tuple[float, float, float]:
    """Precision, recall, F1, each pair by the number of pairs it stands for."""
    right = wrong = missed = 0.0
    for pair in pairs:
        together, copy = _together(story, pair), pair["label"] == "COPY"
        right += pair["weight"] * (together and copy)
        wrong += pair["weight"] * (together and not copy)
        missed += pair["weight"] * (copy and not together)
    precision, recall = right / max(right + wrong, 1e-9), right / max(right + missed, 1e-9)
    return precision, recall, 2 * precision * recall / max(precision + recall, 1e-9)


def _together(story: dict[str, int], pair: dict[str, Any]) -> bool:
    return story[str(pair["a"])] == story[str(pair["b"])]


def print_flips(found: Sequence[dict[str, int]], pairs: Sequence[dict[str, Any]]) -> None:
    """One line for each pair that not all orders decide alike."""
    for pair in pairs:
        together = [_together(story, pair) for story in found]
        if 0 < sum(together) < len(together):
            marks = "".join("x" if yes else "." for yes in together)
            print(f"{marks}  {pair['label']} x {pair['weight']:g}: {pair['a']} {pair['b']}")


def main() -> None:
    """Print a line for each shuffle and the spread."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("articles", nargs="?", type=Path, default=SHARED / "reuters_dev.jsonl.gz")
    parser.add_argument("pairs", nargs="?", type=Path, default=SHARED / "reuters_dev.pairs.jsonl")
    parser.add_argument("--shuffles", type=int, default=10)
    parser.add_argument("--flips", action="store_true")
    args = parser.parse_args()
    if not args.articles.is_file():
        print("no corpus: name a file of articles and one of pairs")
        return
    pairs = [json.loads(line) for line in args.pairs.read_text("utf-8").splitlines()]
    seeds = range(args.shuffles + 1)
    found, scores = [], []
    with ProcessPoolExecutor(max_workers=2) as pool:
        for seed, story in zip(seeds, pool.map(shuffled, [args.articles] * len(seeds), seeds), strict=True):
            precision, recall, score = f1(story, pairs)
            found.append(story)
            scores.append(score)
            name = f"shuffle {seed}" if seed else "in order"
            print(f"{name:>10}: {precision:.4f} {recall:.4f} F1 {score:.4f}", flush=True)
    if args.flips:
        print_flips(found, pairs)
    if args.shuffles:
        print(f"spread over the shuffles: {max(scores[1:]) - min(scores[1:]):.4f}")


if __name__ == "__main__":
    main()
