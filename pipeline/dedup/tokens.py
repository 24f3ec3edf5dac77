"""Texts → tokens, a whole batch at a time.

All texts of a batch are laid end to end as one array of code points; every step is an array operation
over it.  ``tests/dedup/naive_tokens.py`` holds the same definition as a plain loop, and the tests hold the
two together.

A token is a longest run of letters, marks and digits, where a full stop or comma between two digits
belongs to the number.  In scripts without spaces each character is a token.
"""

from __future__ import annotations

import html
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.dedup.characters import (
    CLOSING,
    DIGIT,
    ENDS,
    QUOTE,
    SLOW,
    SOLO,
    SPACE,
    UPPER,
    WORD,
    character_table,
)
from pipeline.dedup.hashing import Hashes, Runs, run_hashes

Positions = NDArray[np.int64]
Mask = NDArray[np.bool_]

LONG_LINE = 90  # characters; a shorter line without a blank after it may be hard-wrapped text
_NEWLINE, _COMMA, _STOP, _STRAIGHT = 10, 44, 46, 34
_JOINER = np.uint64(0xD6E8FEB86659FD93)  # stands for the stop or comma inside a number, whichever it is
_CLOSING = np.array(sorted(ord(c) for c in CLOSING), np.int32)
_SEPARATOR = "\x00"  # between texts; no text holds it


@dataclass(frozen=True, slots=True)
class Tokens:
    """The tokens of several texts, one after the other.

    ``offsets[i]:offsets[i + 1]`` are the tokens of text ``i``.  ``starts`` and ``ends`` are positions in
    ``codes``, where text ``i`` begins at ``bases[i]``; the code points there are those of
    ``normalised(text)``.  Masks have one value per token.
    """

    codes: NDArray[np.int32]
    bases: Positions
    offsets: Positions
    starts: Positions
    ends: Positions
    hashes: Hashes  # of the folded token
    quoted: Mask  # inside quotation marks
    number: Mask  # begins or ends with a digit
    upper: Mask  # begins with a capital
    sentence: Mask  # first of a sentence, as far as punctuation tells
    line: Mask  # first of a paragraph
    runs: Runs  # of ``hashes``

    def __len__(self) -> int:
        return len(self.hashes)

    @property
    def name(self) -> Mask:
        """Looks like a name: a capitalised word of two letters or more that does not begin a sentence."""
        return self.upper & ~self.sentence & ~self.number & (self.ends - self.starts > 1)


def normalised(text: str) -> str:
    """``text`` with entities decoded and, where a character asks for it, in form NFKC without invisibles."""
    text = _unescaped(text)
    if text.isascii():
        return text
    table = character_table()
    codes = _codes(text)
    table.prepare(codes)
    return _composed(text) if (table.classes[codes] & SLOW).any() else text


def _unescaped(text: str) -> str:
    if "&" in text:
        text = html.unescape(text)
    return text.replace(_SEPARATOR, " ") if _SEPARATOR in text else text


def _composed(text: str) -> str:
    text = unicodedata.normalize("NFKC", text)
    for hidden in [c for c in set(text) if unicodedata.category(c) == "Cf"]:  # a few kinds, whatever the length
        text = text.replace(hidden, "")
    return unicodedata.normalize("NFKC", text).replace(_SEPARATOR, " ")


def _codes(text: str) -> NDArray[np.int32]:
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.int32)


def tokenise(texts: Sequence[str]) -> Tokens:
    """The tokens of ``texts``; linear in their length."""
    codes, classes, bases = _characters(texts)
    word = (classes & WORD) != 0
    joiners = _joiners(codes, classes)
    word[joiners] = True
    starts, ends = _bounds(word, classes)
    values = character_table().values[codes]
    values[joiners] = _JOINER
    hashes = run_hashes(values, starts, ends)
    first, last = classes[starts], classes[ends - 1]
    breaks = _paragraph_breaks(codes, classes)
    quoted = _quoted(codes, classes, breaks, starts)
    line = _after(starts, np.concatenate((bases, breaks)))
    return Tokens(
        codes=codes,
        bases=bases,
        offsets=np.append(np.searchsorted(starts, bases), len(starts)),
        starts=starts,
        ends=ends,
        hashes=hashes,
        quoted=quoted,
        number=((first | last) & DIGIT).astype(np.bool_),
        upper=(first & UPPER).astype(np.bool_),
        sentence=_sentences(codes, classes, word, starts, ends) | line,
        line=line,
        runs=Runs.of(hashes),
    )


def _characters(texts: Sequence[str]) -> tuple[NDArray[np.int32], NDArray[np.uint8], Positions]:
    """Code points, their classes, and where each text begins; a separator stands before and after each."""
    plain = [_unescaped(text) for text in texts]
    codes = _codes(_SEPARATOR + _SEPARATOR.join(plain) + _SEPARATOR)
    table = character_table()
    table.prepare(codes)
    classes = table.classes[codes]
    bases = np.cumsum([1, *(len(text) + 1 for text in plain)], dtype=np.int64)
    slow = np.flatnonzero((classes & SLOW) != 0)
    if len(slow):
        for i in np.unique(np.searchsorted(bases, slow, "right") - 1).tolist():
            plain[i] = _composed(plain[i])
        codes = _codes(_SEPARATOR + _SEPARATOR.join(plain) + _SEPARATOR)
        table.prepare(codes)
        classes = table.classes[codes]
        bases = np.cumsum([1, *(len(text) + 1 for text in plain)], dtype=np.int64)
    return codes, classes, bases[:-1]


def _joiners(codes: NDArray[np.int32], classes: NDArray[np.uint8]) -> Positions:
    """Where a full stop or comma stands between two digits."""
    found = np.flatnonzero((codes == _STOP) | (codes == _COMMA))
    between = classes[found - 1] & classes[found + 1] & DIGIT
    return found[between.astype(np.bool_)]


def _bounds(word: Mask, classes: NDArray[np.uint8]) -> tuple[Positions, Positions]:
    """Starts and ends of tokens; the array begins and ends with a separator."""
    if not (classes & SOLO).any():
        changes = np.flatnonzero(word[1:] != word[:-1])
        changes += 1
        return changes[0::2], changes[1::2]
    solo = (classes & SOLO) != 0
    cut = ~word[:-1] | ~word[1:] | solo[:-1] | solo[1:]
    starts = np.flatnonzero(word[1:] & cut) + 1
    ends = np.flatnonzero(word[:-1] & cut) + 1
    return starts, ends


def _after(starts: Positions, marks: Positions) -> Mask:
    """Tokens that are the first one after a mark."""
    first = np.zeros(len(starts) + 1, np.bool_)
    first[np.searchsorted(starts, marks)] = True
    return first[:-1]


def _paragraph_breaks(codes: NDArray[np.int32], classes: NDArray[np.uint8]) -> Positions:
    """Newlines that end a paragraph: before white space, or after a line too long to be hard-wrapped."""
    ends = np.flatnonzero((codes == _NEWLINE) | (codes == 0))
    long = np.diff(ends, prepend=-1) > LONG_LINE
    inside = codes[ends] == _NEWLINE
    newlines = ends[inside]
    blank = (classes[newlines + 1] & SPACE) != 0
    breaks: Positions = newlines[blank | long[inside]]
    return breaks


def _sentences(
    codes: NDArray[np.int32], classes: NDArray[np.uint8], word: Mask, starts: Positions, ends: Positions
) -> Mask:
    """Tokens after sentence punctuation, except after the stop of an abbreviation (``Mr.``, ``Corp.``)."""
    marks = np.flatnonzero(((classes & ENDS) != 0) & ~word)
    following = np.searchsorted(starts, marks)
    before = np.maximum(following - 1, 0)
    sentence = np.zeros(len(starts) + 1, np.bool_)
    if len(starts):
        size = ends[before] - starts[before]
        capital = (classes[starts[before]] & UPPER).astype(np.bool_)
        short = (size <= 2) | (capital & (size <= 4))
        abbreviation = (codes[marks] == _STOP) & short & (ends[before] == marks)
        following = following[~abbreviation]
    sentence[following] = True
    return sentence[:-1]


def _quoted(codes: NDArray[np.int32], classes: NDArray[np.uint8], breaks: Positions, starts: Positions) -> Mask:
    """Tokens between an opening mark and the next mark, or the end of the paragraph.

    A straight mark opens where white space, a dash, an opening bracket or nothing stands before it and no
    white space after; any other but a closing one where no white space, comma or sentence end follows
    (German closes with the mark that English opens with).
    """
    marks = np.flatnonzero((classes & QUOTE) != 0)
    quoted = np.zeros(len(starts), np.bool_)
    if not len(marks):
        return quoted
    chars = codes[marks]
    before = codes[marks - 1]
    free = ((classes[marks - 1] & SPACE) != 0) | np.isin(before, (0, 40, 91, 0x2014, 0x2013, 45))
    after = codes[marks + 1]
    tight = (classes[marks + 1] & SPACE) == 0
    begins = tight & ~np.isin(after, (0, _COMMA)) & ((classes[marks + 1] & (ENDS | QUOTE)) != ENDS)
    opening = np.where(chars == _STRAIGHT, free & tight, begins & ~np.isin(chars, _CLOSING))
    stops = np.sort(np.concatenate((marks, breaks, np.flatnonzero(codes == 0))))
    opens = marks[opening]
    closes = stops[np.searchsorted(stops, opens, "right")]
    depth = np.zeros(len(starts) + 1, np.int32)
    np.add.at(depth, np.searchsorted(starts, opens), 1)
    np.add.at(depth, np.searchsorted(starts, closes), -1)
    return np.cumsum(depth[:-1]) > 0
