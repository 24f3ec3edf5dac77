"""A search means the same in both: SQLite's index of words is the reference for PostgreSQL's."""

from __future__ import annotations

import random
from collections.abc import Iterator

import pgserver
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from storage_builders import NOW, ingest

from pipeline.storage import SearchQuery, Store, open_store
from pipeline.storage.query import Term
from pipeline.storage.tsvector import LAST_POSITION, MOST_BYTES, expression, vector, words_of

TEXT = (
    "harbour Harbour HARBOURS Zürich zurich Straße strasse İzmir naïve naive façade O'Neill e-mail co-operate U.S."
    " 3,000 2026-03-01 https://a.example/x?y=1 a@b.example port_authority don't Ærø Łódź Ελλάδα ελλαδα Москва 東京"
    " 東京都 ไทย हिन्दी السلام עברית ½ x² ﬁre ǅ harb new town budget the of — … «new»"
)
WORDS = tuple(TEXT.split())
PHRASES = ("new harbour", "the harbour of", "O'Neill new", "2026-03-01 the", "harb", "Zürich.", "東京 new", "x²")
terms = st.builds(
    Term,
    st.sampled_from((*WORDS, *PHRASES)).filter(lambda text: any(map(str.isalnum, text))),
    prefix=st.booleans(),
)
unwanted = st.builds(Term, st.sampled_from(WORDS[:12]), excluded=st.just(True))


@pytest.fixture(scope="module")
def both(postgres: pgserver.Server) -> Iterator[tuple[Store, Store]]:
    chance = random.Random(7)
    batch = [
        ingest(
            n,
            n,
            title=" ".join(chance.choices(WORDS, k=4)),
            text=" ".join(chance.choices((*WORDS, *PHRASES), k=chance.randrange(1, 25))),
            language=chance.choice(["en", "de", None]),
        )
        for n in range(1, 250)
    ]
    with open_store("sqlite://") as one, open_store(postgres.database()) as other:
        for store in (one, other):
            store.apply(batch, NOW)
            store.index_for_search(10_000)
        yield one, other


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(terms, min_size=1, max_size=3), st.lists(unwanted, max_size=1), st.sampled_from([None, "de"]))
def test_both_find_the_same(
    both: tuple[Store, Store], wanted: list[Term], without: list[Term], language: str | None
) -> None:
    query = SearchQuery(terms=(*wanted, *without), language=language)
    one, other = (store.search(query, limit=300) for store in both)
    assert [hit.article_id for hit in other] == [hit.article_id for hit in one]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("The O'Neill e-mail", ["the", "o", "neill", "e", "mail"]),
        ("Zürich, Façade", ["zurich", "facade"]),
        ("port_authority 3,000", ["port", "authority", "3", "000"]),
        ("東京都", ["東京都"]),
        ("—", []),
    ],
)
def test_words(text: str, words: list[str]) -> None:
    assert words_of(text) == words


def test_nothing_that_is_typed_is_an_operator() -> None:
    assert expression([Term("a' & !b"), Term("x:*", prefix=True), Term("<->", excluded=True)]) == (
        "('a' <-> 'b') & ('x':*)"
    )


def test_no_phrase_reaches_from_title_into_text() -> None:
    assert vector("new", "harbour new") == "'new':1,4 'harbour':3"


def test_a_text_of_any_length_is_indexed(postgres: pgserver.Server) -> None:
    long = " ".join(f"word{n}" for n in range(300_000)) + " word7" * 1000
    assert len(vector("", long).encode()) <= MOST_BYTES
    with open_store(postgres.emptied()) as store:
        store.apply([ingest(1, 1, text=long), ingest(2, 2, text="x" * 100_000)], NOW)
        for word in ("word7", f"word{LAST_POSITION + 100}", "x" * 100_000):
            assert len(store.search(SearchQuery((Term(word),)))) == 1
