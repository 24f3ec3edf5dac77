"""Counts of shingles: never too low, bounded, stored and read again."""

from __future__ import annotations

import numpy as np
import pytest

from pipeline.dedup import counts as counts_module
from pipeline.dedup.counts import CountTable, ShingleCounts
from pipeline.errors import StoryfoldError

RNG = np.random.default_rng(5)


def _hashes(count: int) -> np.ndarray:
    return RNG.integers(0, 2**63, count).astype(np.uint64)


def test_counts_stories_and_outlets() -> None:
    counts = ShingleCounts()
    common, rare = _hashes(1), _hashes(1)
    for outlet in (11, 11, 11, 22):
        counts.add([(outlet, np.concatenate((common, _hashes(50))))])
    counts.add([(22, rare)])
    assert counts.df(np.concatenate((common, rare, _hashes(1)))).tolist() == [4, 1, 0]
    assert counts.outlet_df(np.array([11], np.uint64), common)[0] == 3


def test_never_too_low_and_seldom_too_high() -> None:
    table, hashes = CountTable(), _hashes(200_000)
    table.add(hashes)
    table.settle()
    table.add(hashes[:1000])
    assert (table.get(hashes[:1000]) >= 2).all()
    assert (table.get(_hashes(20_000)) > 0).mean() < 0.16


def test_one_shingle_without_end_stays_in_bounds() -> None:
    table, one = CountTable(), np.full(200_000, 12345, np.uint64)
    table.add(one)
    assert 32_000 < table.get(one[:1])[0] < 65_535


def test_halving_forgets_the_rare(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(counts_module, "SMALLEST", 1 << 20)
    monkeypatch.setattr(counts_module, "LARGEST", 1 << 20)
    table, often = CountTable(), _hashes(1)
    for _ in range(8):
        table.add(often)
    table.add(_hashes(300_000))
    table.settle()
    assert table.get(often)[0] in (4, 5)
    assert (table.get(_hashes(10_000)) > 0).mean() < 0.1


def test_stored_and_read_again() -> None:
    counts, hashes = ShingleCounts(), _hashes(500)
    counts.add([(3, hashes), (3, hashes)])
    again = ShingleCounts.load(counts.dump())
    assert again.df(hashes).tolist() == counts.df(hashes).tolist()
    assert again.dump() == counts.dump()
    with pytest.raises(StoryfoldError):
        ShingleCounts.load(b"other")
