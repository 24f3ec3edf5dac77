"""The figures a verdict rests on, for many pairs of articles at once.

What this needs from a profile is written down in ``ProfileLike``, and from the count tables in ``Counts``.
Every figure is symmetric: the sides are put in order first (fewer shingles left).

Words: *shared* occurs on both sides · *prose* neither furniture nor inside quotation marks · *rare weight*
``1 / (1 + log2(1 + df))``: 1 for a shingle no other article carries, 0.5 for one other, 0.13 for a hundred.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from rapidfuzz import fuzz

from pipeline.dedup.furniture import LEARNED_AFTER, is_learned_furniture
from pipeline.dedup.overlap import Bools, Floats, Hashes, Overlap, Side, common, overlap

QUOTED = 1  # flag bit: the shingle lies inside quotation marks
FURNITURE = 2  # flag bit: a general furniture pattern covers it
NUMBER = 4  # flag bit: its first token contains a digit
NAME = 8  # flag bit: its first token is name-like (capitalised, not at the start of a sentence)

SHINGLE = 4  # tokens in a shingle
LEAD = 40  # shingles that count as the beginning of a text
DAY = 86_400.0
MOST_WORD_EDITS, MOST_NUMBER_EDITS = 30, 10  # beyond these, more of them say no more
GAP = 12  # shingles: two runs parted by at most this many on both sides enclose a substitution


class ProfileLike(Protocol):
    """An article as the judge sees it.  ``shingles`` in text order, repetitions included."""

    @property
    def shingles(self) -> Hashes: ...  # uint64[n]
    @property
    def flags(self) -> NDArray[np.uint8]: ...  # uint8[n]: QUOTED | FURNITURE | NUMBER | NAME
    @property
    def numbers(self) -> Hashes: ...  # uint64[k], no repetitions
    @property
    def names(self) -> Hashes: ...  # uint64[m], no repetitions
    @property
    def title_numbers(self) -> Hashes: ...  # uint64[t], no repetitions
    @property
    def title(self) -> str: ...  # case-folded, Unicode-normalised
    @property
    def time(self) -> float: ...  # seconds since the epoch, or nan
    @property
    def outlet(self) -> int: ...  # hash of the outlet's name, 0 where unknown
    @property
    def n_tokens(self) -> int: ...
    @property
    def agency(self) -> int: ...  # hash of the agency credited, 0 where none is
    @property
    def text(self) -> int: ...  # hash of the whole sequence of tokens


class Counts(Protocol):
    """What is known of a shingle from the articles stored so far; approximate counts will do."""

    def df(self, shingles: Hashes) -> NDArray[np.integer]:
        """Number of stored stories that carry each shingle."""
        ...

    def outlet_df(self, outlets: Hashes, shingles: Hashes) -> NDArray[np.integer]:
        """Number of stored stories of ``outlets[i]`` that carry ``shingles[i]``."""
        ...


@dataclass(frozen=True, slots=True)
class Feature:
    """One figure: its name, what it says, for people, and which way it may move a score.

    ``sign``: 1 where more of it never lowers a score, -1 where more of it never raises one.  Weights keep to
    it: a weight of the other sign only makes up for another figure, on the corpora that it was fitted on.
    """

    name: str
    meaning: str
    sign: int


FEATURES: tuple[Feature, ...] = (
    Feature("containment", "rarity-weighted share of one text found in the other, the larger share; logit", 1),
    Feature("prose_share", "share of the rare prose of the text with less of it that the other has; log", 1),
    Feature("quotation", "share of the overlap that is quoted speech, times the log of the overlap", -1),
    Feature("furniture", "share of the overlap that is furniture", -1),
    Feature("lead", "share of a text's first 40 shingles found in the other, the larger share", 1),
    Feature("word_edits", "places where other words stand inside the same wording, at most 30", 1),
    Feature("number_edits", "places where other numbers stand inside the same wording, at most 10", -1),
    Feature("numbers_in_conflict", "numbers that the side with fewer has alone: their share beyond one half", -1),
    Feature("names_in_conflict", "share of the names of the side with fewer that the other lacks", -1),
    Feature("title_numbers_in_conflict", "the same share for numbers in the titles", -1),
    Feature("title", "similarity of the titles as sets of words", 1),
    Feature("days", "log of the days apart, times containment: late repeats are forms, not copies", -1),
    Feature("same_outlet", "one outlet, other title, other beginning: what is shared may be the site's; 0-1", -1),
)
NAMES: tuple[str, ...] = tuple(f.name for f in FEATURES)
SIGNS: tuple[int, ...] = tuple(f.sign for f in FEATURES)
UNKNOWN_TITLE = 0.5  # the median of web news, of copies and of other pairs alike
UNKNOWN_DAYS = 0.47  # log1p of 0.6 days: about where copies and other pairs are equally likely


def pair_features(
    a: Sequence[ProfileLike],
    b: Sequence[ProfileLike],
    counts: Counts,
    counted_a: Bools | None = None,
    counted_b: Bools | None = None,
) -> Floats:
    """Figures for each pair ``a[i], b[i]``: float64[pairs, len(FEATURES)], columns as in ``FEATURES``.

    ``counted_*``: whether that article is already in ``counts`` (default: ``a`` is new, ``b`` is stored); its
    own occurrence is then taken off, so that a count means *other* articles.
    """
    if not a:
        return np.empty((0, len(FEATURES)))
    know_a = np.zeros(len(a), bool) if counted_a is None else counted_a
    know_b = np.ones(len(b), bool) if counted_b is None else counted_b
    pairs = [(x, y, i, j) if _order(x, y) else (y, x, j, i) for x, y, i, j in zip(a, b, know_a, know_b, strict=True)]
    left, right, own_left, own_right = map(list, zip(*pairs, strict=True))
    weighed = weigh(left, right, counts, np.array(own_left), np.array(own_right))
    *text, containment = _text(weighed)
    frame = _frame(left, right, containment, lead=text[-1])
    columns = (*text, *_edits(weighed), *_facts(left, right), *frame)
    return np.stack(columns, axis=1)


@dataclass(frozen=True, slots=True)
class Weighed:
    """The overlap of a batch of pairs, each shingle with its class and weight.

    ``class_*`` uint8: bits SHARED, QUOTED, FURNITURE, BEGINNING; ``flags_*``: as the profiles have them;
    ``rare_*``: rarity weight.
    """

    overlap: Overlap
    flags_a: NDArray[np.uint8]
    flags_b: NDArray[np.uint8]
    class_a: NDArray[np.uint8]
    class_b: NDArray[np.uint8]
    rare_a: Floats
    rare_b: Floats


SHARED = 4  # class bit: the other side has it
BEGINNING = 8  # class bit: one of the first LEAD shingles
CLASSES = 16


def weigh(
    a: Sequence[ProfileLike], b: Sequence[ProfileLike], counts: Counts, counted_a: Bools, counted_b: Bools
) -> Weighed:
    """Compare the texts of each pair and look up how common each shingle is elsewhere."""
    shingles_a, shingles_b = [p.shingles for p in a], [p.shingles for p in b]
    both = overlap(shingles_a, shingles_b)
    outlets_a, outlets_b = (np.array([p.outlet for p in side], np.uint64) for side in (a, b))
    # Occurrences in the pair itself are no evidence of being common.
    same = outlets_a == outlets_b
    rare_a, learned_a = _common(
        both.a, np.concatenate(shingles_a), outlets_a, counts, counted_a, both.shared_a, counted_b, same
    )
    rare_b, learned_b = _common(
        both.b, np.concatenate(shingles_b), outlets_b, counts, counted_b, both.shared_b, counted_a, same
    )
    flags_a, flags_b = (np.concatenate([p.flags for p in side]) for side in (a, b))
    # What one side shows to be quoted or furniture is so on the other, too: block quotes carry no marks.
    either = np.uint8(QUOTED | FURNITURE)
    marks_a, marks_b = (flags_a & either) | learned_a, (flags_b & either) | learned_b
    marks_a, marks_b = marks_a | both.values_to_a(marks_b), marks_b | both.values_to_b(marks_a)
    class_a = marks_a | (both.shared_a * np.uint8(SHARED)) | (_beginning(both.a) * np.uint8(BEGINNING))
    class_b = marks_b | (both.shared_b * np.uint8(SHARED)) | (_beginning(both.b) * np.uint8(BEGINNING))
    return Weighed(both, flags_a, flags_b, class_a, class_b, rare_a, rare_b)


def _common(
    part: Side,
    shingles: Hashes,
    outlets: Hashes,
    counts: Counts,
    counted: Bools,
    shared: Bools,
    other_counted: Bools,
    same_outlet: Bools,
) -> tuple[Floats, NDArray[np.uint8]]:
    """Rarity weight of each shingle, and the FURNITURE bit of those that the outlet repeats."""
    df = counts.df(shingles).astype(np.int64)
    df -= counted[part.pair]
    df -= other_counted[part.pair] & shared
    learned = np.zeros(len(shingles), np.uint8)
    often = np.flatnonzero(df >= LEARNED_AFTER)  # no outlet has more stories with it than there are
    if len(often):
        pair = part.pair[often]
        home = counts.outlet_df(outlets[pair], shingles[often]).astype(np.int64)
        home -= counted[pair]
        home -= other_counted[pair] & shared[often] & same_outlet[pair]
        learned[often] = is_learned_furniture(home) * np.uint8(FURNITURE)
    return rarity(df), learned


def _beginning(part: Side) -> Bools:
    return np.arange(len(part.keys)) < (part.starts[:-1] + LEAD)[part.pair]


def rarity(df: NDArray[np.integer]) -> Floats:
    """``1 / (1 + log2(1 + df))``: falls from 1 as more articles carry a shingle."""
    result: Floats = _RARITY[np.clip(df, 0, len(_RARITY) - 1)]
    return result


_RARITY: Floats = 1.0 / (1.0 + np.log2(1.0 + np.arange(4096)))


def logit(share: Floats) -> Floats:
    """Log odds of a share, bounded: 0 -> -3.9, 0.5 -> 0, 1 -> 3.9."""
    clipped = np.clip(share, 0.0, 1.0)
    result: Floats = np.log((clipped + 0.02) / (1.02 - clipped))
    return result


def _order(a: ProfileLike, b: ProfileLike) -> bool:
    """Whether ``a`` goes left: fewer shingles, ties broken by the bytes, so that scores are symmetric."""
    if len(a.shingles) != len(b.shingles):
        return len(a.shingles) < len(b.shingles)
    return a.shingles.tobytes() <= b.shingles.tobytes()


PAD = 4.0  # added to sizes, so that a few shared shingles of a tiny text are no containment of 1


@dataclass(frozen=True, slots=True)
class Sums:
    """For each pair, and each class of shingles, their number and their rarity weight: [pairs, CLASSES]."""

    count: Floats
    weight: Floats

    @staticmethod
    def of(part: Side, classes: NDArray[np.uint8], rare: Floats) -> Sums:
        cell = part.pair * CLASSES + classes
        size = (len(part.starts) - 1) * CLASSES
        count = np.bincount(cell, minlength=size).astype(np.float64)
        weight = np.bincount(cell, rare, size).astype(np.float64)
        return Sums(count.reshape(-1, CLASSES), weight.reshape(-1, CLASSES))


def _where(has: int = 0, lacks: int = 0) -> list[int]:
    """The classes that have all bits of ``has`` and none of ``lacks``."""
    return [c for c in range(CLASSES) if c & has == has and not c & lacks]


ALL, FOUND = _where(), _where(SHARED)
PROSE, FOUND_PROSE = _where(lacks=QUOTED | FURNITURE), _where(SHARED, QUOTED | FURNITURE)
FOUND_CONTENT, FOUND_QUOTED = _where(SHARED, FURNITURE), _where(SHARED | QUOTED, FURNITURE)
FOUND_BEGINNING = _where(SHARED | BEGINNING)


def _text(w: Weighed) -> tuple[Floats, ...]:
    """The first five figures; then containment, unweighted, which the frame needs."""
    a, b = Sums.of(w.overlap.a, w.class_a, w.rare_a), Sums.of(w.overlap.b, w.class_b, w.rare_b)
    size_a, size_b = _of(a.weight, ALL), _of(b.weight, ALL)
    in_a, in_b = _of(a.weight, FOUND), _of(b.weight, FOUND)
    total = _of(a.count, FOUND)
    kept = _of(a.count, FOUND_CONTENT)
    quoted = _of(a.count, FOUND_QUOTED) / (kept + PAD)
    leads = [_of(s.count, FOUND_BEGINNING) / np.minimum(LEAD, _of(s.count, ALL) + 1) for s in (a, b)]
    return (
        logit(_larger(in_a, size_a, in_b, size_b)),
        np.log1p(np.minimum(_of(a.weight, FOUND_PROSE), _of(b.weight, FOUND_PROSE)))
        - np.log1p(np.minimum(_of(a.weight, PROSE), _of(b.weight, PROSE))),
        quoted * np.log1p(np.minimum(total, _of(b.count, FOUND))),
        (total - kept) / (total + PAD),
        np.maximum(*leads),
        _larger(total, _of(a.count, ALL), _of(b.count, FOUND), _of(b.count, ALL)),
    )


def _of(table: Floats, classes: list[int]) -> Floats:
    result: Floats = table[:, classes].sum(axis=1)
    return result


def _larger(in_a: Floats, size_a: Floats, in_b: Floats, size_b: Floats) -> Floats:
    """Containment: the larger of both shares."""
    return np.maximum(in_a / (size_a + PAD), in_b / (size_b + PAD))


def _edits(w: Weighed) -> tuple[Floats, Floats]:
    """Places where both texts run on alike but for a few tokens: other words, or other numbers.

    One changed token unmatches SHINGLE shingles, so a gap of g shingles hides g - 3 changed tokens; they
    start 3 shingles into the gap.
    """
    pairs, runs = len(w.overlap.a.starts) - 1, w.overlap.runs()
    end_a, end_b = runs.a[:-1] + runs.length[:-1], runs.b[:-1] + runs.length[:-1]
    gap_a, gap_b = runs.a[1:] - end_a, runs.b[1:] - end_b
    near = (runs.pair[1:] == runs.pair[:-1]) & (gap_a >= SHINGLE - 1) & (gap_b >= SHINGLE - 1)
    near &= (gap_a <= GAP) & (gap_b <= GAP)
    inside_a = _marked(w.flags_a, NUMBER, end_a + SHINGLE - 1, runs.a[1:])
    inside_b = _marked(w.flags_b, NUMBER, end_b + SHINGLE - 1, runs.b[1:])
    numbers = near & (inside_a > 0) & (inside_b > 0)
    where = runs.pair[1:]
    words = np.bincount(where[near & ~numbers], minlength=pairs)
    changed = np.bincount(where[numbers], minlength=pairs)
    return np.minimum(words, MOST_WORD_EDITS) * 1.0, np.minimum(changed, MOST_NUMBER_EDITS) * 1.0


def _marked(flags: NDArray[np.uint8], bit: int, start: NDArray[np.int64], stop: NDArray[np.int64]) -> Floats:
    """How many shingles of each stretch carry the flag."""
    total = np.zeros(len(flags) + 1, np.int32)
    np.cumsum((flags & bit) > 0, out=total[1:])
    first = np.clip(start, 0, len(flags))
    result: Floats = np.subtract(total[np.clip(stop, first, len(flags))], total[first], dtype=np.float64)
    return result


def _facts(a: Sequence[ProfileLike], b: Sequence[ProfileLike]) -> tuple[Floats, ...]:
    numbers = _conflict(*common([p.numbers for p in a], [p.numbers for p in b]))
    names = _conflict(*common([p.names for p in a], [p.names for p in b]))
    titles = _conflict(*common([p.title_numbers for p in a], [p.title_numbers for p in b]))
    # Up to half: copies leave out and correct as many numbers as other pairs.
    return np.maximum(numbers - 0.5, 0.0), names, titles


def _conflict(shared: Floats, size_a: Floats, size_b: Floats) -> Floats:
    """Share of the smaller set that the other lacks; 2 is added to its size, as two facts are few."""
    smaller = np.minimum(size_a, size_b)
    return (smaller - shared) / (smaller + 2.0)


def _frame(a: Sequence[ProfileLike], b: Sequence[ProfileLike], containment: Floats, lead: Floats) -> tuple[Floats, ...]:
    titles = np.array([title_likeness(x.title, y.title) for x, y in zip(a, b, strict=True)])
    apart = np.abs(np.array([x.time - y.time for x, y in zip(a, b, strict=True)])) / DAY
    days = np.where(np.isnan(apart), UNKNOWN_DAYS, np.log1p(apart))
    same = np.array([x.outlet == y.outlet != 0 for x, y in zip(a, b, strict=True)])
    return titles, days * containment, same * (1.0 - lead) * (1.0 - titles)


def title_likeness(a: str, b: str) -> float:
    """0-1; ``UNKNOWN_TITLE`` where one is missing."""
    return fuzz.token_set_ratio(a, b) / 100.0 if a and b else UNKNOWN_TITLE
