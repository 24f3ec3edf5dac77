"""Made-up copies and made-up forms, from real articles at run time: which of them are taken for one report?

    python benchmarks/dedup_changes.py ../shared/data reuters_dev allsides_dev polbias_dev [--count 150]

No label is needed: an article and its abridged, rearranged or corrected self are one report; the same wording
with other numbers and names, or another report that carries its quotations, is not.  The judge sees each pair
as an empty store would, so that nothing is known to be common wording.
"""

from __future__ import annotations

import argparse
import random
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import numpy as np
from fit_weights import read_articles

from pipeline.dedup import profiles
from pipeline.dedup.explain import NoCounts
from pipeline.dedup.judge import judge
from pipeline.model import Article

Change = Callable[[Article, random.Random, Sequence[Article]], Article | None]
SHORTEST, LONGEST = 60, 2_500  # words of the articles that are changed
AT_ONCE = 40  # pairs judged in one call
NUMBER = re.compile(r"\d[\d.,]*\d|\d")
NAME = re.compile(r"(?<=[a-z,] )[A-Z][a-z]+")
QUOTATION = re.compile(r'["“][^"”\n]{40,400}["”]')
FURNITURE = (
    "Our newsroom depends on readers like you. Call the front desk between nine and five to arrange delivery of "
    "the paper edition, or ask your agent. Sign up for our daily newsletter. Follow us on Facebook and Twitter."
)


def parts(article: Article) -> tuple[list[str], str]:
    """Paragraphs, or sentences where there are few of these, and what joins them."""
    paragraphs = [p for p in article.text.split("\n") if p.strip()]
    return (paragraphs, "\n") if len(paragraphs) > 3 else (sentences(article.text), " ")


def sentences(text: str) -> list[str]:
    """Roughly."""
    return [s for s in re.split(r"(?<=[.!?])\s+", text) if s.strip()]


def abridged(a: Article, rng: random.Random, _: Sequence[Article]) -> Article:
    units, joint = parts(a)
    return replace(a, text=joint.join(units[: max(2, len(units) // 2)]))


def brief(a: Article, rng: random.Random, _: Sequence[Article]) -> Article:
    units = sentences(a.text)
    return replace(a, text=" ".join(units[: max(3, len(units) // 3)]))


def thinned(a: Article, rng: random.Random, _: Sequence[Article]) -> Article:
    units, joint = parts(a)
    return replace(a, text=joint.join([u for u in units if rng.random() > 0.3] or units))


def furnished(a: Article, rng: random.Random, _: Sequence[Article]) -> Article:
    return replace(a, text=f"{a.text}\n{FURNITURE}")


def rearranged(a: Article, rng: random.Random, _: Sequence[Article]) -> Article:
    units, joint = parts(a)
    rest = units[1:]
    rng.shuffle(rest)
    return replace(a, text=joint.join(units[:1] + rest))


def retitled(a: Article, rng: random.Random, others: Sequence[Article]) -> Article:
    return replace(a, title=rng.choice(others).title)


def reworded(a: Article, rng: random.Random, _: Sequence[Article]) -> Article:
    words = a.text.split(" ")
    plain = [w for w in words if w.isalpha() and w.islower() and len(w) > 3] or ["indeed"]
    changed = (rng.choice(plain) if w in plain and rng.random() < 0.06 else w for w in words)
    return replace(a, text=" ".join(changed))


def misspelt(a: Article, rng: random.Random, _: Sequence[Article]) -> Article:
    words = a.text.split(" ")
    return replace(
        a, text=" ".join(w[:2] + w[3] + w[2] + w[4:] if len(w) > 5 and rng.random() < 0.03 else w for w in words)
    )


def expanded(a: Article, rng: random.Random, others: Sequence[Article]) -> Article:
    more = sentences(rng.choice(others).text)
    return replace(a, text=a.text + "\n" + " ".join(more[: max(2, len(sentences(a.text)) // 2)]))


def corrected(a: Article, rng: random.Random, _: Sequence[Article]) -> Article | None:
    numbers = list(re.finditer(r"\b\d{1,3}\b", a.text))
    if not numbers:
        return None
    found = rng.choice(numbers)
    return replace(
        a, text=a.text[: found.start()] + str(int(found.group()) + rng.randint(1, 5)) + a.text[found.end() :]
    )


def refilled(a: Article, rng: random.Random, _: Sequence[Article]) -> Article | None:
    """All numbers replaced; left out where there are fewer than five."""
    if len(NUMBER.findall(a.text)) < 5:
        return None

    def other(found: re.Match[str]) -> str:
        return "".join(str(rng.randint(1, 9)) if c.isdigit() else c for c in found.group())

    return replace(a, text=NUMBER.sub(other, a.text), title=NUMBER.sub(other, a.title))


def renamed(a: Article, rng: random.Random, others: Sequence[Article]) -> Article | None:
    """All numbers and names replaced."""
    names = list(dict.fromkeys(NAME.findall(a.text)))
    filled = refilled(a, rng, others)
    if filled is None or len(names) < 3:
        return None
    foreign = [n for o in rng.sample(list(others), 6) for n in NAME.findall(o.text)] or ["Northwick"]
    instead = {name: rng.choice(foreign) for name in names}
    pattern = re.compile(r"\b(" + "|".join(map(re.escape, names)) + r")\b")
    title, text = (pattern.sub(lambda found: instead[found.group()], t) for t in (filled.title, filled.text))
    return replace(filled, title=title, text=text)


def quoting(a: Article, rng: random.Random, others: Sequence[Article]) -> Article | None:
    """Another report that carries this one's quotations."""
    said = QUOTATION.findall(a.text)
    host = rng.choice(others)
    own = sentences(host.text)
    if len(said) < 2 or len(own) < 8:
        return None
    every = max(1, len(own) // (len(said) + 1))
    mixed = [x for i, s in enumerate(own) for x in (s, *([f"{said.pop()} they said."] if said and i % every else []))]
    return replace(host, text=" ".join(mixed), published=a.published)


def furniture_of(a: Article, rng: random.Random, others: Sequence[Article]) -> Article | None:
    """Another report that ends with the last fifth of this one, as if it were the site's."""
    host = rng.choice(others)
    units, joint = parts(a)
    if len(host.text.split()) < 100:
        return None
    return replace(host, text=host.text + "\n" + joint.join(units[-max(1, len(units) // 5) :]), published=a.published)


COPIES: dict[str, Change] = {
    "first half": abridged, "first third": brief, "paragraphs left out": thinned, "furniture added": furnished,
    "paragraphs rearranged": rearranged, "other title": retitled, "6 % of words replaced": reworded,
    "misspelt": misspelt, "half as much added": expanded, "one number corrected": corrected,
}  # fmt: skip
OTHERS: dict[str, Change] = {
    "numbers replaced": refilled, "numbers and names replaced": renamed, "quotations in common": quoting,
    "last fifth in common": furniture_of,
}  # fmt: skip


def pairs(articles: Sequence[Article], change: Change, count: int) -> Iterator[tuple[Article, Article]]:
    """Articles and their changed selves, some hours or days later, half of them at another outlet."""
    rng = random.Random(count)
    fit = [a for a in articles if SHORTEST < len(a.text.split()) < LONGEST]
    days = change in (refilled, renamed)
    made = 0
    for article in rng.sample(fit, min(len(fit), 8 * count)):
        changed = change(article, rng, fit)
        if changed is None or (changed.text == article.text and changed.title == article.title):
            continue
        later = timedelta(hours=rng.choice((1, 24, 168) if days else (0, 1, 5, 24)))
        published = None if changed.published is None else changed.published + later
        outlet = changed.outlet if rng.random() < 0.5 else "another outlet"
        yield article, replace(changed, published=published, outlet=outlet)
        made += 1
        if made == count:
            return


def share_joined(made: Sequence[tuple[Article, Article]]) -> float:
    """Share of the pairs that are judged one report."""
    same = []
    for begin in range(0, len(made), AT_ONCE):
        left, right = (profiles(side) for side in zip(*made[begin : begin + AT_ONCE], strict=True))
        nobody = np.zeros(len(left), np.bool_)
        same.append(judge(left, right, NoCounts(), None, nobody, nobody).same)
    return float(np.concatenate(same).mean()) if same else float("nan")


def main() -> None:
    """Print a line per kind of change."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("corpora", nargs="+")
    parser.add_argument("--count", type=int, default=150)
    args = parser.parse_args()
    corpora = [read_articles(args.folder / f"{name}.jsonl.gz")[1] for name in args.corpora]
    print(f"{'share taken for copies':28}", *(f"{name:>18}" for name in args.corpora))
    for title, table in (("copies:", COPIES), ("no copies:", OTHERS)):
        print(title)
        for name, change in table.items():
            cells = []
            for articles in corpora:
                made = list(pairs(articles, change, args.count))
                cells.append(f"{share_joined(made):10.3f} ({len(made):5})")
            print(f"  {name:26}", *cells, flush=True)


if __name__ == "__main__":
    main()
