"""Labelled pairs of stored articles → what the judge says of them, for ``evaluate`` and ``tune``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from pipeline.dedup.judge import judge
from pipeline.dedup.opening import open_matcher
from pipeline.dedup.profile import profiles
from pipeline.dedup.tune import Sample, groups

if TYPE_CHECKING:
    from pipeline.dedup.evaluate import LabelledPair
    from pipeline.dedup.matcher import Rules
    from pipeline.dedup.overlap import Floats
    from pipeline.model import StoredArticle
    from pipeline.storage import Store

AT_ONCE = 64  # pairs judged in one call: bounds memory where texts are long


@dataclass(frozen=True, slots=True)
class JudgedPairs:
    """``pairs`` whose articles are both stored, with float64[pairs, features] figures and float64[pairs] scores;
    ``stories``: article id → story row, of every stored article named."""

    pairs: tuple[LabelledPair, ...]
    figures: Floats
    scores: Floats
    stories: dict[str, int]

    @property
    def by_ids(self) -> dict[tuple[str, str], float]:
        """(a, b) as a pair names them → score."""
        named = ((str(p.a), str(p.b)) for p in self.pairs)
        return dict(zip(named, self.scores.tolist(), strict=True))

    def sample(self) -> Sample:
        """What weights are fitted on."""
        return Sample(
            figures=self.figures,
            copies=np.array([p.copy for p in self.pairs]),
            weights=np.array([p.weight for p in self.pairs]),
            groups=groups([(str(p.a), str(p.b)) for p in self.pairs]),
        )


def judge_pairs(store: Store, rules: Rules, pairs: Sequence[LabelledPair]) -> JudgedPairs:
    """Judge every pair with what the store knows of common wording."""
    names = dict.fromkeys(str(name) for pair in pairs for name in (pair.a, pair.b))
    stored = {name: article for name in names if (article := store.find_article(name))}
    both = tuple(pair for pair in pairs if str(pair.a) in stored and str(pair.b) in stored)
    matcher = open_matcher(store, rules)
    figures, scores = [], []
    for start in range(0, len(both), AT_ONCE):
        part = both[start : start + AT_ONCE]
        # As in the stream: the article that was stored later is the new one.
        sides = [sorted((stored[str(p.a)], stored[str(p.b)]), key=_row) for p in part]
        old, new = [side[0] for side in sides], [side[1] for side in sides]
        verdicts = judge(
            profiles([s.article for s in new]),
            profiles([s.article for s in old]),
            matcher.counts,
            rules.table,
            np.array(matcher.counted([s.row for s in new])),
            np.array(matcher.counted([s.row for s in old])),
        )
        figures.append(verdicts.figures)
        scores.append(verdicts.score)
    return JudgedPairs(
        pairs=both,
        figures=np.concatenate(figures) if figures else np.empty((0, 0)),
        scores=np.concatenate(scores) if scores else np.empty(0),
        stories={name: article.story for name, article in stored.items()},
    )


def _row(article: StoredArticle) -> int:
    return article.row
