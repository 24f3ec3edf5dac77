"""The search syntax, and what a search finds."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from storage_builders import LATER, NOW, ingest, join, merge, revise

from pipeline.errors import UsageError
from pipeline.storage import SearchQuery, Store, open_store, parse_query
from pipeline.storage.query import Term

DAY = datetime(2026, 1, 31, tzinfo=UTC)

QUERIES: dict[str, SearchQuery] = {
    "harbour": SearchQuery((Term("harbour"),)),
    "  new   harbour ": SearchQuery((Term("new"), Term("harbour"))),
    '"new harbour"': SearchQuery((Term("new harbour"),)),
    "harb*": SearchQuery((Term("harb", prefix=True),)),
    "harbour -budget": SearchQuery((Term("harbour"), Term("budget", excluded=True))),
    'harbour -"old town"': SearchQuery((Term("harbour"), Term("old town", excluded=True))),
    "outlet:Gazette": SearchQuery(outlet="Gazette"),
    'OUTLET:"The Gazette" harbour': SearchQuery((Term("harbour"),), outlet="The Gazette"),
    "lang:DE": SearchQuery(language="de"),
    "story:s1": SearchQuery(story="s1"),
    "since:2026-01-31": SearchQuery(since=DAY),
    "since:2026-01-31T02:00:00+02:00": SearchQuery(since=DAY),
    "until:7d": SearchQuery(until=NOW - timedelta(days=7)),
    "https://a.example": SearchQuery((Term("https://a.example"),)),
    "AND OR NOT NEAR": SearchQuery((Term("AND"), Term("OR"), Term("NOT"), Term("NEAR"))),
    "title:harbour": SearchQuery((Term("title:harbour"),)),
    "harbour & *": SearchQuery((Term("harbour"),)),
    "har\x00bour": SearchQuery((Term("har"), Term("bour"))),
}


@pytest.mark.parametrize(("text", "expected"), QUERIES.items(), ids=QUERIES.keys())
def test_queries(text: str, expected: SearchQuery) -> None:
    assert parse_query(text, NOW) == expected


WRONG = {
    "": "nothing to look for",
    "!!!": "nothing to look for",
    'say "hello': "without its partner",
    "-budget": "only says what not to find",
    "outlet:": "outlet: needs a value",
    "since:yesterday": "since:yesterday is no time",
    "since:999999w": "is no time",
    "lang:de lang:en": "stands twice",
    "-outlet:Gazette": "only words and phrases can",
    "word " * 51: "at most 50",
    "x" * 1001: "at most 1000",
}


@pytest.mark.parametrize(("text", "words"), WRONG.items(), ids=[key[:20] for key in WRONG])
def test_wrong_queries_are_explained(text: str, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        parse_query(text, NOW)


@pytest.fixture(scope="module")
def one() -> object:
    with open_store("sqlite://") as store:
        store.apply([ingest(1, 1)], NOW)
        yield store


@given(st.text(max_size=60) | st.from_regex(r'(-|"|\*|outlet:|since:|NEAR\(|[a-z(){}^:+\' ]){1,12}', fullmatch=True))
def test_whatever_is_typed_is_searched_or_explained(one: Store, text: str) -> None:
    try:
        query = parse_query(text, NOW)
    except UsageError:
        return
    one.search(query)


@pytest.fixture
def filled(store: Store) -> Store:
    store.apply(
        [
            ingest(1, 1, title="Harbour rebuilt", text="The new harbour of the town.", outlet="The Gazette"),
            join(2, 1, 1, title="Hafen neu gebaut", text="Der neue Hafen der Stadt Zürich.", language="de"),
            ingest(3, 2, title="Budget passed", text="The council passed the harbour budget. O'Neill said no."),
        ],
        NOW,
    )
    return store


FOUND = {
    "harbour": ["a3", "a1"],
    "HARBOUR new": ["a1"],
    '"new harbour"': ["a1"],
    '"harbour new"': [],
    "harb*": ["a3", "a1"],
    "harbour -budget": ["a1"],
    "zurich": ["a2"],
    "O'Neill": ["a3"],
    'outlet:"the gazette"': ["a1"],
    "lang:de": ["a2"],
    "story:s1": ["a2", "a1"],
    "story:s1 harbour": ["a1"],
    "since:1h": ["a3", "a2", "a1"],
    "until:1h": [],
    "nowhere": [],
}


@pytest.mark.parametrize(("text", "expected"), FOUND.items(), ids=FOUND.keys())
def test_search(filled: Store, text: str, expected: list[str]) -> None:
    assert [hit.article_id for hit in filled.search(parse_query(text, NOW))] == expected


def test_hits_say_where_they_are(filled: Store) -> None:
    (hit,) = filled.search(parse_query("new harbour", NOW))
    assert (hit.story_id, hit.title, hit.outlet) == ("s1", "Harbour rebuilt", "The Gazette")
    assert hit.excerpt == "The new harbour of the town."


def test_search_follows_revisions_and_merges(filled: Store) -> None:
    assert len(filled.search(parse_query("harbour", NOW))) == 2
    filled.apply([revise(1, 1, "Nothing of the kind.", title="Corrected")], LATER)
    assert [hit.article_id for hit in filled.search(parse_query("harbour", NOW))] == ["a3"]
    assert [hit.article_id for hit in filled.search(parse_query("corrected", NOW))] == ["a1"]
    filled.apply([merge(4, 1, 2, 1)], LATER)
    assert {hit.story_id for hit in filled.search(parse_query("harbour", NOW))} == {"s1"}
    assert len(filled.search(parse_query("story:s2", NOW))) == 4


def test_pages_of_hits(store: Store) -> None:
    store.apply([ingest(n, n) for n in range(1, 8)], NOW)
    query, seen, before = parse_query("harbour", NOW), [], None
    while page := store.search(query, limit=3, before=before):
        seen += [hit.article_id for hit in page]
        before = page[-1].place
    assert seen == [f"a{n}" for n in range(7, 0, -1)]


def test_index_is_caught_up_in_portions(store: Store) -> None:
    store.apply([ingest(n, n) for n in range(1, 8)], NOW)
    assert [store.index_for_search(3) for _ in range(4)] == [3, 3, 1, 0]
    assert len(store.search(parse_query("harbour", NOW))) == 7


def test_a_store_opened_for_reading_searches_what_is_indexed(tmp_path: object) -> None:
    url = f"sqlite:///{tmp_path}/db"
    with open_store(url) as store:
        store.apply([ingest(1, 1)], NOW)
        assert len(store.search(parse_query("harbour", NOW))) == 1
    with open_store(url, read_only=True) as store:
        assert len(store.search(parse_query("harbour", NOW))) == 1


def test_excerpt_around_the_word(store: Store) -> None:
    text = "Some words before it. " * 40 + "The harbour is here. " + "And words behind it. " * 40
    store.apply([ingest(1, 1, text=text)], NOW)
    (hit,) = store.search(parse_query("harbour", NOW))
    assert "The harbour is here." in hit.excerpt
    assert hit.excerpt.startswith("… ")
    assert hit.excerpt.endswith(" …")
