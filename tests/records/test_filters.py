"""Keep and drop rules, alone and through a whole round."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from pipeline.errors import Rejected
from pipeline.model import Reason
from pipeline.run.filters import FilterRule, Filters, Subject
from tests.fakeweb import FakeWeb
from tests.records.conftest import BRIDGE, GLASS, SWANS, Newsroom
from tests.records.test_revisions import page, publish

SUBJECT = Subject(
    "https://feeds.example/1",
    "Tarn Courier",
    {
        "title": ("Live: Ferry C++ results",),
        "url": ("https://tarn.example/sport/ferry-17",),
        "author": ("Ann Lee", "Bo Ek"),
        "summary": ("",),
        "text": (BRIDGE,),
        "section": ("Sport",),
        "language": ("en",),
    },
)


async def here(function: Callable[..., Any], *args: Any) -> Any:
    return function(*args)


def verdict(*rules: FilterRule, subject: Subject = SUBJECT) -> str:
    return asyncio.run(Filters(rules).verdict(subject, here))


def drop(**fields: Any) -> FilterRule:
    return FilterRule(**{"name": "r", "action": "drop", **fields})


@pytest.mark.parametrize(
    ("rule", "matches"),
    [
        (("words", ("live",), "title", {}), True),
        (("words", ("liv",), "title", {}), False),  # whole words
        (("words", ("c++",), "title", {}), True),
        (("words", ("ferry  c++",), "title", {}), True),
        (("words", ("results ferry",), "title", {}), False),
        (("glob", "live:*", "title", {}), True),
        (("glob", "ferry*", "title", {}), False),  # the whole field
        (("glob", "*", "title", {}), True),
        (("glob", "*/sport/*", "url", {}), True),
        (("words", ("Bo Ek",), "author", {}), True),
        (("regex", r"second\s+pier", "text", {}), True),
        (("regex", "^ferry", "title", {}), False),
        (("words", ("sport",), "section", {"outlet": "Tarn Courier"}), True),
        (("words", ("sport",), "section", {"outlet": "Ashby Post"}), False),
        (("words", ("en",), "language", {"feed": "https://feeds.example/1"}), True),
        (("words", ("en",), "language", {"feed": "https://feeds.example/2"}), False),
    ],
)
def test_what_matches(rule: Any, matches: bool) -> None:
    kind, value, field, scope = rule
    assert bool(verdict(drop(**{kind: value, "field": field}, **scope))) is matches


KEEP = FilterRule("ferries", "keep", words=("ferry",))
NOTHING_ELSE = FilterRule("nothing else", "drop", glob="*")


def test_the_first_rule_that_matches_decides() -> None:
    assert verdict(KEEP, NOTHING_ELSE) == ""
    assert verdict(NOTHING_ELSE, KEEP) == "rule 'nothing else': title matches '*'"
    assert verdict(replace(KEEP, words=("swans",)), NOTHING_ELSE)


def test_a_rule_about_the_text_waits_for_the_article() -> None:
    early = Subject(SUBJECT.feed, SUBJECT.outlet, {"title": SUBJECT.fields["title"]})
    about_text = drop(field="text", words=("pier",))
    assert verdict(about_text, NOTHING_ELSE, subject=early) == ""
    assert "text matches" in verdict(about_text, NOTHING_ELSE)


def test_an_expression_that_overran_is_not_asked_again() -> None:
    asked = []

    async def slow(_function: Callable[..., Any], regex: str, _texts: object) -> Any:
        asked.append(regex)
        raise Rejected(Reason.OVERRUN_CPU, "too long")

    async def twice() -> list[str]:
        filters = Filters((drop(regex="(a+)+$"), NOTHING_ELSE))
        return [await filters.verdict(SUBJECT, slow) for _ in range(2)]

    assert all(asyncio.run(twice()))
    assert asked == ["(a+)+$"]


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"name": " ", "glob": "*"}, "name"),
        ({}, "exactly one"),
        ({"glob": "*", "regex": "x"}, "exactly one"),
        ({"regex": "("}, "no regular expression"),
    ],
)
def test_mistakes_are_told(fields: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        drop(**fields)


@pytest.fixture
def web() -> Iterator[FakeWeb]:
    with FakeWeb() as web:
        yield web


RULES = """
[[filters]]
name = "no swans"
action = "drop"
words = ["swans"]

[[filters]]
name = "slow"
action = "drop"
field = "text"
regex = "(?:[a-z ]+)*#"

[[filters]]
name = "no glass"
action = "drop"
field = "text"
regex = "glass furnace"
"""


def test_a_round_journals_what_was_dropped_with_the_rule(newsroom: Newsroom, web: FakeWeb) -> None:
    feed = f'[[feeds]]\nurl = "{web.url("/feed.xml")}"\noutlet = "Tarn Courier"\n'
    newsroom.configure(f"[run]\nworkers = 1\ncpu_seconds = 3.0\n{feed}{RULES}")
    publish(web, "swans", "bridge", "works")
    for name, text in (("swans", SWANS), ("bridge", BRIDGE), ("works", GLASS)):
        web.set(f"/{name}", page(name.capitalize(), text))
    outcomes = newsroom.told("once")[0]["outcomes"]
    assert outcomes == {"new": 1, "skipped": 2}, newsroom.told("items")
    rows = newsroom.told("items", "--reason", "rule_dropped")
    assert {row["title"]: row["detail"].partition(":")[0] for row in rows} == {
        "swans": "rule 'no swans'",
        "works": "rule 'no glass'",
    }
    assert "/swans" not in web.paths(), "what the entry gives away is not fetched"


def test_config_check_names_a_bad_rule(newsroom: Newsroom) -> None:
    newsroom.configure('[[filters]]\nname = "x"\naction = "hide"\nglob = "*"\n')
    done = newsroom.run("config", "check")
    assert done.code == 2
    assert "[[filters]] number 1 action" in done.err
