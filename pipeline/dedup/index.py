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
_AT_ONCE = 1 << 16  # entries compared at once when a tier is trimmed
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
    entries: Entries
    articles: int


class Index:
    """Rows by hash."""

    def __init__(self) -> None:
        self._tiers: list[_Tier] = []  # oldest first
        self._pending: list[Entries] = []
        self._waiting = 0  # articles in _pending

    @property
    def nbytes(self) -> int:
        """Memory of the entries, in bytes."""
        return sum(t.entries.nbytes for t in self._tiers) + sum(e.nbytes for e in self._pending)

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
        self._tiers.append(_Tier(entries, articles))

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
        pending = [np.sort(np.concatenate(self._pending))] if self._pending else []
        newest_first = (*pending, *(tier.entries for tier in reversed(self._tiers)))
        parts += [_search(entries, needles, room) for entries in newest_first]
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


def _search(entries: Entries, needles: Entries, room: Rows) -> tuple[Rows, Rows]:
    """The newest entries of each needle, as far as there is room; takes from ``room``."""
    low = np.searchsorted(entries, needles)
    there = np.flatnonzero((low < len(entries)) & (room > 0))
    there = there[(entries[low[there]] ^ needles[there]) <= _LOW]
    high = np.searchsorted(entries, needles[there] | _LOW, "right")
    taken = np.minimum(high - low[there], room[there])
    room[there] -= taken
    which, back = _spread(np.arange(len(there)), taken)
    return there[which], (entries[high[which] - 1 - back] & _LOW).astype(np.int64)


def _spread(items: Rows, times: Rows) -> tuple[Rows, Rows]:
    """Each item ``times`` times, and the number of the repetition."""
    repeated = np.repeat(items, times)
    begins = np.repeat(np.cumsum(times) - times, times)
    return repeated, np.arange(len(repeated)) - begins
