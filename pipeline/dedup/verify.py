"""Judging pairs of rows, many at once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from pipeline.dedup.features import Counts
from pipeline.dedup.judge import Table, Verdicts, judge
from pipeline.dedup.profile import Profile
from pipeline.model import Match

AT_ONCE = 120_000  # shingles judged in one call: the arrays stay in the cache

Pair = tuple[int, int]  # rows: new article, stored article


class Verdict(NamedTuple):
    """One judged pair: its place among the ``verdicts`` it was judged with; None for a link by people."""

    same: bool
    score: float
    place: int = 0
    verdicts: Verdicts | None = None

    def match(self, stored: int) -> Match:
        """As it is kept with the article it was verified against."""
        if self.verdicts is None:
            return Match(stored, self.score, "linked")
        return Match(stored, self.score, str(self.verdicts.kind[self.place]), self.verdicts.evidence(self.place))


def verify(
    pairs: Sequence[Pair],
    profiles: Mapping[int, Profile],
    counted: set[int],
    counts: Counts,
    table: Table | None = None,
) -> dict[Pair, Verdict]:
    """Judge each pair; those whose profile is not at hand are left out.

    ``counted``: rows of stored articles whose shingles are in ``counts``.
    """
    found: dict[Pair, Verdict] = {}
    for part in _parts([p for p in pairs if p[1] in profiles], profiles):
        verdicts = judge(
            [profiles[new] for new, _ in part],
            [profiles[stored] for _, stored in part],
            counts,
            table,
            counted_stored=np.array([stored in counted for _, stored in part], np.bool_),
        )
        judged = zip(part, verdicts.same.tolist(), verdicts.score.tolist(), range(len(part)), strict=True)
        for pair, same, score, place in judged:
            found[pair] = Verdict(same, score, place, verdicts)
    return found


def _parts(pairs: Iterable[Pair], profiles: Mapping[int, Profile]) -> Iterator[list[Pair]]:
    part: list[Pair] = []
    size = 0
    for pair in pairs:
        part.append(pair)
        size += len(profiles[pair[0]].shingles) + len(profiles[pair[1]].shingles)
        if size > AT_ONCE:
            yield part
            part, size = [], 0
    if part:
        yield part
