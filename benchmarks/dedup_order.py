"""Does the order of arrival matter?  ``dedup`` on shuffles of a corpus, scored on its labelled pairs.

usage: python benchmarks/dedup_order.py [ARTICLES.jsonl.gz PAIRS.jsonl] [--shuffles 10]
"""

from __future__ import annotations

import argparse
import json
import random
from collections.abc import Sequence
from pathlib import Path

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
        from datetime import UTC, datetime

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


def f1(story: dict[str, int], pairs: Path) -> tuple[float, float, float]:
    """Precision, recall, F1, each pair by the number of pairs it stands for."""
    right = wrong = missed = 0.0
    for line in pairs.read_text("utf-8").splitlines():
        pair = json.loads(line)
        together, copy = story[str(pair["a"])] == story[str(pair["b"])], pair["label"] == "COPY"
        right += pair["weight"] * (together and copy)
        wrong += pair["weight"] * (together and not copy)
        missed += pair["weight"] * (copy and not together)
    precision, recall = right / max(right + wrong, 1e-9), right / max(right + missed, 1e-9)
    return precision, recall, 2 * precision * recall / max(precision + recall, 1e-9)


def main() -> None:
    """Print a line for each shuffle and the spread."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("articles", nargs="?", type=Path, default=SHARED / "reuters_dev.jsonl.gz")
    parser.add_argument("pairs", nargs="?", type=Path, default=SHARED / "reuters_dev.pairs.jsonl")
    parser.add_argument("--shuffles", type=int, default=10)
    args = parser.parse_args()
    if not args.articles.is_file():
        print("no corpus: name a file of articles and one of pairs")
        return
    records = [item for item in read_records(args.articles) if isinstance(item, Record)]
    found = []
    for seed in range(args.shuffles + 1):
        order = list(records)
        if seed:
            random.Random(seed).shuffle(order)
        precision, recall, score = f1(stories(order), args.pairs)
        found.append(score)
        name = f"shuffle {seed}" if seed else "in order"
        print(f"{name:>10}: {precision:.4f} {recall:.4f} F1 {score:.4f}", flush=True)
    print(f"spread over the shuffles: {max(found[1:]) - min(found[1:]):.4f}")


if __name__ == "__main__":
    main()
