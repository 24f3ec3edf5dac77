"""Related stories: do independent reports of one event find each other?  On events that people labelled.

    python benchmarks/related.py [../shared/data/ecbplus.jsonl.gz]

Each line of the file is an article with the ``event`` it reports; two events of one ``topic`` are alike and
easily confused.  Three questions, at the packaged cosine and around it: how well gathering as they come agrees
with the events (B-cubed: Bagga and Baldwin 1998; F1 over pairs), and how good the lists are that a story's page
shows (precision of what is listed, share of the story's event that is listed, and how often the first one listed
is right).
"""

from __future__ import annotations

import argparse
import gzip
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from pipeline.dedup.related import SIMILAR, Events, Vocabulary, terms
from pipeline.model import Article

SHARED = Path(__file__).resolve().parent.parent.parent / "shared" / "data" / "ecbplus.jsonl.gz"
AROUND = (0.12, 0.16, 0.19, SIMILAR, 0.25, 0.28)
SHOWN = 10  # reports in a list, as a story's page has them


@dataclass(frozen=True, slots=True)
class Score:
    """Precision, recall and their harmonic mean, 0-1."""

    precision: float
    recall: float

    @property
    def f1(self) -> float:
        return 2.0 * self.precision * self.recall / max(self.precision + self.recall, 1e-9)

    def __str__(self) -> str:
        return f"{self.precision:.3f} {self.recall:.3f} F1 {self.f1:.3f}"


def read(path: Path) -> tuple[list[Article], list[str]]:
    """Articles and their events."""
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    made = [Article(r["url"] or f"https://x.example/{r['id']}", r["title"] or "", r["text"]) for r in rows]
    return made, [r["event"] for r in rows]


def b_cubed(found: Mapping[int, int], events: Sequence[str]) -> Score:
    """Mean over articles of the shares of its cluster and of its event that they have in common."""
    both = Counter((found[i], event) for i, event in enumerate(events))
    clusters, sizes = Counter(found.values()), Counter(events)
    precision = [both[found[i], e] / clusters[found[i]] for i, e in enumerate(events)]
    recall = [both[found[i], e] / sizes[e] for i, e in enumerate(events)]
    return Score(float(np.mean(precision)), float(np.mean(recall)))


def over_pairs(found: Mapping[int, int], events: Sequence[str]) -> Score:
    """Pairs that share a cluster against pairs that share an event."""

    def count(sizes: Counter[object]) -> int:
        return sum(n * (n - 1) // 2 for n in sizes.values())

    both = count(Counter((found[i], event) for i, event in enumerate(events)))
    return Score(both / max(count(Counter(found.values())), 1), both / max(count(Counter(events)), 1))


def cosines(articles: Sequence[Article]) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    """Of every two articles."""
    vocabulary, found = Vocabulary(), terms(articles)
    for item in found:
        vocabulary.learn(item)
    vectors = [vocabulary.vector(item) for item in found]
    columns = {key: i for i, key in enumerate({k for v in vectors for k in v.keys.tolist()})}
    dense = np.zeros((len(vectors), len(columns)), np.float32)
    for row, vector in enumerate(vectors):
        dense[row, [columns[k] for k in vector.keys.tolist()]] = vector.values
    return (dense @ dense.T).astype(np.float64)


def lists(similar: np.ndarray[tuple[int, int], np.dtype[np.float64]], events: Sequence[str], least: float) -> str:
    """How good the lists of related stories are."""
    event = np.array(events)
    right = listed = wanted = first = shown = 0
    for row, own in enumerate(similar):
        order = [i for i in np.argsort(-own, kind="stable").tolist() if i != row and own[i] >= least][:SHOWN]
        hits = [bool(event[i] == event[row]) for i in order]
        right, listed = right + sum(hits), listed + len(hits)
        wanted += min(int((event == event[row]).sum()) - 1, SHOWN)
        first, shown = first + bool(hits and hits[0]), shown + bool(hits)
    return f"{Score(right / max(listed, 1), right / wanted)}, first right {first / max(shown, 1):.3f}"


def gathered(articles: Sequence[Article], least: float) -> dict[int, int]:
    """Article -> event found, one after the other; how common words are is known from the whole."""
    events, found = Events(similar=least), terms(articles)
    for item in found:
        events.learn(item)
    return {i: events.add(i, item) for i, item in enumerate(found)}


def main() -> None:
    """Print a line for each cosine."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("articles", nargs="?", type=Path, default=SHARED)
    args = parser.parse_args()
    if not args.articles.is_file():
        print("no labelled events: name a file")
        return
    articles, events = read(args.articles)
    similar = cosines(articles)
    print(f"{len(articles)} articles, {len(set(events))} events; precision, recall, F1")
    for least in AROUND:
        found = gathered(articles, least)
        mark = "*" if least == SIMILAR else " "
        print(
            f"{mark} {least:.2f}  B-cubed {b_cubed(found, events)}   pairs {over_pairs(found, events)}   "
            f"lists {lists(similar, events, least)}", flush=True,
        )  # fmt: skip


if __name__ == "__main__":
    main()
