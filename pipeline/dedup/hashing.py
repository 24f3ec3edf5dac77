"""Hashes over whole arrays: one mixing function, and hashes of runs by prefix sums."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

Hashes = NDArray[np.uint64]

# Odd multipliers of the splitmix64 finaliser (Steele, Lea, Flood 2014) and an odd base for runs.
_MULTIPLY_1 = np.uint64(0xBF58476D1CE4E5B9)
_MULTIPLY_2 = np.uint64(0x94D049BB133111EB)
_ADD = np.uint64(0x9E3779B97F4A7C15)
_BASE = 0x2545F4914F6CDD1D
_MODULUS = 1 << 64


def mix(values: Hashes) -> Hashes:
    """``values`` spread over all 64 bits (splitmix64); a new array."""
    mixed = values + _ADD
    mixed ^= mixed >> np.uint64(30)
    mixed *= _MULTIPLY_1
    mixed ^= mixed >> np.uint64(27)
    mixed *= _MULTIPLY_2
    mixed ^= mixed >> np.uint64(31)
    return mixed


@cache
def _powers(size: int) -> tuple[Hashes, Hashes]:
    """Powers of the base modulo 2**64, and of its inverse."""
    inverse = pow(_BASE, -1, _MODULUS)
    powers = []
    for factor in (_BASE, inverse):
        row = np.full(size, factor, np.uint64)
        row[0] = 1
        powers.append(np.multiply.accumulate(row))
    return powers[0], powers[1]


@dataclass(frozen=True, slots=True)
class Runs:
    """What hashes of any runs of an array are made from in constant time each: ``sums`` uint64[n + 1]."""

    sums: Hashes

    @classmethod
    def of(cls, values: Hashes) -> Runs:
        """Prepare for runs of ``values``: one pass over it."""
        powers, _ = _powers(_size(len(values)))
        sums = np.empty(len(values) + 1, np.uint64)
        sums[0] = 0
        np.cumsum(values * powers[: len(values)], out=sums[1:])
        return cls(sums)

    def hashes(self, starts: NDArray[np.int64], ends: NDArray[np.int64]) -> Hashes:
        """Hash of each run ``values[start:end]``: mix(sum of values[start + i] * base**i), modulo 2**64."""
        _, inverse = _powers(_size(len(self.sums) - 1))
        totals = self.sums[ends]
        totals -= self.sums[starts]
        totals *= inverse[starts]
        return mix(totals)


def run_hashes(values: Hashes, starts: NDArray[np.int64], ends: NDArray[np.int64]) -> Hashes:
    """``Runs.hashes`` of an array whose runs are asked for once."""
    return Runs.of(values).hashes(starts, ends)


def _size(length: int) -> int:
    return 1 << max(12, length.bit_length())


def text_hash(text: str) -> int:
    """Stable 64-bit hash of a short string such as an outlet's name; never 0, which stands for none."""
    digest = blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest, "little") or 1


def distinct(values: Hashes) -> Hashes:
    """``values`` sorted, without repetitions."""
    ordered = np.sort(values)
    if len(ordered) < 2:
        return ordered
    keep = np.empty(len(ordered), np.bool_)
    keep[0] = True
    np.not_equal(ordered[1:], ordered[:-1], out=keep[1:])
    return ordered[keep]
