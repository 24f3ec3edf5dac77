"""Single steps beside a naive reference: profiles as rows, meetings, components."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

pa = pytest.importorskip("pyarrow", reason="needs pyarrow")
pytest.importorskip("duckdb", reason="needs the extra storyfold[duckdb]")

from pipeline.archive import meeting, pieces, profiles  # noqa: E402
from pipeline.archive.duck import DuckEngine  # noqa: E402
from pipeline.archive.job import Job  # noqa: E402
from pipeline.archive.parts import load, save  # noqa: E402
from pipeline.archive.profiling import KEYS  # noqa: E402
from pipeline.archive.verifying import VERDICT  # noqa: E402
from pipeline.dedup import Rules  # noqa: E402
from pipeline.dedup.index import NEWEST  # noqa: E402
from pipeline.dedup.profile import profile_batch  # noqa: E402
from tests.dedup.memory_store import article, stream  # noqa: E402

FEW = settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DuckEngine]:
    with DuckEngine(tmp_path_factory.mktemp("scratch"), 1, 256) as one:
        yield one


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("work")


def test_a_profile_comes_back_as_it_was(tmp_path: Path) -> None:
    articles = [*stream(20), article(5, text=""), article(6, text="Three words only")]
    batch = profile_batch(articles)
    rows = np.arange(7, 7 + len(articles))
    save(tmp_path / "p.parquet", [profiles.table_of(rows, batch)], profiles.SCHEMA)
    again = profiles.profiles_of(load([tmp_path / "p.parquet"], profiles.SCHEMA))
    for row, expected in zip(rows.tolist(), batch.split(), strict=True):
        for one in fields(expected):
            left, right = getattr(again[row], one.name), getattr(expected, one.name)
            assert np.array_equal(left, right), one.name
            assert not isinstance(right, np.ndarray) or left.dtype == right.dtype


CARRIERS = st.lists(st.lists(st.integers(0, 9), max_size=5, unique=True), min_size=2, max_size=60)


@FEW
@given(CARRIERS, st.integers(1, 3))
def test_an_article_meets_the_newest_before_it(
    engine: DuckEngine, folder: Path, articles: list[list[int]], bands: int
) -> None:
    job = Job(folder / "meet", Rules(), 512)
    entries = [(key, row + 1, 5, 0.0) for row, keys in enumerate(articles) for key in keys]
    columns = list(zip(*entries, strict=True)) or [[]] * 4
    save(job.part("keys", 0), [pa.table([list(column) for column in columns], schema=KEYS)], KEYS)
    found = []
    for band in range(bands):
        sql = meeting._MEETINGS.format(bands=bands, band=band, newest=NEWEST, block=0)
        found += engine.rows(sql, {"keys": job.table("keys")})
    expected = []
    for place, keys in enumerate(articles):
        for key in keys:
            earlier = [i + 1 for i in range(place) if key in articles[i]][-NEWEST:]
            expected += [(place + 1, row, len(earlier)) for row in earlier]
    assert sorted((query, row, carriers) for query, row, carriers, *_ in found) == sorted(expected)


EDGES = st.lists(
    st.tuples(st.integers(1, 40), st.integers(1, 40)).filter(lambda e: e[0] > e[1]), min_size=1, max_size=60
)


def _save_verdicts(job: Job, high: Sequence[int], low: Sequence[int]) -> None:
    """Pairs that are all the same report."""
    rest = (0.5, True, 0.9, "reprint", b"", 0.5)
    columns = [list(high), list(low), *([value] * len(high) for value in rest)]
    save(job.part("verdicts", 0), [pa.table(columns, schema=VERDICT)], VERDICT)


@FEW
@given(EDGES)
def test_pieces_are_the_connected_components(engine: DuckEngine, folder: Path, edges: list[tuple[int, int]]) -> None:
    job = Job(folder / "pieces", Rules(), 512)
    high, low = zip(*edges, strict=True)
    _save_verdicts(job, high, low)
    _, path = pieces._components(job, engine)
    found = dict(engine.rows("SELECT high, low FROM edges", {"edges": path}))
    parent: dict[int, int] = {}

    def root(one: int) -> int:
        while parent.setdefault(one, one) != one:
            one = parent[one]
        return one

    for one, other in edges:
        first, second = sorted((root(one), root(other)))
        parent[second] = first
    assert found == {row: root(row) for row in parent if root(row) != row}


def test_a_long_chain_takes_few_rounds(engine: DuckEngine, tmp_path: Path) -> None:
    job = Job(tmp_path, Rules(), 512)
    count = 1000
    _save_verdicts(job, range(2, count + 2), range(1, count + 1))
    rounds, path = pieces._components(job, engine)
    assert engine.rows("SELECT count(*), max(low) FROM edges", {"edges": path}) == [(count, 1)]
    assert rounds < 15
