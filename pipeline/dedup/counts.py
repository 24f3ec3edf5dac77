"""How many stories carry a shingle, in all and in one outlet: counted approximately, in bounded memory.

A counting Bloom filter in blocks (Putze, Sanders, Singler 2007): each shingle has two counters inside one
block of 64 bytes, and the smaller one is its count, so that a look-up costs about one cache miss.  All counts are
halved whenever ``HALVED`` shingles were counted per counter, which forgets what was rare long ago and keeps what
recurs.  Until then a count is never too low, and too high for about one shingle in seven at the most.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from pipeline.dedup.hashing import Hashes, mix
from pipeline.errors import StoryfoldError

SMALLEST = LARGEST = 1 << 24  # counters, 32 MiB; tables stored by earlier versions may be smaller, and grow
FULL = 0.125  # shingles counted per counter when the table doubles
HALVED = 0.25  # shingles counted per counter of the largest table when all are halved
_MOST = np.uint16(32_767)
_AT_ONCE = 8192  # hashes: their blocks stay in the cache, and so many more cannot overflow 16 bits
_BLOCK = 32
_ONE = np.uint16(1)
_FORMAT = b"counts1\n"

Counters = NDArray[np.uint16]


class CountTable:
    """Counts by hash."""

    def __init__(self) -> None:
        self.slots: Counters = np.empty(SMALLEST, np.uint16)
        self.slots.fill(0)  # not `zeros`: only memory that `empty` takes may lie in huge pages, which are found faster
        self.added = 0

    def get(self, hashes: Hashes) -> Counters:
        """Counts, 0 to about 65,000."""
        first, second = self._places(hashes)
        found: Counters = np.minimum(self.slots[first], self.slots[second])
        return found

    def add(self, hashes: Hashes) -> NDArray[np.bool_]:
        """Count each hash once more, repetitions included; tells which had been counted before."""
        known = np.empty(len(hashes), np.bool_)
        for begin in range(0, len(hashes), _AT_ONCE):
            part = slice(begin, begin + _AT_ONCE)
            first, second = self._places(hashes[part])
            before = np.minimum(self.slots[first], self.slots[second])
            known[part] = before > 0
            np.add.at(self.slots, first, _ONE)
            np.add.at(self.slots, second, _ONE)
            if before.max(initial=0) >= _MOST - _AT_ONCE:
                self.slots[first] = np.minimum(self.slots[first], _MOST)
                self.slots[second] = np.minimum(self.slots[second], _MOST)
        self.added += len(hashes)
        return known

    def settle(self) -> None:
        """Double the table, or halve the counts, where they have become too many."""
        while self.added > FULL * len(self.slots) and len(self.slots) < LARGEST:
            self.slots = np.concatenate((self.slots, self.slots))
        if self.added > HALVED * len(self.slots):
            self.slots >>= np.uint16(1)
            self.added //= 2

    def _places(self, hashes: Hashes) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        block = hashes & np.uint64(len(self.slots) - _BLOCK)
        first = block | ((hashes >> np.uint64(48)) & np.uint64(_BLOCK - 1))
        second = block | (hashes >> np.uint64(59))
        return first.view(np.int64), second.view(np.int64)


class ShingleCounts:
    """Both tables: all outlets together, and each outlet by itself."""

    def __init__(self) -> None:
        self._all = CountTable()
        self._at_home = CountTable()

    def df(self, shingles: Hashes) -> Counters:
        """About how many counted stories carry each shingle."""
        return self._all.get(shingles)

    def outlet_df(self, outlets: Hashes, shingles: Hashes) -> Counters:
        """About how many counted stories of ``outlets[i]`` carry ``shingles[i]``, where there are several."""
        found = self._at_home.get(_at_home(shingles, outlets))
        found += found > 0  # the first occurrence was not counted
        return found

    def add(self, stories: Sequence[tuple[int, Hashes]]) -> None:
        """Count stories: the outlet of each, 0 where unknown, and its shingles."""
        if not stories:
            return
        shingles = np.concatenate([own for _, own in stories])
        lengths = [len(own) for _, own in stories]
        outlets = np.repeat(np.array([outlet for outlet, _ in stories], np.uint64), lengths)
        # Most shingles come once and never again: at home they are counted from the second time on.
        named = self._all.add(shingles) & (outlets != 0)
        self._at_home.add(_at_home(shingles[named], outlets[named]))

    def settle(self) -> None:
        """To be called between batches."""
        self._all.settle()
        self._at_home.settle()

    @property
    def nbytes(self) -> int:
        """Memory in bytes."""
        return self._all.slots.nbytes + self._at_home.slots.nbytes

    def dump(self) -> bytes:
        """As stored at a checkpoint."""
        head = np.array([self._all.added, len(self._all.slots), self._at_home.added, len(self._at_home.slots)], "<i8")
        body = b"".join(t.slots.astype("<u2").tobytes() for t in (self._all, self._at_home))
        return _FORMAT + head.tobytes() + zlib.compress(body, 1)

    @classmethod
    def load(cls, content: bytes) -> ShingleCounts:
        """The inverse of ``dump``.  Raises ``StoryfoldError`` for bytes that are none."""
        if not content.startswith(_FORMAT):
            raise StoryfoldError("the stored counts of shingles are not in a format of this version")
        begin = len(_FORMAT)
        added, size, added_home, size_home = np.frombuffer(content[begin : begin + 32], "<i8").tolist()
        body = np.frombuffer(zlib.decompress(content[begin + 32 :]), "<u2")
        if len(body) != size + size_home:
            raise StoryfoldError("the stored counts of shingles are damaged")
        counts = cls()
        counts._all.slots, counts._all.added = body[:size].astype(np.uint16), added
        counts._at_home.slots, counts._at_home.added = body[size:].astype(np.uint16), added_home
        return counts


def _at_home(shingles: Hashes, outlets: Hashes) -> Hashes:
    """One hash of shingle and outlet."""
    return mix(shingles ^ outlets)
