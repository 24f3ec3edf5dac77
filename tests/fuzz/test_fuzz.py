"""The parsers of our own over the kept corpus and over random input; ``python -m tests.fuzz.run`` goes on for hours."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fuzz.run import CORPUS
from tests.fuzz.targets import TARGETS

KEPT = sorted(path for path in CORPUS.rglob("*") if path.is_file())


@pytest.mark.parametrize("path", KEPT, ids=lambda path: f"{path.parent.name}-{path.name}")
def test_what_was_found_once_is_taken_ever_after(path: Path) -> None:
    TARGETS[path.parent.name](path.read_bytes())


def test_every_parser_has_a_corpus_and_the_corpus_is_small() -> None:
    assert {path.parent.name for path in KEPT} == set(TARGETS)
    assert sum(path.stat().st_size for path in KEPT) < 100_000


def mixed(name: str) -> st.SearchStrategy[bytes]:
    """Pieces of what is kept, in any order, between random bytes: closer to a parser's language than noise."""
    pieces = [path.read_bytes() for path in KEPT if path.parent.name == name]
    words = sorted({word for piece in pieces for word in piece.replace(b">", b"> ").split()})
    part = st.one_of(st.sampled_from(words), st.sampled_from(pieces), st.binary(max_size=8))
    return st.lists(part, max_size=12).map(b" ".join)


@pytest.mark.parametrize("name", TARGETS)
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_random_input_is_taken_or_refused(name: str, data: st.DataObject) -> None:
    TARGETS[name](data.draw(mixed(name)))
