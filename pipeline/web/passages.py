"""Two texts side by side: what was kept, changed, cut, added and moved, by sentence and then by word.

Sentences are paired first (equal ones by their longest common subsequence, the rest by shared words), and
only paired sentences are compared word by word.  The work is bounded whatever the texts are: beyond the
limits below a stretch is shown as cut and added, which is coarser and still true.  Nothing is lost: the
left spans joined are the left text, the right spans joined are the right one.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import groupby

MAX_SENTENCES = 1200  # of one side; the rest is one last stretch
MAX_GRID = 10_000  # pairs of sentences looked at in one stretch that differs
MAX_WORDS = 400  # of one sentence, compared word by word
BAG_WORDS = 60  # of one sentence, looked at to find its partner
PAIR_FROM = 0.45  # share of common words (Dice) from which two sentences are versions of one

# The end of a sentence with the blanks behind it.  Possessive, and never begun inside a run of marks: linear.
_END = re.compile(r"(?:(?<![.!?…])[.!?…]++[\"'”’»)\]]*+(?=\s)|(?<![。！？])[。！？]++[」』”]*+|(?=\n))\s*+")
# A word or mark with the blanks behind it; scripts written without blanks go character by character.
_WORD = re.compile(r"[\u0e00-\u0e7f\u3040-\u30ff\u3400-\u9fff]\s*|\w+(?:['’.,]\w+)*\s*|[^\w\s]\s*|\s+")


class Kind(StrEnum):
    """What became of a stretch of the left text in the right one."""

    KEPT = "kept"
    CHANGED = "changed"  # both sides have it in different words
    CUT = "cut"  # on the left only
    ADDED = "added"  # on the right only
    MOVED = "moved"  # the same sentence stands elsewhere on the other side


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of one side; inside a changed sentence the words that differ are ``cut`` or ``added``."""

    kind: Kind
    text: str


@dataclass(frozen=True, slots=True)
class Pair:
    """A sentence of each side, or of one side only (the other is empty)."""

    kind: Kind
    left: tuple[Span, ...] = ()
    right: tuple[Span, ...] = ()


@dataclass(frozen=True, slots=True)
class Comparison:
    """Paired sentences grouped by paragraph, and how many words of each side are of which kind."""

    blocks: tuple[tuple[Pair, ...], ...]
    left_words: dict[Kind, int]
    right_words: dict[Kind, int]

    def share_kept(self) -> float:
        """Share of the right side's words that stand on the left as well, 0-1; 1 for an empty text."""
        total = sum(self.right_words.values())
        shared = sum(self.right_words.get(kind, 0) for kind in (Kind.KEPT, Kind.MOVED))
        return shared / total if total else 1.0


def compare(left: str, right: str) -> Comparison:
    """``left`` beside ``right``.

    >>> [pair.kind.value for pair in compare("One. Two cats sat.", "One. Two dogs sat. Three.").blocks[0]]
    ['kept', 'changed', 'added']
    """
    a, b = sentences(left), sentences(right)
    pairs = _moved(list(_aligned(a, b)))
    return Comparison(_blocks(pairs), _words(pairs, "left"), _words(pairs, "right"))


def sentences(text: str) -> list[str]:
    """``text`` in sentences, white space kept at their ends; at most ``MAX_SENTENCES``, the last the rest."""
    found: list[str] = []
    place = 0
    for match in _END.finditer(text):
        if len(found) == MAX_SENTENCES - 1:
            break
        if match.end() > place:
            found.append(text[place : match.end()])
            place = match.end()
    return [*found, text[place:]] if place < len(text) else found


def _aligned(a: Sequence[str], b: Sequence[str]) -> Iterator[Pair]:
    i = j = 0
    for x, y in common([_bare(s) for s in a], [_bare(s) for s in b]):
        yield from _stretch(a[i:x], b[j:y])
        yield Pair(Kind.KEPT, (Span(Kind.KEPT, a[x]),), (Span(Kind.KEPT, b[y]),))
        i, j = x + 1, y + 1
    yield from _stretch(a[i:], b[j:])


def common(a: Sequence[str], b: Sequence[str]) -> list[tuple[int, int]]:
    """Places of a longest common subsequence, in order: ``a[i] == b[j]`` for each ``(i, j)``.

    Bit-parallel (Hyyrö 2004, "Bit-parallel LCS-length computation revisited"): one row of the table is one
    integer, so that a thousand by a thousand takes milliseconds whatever repeats.
    """
    places: dict[str, int] = {}
    for i, token in enumerate(a):
        places[token] = places.get(token, 0) | 1 << i
    full = (1 << len(a)) - 1
    row, rows = full, []
    for token in b:
        hit = row & places.get(token, 0)
        row = (row + hit | row - hit) & full
        rows.append(row)
    pairs: list[tuple[int, int]] = []
    i, j = len(a), len(b)
    while i and j:
        if rows[j - 1] >> (i - 1) & 1:
            i -= 1
        else:
            j -= 1
            if not j or rows[j - 1] >> (i - 1) & 1:
                i -= 1
                pairs.append((i, j))
    return pairs[::-1]


def _bare(sentence: str) -> str:
    return " ".join(sentence.split())


def _cut(sentence: str) -> Pair:
    return Pair(Kind.CUT, left=(Span(Kind.CUT, sentence),))


def _added(sentence: str) -> Pair:
    return Pair(Kind.ADDED, right=(Span(Kind.ADDED, sentence),))


def _stretch(a: Sequence[str], b: Sequence[str]) -> Iterator[Pair]:
    """Sentences without an equal partner: versions of each other in order, the others cut or added."""
    if not a or not b or len(a) * len(b) > MAX_GRID:
        yield from map(_cut, a)
        yield from map(_added, b)
        return
    i = j = 0
    for x, y in _versions(a, b):
        yield from map(_cut, a[i:x])
        yield from map(_added, b[j:y])
        yield _changed(a[x], b[y])
        i, j = x + 1, y + 1
    yield from map(_cut, a[i:])
    yield from map(_added, b[j:])


def _versions(a: Sequence[str], b: Sequence[str]) -> list[tuple[int, int]]:
    """The pairs, in order on both sides, with the highest sum of likeness (Needleman and Wunsch, 1970)."""
    likeness = _likeness(a, b)
    best = [[0.0] * (len(b) + 1) for _ in range(len(a) + 1)]
    for i in range(len(a) - 1, -1, -1):
        for j in range(len(b) - 1, -1, -1):
            like = likeness[i][j]
            paired = like + best[i + 1][j + 1] if like >= PAIR_FROM else 0.0
            best[i][j] = max(paired, best[i + 1][j], best[i][j + 1])
    pairs = []
    i = j = 0
    while i < len(a) and j < len(b):
        if best[i][j] == best[i + 1][j]:
            i += 1
        elif best[i][j] == best[i][j + 1]:
            j += 1
        else:
            pairs.append((i, j))
            i, j = i + 1, j + 1
    return pairs


def _likeness(a: Sequence[str], b: Sequence[str]) -> list[list[float]]:
    bags_a, bags_b = [_bag(s) for s in a], [_bag(s) for s in b]
    sizes_a, sizes_b = [sum(bag.values()) for bag in bags_a], [sum(bag.values()) for bag in bags_b]
    return [
        [
            2 * sum(min(n, y.get(word, 0)) for word, n in x.items()) / max(1, size_x + size_y)
            for y, size_y in zip(bags_b, sizes_b, strict=True)
        ]
        for x, size_x in zip(bags_a, sizes_a, strict=True)
    ]


def _tokens(text: str) -> list[str]:
    return _WORD.findall(text)


def _bag(sentence: str) -> Counter[str]:
    words = (word.casefold() for word in _tokens(sentence[: 10 * BAG_WORDS]) if word[0].isalnum())
    return Counter(list(words)[:BAG_WORDS])


def _changed(left: str, right: str) -> Pair:
    a, b = _tokens(left), _tokens(right)
    if max(len(a), len(b)) > MAX_WORDS:
        return Pair(Kind.CHANGED, (Span(Kind.CUT, left),), (Span(Kind.ADDED, right),))
    same = common([token.strip() for token in a], [token.strip() for token in b])
    kept_a, kept_b = {i for i, _ in same}, {j for _, j in same}
    return Pair(Kind.CHANGED, _spans(a, kept_a, Kind.CUT), _spans(b, kept_b, Kind.ADDED))


def _spans(tokens: Sequence[str], kept: set[int], other: Kind) -> tuple[Span, ...]:
    return tuple(
        Span(kind, "".join(token for _, token in group))
        for kind, group in groupby(enumerate(tokens), key=lambda place: Kind.KEPT if place[0] in kept else other)
    )


def _moved(pairs: list[Pair]) -> list[Pair]:
    """Sentences that were cut here and added there were moved."""
    cut = Counter(_bare(p.left[0].text) for p in pairs if p.kind is Kind.CUT)
    added = Counter(_bare(p.right[0].text) for p in pairs if p.kind is Kind.ADDED)
    both = cut & added
    left = {Kind.CUT: Counter(both), Kind.ADDED: Counter(both)}
    found = []
    for pair in pairs:
        side = pair.left or pair.right
        sentence = _bare(side[0].text)
        if pair.kind in left and sentence and left[pair.kind][sentence] > 0:
            left[pair.kind][sentence] -= 1
            span = (Span(Kind.MOVED, side[0].text),)
            pair = Pair(Kind.MOVED, left=span) if pair.left else Pair(Kind.MOVED, right=span)
        found.append(pair)
    return found


def _blocks(pairs: Sequence[Pair]) -> tuple[tuple[Pair, ...], ...]:
    """Paragraphs: a block ends where a side's paragraph does."""
    blocks: list[tuple[Pair, ...]] = []
    block: list[Pair] = []
    for pair in pairs:
        block.append(pair)
        if any(side and side[-1].text.endswith("\n") for side in (pair.left, pair.right)):
            blocks.append(tuple(block))
            block = []
    return (*blocks, tuple(block)) if block else tuple(blocks)


def _words(pairs: Sequence[Pair], side: str) -> dict[Kind, int]:
    counts: Counter[Kind] = Counter()
    for pair in pairs:
        for span in getattr(pair, side):
            counts[span.kind] += sum(1 for word in _tokens(span.text) if word[0].isalnum())
    return {kind: number for kind, number in counts.items() if number}
