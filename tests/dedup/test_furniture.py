"""General patterns, embedded posts, and what is learned."""

from __future__ import annotations

import numpy as np
import pytest

from pipeline.dedup.furniture import (
    LEARNED_AFTER,
    Scope,
    embedded_posts,
    general,
    is_learned_furniture,
    patterns,
)
from pipeline.dedup.tokens import tokenise

REPORT = "The lighthouse keeper retired on Friday after forty years, the port authority said."


def marked(text: str) -> str:
    """The words that general patterns cover."""
    tokens = tokenise([text])
    covered = np.flatnonzero(general(tokens))
    return " ".join("".join(map(chr, tokens.codes[tokens.starts[i] : tokens.ends[i]])) for i in covered)


@pytest.mark.parametrize(
    ("line", "covered"),
    [
        ("Sign up for our evening letter.", "Sign up for our evening letter"),
        ("SIGN UP FOR our evening letter.", "SIGN UP FOR our evening letter"),
        ("Share on Facebook Share on Twitter", "Share on Facebook Share on Twitter"),
        ("Jo Example contributed to this report.", "Jo Example contributed to this report"),
        ("The pier at dusk. (Photo by Jo Example)", "The pier at dusk Photo by Jo Example"),
        ("Keepers at work. Example Agency/Getty Images", "Keepers at work Example Agency Getty Images"),
        ("Copyright 2031 The Example. All rights reserved.", "Copyright 2031 The Example All rights reserved"),
        ("Comments are closed.", "Comments are closed"),
        ("Advertisement", "Advertisement"),
        ("See pic.twitter.com/abc12 now", "pic twitter com abc12"),
        ("He said that signs went up for sale.", ""),
        ("The advertisement was taken down.", ""),
        ("More people came than ever.", ""),
    ],
)
def test_patterns(line: str, covered: str) -> None:
    assert marked(f"{REPORT}\n\n{line}\n\n{REPORT}") == covered


def test_a_long_paragraph_loses_only_the_sentence() -> None:
    long = " ".join([REPORT] * 5)
    assert marked(f"{long} Sign up for our letter. {long}") == "Sign up for our letter"


def test_texts_of_a_batch_do_not_touch() -> None:
    tokens = tokenise(["They sign up", "for our evening letter"])
    assert not general(tokens).any()


def test_nothing_to_mark() -> None:
    assert general(tokenise([""])).tolist() == []


def test_every_pattern_is_found_by_itself() -> None:
    for pattern in patterns():
        text = f"{REPORT}\n\n{pattern.phrase}\n\n" if pattern.scope is Scope.REST else pattern.phrase
        assert general(tokenise([text])).any(), pattern


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The pier is closed, sad day! — Port News (@portnews) May 3, 2031", True),
        ("The mayor (who was ill) did not come.", False),
        ("Write to port@example.org for tickets.", False),
    ],
)
def test_embedded_posts(text: str, expected: bool) -> None:
    tokens = tokenise([f"{REPORT}\n\n{text}\n\n{REPORT}"])
    inside = embedded_posts(tokens)
    assert inside.any() == expected
    assert not inside[:5].any()


def test_learned_from_counts() -> None:
    counts = np.arange(5)
    assert is_learned_furniture(counts).tolist() == [c >= LEARNED_AFTER for c in range(5)]
