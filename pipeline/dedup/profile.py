"""What is known of one article when it is compared: shingles, numbers, names, and the facts around them.

Profiles are made for a batch at a time (``profiles``); each is a view into the arrays of its batch.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.dedup import furniture, sketch
from pipeline.dedup.editions import without_edition
from pipeline.dedup.features import FURNITURE, NAME, NUMBER, QUOTED, SHINGLE
from pipeline.dedup.hashing import Hashes, distinct, mix, text_hash
from pipeline.dedup.short import LEAST, WORDS
from pipeline.dedup.tokens import Tokens, normalised, tokenise
from pipeline.dedup.voice import NOBODY, name_hash, site, sources
from pipeline.model import Article

CHUNK = 200_000  # characters that go through the tokeniser at once: the arrays stay in the cache
TITLE = 300  # characters of a title that count
_FACT = np.uint64(16)  # numbers and names keep 48 bits of their hash
_FACTORS = tuple(np.uint64(f) for f in (0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9, 1))
_NO_TIME = float("nan")


@dataclass(frozen=True, slots=True)
class Profile:
    """One article as the judge sees it.

    ``shingles`` uint64[n]: hashes of each run of four tokens, in text order, repetitions included;
    ``flags`` uint8[n]: bits of ``features`` for each; ``numbers``, ``names``, ``title_numbers``: sorted
    hashes without repetitions; ``time``: seconds since the epoch or nan; ``outlet``, ``agency``: hashes, 0
    where unknown; ``text``: hash of the whole sequence of tokens; ``samples`` and ``size``: the sketch.
    """

    shingles: Hashes
    flags: NDArray[np.uint8]
    numbers: Hashes
    names: Hashes
    title_numbers: Hashes
    title: str
    time: float
    outlet: int
    n_tokens: int
    agency: int
    text: int
    samples: sketch.Keys
    size: int  # shingles that are not general furniture
    name: int = 0  # ``voice.name_hash`` of the outlet
    site: str = ""  # scheme and host
    sources: frozenset[int] = NOBODY  # organisations and domains it names as its source
    day_only: bool = False  # ``time`` is a day, the time of day is not known

    @property
    def sketch(self) -> bytes:
        """The stored form of the samples."""
        return sketch.pack(self.samples, self.size)

    @property
    def nbytes(self) -> int:
        """Memory in bytes, about."""
        long = 9 * len(self.shingles) + 8 * (len(self.numbers) + len(self.names))
        return long + 4 * len(self.samples) + len(self.title) + 900


@dataclass(frozen=True, slots=True)
class Ragged:
    """Arrays of different lengths, one after the other; made to cross a process boundary cheaply."""

    values: NDArray[Any]
    offsets: NDArray[np.int64]

    def split(self) -> list[NDArray[Any]]:
        """One view per article."""
        return [self.values[a:b] for a, b in pairwise(self.offsets.tolist())]


# title, time, outlet, agency, name, site, sources, day_only: the fields of a profile that are no arrays
Frame = tuple[str, float, int, int, int, str, frozenset[int], bool]


@dataclass(frozen=True, slots=True)
class Batch:
    """The profiles of several articles as whole arrays."""

    shingles: Ragged
    flags: Ragged
    numbers: Ragged
    names: Ragged
    title_numbers: Ragged
    samples: Ragged
    n_tokens: NDArray[np.int64]
    text: Hashes
    size: NDArray[np.int64]

    frames: list[Frame]

    def sketches(self) -> list[bytes]:
        """The stored form of each article's samples."""
        return sketch.pack_many(self.samples.values, self.samples.offsets, self.size)

    def split(self) -> Iterator[Profile]:
        """One profile per article."""
        columns = zip(
            self.shingles.split(), self.flags.split(), self.numbers.split(), self.names.split(),
            self.title_numbers.split(), self.n_tokens.tolist(), self.text.tolist(), self.samples.split(),
            self.size.tolist(), self.frames, strict=True,
        )  # fmt: skip
        for shingles, flags, numbers, names, in_title, n_tokens, text, samples, size, frame in columns:
            title, time, outlet, agency, name, own_site, credited, day_only = frame
            yield Profile(
                shingles, flags, numbers, names, in_title, title, time, outlet, n_tokens, agency, text,
                samples, size, name, own_site, credited, day_only,
            )  # fmt: skip


def profiles(articles: Sequence[Article]) -> list[Profile]:
    """The profiles of ``articles``, in order."""
    made: list[Profile] = []
    for part in chunks(articles):
        made.extend(profile_batch(part).split())
    return made


def profile(article: Article) -> Profile:
    """The profile of one article."""
    return profiles([article])[0]


def chunks(articles: Sequence[Article]) -> Iterator[Sequence[Article]]:
    """``articles`` in runs of about ``CHUNK`` characters, for ``profile_batch``."""
    start = length = 0
    for i, article in enumerate(articles):
        if length and length + len(article.text) > CHUNK:
            yield articles[start:i]
            start, length = i, 0
        length += len(article.text) + len(article.title)
    if start < len(articles):
        yield articles[start:]


def profile_batch(articles: Sequence[Article]) -> Batch:
    """Titles go through the tokeniser after the texts, as texts of their own."""
    count = len(articles)
    headlines = [without_edition(article.title[:TITLE]) for article in articles]
    titles = tokenise(headlines)
    tokens = tokenise([article.text for article in articles])
    shingles, offsets, first = shingled(tokens)
    flags = _flags(tokens, first)
    owner = np.repeat(np.arange(count), np.diff(tokens.offsets))
    title_owner = np.repeat(np.arange(count), np.diff(titles.offsets))
    usable = (flags & FURNITURE) == 0
    samples, size = _with_titles(*sketch.sample(shingles, offsets, usable), np.diff(offsets), titles)
    return Batch(
        shingles=Ragged(shingles, offsets),
        flags=Ragged(flags, offsets),
        numbers=_facts(tokens.hashes, owner, tokens.number, count),
        names=_facts(tokens.hashes, owner, tokens.name, count),
        title_numbers=_facts(titles.hashes, title_owner, titles.number, count),
        samples=samples,
        n_tokens=np.diff(tokens.offsets),
        text=tokens.runs.hashes(tokens.offsets[:-1], tokens.offsets[1:]),
        size=size,
        frames=[_frame(article, headline) for article, headline in zip(articles, headlines, strict=True)],
    )


def _frame(article: Article, headline: str) -> Frame:
    """``headline``: the title as titles are compared, but for letter case."""
    return (
        normalised(headline).casefold(), _time(article), outlet_hash(article.outlet), agency_hash(article),
        name_hash(article.outlet or ""), site(article.url), sources(article), article.published_day_only,
    )  # fmt: skip


def _with_titles(
    samples: sketch.Keys,
    offsets: NDArray[np.int64],
    size: NDArray[np.int64],
    shingles: NDArray[np.int64],
    titles: Tokens,
) -> tuple[Ragged, NDArray[np.int64]]:
    """Short texts are found by their titles as well: these become one more sample, and the size becomes 1,
    since so few shingles tell nothing about how much is shared."""
    short = np.flatnonzero((shingles < LEAST) & (np.diff(titles.offsets) >= WORDS))
    if not len(short):
        return Ragged(samples, offsets), size
    keys = titles.runs.hashes(titles.offsets[short], titles.offsets[short + 1])
    merged = np.insert(samples, offsets[short + 1], keys.astype(np.uint32))
    longer = np.zeros(len(offsets), np.int64)
    longer[short + 1] = 1
    size = size.copy()
    size[short] = 1
    return Ragged(merged, offsets + np.cumsum(longer)), size


def shingled(tokens: Tokens) -> tuple[Hashes, NDArray[np.int64], NDArray[np.int64]]:
    """Hashes of the shingles of all texts, offsets per text, and the first token of each shingle."""
    counts = np.maximum(np.diff(tokens.offsets) - (SHINGLE - 1), 0)
    offsets = np.concatenate(([0], np.cumsum(counts)))
    if not offsets[-1]:
        return np.zeros(0, np.uint64), offsets, np.zeros(0, np.int64)
    hashes = tokens.hashes
    runs = len(hashes) - SHINGLE + 1
    mixed = hashes[:runs] * _FACTORS[0]
    for i in range(1, SHINGLE):
        mixed += hashes[i : i + runs] * _FACTORS[i]
    skipped = np.repeat(tokens.offsets[:-1] - offsets[:-1], counts)
    first = np.arange(offsets[-1]) + skipped
    return mix(mixed[first]), offsets, first


def _flags(tokens: Tokens, first: NDArray[np.int64]) -> NDArray[np.uint8]:
    """Quoted and furniture: where the first and the last token are; number and name: of the first token."""
    last = first + (SHINGLE - 1)
    general = furniture.general(tokens)
    quoted = tokens.quoted | furniture.embedded_posts(tokens)
    single = tokens.number * np.uint8(NUMBER) | tokens.name * np.uint8(NAME)
    ends = quoted * np.uint8(QUOTED) | general * np.uint8(FURNITURE)
    flags: NDArray[np.uint8] = single[first] | (ends[first] & ends[last])
    return flags


def _facts(hashes: Hashes, owner: NDArray[np.int64], which: NDArray[np.bool_], count: int) -> Ragged:
    """The marked tokens of each text, sorted, without repetitions; 48 bits of each hash."""
    found = np.flatnonzero(which)
    keys = distinct((owner[found].astype(np.uint64) << np.uint64(48)) | (hashes[found] >> _FACT))
    offsets = np.searchsorted(keys >> np.uint64(48), np.arange(count + 1, dtype=np.uint64))
    return Ragged(keys & np.uint64((1 << 48) - 1), offsets)


@lru_cache(maxsize=4096)
def outlet_hash(outlet: str | None) -> int:
    """Hash of an outlet's name, case folded; 0 for none."""
    return text_hash(outlet.casefold()) if outlet else 0


def agency_hash(article: Article) -> int:
    """Hash of the first agency credited; 0 for none."""
    return text_hash(article.agencies[0].casefold()) if article.agencies else 0


def _time(article: Article) -> float:
    return _NO_TIME if article.published is None else article.published.timestamp()
