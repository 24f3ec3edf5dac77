"""F1 where the store is young or facts are missing: does the default hold when little is known?

    python benchmarks/dedup_stores.py ../shared/data reuters_dev allsides_dev polbias_dev

Young stores: the labelled pairs are dealt out to stores of 300 or 1,000 articles, filled up with others at
random; the matcher runs over each from nothing.  Missing facts: a store of 5,000 articles that lack dates,
titles, outlets, or carry leftovers of markup.  Figures are of stories, as ``dedup`` writes them.
"""

from __future__ import annotations

import argparse
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from fit_weights import read_articles, sample

from pipeline.dedup.evaluate import PARTIAL, LabelledPair, read_pairs
from pipeline.dedup.tune import groups, weighted_f1
from pipeline.model import Article

Corpus = tuple[list[str], list[Article], list[LabelledPair]]
FULL = 0.6  # of a young store's articles at most are those of labelled pairs
MIDDLE = 5_000  # articles where facts are missing


def _marked_up(article: Article) -> Article:
    return replace(article, text="<p>" + article.text.replace("\n", '</p>\n<p class="body">') + "</p>")


CONDITIONS: dict[str, Callable[[Article, int], Article]] = {
    "as they are": lambda a, _: a,
    "no dates": lambda a, _: replace(a, published=None),
    "days only": lambda a, _: a if a.published is None else replace(a, published=a.published.replace(hour=0, minute=0)),
    "no titles": lambda a, _: replace(a, title=""),
    "no outlets": lambda a, _: replace(a, outlet=None),
    "one outlet": lambda a, _: replace(a, outlet="one"),
    "an outlet each": lambda a, i: replace(a, outlet=f"outlet {i}"),
    "markup left": lambda a, _: _marked_up(a),
    "text only": lambda a, _: replace(a, title="", outlet=None, published=None),
}


def dealt(corpus: Corpus, size: int) -> Iterator[Corpus]:
    """Stores of ``size`` articles, each with a share of the labelled pairs; pairs that share articles together."""
    ids, articles, pairs = corpus
    rng = random.Random(size)
    place = {name: i for i, name in enumerate(ids)}
    group = groups([(str(p.a), str(p.b)) for p in pairs])
    order = list(range(int(group.max()) + 1))
    rng.shuffle(order)
    hand: list[LabelledPair] = []
    rows: set[int] = set()
    for number in [*order, -1]:
        own = [p for p, g in zip(pairs, group, strict=True) if g == number]
        more = {place[str(name)] for p in own for name in (p.a, p.b)}
        if hand and (number < 0 or len(rows | more) > FULL * size):
            others = [i for i in range(len(ids)) if i not in rows]
            kept = sorted(rows | set(rng.sample(others, max(0, size - len(rows)))))
            yield [ids[i] for i in kept], [articles[i] for i in kept], hand
            hand, rows = [], set()
        hand, rows = hand + own, rows | more


def f1(stores: Sequence[Corpus]) -> float:
    """Over all labelled pairs of several stores."""
    found = [sample(*store) for store in stores]
    copies, weights = (np.concatenate([getattr(s, name) for s, _ in found]) for name in ("copies", "weights"))
    return weighted_f1(copies, np.concatenate([together for _, together in found]), weights)


def thinned(corpus: Corpus, size: int) -> Corpus:
    """A store of ``size`` articles with all labelled pairs."""
    ids, articles, pairs = corpus
    named = {str(name) for p in pairs for name in (p.a, p.b)}
    rng = random.Random(size)
    others = [i for i, name in enumerate(ids) if name not in named]
    extra = set(rng.sample(others, min(len(others), max(0, size - len(named)))))
    kept = [i for i, name in enumerate(ids) if name in named or i in extra]
    return [ids[i] for i in kept], [articles[i] for i in kept], pairs


def lines(corpora: Sequence[Corpus]) -> Iterator[tuple[str, list[float]]]:
    """Each condition with F1 per corpus."""
    for size in (300, 1_000):
        yield f"stores of {size:,}", [f1(list(dealt(corpus, size))) for corpus in corpora]
    middle = [thinned(corpus, MIDDLE) for corpus in corpora]
    for name, change in CONDITIONS.items():
        changed = [(ids, [change(a, i) for i, a in enumerate(articles)], pairs) for ids, articles, pairs in middle]
        yield f"{MIDDLE:,}, {name}", [f1([corpus]) for corpus in changed]


def main() -> None:
    """Print a line per condition."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("corpora", nargs="+")
    args = parser.parse_args()
    corpora = []
    for name in args.corpora:
        pairs = [p for p in read_pairs(args.folder / f"{name}.pairs.jsonl") if p.label != PARTIAL]
        corpora.append((*read_articles(args.folder / f"{name}.jsonl.gz"), pairs))
    print(f"{'F1 of stories':24}", *(f"{name:>14}" for name in args.corpora))
    for name, figures in lines(corpora):
        print(f"{name:24}", *(f"{figure:14.3f}" for figure in figures), flush=True)


if __name__ == "__main__":
    main()
