"""The sample of a text's shingles that stands for it in the index.

FracMinHash (Irber and others, 2022): every text keeps those shingles whose hash falls below a threshold, so
two texts keep the same ones of what they share.  The threshold depends on the length, so that a text of 100
words and one of 5,000 both keep a bounded number, and the share of the smaller text that lies in the larger
one can still be estimated from what both kept.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from pipeline.dedup.hashing import Hashes, distinct

Keys = NDArray[np.uint32]

LEAST = 24  # samples of a short text: at 30 % containment 7 are shared, none with probability 0.0002
ROOT = 1.1  # samples grow with the root of the length: 40 at 1,000 shingles, 78 at 5,000
MOST = 96
_SKIP = np.uint64(16)  # the composite sort key holds 48 bits of the hash under 16 bits of article number
_FEW = 4  # fewer samples than this of a longer text: it repeats itself, and is sampled without repetitions


def sample_sizes(shingles: NDArray[np.int64]) -> NDArray[np.float64]:
    """Expected number of samples of texts with that many shingles."""
    sizes = np.clip(ROOT * np.sqrt(shingles), LEAST, MOST)
    return np.minimum(sizes, shingles)


def sample(
    hashes: Hashes, offsets: NDArray[np.int64], usable: NDArray[np.bool_]
) -> tuple[Keys, NDArray[np.int64], NDArray[np.int64]]:
    """Samples of several texts: keys one after the other, offsets into them, usable shingles of each text.

    ``hashes[offsets[i]:offsets[i + 1]]`` are the shingles of text ``i``; furniture is not ``usable``.
    At most 65,536 texts.
    """
    texts = len(offsets) - 1
    article = np.repeat(np.arange(texts), np.diff(offsets))
    counts = np.bincount(article[usable], minlength=texts)
    share = sample_sizes(counts) / np.maximum(counts, 1)
    limit = np.minimum(share * 2.0**32, 2.0**32 - 1).astype(np.uint64)
    kept = np.flatnonzero(usable & ((hashes >> np.uint64(32)) <= limit[article]))
    keys = distinct((article[kept].astype(np.uint64) << np.uint64(48)) | (hashes[kept] >> _SKIP))
    owner = (keys >> np.uint64(48)).astype(np.int64)
    starts = np.searchsorted(owner, np.arange(texts + 1))
    rank = np.arange(len(keys)) - starts[owner]
    fits = rank < MOST * 2
    samples = (keys[fits] & np.uint64(0xFFFFFFFF)).astype(np.uint32)
    sizes = np.bincount(owner[fits], minlength=texts)
    poor = np.flatnonzero((sizes < _FEW) & (counts >= _FEW)).tolist()
    if poor:
        rows = np.split(samples, np.cumsum(sizes)[:-1])
        for i in poor:
            own = slice(offsets[i], offsets[i + 1])
            rows[i] = _smallest(hashes[own][usable[own]])
            sizes[i] = len(rows[i])
        samples = np.concatenate(rows)
    return samples, np.concatenate(([0], np.cumsum(sizes))), counts


def _smallest(hashes: Hashes) -> Keys:
    low = distinct(hashes)[:LEAST] >> _SKIP
    return (low & np.uint64(0xFFFFFFFF)).astype(np.uint32)


def pack(keys: Keys, shingles: int) -> bytes:
    """The stored form: number of usable shingles, then the keys, each 4 bytes, little-endian."""
    return struct.pack("<I", shingles) + keys.astype("<u4", copy=False).tobytes()


def pack_many(keys: Keys, offsets: NDArray[np.int64], shingles: NDArray[np.int64]) -> list[bytes]:
    """``pack`` of each ``keys[offsets[i]:offsets[i + 1]]``."""
    values = np.insert(keys.astype("<u4", copy=False), offsets[:-1], shingles.astype("<u4"))
    packed = values.tobytes()
    bounds = (4 * (offsets + np.arange(len(offsets)))).tolist()
    return [packed[a:b] for a, b in pairwise(bounds)]


def is_whole(blob: bytes) -> bool:
    """Whether ``blob`` has the form of a sketch: a count and keys of 4 bytes each."""
    return len(blob) >= 4 and len(blob) % 4 == 0


def unpack(blob: bytes) -> tuple[Keys, int]:
    """Keys and number of usable shingles.  Raises ``ValueError`` for bytes that are no sketch."""
    if not is_whole(blob):
        raise ValueError(f"a sketch of {len(blob)} bytes: it should be a count and keys of 4 bytes each")
    values = np.frombuffer(blob, "<u4")
    return values[1:].astype(np.uint32, copy=False), int(values[0])


def unpack_many(blobs: Sequence[bytes]) -> tuple[Keys, NDArray[np.int64], NDArray[np.int64]]:
    """Keys one after the other, how many of each sketch, and the number of shingles of each text."""
    sizes = np.fromiter((len(blob) // 4 for blob in blobs), np.int64, len(blobs))
    values = np.frombuffer(b"".join(blobs), "<u4").astype(np.uint32, copy=False)
    heads = np.cumsum(sizes) - sizes
    mask = np.ones(len(values), np.bool_)
    mask[heads] = False
    return values[mask], sizes - 1, values[heads].astype(np.int64)
