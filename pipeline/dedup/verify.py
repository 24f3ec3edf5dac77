"""Judging pairs, many at once: a memory of verdicts for one batch of new articles."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from pipeline.dedup.features import Counts
from pipeline.dedup.judge import Table, judge
from pipeline.dedup.profile import Profile
from pipeline.model import Match

AT_ONCE = 400_000  # shingles judged in one call: bounds the memory of a batch of long articles

Pair = tuple[int, int]  # rows: new article, stored article


@dataclass(frozen=True, slots=True)
class Verdict:
    """One judged pair."""

    stored: int  # row
    same: bool
    score: float
    reason: str
    figures: dict[str, float]

    def match(self) -> Match:
        """As it is stored."""
        return Match(self.stored, self.score, self.reason, self.figures)


def verify(
    pairs: Sequence[Pair],
    profiles: Mapping[int, Profile],
    counted: frozenset[int] | set[int],
    counts: Counts,
    table: Table | None = None,
) -> dict[Pair, Verdict]:
    """Judge each pair; those whose profile is not at hand are left out.

    ``counted``: rows of stored articles whose shingles are in ``counts``.
    """
    found: dict[Pair, Verdict] = {}
    for part in _parts([p for p in pairs if p[0] in profiles and p[1] in profiles], profiles):
        verdicts = judge(
            [profiles[new] for new, _ in part],
            [profiles[stored] for _, stored in part],
            counts,
            table,
            counted_stored=np.fromiter((stored in counted for _, stored in part), np.bool_, len(part)),
        )
        scores, same = verdicts.score.tolist(), verdicts.same.tolist()
        for i, pair in enumerate(part):
            figures = verdicts.evidence(i) if same[i] else {}
            found[pair] = Verdict(pair[1], same[i], scores[i], str(verdicts.kind[i]), figures)
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
