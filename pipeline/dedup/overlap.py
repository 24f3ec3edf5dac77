"""Which shingles two articles share, for many pairs at once.

A batch of pairs is laid out flat: all shingles of all left sides in one array, all of the right sides in
another, with the pair's number mixed into each hash so that pairs cannot meet.  Everything after that is
array work: no loop runs over shingles, and none over pairs either.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Hashes = NDArray[np.uint64]

_PAIR = np.uint64(0x9E3779B97F4A7C15)  # 2**64 / golden ratio: Fibonacci hashing, Knuth TAOCP 3, 6.4
_LOAD = 4  # slots per key; about one key in eight meets an earlier one and waits for the next round


@dataclass(frozen=True, slots=True)
class Side:
    """One side of every pair, flat.

    ``keys`` uint64[n]: shingles, made unique to their pair; ``starts`` int64[pairs + 1]: where each pair's
    shingles begin; ``pair`` int64[n]: the pair of each shingle.
    """

    keys: Hashes
    starts: Ints
    pair: Ints

    @property
    def lengths(self) -> Ints:
        """Number of shingles in each pair."""
        return np.diff(self.starts)


@dataclass(frozen=True, slots=True)
class Runs:
    """Maximal stretches of shingles that follow each other on both sides.

    ``pair``, ``a``, ``b``: pair, and first shingle on either side (flat index); ``length``: in shingles.
    """

    pair: Ints
    a: Ints
    b: Ints
    length: Ints


@dataclass(frozen=True, slots=True)
class Overlap:
    """What two sides share.

    ``at`` int64[len(a)]: flat index in ``b`` of the same shingle, or -1; ``shared_a`` and ``shared_b``: which
    shingles occur on the other side; ``twin`` int64[len(b)]: one index that stands for all repetitions.
    """

    a: Side
    b: Side
    at: Ints
    shared_a: Bools
    shared_b: Bools
    twin: Ints

    def values_to_b(self, values: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Bits of the left side carried over to the same shingles on the right; 0 where not shared."""
        found = np.zeros(len(self.b.keys), np.uint8)
        marked = np.flatnonzero(self.shared_a & (values > 0))
        np.bitwise_or.at(found, self.at[marked], values[marked])
        return found[self.twin]

    def values_to_a(self, values: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Bits of the right side carried over to the left."""
        found = np.zeros(len(self.b.keys) + 1, np.uint8)  # one more, for at == -1
        marked = np.flatnonzero(values)
        np.bitwise_or.at(found, self.twin[marked], values[marked])
        return found[self.at]

    def runs(self) -> Runs:
        """All maximal runs, in the order of the left side."""
        at, shared, pair = self.at, self.shared_a, self.a.pair
        follows = np.zeros(len(at), bool)
        follows[1:] = shared[1:] & shared[:-1] & (at[1:] == at[:-1] + 1) & (pair[1:] == pair[:-1])
        first = np.flatnonzero(shared & ~follows)
        number = np.cumsum(shared & ~follows) - 1
        length = np.bincount(number[shared], minlength=len(first))
        return Runs(pair[first], first, at[first], length)


def side(arrays: Sequence[Hashes]) -> Side:
    """Lay out one array of hashes per pair."""
    lengths = np.fromiter(map(len, arrays), np.int64, len(arrays))
    starts = np.zeros(len(arrays) + 1, np.int64)
    np.cumsum(lengths, out=starts[1:])
    pair = np.repeat(np.arange(len(arrays)), lengths)
    flat = np.concatenate(arrays) if arrays else np.empty(0, np.uint64)
    return Side(flat ^ (pair.astype(np.uint64) * _PAIR), starts, pair)


def overlap(a: Sequence[Hashes], b: Sequence[Hashes]) -> Overlap:
    """Compare ``a[i]`` with ``b[i]`` for every i."""
    left, right = side(a), side(b)
    at, twin = find(left.keys, right.keys)
    shared = at >= 0
    found = np.zeros(len(twin) + 1, bool)  # one more, for at == -1
    found[at] = True
    return Overlap(left, right, at, shared, found[twin], twin)


def find(keys: Hashes, among: Hashes) -> tuple[Ints, Ints]:
    """Where each of ``keys`` stands in ``among`` (-1: nowhere), and a representative of each of ``among``.

    Exact.  Each round throws the keys that are left into a table, where the last to come takes the slot; the
    others go into the next round with another multiplier.  Two or three rounds do, and each costs a few
    nanoseconds a key, where sorting 64-bit keys costs about 30.
    """
    where, twin = np.full(len(keys), -1), np.arange(len(among))
    seek: Ints | slice = slice(None)
    left, keys_left, among_left = np.arange(len(among)), keys, among
    odd = int(_PAIR)
    while len(among_left) and len(keys_left):
        bits = max(4, (len(among_left) * _LOAD - 1).bit_length())
        shift, factor = np.uint64(64 - bits), np.uint64(odd)
        table = np.zeros(1 << bits, np.int32)
        slots = (among_left * factor) >> shift
        table[slots] = np.arange(len(among_left), dtype=np.int32)
        owner = table[slots]
        lost = np.flatnonzero(among_left[owner] != among_left)
        twin[left] = left[owner]
        twin[left[lost]] = left[lost]
        guess = table[(keys_left * factor) >> shift]
        hit = among_left[guess] == keys_left
        where[seek] = np.where(hit, left[guess], -1)
        missed = np.flatnonzero(~hit)
        seek = missed if isinstance(seek, slice) else seek[missed]
        left, keys_left, among_left = left[lost], keys_left[missed], among_left[lost]
        odd = (odd * 0x2545F4914F6CDD1D + 2) & 0xFFFFFFFFFFFFFFFF | 1
    return where, twin


def common(a: Sequence[Hashes], b: Sequence[Hashes]) -> tuple[Floats, Floats, Floats]:
    """For arrays without repetitions: how many hashes each pair shares, and how many each side has."""
    left, right = side(a), side(b)
    at, _ = find(left.keys, right.keys)
    shared: Floats = np.bincount(left.pair[at >= 0], minlength=len(a)).astype(np.float64)
    sizes: list[Floats] = [s.lengths.astype(np.float64) for s in (left, right)]
    return shared, sizes[0], sizes[1]
