"""What each code point is to the tokeniser: a table that is filled as scripts turn up.

Classes are bits.  A character is *slow* where Unicode normalisation must look at its neighbours (combining
marks, ligatures, characters to be removed); texts that hold one go through ``unicodedata`` first.
"""

from __future__ import annotations

import unicodedata
from functools import cache

import numpy as np
from numpy.typing import NDArray

from pipeline.dedup.hashing import mix

WORD = 1  # part of a token: letters, marks, numbers
DIGIT = 2
UPPER = 4
SOLO = 8  # a token by itself: scripts that write no spaces between words
SPACE = 16
ENDS = 32  # after it a sentence may begin
QUOTE = 64
SLOW = 128

_CODES = 0x110000
_PAGE = 256
_AT_FIRST = 0x0300  # Latin letters: what nearly every text needs

# Han, kana, bopomofo; Thai, Lao, Myanmar, Khmer (Unicode scripts written without spaces between words).
_SOLO_RANGES = (
    (0x0E01, 0x0EFF),
    (0x1000, 0x109F),
    (0x1780, 0x17FF),
    (0x2E80, 0x2FDF),
    (0x3005, 0x3007),
    (0x3041, 0x312F),
    (0x31A0, 0x31BF),
    (0x31F0, 0x31FF),
    (0x3400, 0x4DBF),
    (0x4E00, 0x9FFF),
    (0xA9E0, 0xA9FF),
    (0xAA60, 0xAA7F),
    (0xF900, 0xFAFF),
    (0x20000, 0x323AF),
)
OPENING = frozenset("“„«「『‟")
CLOSING = frozenset("”»」』")
QUOTES = OPENING | CLOSING | {'"'}
_ENDS = frozenset(".!?:;…•|。！？；：·*") | QUOTES


@cache
def describe(code: int) -> tuple[int, int]:
    """``(class bits, folded code)`` of one code point: the definition that the table and the tests share."""
    char = chr(code)
    plain = unicodedata.normalize("NFKC", char)
    category = unicodedata.category(plain[0])
    if code == 0xAD or category == "Cf" or _composes(code, category):
        return SLOW | (_word_bits(code, category) if category[0] == "M" else 0), code
    if len(plain) > 1:
        if any(unicodedata.category(c)[0] in "LNM" for c in plain):
            return SLOW, code
        return (ENDS if "." in plain else 0), code
    if category[0] in "LN":
        return _word_bits(ord(plain), category), _folded(plain)
    bits = SPACE if plain.isspace() else 0
    bits |= QUOTE if plain in QUOTES else 0
    bits |= ENDS if plain in _ENDS else 0
    return bits, ord(plain)


def _composes(code: int, category: str) -> bool:
    return category[0] == "M" or 0x1100 <= code <= 0x11FF


def _word_bits(code: int, category: str) -> int:
    bits = WORD
    if category == "Nd":
        return bits | DIGIT
    if category in ("Lu", "Lt"):
        bits |= UPPER
    if any(low <= code <= high for low, high in _SOLO_RANGES):
        bits |= SOLO
    return bits


def _folded(char: str) -> int:
    if unicodedata.category(char) == "Nd":
        return ord("0") + unicodedata.decimal(char)
    folded = char.casefold()
    return ord(folded) if len(folded) == 1 else ord(char)


class CharacterTable:
    """``classes`` and ``values`` of code points; ``values`` is a random 64-bit number for every folded word
    character and 0 for all others.  Pages of 256 code points are described when first met."""

    def __init__(self) -> None:
        self.classes: NDArray[np.uint8] = np.zeros(_CODES, np.uint8)
        self.values: NDArray[np.uint64] = np.zeros(_CODES, np.uint64)
        self._known: NDArray[np.bool_] = np.zeros(_CODES // _PAGE, np.bool_)
        for page in range(_AT_FIRST // _PAGE):
            self._describe(page)

    def prepare(self, codes: NDArray[np.int32]) -> None:
        """See that every character of ``codes`` is described."""
        if len(codes) and int(codes.max()) >= _AT_FIRST:
            pages = np.unique(codes[codes >= _AT_FIRST] // _PAGE)
            for page in pages[~self._known[pages]].tolist():
                self._describe(page)

    def _describe(self, page: int) -> None:
        first = page * _PAGE
        rows = [_describe_uncached(code) for code in range(first, first + _PAGE)]
        bits, folded = np.array(rows, dtype=np.int64).T
        self.classes[first : first + _PAGE] = bits
        values = mix(folded.astype(np.uint64))
        self.values[first : first + _PAGE] = np.where(bits & WORD, values, 0)
        self._known[page] = True


_describe_uncached = describe.__wrapped__


@cache
def character_table() -> CharacterTable:
    """The table of this process, made at first use."""
    return CharacterTable()
