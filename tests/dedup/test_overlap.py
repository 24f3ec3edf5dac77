"""Shared shingles of many pairs at once, against sets and loops."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from pipeline.dedup.hashing import mix
from pipeline.dedup.overlap import common, find, overlap

small = st.lists(st.integers(0, 12), max_size=25)  # few values: repetitions are likely
pairs = st.lists(st.tuples(small, small), min_size=1, max_size=6)


def hashes(values: list[int]) -> np.ndarray:
    return mix(np.array(values, np.uint64))


def naive_runs(a: list[int], at: list[int]) -> list[tuple[int, int]]:
    """(first index, length) of maximal stretches that go on together on both sides."""
    runs: list[tuple[int, int]] = []
    for i, j in enumerate(at):
        if j < 0:
            continue
        if i and at[i - 1] >= 0 and j == at[i - 1] + 1:
            runs[-1] = (runs[-1][0], runs[-1][1] + 1)
        else:
            runs.append((i, 1))
    return runs


@given(small, small)
def test_find_is_exact(a: list[int], b: list[int]) -> None:
    at, twin = find(hashes(a), hashes(b))
    for value, place in zip(a, at.tolist(), strict=True):
        assert (place >= 0) == (value in b)
        if place >= 0:
            assert b[place] == value
    for value, place in zip(b, twin.tolist(), strict=True):
        assert b[place] == value
    for value in set(a) & set(b):  # all repetitions of a value that is sought have one representative
        assert len({twin[i] for i, v in enumerate(b) if v == value}) == 1


@given(pairs)
def test_pairs_do_not_meet(batch: list[tuple[list[int], list[int]]]) -> None:
    both = overlap([hashes(a) for a, _ in batch], [hashes(b) for _, b in batch])
    for i, (a, b) in enumerate(batch):
        assert both.shared_a[both.a.pair == i].tolist() == [v in b for v in a]
        assert both.shared_b[both.b.pair == i].tolist() == [v in a for v in b]


@given(small, small)
def test_runs_match_a_loop(a: list[int], b: list[int]) -> None:
    both = overlap([hashes(a)], [hashes(b)])
    runs = both.runs()
    assert list(zip(runs.a.tolist(), runs.length.tolist(), strict=True)) == naive_runs(a, both.at.tolist())


@given(small, small, st.integers(1, 255))
def test_marks_carry_over(a: list[int], b: list[int], bits: int) -> None:
    both = overlap([hashes(a)], [hashes(b)])
    marks = np.array([bits if v % 3 == 0 else 0 for v in b], np.uint8)
    assert both.values_to_a(marks).tolist() == [bits if v in b and v % 3 == 0 else 0 for v in a]
    marks = np.array([bits if v % 3 == 0 else 0 for v in a], np.uint8)
    assert both.values_to_b(marks).tolist() == [bits if v in a and v % 3 == 0 else 0 for v in b]


@given(st.lists(st.tuples(st.sets(st.integers(0, 20)), st.sets(st.integers(0, 20))), min_size=1, max_size=5))
def test_common_counts_sets(batch: list[tuple[set[int], set[int]]]) -> None:
    shared, size_a, size_b = common([hashes(sorted(a)) for a, _ in batch], [hashes(sorted(b)) for _, b in batch])
    assert shared.tolist() == [len(a & b) for a, b in batch]
    assert size_a.tolist() == [len(a) for a, _ in batch]
    assert size_b.tolist() == [len(b) for _, b in batch]
