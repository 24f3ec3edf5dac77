"""The fast tokeniser against the naive one, and the rules one by one."""

from __future__ import annotations

import naive_tokens as naive
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.dedup.sketch import pack, pack_many
from pipeline.dedup.tokens import normalised, tokenise

PIECES = st.sampled_from(
    [
        "The ", "harbour ", "Mr. ", "Corp. ", "U.S. ", "5.93 ", "1,750", ".", ",", "!", '"', "“", "”", "«", "»",
        "\n", "\n\n", "\n    ", " ", "said ", "Ferry", "Straße ", "ﬁne ", "e\u0301", "É", "&amp;", "&quot;",
        "soft\u00adhyphen ", "新聞は、", "ข่าว", "報道", "١٢٣", "½", "…", "\u200b", "\x00", "(", "—", "7-1/4 ",
        "a" * 95, "カ゛", "한국어 ", "नमस्ते ", "𝔘nicode ", "\ud800",
    ]
)  # fmt: skip
TEXTS = st.lists(st.one_of(PIECES, st.text(max_size=4)), max_size=40).map("".join)


@settings(max_examples=300, deadline=None)
@given(st.lists(TEXTS, min_size=1, max_size=4))
def test_agrees_with_the_naive_tokeniser(texts: list[str]) -> None:
    fast = tokenise(texts)
    seen: dict[str, int] = {}
    for i, text in enumerate(texts):
        own = slice(int(fast.offsets[i]), int(fast.offsets[i + 1]))
        plain = naive.tokens(text)
        assert [(t.start, t.end) for t in plain] == list(
            zip(fast.starts[own] - fast.bases[i], fast.ends[own] - fast.bases[i], strict=True)
        )
        for name in ("quoted", "number", "upper", "sentence", "line"):
            assert [getattr(t, name) for t in plain] == getattr(fast, name)[own].tolist(), name
        for token, value in zip(plain, fast.hashes[own].tolist(), strict=True):
            assert seen.setdefault(token.folded, value) == value
    assert len(set(seen.values())) == len(seen)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("The ferry's late.", "The|ferry|s|late"),
        ("up 5.93 pct, 1,750 dlrs.", "up|5.93|pct|1,750|dlrs"),
        ("新聞です", "新|聞|で|す"),
        ("ข่าว 24", "ข|่|า|ว|24"),
        ("AT&amp;T &quot;said&quot;", "AT|T|said"),
        ("soft\u00adware", "software"),
        ("", ""),
        ("—", ""),
    ],
)
def test_tokens_of(text: str, words: str) -> None:
    found = tokenise([text])
    plain = normalised(text)
    bounds = zip(found.starts - found.bases[0], found.ends - found.bases[0], strict=True)
    assert "|".join(plain[a:b] for a, b in bounds) == words


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Café au lait", "CAFE\u0301   AU\n\nLAIT"),
        ("Tom &amp; Jerry &#8220;ran&#8221;", "Tom & Jerry “ran”"),
        ("ﬁnal oﬃce", "final office"),
        ("ＮＥＷＳ １２３", "news 123"),
        ("zero\u200bwidth", "zerowidth"),
        ("١٢", "12"),
    ],
)
def test_forms_that_do_not_matter(one: str, other: str) -> None:
    np.testing.assert_array_equal(tokenise([one]).hashes, tokenise([other]).hashes)


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("He met Anna Lund in Oslo.", "Anna|Lund|Oslo"),
        ("They left. Anna stayed with Mr. Lund.", "Mr|Lund"),
        ('He said: "Anna came."', ""),
        ("ABC Corp. Chairman A Lund", "Corp|Chairman|Lund"),
    ],
)
def test_names(text: str, names: str) -> None:
    found = tokenise([text])
    spans = zip(found.starts[found.name] - 1, found.ends[found.name] - 1, strict=True)
    assert "|".join(text[a:b] for a, b in spans) == names


@pytest.mark.parametrize(
    ("text", "quoted"),
    [
        ('"We won," he said. "Now rest."', "We|won|Now|rest"),
        ("“We won,” he said.", "We|won"),
        ("“We won\n\nThe second paragraph", "We|won"),
        ("„Wir“ sagt er", "Wir"),
        ('a 5" pipe and a 6" pipe', ""),
        ("「勝った」と", "勝|っ|た"),
    ],
)
def test_quoted(text: str, quoted: str) -> None:
    found = tokenise([text])
    spans = zip(found.starts[found.quoted] - 1, found.ends[found.quoted] - 1, strict=True)
    assert "|".join(text[a:b] for a, b in spans) == quoted


def test_sketches_packed_together_are_those_packed_alone() -> None:
    keys = np.arange(1, 30, dtype=np.uint32)
    offsets = np.array([0, 0, 7, 8, 29], np.int64)
    shingles = np.array([0, 300, 1, 70_000], np.int64)
    alone = [pack(keys[a:b], int(n)) for a, b, n in zip(offsets[:-1], offsets[1:], shingles, strict=True)]
    assert pack_many(keys, offsets, shingles) == alone
