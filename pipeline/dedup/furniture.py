"""Site furniture: wording that belongs to an outlet, not to the report.

Two sources.  General patterns (``furniture.txt``) work from the first article on.  What an outlet repeats
from story to story is learned from counts.  Neither changes a stored text: both only say what counts.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from functools import cache
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray

from pipeline.dedup.hashing import Hashes
from pipeline.dedup.tokens import Mask, Positions, Tokens, tokenise

# Counts at an outlet begin with the second story, so that two of them are three others with the same shingle;
# 2 to 10 others did equally well on three corpora.
LEARNED_AFTER = 2
LONG_PARAGRAPH = 45  # tokens; in a longer one a pattern marks its sentence only
LONG_POST = 90  # tokens; a longer paragraph only mentions somebody
_OPEN, _AT = ord("("), ord("@")
_BITS = 16  # of the filters
_SECOND = np.uint64(0x9E3779B97F4A7C15)  # mixes a first word with the one after it


class Scope(IntEnum):
    """What a pattern makes furniture; see ``furniture.txt``."""

    LINE = 0
    WHOLE = 1
    WORDS = 2
    REST = 3


@dataclass(frozen=True, slots=True)
class Pattern:
    """A phrase and its scope."""

    phrase: str
    scope: Scope


@dataclass(frozen=True, slots=True)
class Phrases:
    """Patterns of one length in tokens, sorted by hash."""

    length: int
    hashes: Hashes
    scopes: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Book:
    """All patterns, ready for look-up.

    ``first``, ``second`` bool[2**16]: the high bits of the first word of any, and of the first two.
    """

    first: Mask
    second: Mask
    phrases: tuple[Phrases, ...]


def is_learned_furniture(outlet_df: NDArray[np.integer]) -> NDArray[np.bool_]:
    """Whether each shingle is furniture of its outlet, from the number of its *other* stories with it."""
    return outlet_df >= LEARNED_AFTER


def general(tokens: Tokens) -> Mask:
    """Which tokens general patterns cover: bool[tokens]."""
    marked = np.zeros(len(tokens) + 1, np.int32)  # +1 where a stretch begins, -1 behind its end
    at, length, scopes = _found(tokens, _book())
    if not len(at):
        return marked[:-1] > 0
    for scope, stretch in _STRETCHES.items():
        here = scopes == scope
        if here.any():
            begins, ends = stretch(tokens, at[here], length[here])
            np.add.at(marked, begins, 1)
            np.add.at(marked, ends, -1)
    return np.cumsum(marked[:-1]) > 0


def embedded_posts(tokens: Tokens) -> Mask:
    """Which tokens lie in an embedded post, signed ``Name (@handle)``: bool[tokens].

    Such a post is quoted speech without quotation marks.
    """
    marked = np.zeros(len(tokens) + 1, np.int32)
    handles = np.flatnonzero((tokens.codes[:-1] == _OPEN) & (tokens.codes[1:] == _AT))
    if len(handles) and len(tokens):
        at = np.minimum(np.searchsorted(tokens.starts, handles), len(tokens) - 1)
        begins, ends = _around(tokens, at, tokens.line)
        short = ends - begins <= LONG_POST
        np.add.at(marked, begins[short], 1)
        np.add.at(marked, ends[short], -1)
    return np.cumsum(marked[:-1]) > 0


def patterns() -> tuple[Pattern, ...]:
    """The table of general patterns."""
    text = (files("pipeline.dedup") / "furniture.txt").read_text("utf-8")
    rows = (line.split("|") for line in text.splitlines() if line.strip() and not line.startswith("#"))
    return tuple(Pattern(phrase.strip(), Scope[scope.strip().upper()]) for scope, phrase in rows)


@cache
def _book() -> Book:
    table = patterns()
    tokens = tokenise([p.phrase for p in table])
    lengths = np.diff(tokens.offsets)
    hashes = tokens.runs.hashes(tokens.offsets[:-1], tokens.offsets[1:])
    scopes = np.array([p.scope for p in table], np.int64)
    begin = tokens.offsets[:-1]
    pairs = begin[lengths > 1]
    first, second = np.zeros(1 << _BITS, np.bool_), np.zeros(1 << _BITS, np.bool_)
    first[_high(tokens.hashes[begin])] = True
    second[_high(tokens.hashes[pairs] * _SECOND + tokens.hashes[pairs + 1])] = True
    groups = []
    for length in np.unique(lengths).tolist():
        rows = np.flatnonzero(lengths == length)
        rows = rows[np.argsort(hashes[rows])]
        groups.append(Phrases(length, hashes[rows], scopes[rows]))
    return Book(first, second, tuple(groups))


def _high(hashes: Hashes) -> NDArray[np.int64]:
    return (hashes >> np.uint64(64 - _BITS)).astype(np.int64)


def _found(tokens: Tokens, book: Book) -> tuple[Positions, Positions, NDArray[np.int64]]:
    """Where phrases begin, their lengths, and their scopes."""
    likely = np.flatnonzero(book.first[_high(tokens.hashes)])
    following = tokens.hashes[np.minimum(likely + 1, len(tokens) - 1)]
    pair = book.second[_high(tokens.hashes[likely] * _SECOND + following)]
    hits = []
    for group in book.phrases:
        at = likely[pair] if group.length > 1 else likely
        at = at[at + group.length <= _text_end(tokens, at)]
        hashes = tokens.runs.hashes(at, at + group.length)
        row = np.minimum(np.searchsorted(group.hashes, hashes), len(group.hashes) - 1)
        hit = group.hashes[row] == hashes
        hits.append((at[hit], np.full(int(hit.sum()), group.length), group.scopes[row[hit]]))
    at, length, scopes = (np.concatenate(column) for column in zip(*hits, strict=True))
    return at, length, scopes


def _text_end(tokens: Tokens, at: Positions) -> Positions:
    return tokens.offsets[np.searchsorted(tokens.offsets, at, "right")]


Stretch = tuple[Positions, Positions]


def _around(tokens: Tokens, at: Positions, marks: Mask) -> Stretch:
    """The stretch between the last mark up to each position and the next one, inside the text."""
    marks = np.append(marks, True)
    marks[tokens.offsets] = True
    bounds = np.flatnonzero(marks)
    row = np.searchsorted(bounds, at, "right")
    return bounds[row - 1], bounds[row]


def _line(tokens: Tokens, at: Positions, length: Positions) -> Stretch:
    begins, ends = _around(tokens, at, tokens.line)
    long = np.flatnonzero(ends - begins > LONG_PARAGRAPH)
    if len(long):
        begins[long], after = _around(tokens, at[long], tokens.sentence)
        ends[long] = np.maximum(after, at[long] + length[long])
    return begins, ends


def _whole(tokens: Tokens, at: Positions, length: Positions) -> Stretch:
    begins, ends = _around(tokens, at, tokens.line)
    alone = (begins == at) & (ends == at + length)
    return at, np.where(alone, ends, at)


def _words(tokens: Tokens, at: Positions, length: Positions) -> Stretch:
    return at, np.minimum(at + length + 1, _text_end(tokens, at))


def _rest(tokens: Tokens, at: Positions, length: Positions) -> Stretch:
    begin, end = tokens.offsets[np.searchsorted(tokens.offsets, at, "right") - 1], _text_end(tokens, at)
    return at, np.where(at - begin >= (end - begin) / 2, end, at)


_STRETCHES = {Scope.LINE: _line, Scope.WHOLE: _whole, Scope.WORDS: _words, Scope.REST: _rest}
