"""From figures to a verdict: one logistic table, a few vetoes, and a word for what kind of copy it is."""

from __future__ import annotations

import math
import tomllib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib.resources import files

import numpy as np

from pipeline.dedup.features import NAMES, Counts, ProfileLike, pair_features
from pipeline.dedup.overlap import Bools, Floats
from pipeline.dedup.short import ShortVerdict, is_short, judge_short
from pipeline.errors import StoryfoldError

THRESHOLD = 0.5  # probability from which two articles are the same report
REWORDED = 0.85  # logit of containment: with less than 0.7 of the smaller text it is a rewrite
EDITION = 0.75  # of the other's length: below, it is another edition
CORRECTIONS = 5  # places changed at most, and nothing else, for a corrected edition
WHOLE = 2.0  # logit of containment: nine tenths of the wording


class Kind(StrEnum):
    """What kind of copy, or why not one."""

    REPRINT = "reprint"  # the same wording, more or less whole
    ABRIDGED = "abridged"  # the later article is a shortened edition
    EXPANDED = "expanded"  # the later article is a longer edition
    CORRECTED = "corrected"  # the outlet's own text again, with a few places changed
    REWRITTEN = "rewritten"  # much of the wording, rearranged or reworded
    SAME_TITLE = "same-title-and-time"  # too short for its wording to decide
    DIFFERENT = "different"  # not the same report


@dataclass(frozen=True, slots=True)
class Veto:
    """A rule that overrules the weights: figures of no copy, on any of the labelled pairs."""

    name: str
    reason: str
    holds: Callable[[Floats], Bools]  # from figures [pairs, features]


_AT = {name: i for i, name in enumerate(NAMES)}
VETOES: tuple[Veto, ...] = (
    Veto(
        "little",
        "less than a tenth of either text, rare wording counting more, is in the other",
        lambda f: f[:, _AT["containment"]] < -2.2,  # logit; 0 of 263 copies, 49 of 668 other pairs
    ),
    Veto(
        "series",
        "the titles name different numbers, and so do like sentences: two issues of one form",
        lambda f: (f[:, _AT["title_numbers_in_conflict"]] > 0) & (f[:, _AT["number_edits"]] > 0),  # 0 and 58
    ),
    Veto(
        "form",
        "like sentences with other numbers in four places or more, and days apart: a recurring form",
        lambda f: (f[:, _AT["number_edits"]] >= 4) & (f[:, _AT["days"]] > 1.0),  # 0 and 32
    ),
    Veto(
        "figures",
        "like sentences with other numbers in three places or more, and hardly a number in common: another "
        "issue of a form",
        lambda f: (f[:, _AT["number_edits"]] >= 3) & (f[:, _AT["numbers_in_conflict"]] >= 0.1),  # 0 and 46
    ),
)
VETOED = 0.02  # highest score of a vetoed pair


@dataclass(frozen=True, slots=True)
class Table:
    """Weights of the logistic combination; ``weights`` in the order of ``features.NAMES``."""

    bias: float
    weights: Floats

    def probability(self, figures: Floats) -> Floats:
        """Calibrated probability of being the same report: float64[pairs] from float64[pairs, features]."""
        result: Floats = 1.0 / (1.0 + np.exp(-np.clip(figures @ self.weights + self.bias, -40.0, 40.0)))
        return result


@dataclass(frozen=True, slots=True)
class Verdicts:
    """Judgement of a batch of pairs.

    ``score`` float64[pairs]: calibrated probability; ``same`` bool[pairs]; ``kind``: a word per pair;
    ``why``: the sentence of the veto or rule that decided without the weights, "" where they decided;
    ``figures`` float64[pairs, features].
    """

    score: Floats
    same: Bools
    kind: tuple[Kind, ...]
    why: tuple[str, ...]
    figures: Floats

    def evidence(self, pair: int) -> dict[str, float]:
        """Every figure behind one score, rounded for storing."""
        return {n: round(float(v), 4) for n, v in zip(NAMES, self.figures[pair], strict=True)}


@cache
def default_table() -> Table:
    """The fitted table that comes with the package."""
    return read_table((files("pipeline.dedup") / "weights.toml").read_text("utf-8"))


def read_table(text: str) -> Table:
    """A table from TOML; raises ``StoryfoldError`` unless it names exactly the features there are."""
    data = tomllib.loads(text)
    weights = {name: entry["weight"] for name, entry in data["feature"].items()}
    if set(weights) != set(NAMES):
        odd = ", ".join(sorted(set(weights) ^ set(NAMES)))
        raise StoryfoldError(f"the table of weights does not fit this version: {odd}")
    return Table(float(data["bias"]), np.array([float(weights[n]) for n in NAMES]))


def judge(
    new: Sequence[ProfileLike],
    stored: Sequence[ProfileLike],
    counts: Counts,
    table: Table | None = None,
    counted_new: Bools | None = None,
    counted_stored: Bools | None = None,
) -> Verdicts:
    """Judge each pair ``new[i], stored[i]``; see ``features.pair_features`` for ``counted_*``."""
    figures = pair_features(new, stored, counts, counted_new, counted_stored)
    score, why = weighed(figures, table or default_table())
    for pair, (x, y) in enumerate(zip(new, stored, strict=True)):
        if x.text == y.text and x.n_tokens == y.n_tokens > 0:
            score[pair], why[pair] = 1.0, "the same text, word for word"
        elif is_short(min(len(x.shingles), len(y.shingles))):
            short = _short(x, y, figures[pair])
            score[pair], why[pair] = short.score, short.reason
    same = score >= THRESHOLD
    rows = zip(new, stored, figures, same.tolist(), strict=True)
    kinds = tuple(_kind(x, y, row) if yes else Kind.DIFFERENT for x, y, row, yes in rows)
    return Verdicts(score, same, kinds, tuple(why), figures)


def weighed(figures: Floats, table: Table) -> tuple[Floats, list[str]]:
    """Scores from figures alone, vetoes applied, and the reason of the first veto that holds, "" where none."""
    score = table.probability(figures)
    why = [""] * len(figures)
    for veto in VETOES:
        for pair in np.flatnonzero(veto.holds(figures)).tolist():
            score[pair] = min(score[pair], VETOED)
            why[pair] = why[pair] or veto.reason
    return score, why


def _short(new: ProfileLike, stored: ProfileLike, figures: Floats) -> ShortVerdict:
    hours = abs(new.time - stored.time) / 3600.0
    return judge_short(
        float(figures[_AT["title"]]),
        min(len(new.title.split()), len(stored.title.split())),
        None if math.isnan(hours) else hours,
        bool(figures[_AT["title_numbers_in_conflict"]] > 0),
    )


def _kind(new: ProfileLike, stored: ProfileLike, figures: Floats) -> Kind:
    if is_short(min(len(new.shingles), len(stored.shingles))) and new.text != stored.text:
        return Kind.SAME_TITLE
    if figures[_AT["containment"]] < REWORDED:
        return Kind.REWRITTEN
    if len(new.shingles) < EDITION * len(stored.shingles):
        return Kind.ABRIDGED
    if len(stored.shingles) < EDITION * len(new.shingles):
        return Kind.EXPANDED
    edits = figures[_AT["word_edits"]] + figures[_AT["number_edits"]]
    if new.outlet == stored.outlet != 0 and 0 < edits <= CORRECTIONS and figures[_AT["containment"]] > WHOLE:
        return Kind.CORRECTED
    return Kind.REPRINT
