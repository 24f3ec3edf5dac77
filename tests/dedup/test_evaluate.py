"""Evaluation against labelled pairs, and fitting weights on them."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from pipeline.dedup.evaluate import LabelledPair, evaluate, read_pairs, to_html, to_text
from pipeline.dedup.features import NAMES, SIGNS
from pipeline.dedup.judge import Table, default_table, read_table
from pipeline.dedup.tune import Sample, changes, cross_validated, fit, groups, to_toml, weighted_f1
from pipeline.errors import UsageError

PAIRS = [
    LabelledPair("1", "2", "COPY", 2.0, "high"),
    LabelledPair("1", "3", "COPY", 1.0, "low"),
    LabelledPair("4", "5", "EVENT", 4.0, "low"),
    LabelledPair("4", "6", "EVENT", 3.0, "low"),
    LabelledPair("5", "6", "PARTIAL", 9.0, "low"),
    LabelledPair("1", "7", "COPY", 1.0, "low"),
]
STORIES = {"1": "a", "2": "a", "3": "b", "4": "c", "5": "c", "6": "d"}
SCORES = {("1", "2"): 0.97, ("1", "3"): 0.3, ("4", "5"): 0.6, ("4", "6"): 0.04}


def test_figures_are_weighted() -> None:
    report = evaluate(PAIRS, STORIES, SCORES)
    assert report.total.pairs == 5  # PARTIAL is left out
    assert report.total.precision == pytest.approx(2 / 6, abs=1e-4)
    assert report.total.recall == pytest.approx(2 / 4)
    assert report.total.f1 == pytest.approx(2 * 2 / (6 + 4))
    assert [s.name for s in report.strata] == ["high", "low"]
    assert report.missing == ("7",)


def test_worst_errors_come_first_with_a_way_to_look_closer() -> None:
    report = evaluate(PAIRS, STORIES, SCORES)
    assert [(j.pair.a, j.pair.b) for j in report.worst] == [("4", "5"), ("1", "3"), ("1", "7")]
    assert json.loads(to_text(report))["worst"][0]["explain"].endswith("explain 4 5")


def test_sweep_and_calibration_need_scores() -> None:
    assert evaluate(PAIRS, STORIES).sweep == ()
    report = evaluate(PAIRS, STORIES, SCORES)
    best = {q.name: q.f1 for q in report.sweep}
    assert best["0.65"] == pytest.approx(0.8)
    assert [(b.low, b.copies, b.pairs) for b in report.calibration] == [
        (0.0, 0.0, 1), (0.3, 1.0, 1), (0.6, 0.0, 1), (0.9, 1.0, 1)
    ]  # fmt: skip


def test_page_is_whole_and_safe() -> None:
    pairs = [LabelledPair("<1>", "2", "COPY")]
    page = to_html(evaluate(pairs, {"<1>": "a", "2": "b"}, {("<1>", "2"): 0.2}))
    assert "&lt;1&gt;" in page
    assert "<1>" not in page
    assert page.count("<svg") == 2
    assert "http" not in page


def test_reading_pairs(tmp_path: Path) -> None:
    path = tmp_path / "pairs.jsonl"
    path.write_text('{"pair": 1, "a": 7, "b": "8", "label": "COPY", "weight": 2.5}\n\n', "utf-8")
    assert read_pairs(path) == [LabelledPair(7, "8", "COPY", 2.5)]
    path.write_text('{"a": 7}\n', "utf-8")
    with pytest.raises(UsageError, match="line 1"):
        read_pairs(path)


def drawn(table: Table, count: int, seed: int) -> Sample:
    random = np.random.default_rng(seed)
    figures = random.normal(size=(count, len(NAMES)))
    copies = random.random(count) < table.probability(figures)
    return Sample(figures, copies, np.ones(count), np.arange(count))


def test_fit_finds_the_weights_that_drew_the_labels() -> None:
    truth = Table(-0.5, np.linspace(0.5, 2.0, len(NAMES)) * SIGNS)
    found = fit([drawn(truth, 6000, 1)])
    assert np.allclose(
        found.weights / np.linalg.norm(found.weights), truth.weights / np.linalg.norm(truth.weights), atol=0.08
    )


def test_a_weight_keeps_its_sign_whatever_the_labels_say() -> None:
    drew = np.linspace(0.5, 2.0, len(NAMES)) * SIGNS
    drew[[0, 5]] *= -1.0
    found = fit([drawn(Table(-0.5, drew), 3000, 5)])
    assert found.weights[[0, 5]].tolist() == [0.0, 0.0]
    assert (np.delete(found.weights * SIGNS, [0, 5]) > 0.2).all()


def test_figures_of_an_empty_store_count_a_little() -> None:
    plain = drawn(Table(0.0, np.linspace(0.5, 2.0, len(NAMES)) * SIGNS), 2000, 6)
    silent = Sample(plain.figures, plain.copies, plain.weights, plain.groups, np.zeros_like(plain.figures))
    same = Sample(plain.figures, plain.copies, plain.weights, plain.groups, plain.figures)
    assert np.allclose(fit([same]).weights, fit([plain]).weights, atol=1e-6)
    assert np.linalg.norm(fit([silent]).weights - fit([plain]).weights) > 0.01
    assert cross_validated([silent], folds=3)[0].shape == (2000,)


def test_a_prior_holds_where_pairs_say_nothing() -> None:
    prior = default_table()
    flat = drawn(Table(0.0, np.zeros(len(NAMES))), 40, 2)
    near = fit([flat], prior, penalty=1e6)
    assert np.allclose(near.weights, prior.weights, atol=0.05)


def test_cross_validation_never_scores_what_it_saw() -> None:
    sample = drawn(Table(0.0, np.linspace(0.5, 2.0, len(NAMES)) * SIGNS), 400, 3)
    [scores] = cross_validated([sample], folds=4)
    assert 0.7 < weighted_f1(sample.copies, scores >= 0.5, sample.weights) < 1.0


def test_too_few_pairs() -> None:
    with pytest.raises(UsageError, match="too few"):
        fit([drawn(default_table(), 6, 4)])


def test_groups_follow_chains_of_articles() -> None:
    assert groups([("a", "b"), ("c", "d"), ("b", "e"), ("d", "f")]).tolist() == [0, 1, 0, 1]


def test_a_table_survives_writing() -> None:
    table = default_table()
    again = read_table(to_toml(table, "made by a test\nof two lines"))
    assert np.allclose(again.weights, table.weights, atol=1e-4)
    assert all(abs(old - new) < 1e-4 for _, old, new in changes(again, table))
