"""The tokeniser's definition as plain loops over characters, to hold the fast one against."""

from __future__ import annotations

from dataclasses import dataclass

from pipeline.dedup.characters import CLOSING, DIGIT, ENDS, QUOTE, SOLO, SPACE, UPPER, WORD, describe
from pipeline.dedup.tokens import LONG_LINE, normalised


@dataclass(frozen=True)
class Token:
    start: int
    end: int
    folded: str
    quoted: bool
    number: bool
    upper: bool
    sentence: bool
    line: bool


def tokens(text: str) -> list[Token]:
    text = normalised(text)
    bits = [describe(ord(c))[0] for c in text]
    spans = list(_spans(text, bits))
    breaks = _breaks(text, bits)
    quoted = _quotations(text, bits, breaks)
    found = []
    for i, (start, end) in enumerate(spans):
        gap = range(spans[i - 1][1] if i else 0, start)
        line = i == 0 or any(p in breaks for p in gap)
        ends = any(bits[p] & ENDS and not (i and _abbreviated(text, bits, spans[i - 1], p)) for p in gap)
        found.append(
            Token(
                start,
                end,
                "".join(_folded(text, p) for p in range(start, end)),
                any(a < start < b for a, b in quoted),
                bool((bits[start] | bits[end - 1]) & DIGIT),
                bool(bits[start] & UPPER),
                ends or line,
                line,
            )
        )
    return found


def _folded(text: str, place: int) -> str:
    return "," if text[place] in ".," else chr(describe(ord(text[place]))[1])


def _inside_number(text: str, bits: list[int], place: int) -> bool:
    if text[place] not in ".," or not 0 < place < len(text) - 1:
        return False
    return bool(bits[place - 1] & bits[place + 1] & DIGIT)


def _spans(text: str, bits: list[int]):
    start = None
    for place in range(len(text) + 1):
        word = place < len(text) and (bits[place] & WORD or _inside_number(text, bits, place))
        alone = word and bits[place] & SOLO
        if start is not None and (not word or alone or bits[start] & SOLO):
            yield start, place
            start = None
        if word and start is None:
            start = place


def _breaks(text: str, bits: list[int]) -> set[int]:
    found, last = set(), None
    for place, char in enumerate(text):
        if char == "\n":
            blank = place + 1 < len(text) and bits[place + 1] & SPACE
            if blank or place - (-1 if last is None else last) > LONG_LINE:
                found.add(place)
            last = place
    return found


def _abbreviated(text: str, bits: list[int], before: tuple[int, int], place: int) -> bool:
    start, end = before
    short = end - start <= 2 or (end - start <= 4 and bits[start] & UPPER)
    return text[place] == "." and end == place and bool(short)


def _quotations(text: str, bits: list[int], breaks: set[int]) -> list[tuple[int, int]]:
    marks = [p for p in range(len(text)) if bits[p] & QUOTE]
    stops = sorted({*marks, *breaks, len(text)})
    return [(p, min(s for s in stops if s > p)) for p in marks if _opens(text, bits, p)]


def _opens(text: str, bits: list[int], place: int) -> bool:
    if text[place] != '"':
        follows = text[place + 1 : place + 2]
        kind = describe(ord(follows))[0] if follows else SPACE
        return not (text[place] in CLOSING or kind & SPACE or follows == "," or kind & (ENDS | QUOTE) == ENDS)
    free = place == 0 or bits[place - 1] & SPACE or text[place - 1] in "([—–-"
    tight = place + 1 == len(text) or not bits[place + 1] & SPACE
    return bool(free and tight)
