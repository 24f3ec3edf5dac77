"""From meetings in the index to the few stored articles worth comparing.

What two sketches share says how much of the smaller text lies in the larger one: every shingle of the overlap
was sampled with the smaller of the two texts' sampling rates.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.dedup.index import Hits, Rows
from pipeline.dedup.ledger import Ledger
from pipeline.dedup.sketch import sample_sizes

_HALF = np.uint64(32)
_LOW = np.uint64(0xFFFFFFFF)
Floats = NDArray[np.float64]
PLENTY = 3.0  # times ``least``: so much overlap is looked into, however common its hashes
SURE = 1.5  # times ``least``: so much is looked into even where it rests on two or three samples of a short text,
ENOUGH = 5  # and less than that only where it rests on so many: three of 24 are as easily met by chance


@dataclass(frozen=True, slots=True)
class Candidates:
    """Stored articles for each article of a batch, the best ones first.

    ``query[i]`` is the position in the batch and rises; ``row[i]`` the candidate; ``rank[i]`` what it was
    ranked by: estimated containment with common hashes counting less.
    """

    query: Rows
    row: Rows
    rank: Floats


def candidates(
    hits: Hits, sizes: Rows, times: Floats, ledger: Ledger, *, window: float, least: float, most: int
) -> Candidates:
    """Rank what ``hits`` found.

    ``sizes`` and ``times`` belong to the batch.  Left out: what is estimated to share less than ``least`` of the
    smaller text (or a little more, on the word of a few samples), what is more than ``window`` seconds apart, and
    what comes after the best ``most``.
    """
    query, row, shared, weight = _gathered(hits)
    stored = ledger.sizes(row)
    own = sizes[query]
    rate = np.minimum(_rates(stored), _rates(own))
    expected = np.maximum(rate * np.minimum(stored, own), 1.0)
    apart = np.abs(ledger.times(row) - times[query])
    near = ~(apart > window)  # unknown times are near
    rank = weight / expected
    some = (rank >= SURE * least) | ((rank >= least) & (shared >= ENOUGH))
    kept = near & (some | (shared / expected >= PLENTY * least)) & (stored > 0)
    query, row, rank = query[kept], row[kept], rank[kept]
    order = np.lexsort((-row, -rank, query))
    query, row, rank = query[order], row[order], rank[order]
    place = np.arange(len(query)) - np.searchsorted(query, query)
    best = place < most
    return Candidates(query[best], row[best], rank[best])


def _gathered(hits: Hits) -> tuple[Rows, Rows, Rows, Floats]:
    """One line per pair: how many hashes it shares, and the same with common hashes counting less."""
    pairs = (hits.query.astype(np.uint64) << _HALF) | hits.row.astype(np.uint64)
    order = np.argsort(pairs, kind="stable")
    pairs = pairs[order]
    worth = 1.0 / (1.0 + np.log2(np.maximum(hits.found[order], 1)))
    first = np.flatnonzero(np.append(True, pairs[1:] != pairs[:-1])) if len(pairs) else np.zeros(0, np.int64)
    shared = np.diff(np.append(first, len(pairs)))
    weight = np.add.reduceat(worth, first) if len(first) else np.zeros(0)
    heads = pairs[first]
    return (heads >> _HALF).astype(np.int64), (heads & _LOW).astype(np.int64), shared, weight


def _rates(sizes: Rows) -> Floats:
    rates: Floats = sample_sizes(sizes) / np.maximum(sizes, 1)
    return rates
