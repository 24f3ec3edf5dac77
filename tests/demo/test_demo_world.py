"""The bundled outlets as data: complete, consistent, and related as ``expected.toml`` says."""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from importlib.resources import files
from typing import Any

import pytest

from pipeline.demo.world import FIRST, SECOND, DemoArticle, PageKind, _edited, _paragraphs, load_world
from pipeline.model import Outcome, Reason

EXPECTED: dict[str, Any] = tomllib.loads(files("pipeline.demo").joinpath("expected.toml").read_text("utf-8"))


def articles(stage: int) -> dict[str, DemoArticle]:
    return {article.id: article for outlet in load_world(stage) for article in outlet.articles}


def shingles(text: str, n: int = 4) -> set[tuple[str, ...]]:
    words = re.findall(r"\w+", text.lower())
    return {tuple(words[i : i + n]) for i in range(len(words) - n + 1)}


def containment(a: str, b: str) -> float:
    """Share of the smaller text's shingles that the other has."""
    one, two = shingles(a), shingles(b)
    return len(one & two) / min(len(one), len(two))


def entry_ids(stage: int) -> list[str]:
    world = load_world(stage)
    odd = [entry.id for outlet in world for feed in outlet.feeds for entry in feed.odd]
    return [*articles(stage), *odd]


def test_expected_names_every_entry_once() -> None:
    named = Counter(a for story in EXPECTED["stories"] for a in (*story["articles"], *story.get("later", ())))
    named.update(item["entry"] for item in (*EXPECTED["refused"], *EXPECTED["repeated"]))
    assert set(named.values()) == {1}
    assert sorted(named) == sorted(entry_ids(SECOND))
    later = {a for story in EXPECTED["stories"] for a in story.get("later", ())}
    assert set(entry_ids(SECOND)) - set(entry_ids(FIRST)) == later


def test_expected_speaks_the_vocabulary_of_the_model() -> None:
    for item in (*EXPECTED["refused"], *EXPECTED["repeated"], *EXPECTED["revised"]):
        Outcome(item["outcome"])
        Reason(item["reason"])
    for feed in EXPECTED["feeds"]:
        Reason(feed["reason"])


def test_first_published_is_the_oldest() -> None:
    known = articles(FIRST)
    for story in EXPECTED["stories"]:
        oldest = max(story["articles"], key=lambda name: known[name].age)
        assert story["first"] == oldest == story["articles"][0]
        assert sorted(story["articles"], key=lambda name: -known[name].age) == story["articles"]


def test_copies_share_their_prose_and_strangers_do_not() -> None:
    known = {name: a for name, a in articles(SECOND).items() if a.page is PageKind.ARTICLE and "archive" not in name}
    story_of = {
        name: story["name"] for story in EXPECTED["stories"] for name in (*story["articles"], *story.get("later", ()))
    }
    look_alike = [set(pair["articles"]) for pair in EXPECTED["apart"]]
    names = sorted(known)
    for i, a in enumerate(names):
        for b in names[i + 1 :]:
            share = containment(known[a].text, known[b].text)
            if story_of[a] == story_of[b]:
                # The weakest tie is between two different parts of one report.
                assert share > 0.4, (a, b, share)
            elif {a, b} not in look_alike:
                assert share < 0.02, (a, b, share)


def test_look_alikes_look_alike() -> None:
    known = articles(FIRST)
    assert containment(known["ledger/brightwater"].text, known["ledger/calder"].text) > 0.3
    one, two = known["harbour/bridge"].text, known["tribune/bridge"].text
    shared = shingles(one) & shingles(two)
    quotation = next(iter(re.findall(r"[“\"](.{80,}?)[”\"]", one)))
    assert shared <= shingles(f'"{quotation}" she said') | shingles("the mayor port ellery")
    assert len(shared) > 35


@pytest.mark.parametrize("stage", [FIRST, SECOND])
def test_reports_have_the_length_of_reports(stage: int) -> None:
    for article in articles(stage).values():
        if article.page is PageKind.ARTICLE and article.id != "harbour/tide":
            assert 100 <= len(article.text.split()) <= 450, article.id


def test_the_silent_correction_changes_text_and_summary() -> None:
    before, after = articles(FIRST)["harbour/oysters"], articles(SECOND)["harbour/oysters"]
    assert before.title == after.title
    assert before.path == after.path
    assert before.summary != after.summary
    assert before.text != after.text
    assert containment(before.text, after.text) > 0.85
    assert [a.id for a in articles(SECOND).values() if a.edited] == ["harbour/oysters"]


def test_at_least_three_languages_and_six_outlets() -> None:
    world = load_world()
    assert len(world) >= 6
    assert len({outlet.language for outlet in world}) >= 3
    assert len({outlet.template for outlet in world}) == len(world)


def test_an_unknown_stage_is_refused() -> None:
    with pytest.raises(ValueError, match="stage 3"):
        load_world(3)


@pytest.mark.parametrize(("part", "count"), [("rail", 7), ("rail:2", 1), ("rail:2-6", 5), ("rail:7", 1)])
def test_parts_name_ranges_of_paragraphs(part: str, count: int) -> None:
    paragraphs = _paragraphs(part)
    assert len(paragraphs) == count
    assert all(paragraph and "\n" not in paragraph for paragraph in paragraphs)


def test_an_edit_that_fits_nowhere_is_an_error_in_the_data() -> None:
    assert _edited(["a tide", "b"], [["tide", "ebb"]]) == ["a ebb", "b"]
    with pytest.raises(ValueError, match="fits no paragraph"):
        _edited(["a", "b"], [["c", "d"]])
