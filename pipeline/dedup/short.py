"""Texts too short for their wording to decide: by title and time, or left apart.

Fewer than ``LEAST`` shingles are a headline, a caption or a teaser: two reports of one event share that much,
and two copies may share nothing.  What the reader sees of such an item is its title.
"""

from __future__ import annotations

from dataclasses import dataclass

LEAST = 8  # shingles: eleven words; below, copies and other pairs shared as much on the labelled pairs
SAME_TITLE = 0.95  # similarity of titles from which they are the same but for punctuation or a site's name
HOURS = 36.0  # and that far apart at most: the same headline returns in series ("Market report")
WORDS = 4  # a title of fewer words names a column, not a report

SAME = 0.9  # score of short texts joined by title and time: there is no text to calibrate on
APART = 0.05  # score of short texts left apart


@dataclass(frozen=True, slots=True)
class ShortVerdict:
    """``score`` 0-1 and the sentence that explains it."""

    score: float
    reason: str

    @property
    def same(self) -> bool:
        """Whether the two are taken for the same report."""
        return self.score >= 0.5


def is_short(shingles: int) -> bool:
    """Whether a text has too few shingles to be judged by its wording."""
    return shingles < LEAST


def judge_short(similarity: float, words: int, hours: float | None, numbers_differ: bool) -> ShortVerdict:
    """Decide without the text.

    ``similarity``: of the titles, 0-1; ``words``: of the shorter title; ``hours``: apart, None where unknown;
    ``numbers_differ``: each title has a number that the other lacks.  Two entries of one address never come
    here: they are one article before anything is compared.
    """
    if words < WORDS:
        return ShortVerdict(APART, "short text, and the title is too short to tell")
    if numbers_differ:
        return ShortVerdict(APART, "short text, and the titles differ in a number")
    if similarity < SAME_TITLE:
        return ShortVerdict(APART, "short text, and the titles differ")
    if hours is None:
        return ShortVerdict(APART, "short text with the same title, but the times are not known")
    if hours > HOURS:
        return ShortVerdict(APART, f"short text with the same title, but {hours:.0f} hours apart")
    return ShortVerdict(SAME, "same title and time")
