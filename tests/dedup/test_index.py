"""The tiered index against a dictionary, and its bounds."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.dedup import index as index_module
from pipeline.dedup.index import NEWEST, Index

ARTICLES = st.lists(st.lists(st.integers(0, 12), min_size=0, max_size=6, unique=True), max_size=60)


def _arrays(articles: list[list[int]], first: int):
    rows = np.arange(first, first + len(articles))
    keys = np.array([k for keys in articles for k in keys], np.uint32)
    return rows, keys, np.array([len(keys) for keys in articles], np.int64)


def _naive(articles: list[list[int]], place: int) -> list[int]:
    """Rows that one article meets: for each hash the newest earlier ones."""
    met = []
    for key in articles[place]:
        earlier = [i + 1 for i in range(place) if key in articles[i]]
        met += earlier[-NEWEST:]
    return sorted(met)


@settings(max_examples=150, deadline=None)
@given(ARTICLES, st.integers(1, 20), st.integers(1, 3))
def test_finds_what_a_dictionary_finds(articles: list[list[int]], size: int, every: int) -> None:
    index = Index()
    for number, begin in enumerate(range(0, len(articles), size)):
        batch = _arrays(articles[begin : begin + size], begin + 1)
        hits = index.search(*batch)
        for i in range(len(batch[0])):
            assert sorted(hits.row[hits.query == i].tolist()) == _naive(articles, begin + i)
        index.add(*batch)
        if number % every == 0:
            index.settle()


def test_a_crowded_hash_costs_a_fixed_number() -> None:
    index = Index()
    for begin in range(1, 20_001, 500):
        index.add(*_arrays([[7]] * 500, begin))
        index.settle()
    hits = index.search(*_arrays([[7]], 20_001))
    assert hits.row.tolist() == list(range(20_000, 20_000 - NEWEST, -1))
    assert index.nbytes < 20_000


def test_tiers_are_few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(index_module, "LARGEST", 4096)
    index = Index()
    rng = np.random.default_rng(3)
    for begin in range(0, 20_480, 512):
        keys = rng.integers(0, 2**32, 512 * 4).astype(np.uint32)
        index.add(np.arange(begin + 1, begin + 513), keys, np.full(512, 4))
        index.settle()
    assert len(index._tiers) <= 20_480 // 4096 + 4
    assert index.nbytes == 20_480 * 4 * 8


@pytest.mark.parametrize("at_once", [1, 7, 64, 1 << 16])
def test_trimming_in_parts_keeps_the_newest(monkeypatch: pytest.MonkeyPatch, at_once: int) -> None:
    monkeypatch.setattr(index_module, "_AT_ONCE", at_once)
    rng = np.random.default_rng(5)
    entries = (rng.integers(0, 9, 500).astype(np.uint64) << np.uint64(32)) | np.arange(500, dtype=np.uint64)
    by_hash: dict[int, list[int]] = {}
    for entry in sorted(entries.tolist()):
        by_hash.setdefault(entry >> 32, []).append(entry)
    newest = [entry for group in by_hash.values() for entry in group[-NEWEST:]]
    assert index_module._trimmed(entries).tolist() == newest


def test_merging_needs_little_memory_beside_the_tier() -> None:
    index = Index()
    rng = np.random.default_rng(4)
    halves = [rng.integers(0, 2**32, 16_384 * 24).astype(np.uint32) for _ in range(2)]
    tier = 2 * 8 * len(halves[0])  # bytes
    index.add(np.arange(1, 16_385), halves[0], np.full(16_384, 24))
    index.settle()
    index.add(np.arange(16_385, 32_769), halves[1], np.full(16_384, 24))
    tracemalloc.start()
    try:
        index.settle()
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert tier <= index.nbytes <= 1.13 * tier  # up to a byte an entry for the filter
    assert peak < 1.8 * tier


def test_forgets_old_tiers() -> None:
    index = Index()
    index.add(*_arrays([[1], [2]], 1))
    index.settle()
    index.forget(3)
    assert not len(index.search(*_arrays([[1]], 9)).row)


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 400))
def test_the_filter_loses_nothing(seed: int, count: int) -> None:
    """With a filter on every tier the same is found as without any."""
    rng = np.random.default_rng(seed)
    sizes = rng.integers(0, 9, count)
    keys = rng.integers(0, 2**32, int(sizes.sum()), np.uint64).astype(np.uint32)
    keys[: len(keys) // 2] = rng.choice(keys, len(keys) // 2) if len(keys) else keys[:0]
    found = []
    for least in (1, 1 << 40):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(index_module, "FILTERED", least)
            index = Index()
            index.add(np.arange(1, count + 1), keys, sizes)
            index.settle()
            hits = index.search(np.arange(count + 1, 2 * count + 1), keys, sizes)
        found.append((hits.query.tolist(), hits.row.tolist(), hits.found.tolist()))
    assert found[0] == found[1]


def test_the_filter_keeps_most_hashes_out() -> None:
    rng = np.random.default_rng(5)
    entries = np.sort(rng.integers(0, 2**64, index_module.FILTERED, np.uint64))
    tier = index_module._Tier.of(entries, 1)
    others = rng.integers(0, 2**64, 20_000, np.uint64)
    assert len(tier.may_hold(entries)) == len(entries)
    assert len(tier.may_hold(others)) < 0.25 * len(others)
