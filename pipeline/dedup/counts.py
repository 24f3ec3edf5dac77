"""How many stories carry a shingle, in all and in one outlet: counted approximately, in bounded memory.

A counting Bloom filter in blocks (Putze, Sanders, Singler 2007): each shingle has two 8-bit counters inside
one 64-byte block, and the smaller one is its count, so that a look-up costs one cache miss.  Counts are never
too low until ``HALVED`` shingles were counted per slot; then all are halved, which forgets what was rare long
ago and keeps what recurs.  The table starts small and doubles by repeating itself, up to ``LARGEST`` bytes.
"""

from __future__ import annotations

import zlib

import numpy as np
from numpy.typing import NDArray

from pipeline.dedup.hashing import Hashes, mix
from pipeline.errors import StoryfoldError

SMALLEST = 1 << 20  # bytes, a counter each
LARGEST = 1 << 25
FULL = 0.25  # shingles counted per slot when the table doubles; 1 % of counts are then one too high
HALVED = 0.5  # shingles counted per slot of the largest table when all counts are halved
_MOST = 255
_BLOCK = 64
_FORMAT = b"counts1\n"


class CountTable:
    """Counts by hash; ``add`` counts each hash of a call once."""

    def __init__(self) -> None:
        self.slots: NDArray[np.uint8] = np.zeros(SMALLEST, np.uint8)
        self.added = 0

    def get(self, hashes: Hashes) -> NDArray[np.uint8]:
        """Counts, 0-255, never too low since the last halving."""
        first, second = self._places(hashes)
        found: NDArray[np.uint8] = np.minimum(self.slots[first], self.slots[second])
        return found

    def add(self, hashes: Hashes) -> None:
        """Count each hash once more (repetitions in one call count once)."""
        first, second = self._places(hashes)
        low = np.minimum(self.slots[first], self.slots[second])
        more = low + (low < _MOST)
        for places in (first, second):
            self.slots[places] = np.maximum(self.slots[places], more)
        self.added += len(hashes)

    def settle(self) -> None:
        """Double the table, or halve the counts, where they have become too many."""
        while self.added > FULL * len(self.slots) and len(self.slots) < LARGEST:
            self.slots = np.concatenate((self.slots, self.slots))
        if self.added > HALVED * len(self.slots):
            self.slots >>= 1
            self.added //= 2

    def _places(self, hashes: Hashes) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        block = hashes & np.uint64(len(self.slots) - _BLOCK)
        first = block | ((hashes >> np.uint64(40)) & np.uint64(_BLOCK - 1))
        second = block | ((hashes >> np.uint64(48)) & np.uint64(_BLOCK - 1))
        return first.view(np.int64), second.view(np.int64)


class ShingleCounts:
    """Both tables: all outlets together, and each outlet by itself."""

    def __init__(self) -> None:
        self._all = CountTable()
        self._at_home = CountTable()

    def df(self, shingles: Hashes) -> NDArray[np.integer]:
        """Number of counted stories that carry each shingle, at most 255."""
        return self._all.get(shingles).astype(np.int64)

    def outlet_df(self, outlets: Hashes, shingles: Hashes) -> NDArray[np.integer]:
        """Number of counted stories of ``outlets[i]`` that carry ``shingles[i]``, at most 255."""
        return self._at_home.get(mix(shingles ^ outlets)).astype(np.int64)

    def add(self, outlet: int, shingles: Hashes) -> None:
        """Count one story."""
        self._all.add(shingles)
        if outlet:
            self._at_home.add(mix(shingles ^ np.uint64(outlet)))

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
        head = np.array(
            [self._all.added, len(self._all.slots), self._at_home.added, len(self._at_home.slots)], "<i8"
        )
        body = self._all.slots.tobytes() + self._at_home.slots.tobytes()
        return _FORMAT + head.tobytes() + zlib.compress(body, 1)

    @classmethod
    def load(cls, content: bytes) -> ShingleCounts:
        """The inverse of ``dump``.  Raises ``StoryfoldError`` for bytes that are none."""
        if not content.startswith(_FORMAT):
            raise StoryfoldError("the stored counts of shingles are not in a format of this version")
        begin = len(_FORMAT)
        added, size, added_home, size_home = np.frombuffer(content[begin : begin + 32], "<i8").tolist()
        body = np.frombuffer(zlib.decompress(content[begin + 32 :]), np.uint8)
        if len(body) != size + size_home:
            raise StoryfoldError("the stored counts of shingles are damaged")
        counts = cls()
        counts._all.slots, counts._all.added = body[:size].copy(), added
        counts._at_home.slots, counts._at_home.added = body[size:].copy(), added_home
        return counts
