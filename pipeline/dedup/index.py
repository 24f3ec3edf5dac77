"""Which stored articles carry a hash: sorted arrays in tiers, searched for a whole batch at once.

An entry is one 64-bit number: the hash above, the article's row below.  New entries wait in ``_pending``;
every ``EPOCH`` articles they become a tier, and tiers of equal weight are merged, as in a log-structured
merge tree (O'Neil and others, 1996), up to ``LARGEST`` articles.  So an article is moved a bounded number of
times, a search walks few arrays, and memory is 8 bytes an entry.

A hash yields its ``NEWEST`` most recent articles and no more, however many carry it: a bucket that somebody
fills on purpose, or that boilerplate fills, costs the same as any other.  Entries beyond are dropped when
tiers merge; what a search finds does not depend on when that happens.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.dedup.sketch import Keys

Entries = NDArray[np.uint64]
Rows = NDArray[np.int64]

NEWEST = 16  # articles per hash
EPOCH = 512  # articles between two tiers
LARGEST = 1 << 17  # articles in one tier: merging needs twice the tier's memory for a moment
FILTERED = 1 << 17  # entries: a smaller tier lies in the cache as a whole
FILTER_BITS = 4  # for each entry, half a byte: one in five of the hashes that are not there still looks so
_AT_ONCE = 1 << 16  # entries worked on at once when a tier is made
_HALF = np.uint64(32)
_LOW = np.uint64(0xFFFFFFFF)


@dataclass(frozen=True, slots=True)
class Hits:
    """Meetings of articles: ``query[i]`` (position in the batch) and the stored ``row[i]`` share a hash that
    ``found[i]`` articles of those searched carry, ``NEWEST`` at most."""

    query: Rows
    row: Rows
    found: Rows


@dataclass(frozen=True, slots=True)
class _Tier:
    """Sorted entries, and a filter that tells most hashes that are not among them by one look.

    ``seen``: packed bits, the one at the first bits of each hash set; empty where searching costs no more.
    """

    entries: Entries
    articles: int
    seen: NDArray[np.uint8]

    @classmethod
    def of(cls, entries: Entries, articles: int) -> _Tier:
        if len(entries) < FILTERED:
            return cls(entries, articles, np.empty(0, np.uint8))
        return cls(entries, articles, _filter(entries))

    @property
    def nbytes(self) -> int:
        return self.entries.nbytes + self.seen.nbytes

    def may_hold(self, needles: Entries) -> NDArray[np.int64]:
        """Places of the needles that may be here: all that are, and about a fifth of the others."""
        if not len(self.seen):
            return np.arange(len(needles))
        place = _first_bits(needles, 8 * len(self.seen))
        return np.flatnonzero((self.seen[place >> 3] >> (place & 7).astype(np.uint8)) & np.uint8(1))


def _filter(entries: Entries) -> NDArray[np.uint8]:
    """The packed bits of a tier, made in stretches, so that they are never whole as one byte each."""
    size = 1 << max(3, (FILTER_BITS * len(entries) - 1).bit_length())
    step = max(8, size >> 6)
    packed = []
    low = 0
    for begin in range(0, size, step):
        last = np.uint64((begin + step) * (1 << 64) // size - 1)
        high = int(np.searchsorted(entries, last, "right"))
        bits = np.zeros(step, np.bool_)
        bits[_first_bits(entries[low:high], size) - begin] = True
        packed.append(np.packbits(bits, bitorder="little"))
        low = high
    return np.concatenate(packed)


def _first_bits(entries: Entries, size: int) -> NDArray[np.int64]:
    """The first bits of each hash as a number below ``size``, a power of two."""
    return (entries >> np.uint64(65 - size.bit_length())).astype(np.int64)


class Index:
    """Rows by hash."""

    def __init__(self) -> None:
        self._tiers: list[_Tier] = []  # oldest first
        self._pending: list[Entries] = []
        self._waiting = 0  # articles in _pending

    @property
    def nbytes(self) -> int:
        """Memory of the entries, in bytes."""
        return sum(t.nbytes for t in self._tiers) + sum(e.nbytes for e in self._pending)

    def add(self, rows: Rows, keys: Keys, sizes: Rows) -> None:
        """Add articles: ``sizes[i]`` of ``keys`` belong to ``rows[i]``.  Rows rise from call to call, but for
        revised articles, which keep their place."""
        self._pending.append(_entries(rows, keys, sizes))
        self._waiting += len(rows)

    def settle(self) -> None:
        """Turn what is pending into a tier, and merge tiers of equal weight."""
        if not self._pending:
            return
        entries, articles = _trimmed(np.concatenate(self._pending)), self._waiting
        self._pending, self._waiting = [], 0
        while self._tiers and self._tiers[-1].articles <= articles < LARGEST:
            older = self._tiers.pop()
            articles += older.articles
            entries = np.concatenate((older.entries, entries))
            del older  # its memory is needed for sorting and trimming
            entries = _trimmed(entries)
        self._tiers.append(_Tier.of(entries, articles))

    def forget(self, before: int) -> None:
        """Drop the tiers in which every row is below ``before``."""
        limit = np.uint64(before)
        self._tiers = [t for t in self._tiers if len(t.entries) and (t.entries & _LOW).max() >= limit]

    def search(self, rows: Rows, keys: Keys, sizes: Rows) -> Hits:
        """What articles share with earlier ones, those of the same batch included.

        The batch is given as to ``add``, and not yet added; ``Hits.query`` counts from 0.
        """
        new = np.sort(_entries(np.arange(len(rows)), keys, sizes))
        needles, query = new & ~_LOW, (new & _LOW).astype(np.int64)
        room = np.full(len(new), NEWEST)
        parts = [_within(new, needles, query, rows, room)]
        pending = [_Tier.of(np.sort(np.concatenate(self._pending)), 0)] if self._pending else []
        parts += [_search(tier, needles, room) for tier in (*pending, *reversed(self._tiers))]
        which = np.concatenate([part[0] for part in parts])
        found = np.concatenate([part[1] for part in parts])
        return Hits(query[which], found, (NEWEST - room)[which])


def _entries(rows: Rows, keys: Keys, sizes: Rows) -> Entries:
    return (keys.astype(np.uint64) << _HALF) | np.repeat(rows, sizes).astype(np.uint64)


def _trimmed(entries: Entries) -> Entries:
    """Sorted, with the newest rows of each hash only."""
    entries.sort()
    if len(entries) <= NEWEST:
        return entries
    crowded = np.empty(len(entries) - NEWEST, np.bool_)
    for begin in range(0, len(crowded), _AT_ONCE):
        end = min(begin + _AT_ONCE, len(crowded))
        # The same hash above, whatever the rows below: no whole copies of a tier only to compare it.
        crowded[begin:end] = (entries[begin:end] ^ entries[begin + NEWEST : end + NEWEST]) <= _LOW
    return entries[np.append(~crowded, np.ones(NEWEST, np.bool_))] if crowded.any() else entries


def _within(new: Entries, needles: Entries, query: Rows, rows: Rows, room: Rows) -> tuple[Rows, Rows]:
    """Earlier articles of the same batch with the same hash, newest first; takes from ``room``."""
    place = np.arange(len(new))
    first = np.ones(len(new), np.bool_)
    first[1:] = needles[1:] != needles[:-1]
    earlier = place - np.maximum.accumulate(np.where(first, place, 0))
    taken = np.minimum(earlier, NEWEST)
    room -= taken
    which, back = _spread(place, taken)
    return which, rows[query[which - 1 - back]]


def _search(tier: _Tier, needles: Entries, room: Rows) -> tuple[Rows, Rows]:
    """The newest entries of each needle, as far as there is room; takes from ``room``."""
    entries, there = tier.entries, tier.may_hold(needles)
    there = there[room[there] > 0]
    low = np.searchsorted(entries, needles[there])
    inside = low < len(entries)
    there, low = there[inside], low[inside]
    hit = (entries[low] ^ needles[there]) <= _LOW
    there, low = there[hit], low[hit]
    high = np.searchsorted(entries, needles[there] | _LOW, "right")
    taken = np.minimum(high - low, room[there])
    room[there] -= taken
    which, back = _spread(np.arange(len(there)), taken)
    return there[which], (entries[high[which] - 1 - back] & _LOW).astype(np.int64)


def _spread(items: Rows, times: Rows) -> tuple[Rows, Rows]:
    """Each item ``times`` times, and the number of the repetition."""
    repeated = np.repeat(items, times)
    begins = np.repeat(np.cumsum(times) - times, times)
    return repeated, np.arange(len(repeated)) - begins
