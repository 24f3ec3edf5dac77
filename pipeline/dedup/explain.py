"""Why two articles are, or are not, the same report: every figure, weight, veto and shared passage."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass

import numpy as np

from pipeline.dedup.features import FEATURES, SHINGLE, Counts
from pipeline.dedup.judge import THRESHOLD, VETOES, Table, default_table, judge
from pipeline.dedup.overlap import Hashes, overlap
from pipeline.dedup.profile import Profile, profiles
from pipeline.dedup.tokens import tokenise
from pipeline.model import Article

MOST_PASSAGES = 20
LEAST_PASSAGE = 3  # shingles: six words


@dataclass(frozen=True, slots=True)
class Line:
    """One figure: ``contribution`` = value times weight, in log odds."""

    feature: str
    value: float
    weight: float
    contribution: float
    meaning: str


@dataclass(frozen=True, slots=True)
class Passage:
    """Wording that both have, as the first article writes it."""

    words: int
    text: str


@dataclass(frozen=True, slots=True)
class Explanation:
    """The whole case.  ``score`` 0-1; ``why``: the veto or rule that decided, "" where the weights did."""

    a: str  # title
    b: str
    score: float
    same: bool
    kind: str
    why: str
    threshold: float
    bias: float
    lines: tuple[Line, ...]  # strongest first
    vetoes: tuple[str, ...]
    passages: tuple[Passage, ...]  # longest first, at most 20
    shared_words: int

    def to_json(self) -> dict[str, object]:
        """Plain values for ``json.dumps``."""
        return asdict(self)

    def rows(self) -> list[tuple[str, str, str, str, str]]:
        """For a table: feature, value, weight, contribution, meaning; the bias last."""
        shown = [
            (x.feature, f"{x.value:.3f}", f"{x.weight:+.3f}", f"{round(x.contribution, 2) + 0.0:+.2f}", x.meaning)
            for x in self.lines
        ]
        return [*shown, ("bias", "", "", f"{self.bias:+.2f}", "where every figure is 0")]

    def summary(self) -> str:
        """One sentence."""
        verdict = f"the same report ({self.kind})" if self.same else "not the same report"
        decided = f" — {self.why}" if self.why else ""
        return f"{verdict}, score {self.score:.3f} (from {self.threshold:.2f} on they are one){decided}"


class NoCounts:
    """Counts of an empty store: nothing is known to be common."""

    def df(self, shingles: Hashes) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
        """0 for each."""
        return np.zeros(len(shingles), np.int64)

    def outlet_df(self, outlets: Hashes, shingles: Hashes) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
        """0 for each."""
        return np.zeros(len(shingles), np.int64)


def explain(
    a: Article,
    b: Article,
    counts: Counts | None = None,
    table: Table | None = None,
    counted: tuple[bool, bool] = (False, False),
) -> Explanation:
    """Explain the verdict on two articles.

    ``counts``: what the store knows of common wording (none: two articles by themselves); ``counted``:
    whether each of them is in it.
    """
    left, right = profiles([a, b])
    table = table or default_table()
    in_a, in_b = (np.array([c]) for c in counted)
    verdicts = judge([left], [right], counts or NoCounts(), table, in_a, in_b)
    figures = verdicts.figures
    lines = [
        Line(f.name, round(float(v), 4), float(w), round(float(v * w), 4), f.meaning)
        for f, v, w in zip(FEATURES, figures[0], table.weights, strict=True)
    ]
    passages, shared = _passages(a, left, right)
    return Explanation(
        a=a.title,
        b=b.title,
        score=round(float(verdicts.score[0]), 4),
        same=bool(verdicts.same[0]),
        kind=str(verdicts.kind[0]),
        why=verdicts.why[0],
        threshold=THRESHOLD,
        bias=table.bias,
        lines=tuple(sorted(lines, key=lambda x: -abs(x.contribution))),
        vetoes=tuple(v.reason for v in VETOES if v.holds(figures)[0]),
        passages=passages,
        shared_words=shared,
    )


def stored_lines(evidence: Mapping[str, float], table: Table | None = None) -> list[Line]:
    """The lines of a match from the evidence kept with it; figures of older versions are left out."""
    weights = (table or default_table()).weights
    return [
        Line(f.name, evidence[f.name], float(w), round(evidence[f.name] * float(w), 4), f.meaning)
        for f, w in zip(FEATURES, weights, strict=True)
        if f.name in evidence
    ]


def _passages(a: Article, left: Profile, right: Profile) -> tuple[tuple[Passage, ...], int]:
    """The longest shared passages as ``a`` writes them, and how many of its words are shared in all."""
    both = overlap([left.shingles], [right.shingles])
    runs = both.runs()
    tokens = tokenise([a.text])
    covered = np.zeros(len(tokens) + 1, np.int64)
    np.add.at(covered, runs.a, 1)
    np.add.at(covered, runs.a + runs.length + SHINGLE - 1, -1)
    found = []
    for run in np.argsort(-runs.length, kind="stable")[:MOST_PASSAGES].tolist():
        if runs.length[run] < LEAST_PASSAGE:
            break
        first, last = int(runs.a[run]), int(runs.a[run] + runs.length[run] + SHINGLE - 2)
        codes = tokens.codes[tokens.starts[first] : tokens.ends[last]]
        text = " ".join("".join(map(chr, codes.tolist())).split())
        found.append(Passage(last - first + 1, text))
    return tuple(found), int((np.cumsum(covered[:-1]) > 0).sum())
