"""An explanation shows everything that went into a verdict."""

from __future__ import annotations

import json
import math
from datetime import UTC, datetime

import pytest

from pipeline.dedup.explain import explain, stored_lines
from pipeline.dedup.features import NAMES
from pipeline.model import Article

TEXT = (
    "The town library of Harrowgate lent 41,200 books last year, more than ever before. Most of them were novels, "
    "but books about gardens came second, said the librarian. The council wants to open a branch in the north."
)
A = Article("https://a.example/1", "Library lends more books than ever", TEXT, "Post", datetime(2031, 5, 6, tzinfo=UTC))
B = Article("https://b.example/9", "Harrowgate library lends record number of books",
            TEXT.replace("said the librarian", "the librarian told this paper") + " A decision is due in June.",
            "Echo", datetime(2031, 5, 7, tzinfo=UTC))  # fmt: skip


def test_contributions_add_up_to_the_score() -> None:
    found = explain(A, B)
    odds = sum(line.contribution for line in found.lines) + found.bias
    assert found.score == pytest.approx(1 / (1 + math.exp(-odds)), abs=0.001)


def test_every_figure_is_shown_strongest_first() -> None:
    found = explain(A, B)
    assert {line.feature for line in found.lines} == set(NAMES)
    sizes = [abs(line.contribution) for line in found.lines]
    assert sizes == sorted(sizes, reverse=True)
    assert len(found.rows()) == len(NAMES) + 1


def test_passages_are_as_the_first_article_writes_them() -> None:
    found = explain(A, B)
    assert found.passages[0].text == (
        "The town library of Harrowgate lent 41,200 books last year, more than ever before. Most of them were "
        "novels, but books about gardens came second"
    )
    assert all(p.text in TEXT for p in found.passages)
    assert found.shared_words == 35


def test_json_and_sentence() -> None:
    found = explain(A, B)
    plain = json.loads(json.dumps(found.to_json()))
    assert plain["same"] is True
    assert plain["score"] == found.score
    assert found.summary().startswith("the same report (reprint), score ")


def test_a_rule_that_decides_is_named() -> None:
    found = explain(A, A)
    assert found.score == 1.0
    assert found.why == "the same text, word for word"
    other = explain(A, Article("https://c.example/2", "Choir sings", "Quite different words about a choir. " * 9))
    assert other.vetoes
    assert not other.same
    assert other.passages == ()


def test_stored_evidence_can_be_shown_again() -> None:
    evidence = {line.feature: line.value for line in explain(A, B).lines}
    assert [line.feature for line in stored_lines(evidence | {"of_an_older_version": 1.0})] == list(NAMES)
