"""People have the last word."""

from __future__ import annotations

import pytest
from storage_builders import LATER, NOW, ingest, join, merge

from pipeline.errors import NotFound, StorageError
from pipeline.storage import EventKind, LinkKind, Store


@pytest.fixture
def filled(store: Store) -> Store:
    store.apply([ingest(1, 1), join(2, 1, 1), join(3, 1, 1), ingest(4, 2)], NOW)
    return store


def canonical(store: Store, story: str) -> str:
    return next(m.article_id for m in store.story(story).articles if m.canonical)


def test_merge(filled: Store) -> None:
    filled.merge_stories("s1", "s2", LATER, "the same, I was there")
    assert [m.article_id for m in filled.story("s2").articles] == ["a1", "a2", "a3", "a4"]
    assert filled.story("s2").story_id == "s1"
    (link,) = filled.links()
    assert (link.kind, link.a, link.b, link.note) == (LinkKind.MUST, "a1", "a4", "the same, I was there")
    assert filled.changes()[-1].kind is EventKind.MERGED
    assert [story for _, story, _, _ in filled.sketches()] == [1, 1, 1, 1]
    with pytest.raises(StorageError, match="one story already"):
        filled.merge_stories("s1", "s2", LATER)


@pytest.mark.parametrize(("article", "stays"), [("a2", "a1"), ("a1", "a2")], ids=["a copy", "the canonical one"])
def test_split(filled: Store, article: str, stays: str) -> None:
    filled.split_article(article, "s9", LATER)
    assert [m.article_id for m in filled.story("s9").articles] == [article]
    assert filled.story("s9").articles[0].score is None
    assert canonical(filled, "s1") == stays
    (link,) = filled.links(article)
    assert (link.kind, {link.a, link.b}) == (LinkKind.CANNOT, {article, stays})
    assert filled.next_rows() == (5, 4)
    assert filled.quick_check() == []


def test_the_last_article_is_not_split_off(filled: Store) -> None:
    with pytest.raises(StorageError, match="only article"):
        filled.split_article("a4", "s9", LATER)


def test_a_pinned_article_keeps_speaking(filled: Store) -> None:
    filled.pin_article("a2", LATER)
    assert (canonical(filled, "s1"), filled.story("s1").canonical_rule) == ("a2", "pinned by a person")
    filled.apply([join(5, 1, 1, canonical=5)], LATER)
    assert canonical(filled, "s1") == "a2"
    filled.apply([merge(6, 2, 1, 4, canonical=6)], LATER)
    assert canonical(filled, "s2") == "a2"
    filled.unpin_story("s2")
    filled.apply([join(7, 2, 4, canonical=7)], LATER)
    assert canonical(filled, "s2") == "a7"


def test_a_pinned_article_that_is_split_off_speaks_no_more(filled: Store) -> None:
    filled.pin_article("a2", LATER)
    filled.split_article("a2", "s9", LATER)
    assert canonical(filled, "s1") == "a1"


def test_links_are_remembered_and_undone(filled: Store) -> None:
    first = filled.add_link(LinkKind.CANNOT, "a4", "a1", NOW, "different towns")
    assert [(link.row, link.a, link.b, link.made) for link in filled.links("a4")] == [(first, "a1", "a4", NOW)]
    second = filled.add_link(LinkKind.MUST, "a1", "a4", LATER)
    assert [link.row for link in filled.links()] == [second]
    assert [(link.row, link.undone) for link in filled.links(undone=True)] == [(first, LATER), (second, None)]
    filled.undo_link(second, LATER)
    assert filled.links() == []
    with pytest.raises(NotFound):
        filled.undo_link(second, LATER)
    with pytest.raises(StorageError, match="itself"):
        filled.add_link(LinkKind.MUST, "a1", "a1", NOW)


@pytest.mark.parametrize(
    "call",
    [
        lambda store: store.merge_stories("s1", "nope", NOW),
        lambda store: store.split_article("nope", "s9", NOW),
        lambda store: store.pin_article("nope", NOW),
        lambda store: store.unpin_story("nope"),
        lambda store: store.add_link(LinkKind.MUST, "a1", "nope", NOW),
    ],
)
def test_unknown_names(filled: Store, call: object) -> None:
    with pytest.raises(NotFound, match="nope"):
        call(filled)
