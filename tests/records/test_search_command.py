"""``search`` through the command line: one syntax, clear messages, nothing missed."""

from __future__ import annotations

from datetime import timedelta

import pytest

from pipeline import app
from tests.records.conftest import BRIDGE, GLASS, NOW, SWANS, Newsroom, article

pytestmark = pytest.mark.parametrize("backend", ["sqlite", "postgres"], indirect=True)


@pytest.fixture
def filled(newsroom: Newsroom, monkeypatch: pytest.MonkeyPatch) -> Newsroom:
    newsroom.add(
        article("bridge", BRIDGE), article("glass", GLASS, "Oldhaven Herald", language="de"), article("swans", SWANS)
    )
    monkeypatch.setattr(app, "clock", lambda: NOW + timedelta(hours=1))
    return newsroom


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("river", ["Bridge"]),
        ("RIVER gravel", ["Bridge"]),
        ("river swans", []),
        ('"second pier"', ["Bridge"]),
        ('"pier second"', []),
        ("the -river", ["Swans", "Glass"]),
        ("furnac*", ["Glass"]),
        ('outlet:"Oldhaven Herald"', ["Glass"]),
        ("lang:de", ["Glass"]),
        ("since:2h", ["Swans", "Glass", "Bridge"]),
        ("until:2026-03-01T12:01:30 the", ["Bridge"]),
        ("river OR swans", []),  # every word counts: there are no operators
    ],
)
def test_what_is_found(filled: Newsroom, query: str, expected: list[str]) -> None:
    assert [row["title"] for row in filled.told("search", "--", query)] == expected


def test_the_index_is_brought_up_to_date_first(filled: Newsroom) -> None:
    assert filled.told("search", "ferryman") == []
    filled.add(article("ferry", "The old ferryman retired on Sunday after forty years of crossing the sound."))
    assert len(filled.told("search", "ferryman")) == 1
    filled.add(article("ferry", "The young ferryman began on Monday, and crossed the sound nine times."), again=True)
    assert len(filled.told("search", "forty years of crossing")) == 0


def test_pages_of_hits_and_stories(filled: Newsroom) -> None:
    first = filled.told("search", "the", "--limit", "2")
    rest = filled.told("search", "the", "--before", first[-1]["place"])
    assert [row["title"] for row in first + rest] == ["Swans", "Glass", "Bridge"]
    assert filled.told("search", f"story:{first[0]['story_id']}")[0]["title"] == "Swans"
    assert "Swans" in filled.run("search", "swans").out
    assert "Nothing was found" in filled.run("search", "xyzzy").out


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ('"river', "without its partner"),
        ("since:soon", "is no time"),
        ("outlet:", "needs a value"),
        ("lang:de lang:en", "stands twice"),
        ("-river", "only says what not to find"),
        ("", "nothing to look for"),
        ("a " * 600, "at most 1000"),
        ("-lang:de x", "cannot be left out"),
    ],
)
def test_wrong_syntax_is_a_clear_message(filled: Newsroom, query: str, said: str) -> None:
    done = filled.run("search", "--", query)
    assert (done.code, said in done.err) == (2, True), done.err
