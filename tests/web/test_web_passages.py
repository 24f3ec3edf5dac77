"""Passages: what the comparison says, that it loses nothing, and that its work is bounded."""

from __future__ import annotations

import time
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.web.passages import MAX_SENTENCES, Comparison, Kind, common, compare, sentences

WORDS = st.sampled_from(["harbour", "Council", "voted", "3.5", "million", "on", "Tuesday", "the", "桥", "été"])
SENTENCE = st.lists(WORDS, min_size=1, max_size=9).map(lambda words: " ".join(words) + ".")
TEXT = st.lists(st.tuples(SENTENCE, st.sampled_from([" ", "\n", "\n\n", "  "])), max_size=12).map(
    lambda parts: "".join(sentence + end for sentence, end in parts)
)


def side(result: Comparison, name: str) -> str:
    return "".join(span.text for block in result.blocks for pair in block for span in getattr(pair, name))


def kinds(left: str, right: str) -> list[str]:
    return [pair.kind.value for block in compare(left, right).blocks for pair in block]


A = "The bridge opened on Monday. Crowds came early. The mayor cut a ribbon."


@pytest.mark.parametrize(
    ("left", "right", "expected"),
    [
        ("", "", []),
        (A, A, ["kept", "kept", "kept"]),
        (A, A.replace(" ", "  "), ["kept", "kept", "kept"]),
        (A, A.replace("Monday", "Tuesday"), ["changed", "kept", "kept"]),
        (A, "The bridge opened on Monday. The mayor cut a ribbon.", ["kept", "cut", "kept"]),
        (A, A + " Trams run from noon.", ["kept", "kept", "kept", "added"]),
        (A, "", ["cut", "cut", "cut"]),
        ("", A, ["added", "added", "added"]),
        ("One came. Two sat down here.", "Two sat down here. One came.", ["moved", "kept", "moved"]),
        ("市長は橋を開いた。人々が来た。", "市長は橋を閉じた。人々が来た。", ["changed", "kept"]),
        ("It cost $3.5 million. Nobody paid.", "It cost $3.7 million. Nobody paid.", ["changed", "kept"]),
    ],
)
def test_kinds(left: str, right: str, expected: list[str]) -> None:
    assert kinds(left, right) == expected


def test_only_the_words_that_differ_are_marked() -> None:
    [[pair, *_], *_] = compare(A, A.replace("on Monday", "late on Friday")).blocks
    assert [(s.kind, s.text) for s in pair.left if s.kind is Kind.CUT] == [(Kind.CUT, "Monday")]
    assert [s.text.strip() for s in pair.right if s.kind is Kind.ADDED] == ["late", "Friday"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("One. Two! Three?", ["One. ", "Two! ", "Three?"]),
        ("He said “No.” Then left.", ["He said “No.” ", "Then left."]),
        ("First\nSecond\n\nThird", ["First\n", "Second\n\n", "Third"]),
        ("Growth of 3.5 per cent.", ["Growth of 3.5 per cent."]),
        ("終わり。次。", ["終わり。", "次。"]),
    ],
)
def test_sentences(text: str, expected: list[str]) -> None:
    assert sentences(text) == expected


def test_share_kept() -> None:
    assert compare(A, A).share_kept() == 1.0
    assert compare(A, "Nothing of it.").share_kept() == 0.0
    assert compare(A, "").share_kept() == 1.0
    half = compare("Alpha beta gamma delta.", "Alpha beta gamma delta. Quite other words follow.")
    assert half.share_kept() == 0.5


@given(TEXT | st.text(max_size=300), TEXT | st.text(max_size=300))
def test_nothing_is_lost(left: str, right: str) -> None:
    result = compare(left, right)
    assert side(result, "left") == left
    assert side(result, "right") == right


@given(TEXT)
def test_a_text_beside_itself_is_kept(text: str) -> None:
    assert set(kinds(text, text)) <= {"kept"}


@given(TEXT, TEXT)
def test_spans_agree_with_their_pair(left: str, right: str) -> None:
    for block in compare(left, right).blocks:
        assert block
        for pair in block:
            found = {span.kind for span in (*pair.left, *pair.right)}
            if pair.kind is Kind.CHANGED:
                assert pair.left
                assert pair.right
                assert found <= {Kind.KEPT, Kind.CUT, Kind.ADDED}
            else:
                assert found == {pair.kind}


@given(TEXT, TEXT)
@settings(max_examples=50)
def test_shares_stay_in_range(left: str, right: str) -> None:
    assert 0.0 <= compare(left, right).share_kept() <= 1.0


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("a. " * 40_000, "b. " * 40_000),
        ("word " * 50_000, "other " * 50_000),
        ("x" * 300_000, "y" * 300_000),
        ("\n" * 100_000, ". " * 100_000),
        (
            " ".join(f"Number {n} came." for n in range(3000)),
            " ".join(f"Number {n} left." for n in range(3000)),
        ),
        ("?!" * 100_000, "”" * 100_000),
        ("a. " * 1199, "a. b. " * 600),
        ("a. a. c. " * 400, "a. b. b. " * 400),
        (". ".join(["a b a c " * 80] * 100), ". ".join(["a d a a " * 80] * 100)),
        ("x1 y2 z3 " * 100_000, "z3 x1 " * 100_000),
    ],
    ids=[
        "repeated",
        "one long sentence",
        "one long word",
        "blank",
        "all different",
        "marks only",
        "aba",
        "aabb",
        "words",
        "words without end",
    ],
)
def test_hostile_texts_take_bounded_time(left: str, right: str) -> None:
    began = time.perf_counter()
    result = compare(left, right)
    assert time.perf_counter() - began < 3.0
    assert side(result, "left") == left
    assert side(result, "right") == right


def test_very_long_texts_are_cut_into_a_last_stretch() -> None:
    text = "So. " * (2 * MAX_SENTENCES)
    assert len(sentences(text)) == MAX_SENTENCES
    assert "".join(sentences(text)) == text


@given(st.lists(st.sampled_from("abcd"), max_size=12), st.lists(st.sampled_from("abcd"), max_size=12))
def test_common_is_a_longest_common_subsequence(a: list[str], b: list[str]) -> None:
    pairs = common(a, b)
    assert all(a[i] == b[j] for i, j in pairs)
    assert all(i < k and j < m for (i, j), (k, m) in pairwise(pairs))
    table = [[0] * (len(b) + 1) for _ in range(len(a) + 1)]
    for i, x in enumerate(a):
        for j, y in enumerate(b):
            table[i + 1][j + 1] = table[i][j] + 1 if x == y else max(table[i][j + 1], table[i + 1][j])
    assert len(pairs) == table[-1][-1]
