"""Time per article, memory and start-up as the index grows, and what a flood costs the others.

usage: python benchmarks/dedup_growth.py [--sizes 10000,100000,1000000] [--flood 100000] [CORPUS ...]

Articles are made from the corpora by mixing their sentences, so that wording is real and no two articles are
the same; one in ten repeats a recent one.  The index is filled with sketches up to each size; then 5,000
articles pass through the matcher (search, comparison, decision; profiles are made before and not counted).
Times are CPU times; *before* is the memory of this benchmark itself.
"""

from __future__ import annotations

import argparse
import os
import random
import re
import resource
import statistics
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np

from pipeline.dedup import Incoming, Matcher, Rules, open_matcher
from pipeline.dedup.index import EPOCH
from pipeline.dedup.profile import profiles
from pipeline.model import Article, StoredArticle
from pipeline.run.records import Record, read_records

SHARED = Path(__file__).resolve().parent.parent.parent / "shared" / "data"
START = datetime(2025, 1, 1, tzinfo=UTC)
PROBE = 5000
POOL = 4000  # articles whose sentences are mixed


class Kept:
    """The database of this benchmark: as many sketches as asked for, made on the way, and the last texts.

    The samples of a few thousand articles are drawn anew for each row, all but those that many share: as many
    per article, and as often met, without tokenising a million texts.
    """

    def __init__(self, maker: Maker, size: int) -> None:
        self._samples = [(p.samples, p.size) for p in profiles([maker.article(i) for i in range(2000)])]
        self._size = size
        self.recent: dict[int, Article] = {}

    def next_rows(self) -> tuple[int, int]:
        return self._size + 1, self._size + 1

    def sketches(self, after_row: int = 0) -> Iterator[tuple[int, int, int | None, bytes]]:
        rng = np.random.default_rng(2)
        begin = int(START.timestamp())
        for row in range(after_row + 1, self._size + 1):
            samples, size = self._samples[row % len(self._samples)]
            common = len(samples) // 8
            keys = samples[:common].tobytes() + rng.bytes(4 * (len(samples) - common))
            yield row, row, begin + 2 * row, np.uint32(size).tobytes() + keys

    def articles(self, rows: Sequence[int]) -> Mapping[int, StoredArticle]:
        return {r: StoredArticle(r, f"a{r}", r, self.recent[r], START) for r in rows if r in self.recent}

    def story_of(self, rows: Sequence[int]) -> Mapping[int, tuple[int, int]]:
        return {r: (r, r) for r in rows}

    def checkpoint(self, name: str) -> tuple[int, bytes] | None:
        from pipeline.dedup.counts import ShingleCounts

        return self._size // EPOCH * EPOCH + EPOCH - 1, ShingleCounts().dump()


class Maker:
    """Articles without end."""

    def __init__(self, corpora: Sequence[Path]) -> None:
        self._random = random.Random(1)
        self._sentences: list[str] = []
        self._lengths: list[int] = []
        for path in corpora:
            for item, _ in zip(read_records(path), range(POOL), strict=False):
                if isinstance(item, Record):
                    sentences = [s for s in re.split(r"(?<=[.!?])\s+", item.article.text) if len(s) > 20]
                    self._sentences += sentences
                    self._lengths.append(len(sentences))
        self._made: list[str] = []

    def article(self, number: int) -> Article:
        rng = self._random
        if self._made and rng.random() < 0.1:
            text = rng.choice(self._made)
        else:
            size = max(3, rng.choice(self._lengths))
            marks = rng.sample(range(10**6), size)
            picked = rng.choices(self._sentences, k=size)
            text = " ".join(f"{sentence} {mark}" for sentence, mark in zip(picked, marks, strict=True))
        self._made = [*self._made[-199:], text]
        moment = START + timedelta(seconds=2 * number)  # 43,200 a day
        return Article(f"https://outlet.example/{number}", text[:70], text, f"Outlet {number % 400}", moment)


def probe(
    matcher: Matcher, kept: Kept, maker: Maker, hostile: Sequence[Sequence[Article]] = (), tail: str = ""
) -> float:
    """Microseconds of CPU per article; before each batch of 250, one batch of ``hostile`` goes untimed.

    ``tail`` stands at the end of every article.
    """
    row, _ = kept.next_rows()
    spent = 0.0
    for i in range(PROBE // 250):
        if hostile:
            row = _pass(matcher, kept, hostile[i], row)[0]
        batch = [maker.article(row + i) for i in range(250)]
        batch = [replace(article, text=f"{article.text} {tail}") for article in batch] if tail else batch
        row, seconds = _pass(matcher, kept, batch, row)
        spent += seconds
    return spent / PROBE * 1e6


def _pass(matcher: Matcher, kept: Kept, articles: Sequence[Article], row: int) -> tuple[int, float]:
    batch = [
        Incoming(row + i, article, profile)
        for i, (article, profile) in enumerate(zip(articles, profiles(articles), strict=True))
    ]
    kept.recent.update((item.row, item.article) for item in batch)
    for old in [r for r in kept.recent if r < row - 20_000]:
        del kept.recent[old]
    begun = time.process_time()
    matcher.decide(batch)
    return row + len(batch), time.process_time() - begun


# A line that every honest article ends with, and that no list of furniture knows
HOUSE = (
    "Readers who saw something that we should know are asked to ring the night desk of this paper before ten, or to "
    "leave a letter with the porter in Mill Lane, who passes it on to the reporter whose name stands above the report."
)


def flooding(count: int) -> list[Article]:
    """Articles made to fall into the buckets of that line, each a text of its own, so that none joins another."""
    rng = random.Random(3)
    return [
        Article(
            f"https://flood.example/{i}",
            f"Update {i}",
            " ".join(f"word{rng.randrange(10**9)}" for _ in range(60)) + f" {HOUSE}",
            "Flood",
            START,
        )
        for i in range(count)
    ]


def main() -> None:
    """Print one line for each size."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpora", nargs="*", type=Path)
    parser.add_argument("--sizes", default="10000,100000,1000000")
    parser.add_argument("--flood", type=int, default=100_000)
    args = parser.parse_args()
    corpora = args.corpora or [SHARED / "reuters_dev.jsonl.gz", SHARED / "allsides_dev.jsonl.gz"]
    corpora = [path for path in corpora if path.is_file()]
    if not corpora:
        print("no corpus: name a file of articles")
        return
    print(
        f"{'articles':>10} {'start s':>8} {'µs/article':>11} {'index B/article':>16} {'before MB':>10} {'peak MB':>8}",
        flush=True,
    )
    for size in map(int, args.sizes.split(",")):
        if os.fork():  # each size in a process of its own, so that the peaks of memory are its own
            os.wait()
            continue
        maker = Maker(corpora)
        kept = Kept(maker, size)
        own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        begun = time.process_time()
        for _ in kept.sketches():  # making them is no part of the start-up
            pass
        made = time.process_time()
        matcher = open_matcher(kept, Rules())
        start = (time.process_time() - made) - (made - begun)
        each = probe(matcher, kept, maker)
        memory = (matcher.index.nbytes + matcher.ledger.nbytes) / size
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(f"{size:10,} {start:8.2f} {each:11.1f} {memory:16.0f} {own:10.0f} {peak:8.0f}", flush=True)
        os._exit(0)
    if args.flood:
        flooded(corpora, args.flood)


def flooded(corpora: Sequence[Path], flood: int) -> None:
    """The same articles with and without a flood between them, each in a process of its own, in turn."""
    batches = PROBE // 250
    times: dict[int, list[float]] = {0: [], flood: []}
    for size in (0, flood, 0, flood, 0):
        read, write = os.pipe()
        if not os.fork():
            maker, kept = Maker(corpora), Kept(Maker(corpora), 20_000)
            flood_ = flooding(size)
            hostile = [flood_[i::batches] for i in range(batches)] if size else ()
            took = probe(open_matcher(kept, Rules()), kept, maker, hostile, HOUSE)
            os.write(write, f"{took}".encode())
            os._exit(0)
        os.wait()
        times[size].append(float(os.read(read, 100)))
    calm, under = statistics.median(times[0]), statistics.median(times[flood])
    spread = ", ".join(f"{t:.0f}" for t in (*times[0], *times[flood]))
    print(f"flood of {flood:,}: others take {under:.1f} µs instead of {calm:.1f} ({under / calm - 1:+.0%}; {spread})")


if __name__ == "__main__":
    main()
