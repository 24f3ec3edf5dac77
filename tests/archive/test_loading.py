"""The result in a store: as if the articles had come one after the other, once and only once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline.dedup import Incoming, Rules, open_matcher
from pipeline.model import Action
from pipeline.storage import Store, open_store
from tests.archive.made import fold, lines, save_lines, stories
from tests.dedup.memory_store import article

pytest.importorskip("pyarrow", reason="needs pyarrow")
ROWS = lines(1100, seed=4)


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_lines(ROWS, tmp_path_factory.mktemp("history") / "in.jsonl")


@pytest.fixture(params=["sqlite", "postgres"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """An empty store of each kind."""
    postgres = request.param == "postgres"
    url = request.getfixturevalue("postgres").emptied() if postgres else f"sqlite:///{tmp_path}/news.db"
    with open_store(url) as opened:
        yield opened


@pytest.fixture(scope="module")
def folded(source: Path) -> Path:
    """The archive, folded once: loading is what is tested."""
    fold([source], source.parent / "out")
    return source.parent / "out"


def _kept(store: Store) -> dict[str, tuple[str, bool]]:
    """Article id -> its story, and whether it speaks for it."""
    records = store.stories(limit=5000)
    return {m.article_id: (record.story_id, m.canonical) for record in records for m in record.articles}


def test_a_new_installation_starts_with_its_history(source: Path, folded: Path, store: Store) -> None:
    report, out = fold([source], folded, into=store)
    assert report.loaded is not None
    assert (report.loaded.articles, report.loaded.stories, report.loaded.known) == (1100, report.stories, 0)
    kept = _kept(store)
    assert {key: story for key, (story, _) in kept.items()} == stories(out)
    assert {key for key, (_, speaks) in kept.items() if speaks} == {str(r["id"]) for r in out if r["canonical"]}
    counts = store.checkpoint("counts")
    assert counts is not None
    assert counts[0] == 1023, "two whole epochs need not be counted again"


def test_a_copy_that_comes_later_joins_the_history(source: Path, folded: Path, store: Store) -> None:
    fold([source], folded, into=store)
    old = ROWS[-1]
    matcher = open_matcher(store, Rules())
    copy = article(1, text=old["text"], outlet="Herald", hours=25)
    (decided,) = matcher.decide([Incoming(store.next_rows()[0], copy)])
    assert decided.decision.action is Action.JOIN


def test_loading_twice_adds_nothing(source: Path, folded: Path, store: Store) -> None:
    fold([source], folded, into=store)
    before = _kept(store)
    report, _ = fold([source], folded, into=store)
    assert report.loaded is not None
    assert (report.loaded.articles, report.loaded.known) == (0, 1100)
    assert _kept(store) == before


def test_a_load_that_was_ended_goes_on(source: Path, folded: Path, store: Store) -> None:
    class Ended(Exception):
        pass

    def plug(stage: str, done: int, _parts: int) -> None:
        if stage == "load" and done == 1:
            raise Ended

    with pytest.raises(Ended):
        fold([source], folded, into=store, progress=plug)
    partly = len(_kept(store))
    assert 0 < partly < 1100
    report, out = fold([source], folded, into=store)
    assert report.loaded is not None
    assert report.loaded.known == partly
    assert {key: story for key, (story, _) in _kept(store).items()} == stories(out)


def test_evidence_comes_along(source: Path, folded: Path, store: Store) -> None:
    _, out = fold([source], folded, into=store)
    copy = next(row for row in out if row["match"])
    target = str(copy["match"]["article_id"])
    rows = {key: found.row for key, found in store.articles_by_id([str(copy["id"]), target]).items()}
    (match,) = store.matches(rows[str(copy["id"])])
    assert match.article == rows[target]
    assert match.score == pytest.approx(copy["match"]["score"])
    assert match.reason == copy["match"]["reason"]
    assert match.evidence.keys() >= {"containment", "days"}
