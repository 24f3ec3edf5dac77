"""How fast a search answers: one line for each kind of query.

    python benchmarks/search.py [--articles N] [--folder DIR]

Texts are made up on the spot: words of a made-up language that occur as often as words do (Zipf's law with
exponent 1), 350 to a text.  Every query is asked ten times with other words; the index is up to date.
"""

from __future__ import annotations

import argparse
import random
import statistics
import tempfile
import time
from bisect import bisect
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import accumulate, product
from pathlib import Path

from pipeline.model import Action, Article, Decision, Ingest, JournalRow, Outcome, Reason
from pipeline.storage import Store, open_store, parse_query

NOW = datetime(2026, 1, 1, tzinfo=UTC)
BATCH, LENGTH, ASKED = 2_000, 350, 10
SYLLABLES = [a + b for a in "bdfgklmnprstv" for b in ("a", "e", "i", "o", "u", "an", "or")]
VOCABULARY = [a + b + c for a, b, c in product(SYLLABLES, SYLLABLES[::2], SYLLABLES[::7])][:40_000]


class Language:
    """Words by their rank."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        self.words = chance.sample(VOCABULARY, len(VOCABULARY))
        self._sums = list(accumulate(1 / (rank + 1) for rank in range(len(self.words))))

    def text(self, length: int) -> str:
        total = self._sums[-1]
        return " ".join(self.words[bisect(self._sums, self._chance.random() * total)] for _ in range(length))


def fill(store: Store, count: int, language: Language) -> None:
    for first in range(1, count + 1, BATCH):
        now = NOW + timedelta(seconds=first)
        store.apply([ingest(row, language) for row in range(first, min(first + BATCH, count + 1))], now)
        while store.index_for_search(BATCH):
            pass


def ingest(row: int, language: Language) -> Ingest:
    article = Article(
        url=f"https://news.example/{row}",
        title=language.text(9),
        text=language.text(LENGTH),
        outlet=f"Outlet {row % 97}",
        published=NOW + timedelta(seconds=row),
        language="en" if row % 5 else "de",
    )
    journal = JournalRow(NOW, None, article.url, article.outlet, article.title, Outcome.NEW, Reason.STARTED_STORY)
    decision = Decision(Action.START, row, canonical=row, canonical_rule="only article")
    return Ingest(row, f"a{row}", article, b"\0" * 64, decision, journal, f"s{row}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--articles", type=int, default=100_000)
    parser.add_argument("--folder", type=Path)
    args = parser.parse_args()
    chance = random.Random(1)
    language = Language(chance)
    with tempfile.TemporaryDirectory(dir=args.folder) as folder:
        path = Path(folder) / "search.db"
        with open_store(f"sqlite:///{path}") as store:
            began = time.perf_counter()
            fill(store, args.articles, language)
            spent = time.perf_counter() - began
            print(f"{args.articles:,} articles stored and indexed in {spent:.0f} s, {path.stat().st_size >> 20} MiB")
        with open_store(f"sqlite:///{path}", read_only=True) as store:
            measure(store, language.words, chance)


def measure(store: Store, words: list[str], chance: random.Random) -> None:
    def rank(low: int, high: int) -> str:
        return words[chance.randrange(low, high)]

    kinds: dict[str, Callable[[], str]] = {
        "a rare word": lambda: rank(5_000, 30_000),
        "a usual word": lambda: rank(100, 2_000),
        "one of the ten most common": lambda: rank(0, 10),
        "two usual words": lambda: f"{rank(100, 2_000)} {rank(100, 2_000)}",
        "three words, one to leave out": lambda: f"{rank(50, 500)} {rank(50, 500)} -{rank(0, 50)}",
        "a phrase of common words": lambda: f'"{rank(0, 30)} {rank(0, 30)}"',
        "a phrase that is nowhere": lambda: f'"{rank(0, 30)} {rank(0, 30)} {rank(0, 30)} {rank(5_000, 9_000)}"',
        "the beginning of a word": lambda: f"{rank(100, 5_000)[:4]}*",
        "a usual word of one outlet": lambda: f'{rank(100, 2_000)} outlet:"Outlet {chance.randrange(97)}"',
        "a rare word in one language": lambda: f"{rank(5_000, 30_000)} lang:de",
        "common words of the last day": lambda: f"{rank(0, 30)} {rank(0, 30)} since:1d",
    }
    everything = []
    for name, make in kinds.items():
        times = []
        for _ in range(ASKED):
            query = parse_query(make(), NOW + timedelta(days=2))
            began = time.perf_counter()
            store.search(query, limit=20)
            times.append((time.perf_counter() - began) * 1000)
        everything += times
        print(f"{name:32} median {statistics.median(times):7.1f} ms, worst {max(times):7.1f} ms")
    everything.sort()
    high = everything[len(everything) * 95 // 100]
    print(f"{'all':32} median {statistics.median(everything):7.1f} ms, 95% {high:7.1f} ms")


if __name__ == "__main__":
    main()
