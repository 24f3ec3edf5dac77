"""The matcher: decisions, and that they do not depend on how the stream is cut."""

from __future__ import annotations

from dataclasses import replace

import memory_store as fake
import pytest
from memory_store import MemoryStore, article, report, stream

from pipeline.dedup import Incoming, Links, Rules, keep, open_matcher
from pipeline.dedup import index as index_module
from pipeline.model import Action, Reason


@pytest.fixture
def small_epochs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Epochs of 64 articles, so that a short stream passes many."""
    for name in ("index", "matcher", "deciding", "opening"):
        monkeypatch.setattr(f"pipeline.dedup.{name}.EPOCH", 64)


def _run(articles: list, size: int) -> tuple[list, MemoryStore]:
    store = MemoryStore()
    matcher = open_matcher(store)
    decided = []
    for begin in range(0, len(articles), size):
        decided += store.take(matcher, articles[begin : begin + size])
    return decided, store


@pytest.mark.usefixtures("small_epochs")
@pytest.mark.parametrize("size", [1, 7, 64, 100])
def test_batches_do_not_matter(size: int) -> None:
    articles = stream(400)
    whole, _ = _run(articles, 400)
    assert {action for action, *_ in whole} >= {Action.START, Action.JOIN}
    assert _run(articles, size)[0] == whole


@pytest.mark.usefixtures("small_epochs")
@pytest.mark.parametrize("kept", [False, True])
def test_a_restart_does_not_matter(kept: bool) -> None:
    articles = stream(400, seed=1)
    whole, _ = _run(articles, 50)
    store = MemoryStore()
    matcher = open_matcher(store)
    decided = store.take(matcher, articles[:230])
    assert keep(matcher, store, every=1)
    if not kept:
        store.checkpoints.clear()
    decided += store.take(open_matcher(store), articles[230:])
    assert decided == whole


def test_copies_join_and_others_do_not() -> None:
    text = report(1)
    decided, store = _run(
        [article(1), article(2), article(3, text=text, outlet="Ledger"), article(4, text=text[: len(text) // 2])], 4
    )
    assert [action for action, *_ in decided] == [Action.START, Action.START, Action.JOIN, Action.JOIN]
    assert store.story[1] == store.story[3] == store.story[4] != store.story[2]


@pytest.mark.parametrize(
    ("outlet", "title", "counted"),
    [("Tribune", "Rents rise along the southern quay", 2), ("Tribune", None, 1), ("Ledger", "Rents rise", 1)],
)
def test_what_one_outlet_prints_under_two_titles_is_counted(outlet: str, title: str | None, counted: int) -> None:
    """A joined article of the same outlet with another title is counted as furniture may be; other copies are not."""
    first, store = article(1), MemoryStore()
    second = replace(article(3, text=first.text, outlet=outlet), title=title or first.title)
    matcher = open_matcher(store)
    decided = store.take(matcher, [first, second])
    assert [action for action, *_ in decided] == [Action.START, Action.JOIN]
    assert len(matcher.learning) == counted


def test_window() -> None:
    text = report(1)
    decided, _ = _run([article(1), article(2, text=text, hours=24 * 31), article(3, text=text, hours=24 * 2)], 3)
    assert [action for action, *_ in decided][:2] == [Action.START, Action.START]
    assert decided[2][0] is not Action.START


def test_first_published_speaks() -> None:
    _, store = _run([article(1, hours=5), article(2, text=report(1), hours=1, outlet="Ledger")], 1)
    assert store.canonical == {1: 2}


@pytest.mark.parametrize("reopened", [False, True])
def test_no_chain_of_articles_leads_a_story_away(reopened: bool) -> None:
    """Each is like the one before it and claims to be older; a copy of the first is found all the same."""
    texts = [f"{report(n)}\n{report(n + 10)}" for n in (1, 2, 3)]
    chain = [article(n + 1, text=f"{texts[n - 1]}\n{texts[n]}", hours=9 - n, outlet="Ledger") for n in (1, 2)]
    store = MemoryStore()
    matcher = open_matcher(store)
    store.take(matcher, [article(1, text=texts[0], hours=9), chain[0]])
    assert store.canonical == {1: 2}, "what holds the whole report may speak for it"
    matcher = open_matcher(store) if reopened else matcher
    (second,) = store.take(matcher, chain[1:])
    assert second[:2] == (Action.JOIN, 1)
    (copied,) = store.take(matcher, [article(4, text=texts[0], hours=10, outlet="Herald")])
    assert copied[:2] == (Action.JOIN, 1)
    assert store.canonical == {1: 2}


def test_people_have_the_last_word() -> None:
    text = report(1)
    store = MemoryStore()
    store.take(open_matcher(store), [article(1), article(2)])
    cannot = Rules(links=Links(cannot=frozenset({(1, 3)})))
    must = Rules(links=Links(must=frozenset({(2, 4)})))
    decided = store.take(open_matcher(store, cannot), [article(3, text=text, outlet="Ledger")])
    assert decided[0][0] is Action.START
    decided = store.take(open_matcher(store, must), [article(4, text=report(9))])
    assert decided[0][:2] == (Action.JOIN, store.story[2])


def test_a_revision_is_found_by_its_new_text() -> None:
    store = MemoryStore()
    matcher = open_matcher(store)
    store.take(matcher, [article(1), article(2)])
    fresh = article(1, text=report(77))
    what = matcher.revise(Incoming(1, fresh))
    assert (what.decision.action, what.decision.story, what.reason) == (Action.REVISE, 1, Reason.TEXT_CHANGED)
    store.stored[1], store.blobs[1] = fresh, what.sketch
    assert store.take(matcher, [article(5, text=report(77), outlet="Ledger")])[0][:2] == (Action.JOIN, 1)
    matcher.remove(1)
    assert store.take(matcher, [article(6, text=report(77), outlet="Herald", hours=1)])[0][0] in Action


def test_short_texts_are_found_by_title() -> None:
    title = "Council approves repairs of the old ferry pier"
    teasers = [replace(article(i, text=t, outlet=o), title=title) for i, t, o in
               ((1, "Repairs start in May.", "Tribune"), (2, "The pier closes for a year.", "Ledger"))]  # fmt: skip
    decided, _ = _run([teasers[0], article(3), teasers[1]], 3)
    assert [action for action, *_ in decided] == [Action.START, Action.START, Action.JOIN]


@pytest.mark.parametrize("text", ["", "—", "One two three.", "word " * 5000, "\x00", "新聞" * 300])
def test_odd_texts(text: str) -> None:
    decided, _ = _run([article(1, text=text), article(2), article(3, text=text, outlet="Ledger")], 2)
    assert len(decided) == 3


def test_epoch_is_the_one_measured() -> None:
    assert index_module.EPOCH == 512
    assert fake.NOW.tzinfo is not None
