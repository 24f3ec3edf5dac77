"""Same event, other words: independently written reports of one event, a level above copies.

Each story is a sparse TF-IDF vector over words and names (names count more); stories gather
into events as they come: an event is the mean of its stories' vectors, a new story joins the nearest event of
the last days if its cosine is high enough, and otherwise begins one.  Never mixed with copies: it changes no
story, it only lists neighbours.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from pipeline.dedup.hashing import Hashes
from pipeline.dedup.tokens import Mask, Tokens, tokenise
from pipeline.model import Article

WINDOW_DAYS = 4.0  # an event is open that long after its last report
# Cosine from which two reports are about one event.  On 86 labelled events (benchmarks/related.py) 92 % of what a
# story then lists is right, of an event 84 % is listed, and B-cubed F1 is 0.87; 0.25 gives 93 %, 79 % and 0.88.
SIMILAR = 0.22
NAME_WEIGHT = 3.0  # names count that much more than other words: they tell events of one kind apart
TITLE_WEIGHT = 2.0  # words of the title count that many times
LEAD_WORDS = 300  # words of the text that count: what an event is stands first
LEAD_CHARACTERS = 4_000  # which hold as many words, with room
COMMON = 0.15  # words in more than this share of all articles say nothing
DAY = 86_400.0

Weights = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Terms:
    """Sorted distinct term hashes of an article, uint64[n], and how much each counts, float64[n]."""

    keys: Hashes
    counts: Weights


@dataclass(frozen=True, slots=True)
class Vector:
    """A sparse unit vector: ``keys`` sorted uint64[n], ``values`` float64[n]."""

    keys: Hashes
    values: Weights

    def dot(self, other: Vector) -> float:
        """Cosine, as both have length 1: 0-1."""
        small, large = (self, other) if len(self.keys) <= len(other.keys) else (other, self)
        if not len(small.keys):
            return 0.0
        at = np.minimum(np.searchsorted(large.keys, small.keys), len(large.keys) - 1)
        hit = large.keys[at] == small.keys
        return float(small.values[hit] @ large.values[at[hit]])


@dataclass(slots=True)
class Vocabulary:
    """In how many articles each term occurred so far."""

    df: dict[int, int] = field(default_factory=dict)
    articles: int = 0

    def learn(self, terms: Terms) -> None:
        """Count one more article."""
        self.articles += 1
        for key in terms.keys.tolist():
            self.df[key] = self.df.get(key, 0) + 1

    def vector(self, terms: Terms) -> Vector:
        """``(1 + log tf) * log(N / df)``, length 1 (Salton and Buckley 1988, ``ltc``)."""
        df = np.array([self.df.get(k, 0) for k in terms.keys.tolist()], np.float64)
        total = max(self.articles, 1)
        rare = df <= max(COMMON * total, 2.0)
        idf = np.log((total + 1.0) / (df + 0.5))
        values = np.where(rare, (1.0 + np.log(terms.counts)) * np.maximum(idf, 0.0), 0.0)
        return _unit(terms.keys[values > 0.0], values[values > 0.0])


def _unit(keys: Hashes, values: Weights) -> Vector:
    length = math.sqrt(float(values @ values))
    return Vector(keys, values / length if length else values)


def terms(articles: Sequence[Article]) -> list[Terms]:
    """Terms of each article, from its title and the beginning of its text."""
    titles, texts = tokenise([a.title for a in articles]), tokenise([a.text[:LEAD_CHARACTERS] for a in articles])
    named = titles.name, texts.name  # worked out for all of them at once
    return [
        _merged([*_of(titles, named[0], i, TITLE_WEIGHT), *_of(texts, named[1], i, 1.0)]) for i in range(len(articles))
    ]


def _of(tokens: Tokens, named: Mask, text: int, weight: float) -> Iterator[tuple[Hashes, Weights]]:
    """Words longer than three characters, and names, each with its weight."""
    part = slice(int(tokens.offsets[text]), min(int(tokens.offsets[text + 1]), _end(tokens, text)))
    hashes = tokens.hashes[part]
    long = (tokens.ends[part] - tokens.starts[part]) > 3
    name = named[part]
    use = long | name
    yield hashes[use], np.where(name[use], NAME_WEIGHT, 1.0) * weight


def _end(tokens: Tokens, text: int) -> int:
    return int(tokens.offsets[text]) + LEAD_WORDS


def _merged(parts: Sequence[tuple[Hashes, Weights]]) -> Terms:
    keys, place = np.unique(np.concatenate([k for k, _ in parts]), return_inverse=True)
    counts = np.bincount(place, np.concatenate([w for _, w in parts]), len(keys))
    return Terms(keys, np.maximum(counts, 1.0))


@dataclass(slots=True)
class Event:
    """Reports of one event: ``members`` as they were added, and the sum of their vectors."""

    number: int
    last: float  # seconds since the epoch; nan where no member has a time
    members: list[int] = field(default_factory=list)
    sums: dict[int, float] = field(default_factory=dict)
    square: float = 0.0  # of the length of the sum

    def add(self, member: int, vector: Vector, time: float) -> None:
        """One more report."""
        self.members.append(member)
        for key, value in zip(vector.keys.tolist(), vector.values.tolist(), strict=True):
            old = self.sums.get(key, 0.0)
            self.sums[key] = old + value
            self.square += (old + value) ** 2 - old * old
        if not math.isnan(time):
            self.last = time if math.isnan(self.last) else max(self.last, time)


class Events:
    """Gathers reports into events, one after the other."""

    def __init__(self, window_days: float = WINDOW_DAYS, similar: float = SIMILAR) -> None:
        self.vocabulary = Vocabulary()
        self.events: dict[int, Event] = {}
        self.event_of: dict[int, int] = {}
        self._window = window_days * DAY
        self._similar = similar
        self._by_term: dict[int, set[int]] = {}  # only of open events

    def learn(self, found: Terms) -> None:
        """Let an article count for how common words are; before it is added, or a whole corpus at once."""
        self.vocabulary.learn(found)

    def add(self, member: int, found: Terms, time: float = math.nan) -> int:
        """The number of the event that the report belongs to, begun where none is near."""
        vector = self.vocabulary.vector(found)
        best, similarity = self.nearest(vector, time)
        if best is None or similarity < self._similar:
            best = Event(len(self.events) + 1, time)
            self.events[best.number] = best
        best.add(member, vector, time)
        self.event_of[member] = best.number
        for key in vector.keys.tolist():
            self._by_term.setdefault(key, set()).add(best.number)
        return best.number

    def nearest(self, vector: Vector, time: float) -> tuple[Event | None, float]:
        """The open event with the highest cosine to ``vector``."""
        dots: dict[int, float] = {}
        for key, value in zip(vector.keys.tolist(), vector.values.tolist(), strict=True):
            for number in self._by_term.get(key, ()):
                dots[number] = dots.get(number, 0.0) + value * self.events[number].sums[key]
        best, highest = None, 0.0
        for number, dot in dots.items():
            event = self.events[number]
            if abs(event.last - time) > self._window:  # unknown times are near
                continue
            cosine = dot / math.sqrt(event.square)
            if cosine > highest or (cosine == highest and best is not None and number < best.number):
                best, highest = event, cosine
        return best, highest

    def related(self, member: int) -> list[int]:
        """The other reports of the same event."""
        number = self.event_of.get(member)
        return [] if number is None else [m for m in self.events[number].members if m != member]


def rank_related(
    article: Article, others: Mapping[int, Article], least: float = SIMILAR, vocabulary: Vocabulary | None = None
) -> list[tuple[int, float]]:
    """``others`` about the same event as ``article``, best first, with their cosine.

    For showing the neighbours of one story: ``others`` are the canonical articles of the days around it, and
    also say how common words are unless a ``vocabulary`` does.
    """
    rows = list(others)
    own, *rest = terms([article, *(others[r] for r in rows)])
    if vocabulary is None:
        vocabulary = Vocabulary()
        for found in (own, *rest):
            vocabulary.learn(found)
    vector = vocabulary.vector(own)
    scored = [(row, vector.dot(vocabulary.vector(t))) for row, t in zip(rows, rest, strict=True)]
    near = [(row, s) for row, s in scored if s >= least and _within(article, others[row])]
    return sorted(near, key=lambda x: (-x[1], x[0]))


def _within(a: Article, b: Article) -> bool:
    if a.published is None or b.published is None:
        return True
    return abs((a.published - b.published).total_seconds()) <= WINDOW_DAYS * DAY
