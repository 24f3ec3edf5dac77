"""From figures to a verdict: one logistic table, a few vetoes, and a word for what kind of copy it is."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib.resources import files

import numpy as np

from pipeline.dedup.features import NAMES, Counts, ProfileLike, pair_features
from pipeline.dedup.overlap import Bools, Floats
from pipeline.errors import StoryfoldError

THRESHOLD = 0.5  # probability from which two articles are the same report


class Kind(StrEnum):
    """What kind of copy, or why not one."""

    REPRINT = "reprint"  # the same wording, more or less whole
    ABRIDGED = "abridged"  # the later article is a shortened edition
    EXPANDED = "expanded"  # the later article is a longer edition
    REWRITTEN = "rewritten"  # much of the wording, rearranged or reworded
    DIFFERENT = "different"  # not the same report


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
    ``figures`` float64[pairs, features].
    """

    score: Floats
    same: Bools
    kind: tuple[Kind, ...]
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
    score = (table or default_table()).probability(figures)
    same = score >= THRESHOLD
    kinds = tuple(
        _kind(x, y, row) if yes else Kind.DIFFERENT
        for x, y, row, yes in zip(new, stored, figures, same, strict=True)
    )
    return Verdicts(score, same, kinds, figures)


def _kind(new: ProfileLike, stored: ProfileLike, figures: Floats) -> Kind:
    if figures[NAMES.index("containment")] < 0.85:  # logit: less than 0.7 of the smaller text
        return Kind.REWRITTEN
    if len(new.shingles) < 0.75 * len(stored.shingles):
        return Kind.ABRIDGED
    if len(stored.shingles) < 0.75 * len(new.shingles):
        return Kind.EXPANDED
    return Kind.REPRINT
