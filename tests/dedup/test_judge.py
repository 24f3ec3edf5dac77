"""Figures, vetoes, kinds and the properties that a score must have.  All texts are made up here."""

from __future__ import annotations

import html
import random
import unicodedata
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.dedup.explain import NoCounts
from pipeline.dedup.features import FEATURES, NAMES, SIGNS, pair_features
from pipeline.dedup.judge import VETOED, VETOES, Kind, Verdicts, default_table, judge, read_table
from pipeline.dedup.profile import Profile, profile
from pipeline.dedup.short import APART, SAME, judge_short
from pipeline.errors import StoryfoldError
from pipeline.model import Article

NOON = datetime(2031, 5, 6, 12, tzinfo=UTC)
PARAGRAPHS = (
    "The harbour council of Northwick voted on Tuesday to close the old ferry pier for seven months of repairs.",
    "Work on the wooden structure, which was built by the Aldous brothers in 1894, is to begin in early March.",
    "Until then the ferries to Saint Orrin will call at the northern quay, a walk of ten minutes from the centre.",
    "Shop owners along the pier fear for their summer trade and have asked the town for lower rents this year.",
    "“We live from the people who wait for the boat,” said Maren Tolliver, who has sold ice cream there since 1998.",
    "Engineers found last autumn that a third of the oak piles had been hollowed out by shipworm and by storms.",
    "The repairs will cost about 4.2 million crowns, half of which the province has promised to pay.",
)  # fmt: skip
TEXT = "\n".join(PARAGRAPHS)
OTHER = (
    "A school orchestra from Ellerby has won the national prize for young musicians with a piece that its own "
    "pupils wrote. The jury praised the courage of the slow movement, in which only the violas play. The girls "
    "and boys practised for eleven months in a gymnasium, because the music room was being painted."
)
WORDS = sorted({w.strip(".,“”").lower() for w in (TEXT + " " + OTHER).split()})


def article(
    text: str = TEXT, title: str = "Old ferry pier of Northwick to close for repairs", **more: object
) -> Article:
    values: dict[str, object] = {"outlet": "Northwick Echo", "published": NOON, **more}
    return Article(url="https://echo.example/pier", title=title, text=text, **values)  # type: ignore[arg-type]


def judged(a: Article, b: Article) -> Verdicts:
    nobody = np.zeros(1, bool)
    return judge([profile(a)], [profile(b)], NoCounts(), None, nobody, nobody)


def score(a: Article, b: Article) -> float:
    return float(judged(a, b).score[0])


def figure(name: str, a: Article, b: Article) -> float:
    return float(judged(a, b).figures[0, NAMES.index(name)])


def test_a_text_equals_itself() -> None:
    assert score(article(), article(title="Quite another headline", outlet="Else")) == 1.0


def test_unrelated_texts_differ() -> None:
    found = judged(article(), article(OTHER, title="Orchestra wins"))
    assert found.score[0] < 0.01
    assert found.kind == (Kind.DIFFERENT,)


@pytest.mark.parametrize(
    "changed",
    [
        TEXT.upper(),
        TEXT.replace("\n", "\n\n   "),
        TEXT.replace(" ", "  "),
        html.escape(TEXT, quote=True),
        unicodedata.normalize("NFD", TEXT),
        TEXT.replace("a", "a\u00ad"),
    ],
    ids=["case", "paragraph breaks", "blanks", "entities", "decomposed", "soft hyphens"],
)
def test_form_does_not_matter(changed: str) -> None:
    assert score(article(), article(changed)) == 1.0


@given(st.permutations(PARAGRAPHS))
@settings(max_examples=20, deadline=None)
def test_order_of_paragraphs_does_not_matter(order: list[str]) -> None:
    found = judged(article(), article("\n".join(order)))
    assert found.score[0] > 0.9
    assert found.same[0]


@given(st.lists(st.sampled_from(WORDS), max_size=60), st.lists(st.sampled_from(WORDS), max_size=60))
@settings(max_examples=40, deadline=None)
def test_scores_are_symmetric(a: list[str], b: list[str]) -> None:
    one, two = article(" ".join(a)), article(" ".join(b), title="Repairs at the pier", outlet="Other Post")
    assert np.array_equal(judged(one, two).figures, judged(two, one).figures)
    assert score(one, two) == score(two, one)
    assert 0.0 <= score(one, two) <= 1.0


def test_an_unrelated_suffix_moves_the_score_down_only() -> None:
    filler = random.Random(5).choices(WORDS, k=400)
    scores = [score(article(), article(f"{TEXT}\n{' '.join(filler[:n])}")) for n in range(20, 400, 40)]
    assert scores == sorted(scores, reverse=True)
    assert scores[0] > 0.9


def test_a_batch_gives_what_single_pairs_give() -> None:
    texts = [TEXT, OTHER, TEXT[:300], "", "Three words only", TEXT + OTHER]
    made = [profile(article(t, title=f"Title {i}")) for i, t in enumerate(texts)]
    left = [a for a in made for _ in made]
    right = made * len(made)
    batch = pair_features(left, right, NoCounts())
    for i, (a, b) in enumerate(zip(left, right, strict=True)):
        assert np.allclose(batch[i], pair_features([a], [b], NoCounts())[0])
    assert batch.shape == (36, len(FEATURES))
    assert np.isfinite(batch).all()


def test_no_pairs() -> None:
    assert pair_features([], [], NoCounts()).shape == (0, len(FEATURES))


class EveryShingle:
    """A store in which other articles carry every shingle."""

    def __init__(self, df: int, at_outlet: int) -> None:
        self._df, self._at_outlet = df, at_outlet

    def df(self, shingles: np.ndarray) -> np.ndarray:
        return np.full(len(shingles), self._df)

    def outlet_df(self, outlets: np.ndarray, shingles: np.ndarray) -> np.ndarray:
        return np.full(len(shingles), self._at_outlet)


@pytest.mark.parametrize(("at_outlet", "share"), [(0, 0.0), (50, 1.0)])
def test_what_an_outlet_repeats_is_furniture(at_outlet: int, share: float) -> None:
    a, b = profile(article()), profile(article(TEXT + " More follows."))
    figures = pair_features([a], [b], EveryShingle(60, at_outlet))
    assert figures[0, NAMES.index("furniture")] == pytest.approx(share, abs=0.05)


def test_own_occurrences_are_no_evidence_of_being_common() -> None:
    a, b = profile(article()), profile(article(TEXT + " More follows."))
    counted = np.ones(1, bool)
    alone = pair_features([a], [b], EveryShingle(0, 0), ~counted, ~counted)
    stored = pair_features([a], [b], EveryShingle(1, 1), ~counted, counted)
    assert np.allclose(alone[:, : NAMES.index("quotation")], stored[:, : NAMES.index("quotation")], atol=0.4)


@pytest.mark.parametrize(
    ("name", "a", "b", "low", "high"),
    [
        ("containment", TEXT, TEXT[:400], 2.0, 4.0),
        ("containment", TEXT, OTHER, -4.0, -2.0),
        ("lead", TEXT, TEXT[:500], 0.9, 1.0),
        ("lead", "\n".join(PARAGRAPHS[:3]), OTHER, 0.0, 0.0),
        ("word_edits", TEXT, TEXT.replace("wooden", "timber"), 1.0, 1.0),
        ("number_edits", TEXT, TEXT.replace("1894", "1901"), 1.0, 1.0),
        ("prose_share", TEXT, TEXT[:400], -0.05, 0.0),
        ("prose_share", TEXT, OTHER, -6.0, -2.0),
        ("numbers_in_conflict", TEXT, TEXT.replace("1894", "1901"), 0.0, 0.0),
        (
            "numbers_in_conflict",
            TEXT + " 11 12 13 14",
            TEXT.replace("1894", "7").replace("4.2", "8") + " 21 22 23 24",
            0.05,
            0.5,
        ),
        ("names_in_conflict", TEXT, TEXT.replace("Orrin", "Edric"), 0.05, 0.3),
        ("quotation", PARAGRAPHS[4] + OTHER, PARAGRAPHS[4] + TEXT[:350], 0.5, 3.0),
    ],
)
def test_figures(name: str, a: str, b: str, low: float, high: float) -> None:
    assert low <= figure(name, article(a), article(b)) <= high


@pytest.mark.parametrize(("hours", "low", "high"), [(0, 0.0, 0.0), (24 * 30, 2.5, 3.5), (None, 0.3, 0.5)])
def test_days(hours: int | None, low: float, high: float) -> None:
    later = None if hours is None else NOON + timedelta(hours=hours)
    assert low <= figure("days", article(), article(published=later)) <= high


FORM = "Cotton prices at the Port of {0} rose to {1} crowns a bale on {2}, {3} more than the week before. "


def form(*numbers: object) -> str:
    return FORM.format(*numbers) * 1 + (
        f"Stocks in the warehouses fell to {numbers[1]}00 bales, the exchange said in its weekly survey of trade. "
        f"Buyers from abroad took {numbers[3]}70 bales, and {numbers[3]}5 ships waited outside the breakwater. "
        f"The exchange expects {numbers[1]}50 bales to be sold by the end of the month if the weather allows."
    )


@pytest.mark.parametrize(
    ("veto", "a", "b"),
    [
        ("little", article(), article(OTHER)),
        (
            "series",
            article(form("Vell", 71, "Monday", 3), title="Cotton survey 14"),
            article(form("Vell", 88, "Monday", 4), title="Cotton survey 15"),
        ),
        (
            "figures",
            article(form("Vell", 71, "Monday", 3), title="Cotton survey"),
            article(form("Vell", 88, "Monday", 4), title="Cotton survey", published=NOON + timedelta(hours=3)),
        ),
        (
            "form",
            article(form("Vell", 71, "Monday", 3), title="Cotton survey"),
            article(form("Vell", 88, "Monday", 4), title="Cotton survey", published=NOON + timedelta(days=28)),
        ),
    ],
)
def test_vetoes(veto: str, a: Article, b: Article) -> None:
    found = judged(a, b)
    rule = next(v for v in VETOES if v.name == veto)
    assert rule.holds(found.figures)[0]
    assert found.score[0] <= VETOED
    assert found.why[0]


@pytest.mark.parametrize(
    ("new", "stored", "kind"),
    [
        (article(TEXT + "\nMore follows soon."), article(), Kind.REPRINT),
        (article(TEXT.replace("1894", "1901")), article(), Kind.CORRECTED),
        (article(TEXT.replace("1894", "1901"), outlet="Harbour Post"), article(), Kind.REPRINT),
        (article("\n".join(PARAGRAPHS[:4])), article(), Kind.ABRIDGED),
        (article(), article("\n".join(PARAGRAPHS[:4])), Kind.EXPANDED),
        (article("Pier shut", title="Ferry pier to close for repairs"),
         article("Pier is shut", title="Ferry pier to close for repairs"), Kind.SAME_TITLE),
    ],
)  # fmt: skip
def test_kinds(new: Article, stored: Article, kind: Kind) -> None:
    assert judged(new, stored).kind == (kind,)


@pytest.mark.parametrize(
    ("similarity", "words", "hours", "numbers", "score", "part"),
    [
        (1.0, 6, 2.0, False, SAME, "same title and time"),
        (0.8, 6, 2.0, False, APART, "titles differ"),
        (1.0, 6, 50.0, False, APART, "50 hours apart"),
        (1.0, 6, None, False, APART, "not known"),
        (1.0, 2, 1.0, False, APART, "too short to tell"),
        (1.0, 6, 1.0, True, APART, "number"),
    ],
)
def test_short_texts(
    similarity: float, words: int, hours: float | None, numbers: bool, score: float, part: str
) -> None:
    found = judge_short(similarity, words, hours, numbers)
    assert found.score == score
    assert part in found.reason


def test_the_packaged_table_is_readable() -> None:
    table = default_table()
    assert len(table.weights) == len(NAMES)
    assert table.probability(np.zeros((1, len(NAMES))))[0] == pytest.approx(1 / (1 + np.exp(-table.bias)))


def test_no_packaged_weight_contradicts_what_its_figure_means() -> None:
    assert (default_table().weights * np.array(SIGNS) >= 0.0).all()


def test_a_table_must_fit_the_figures() -> None:
    with pytest.raises(StoryfoldError, match="does not fit"):
        read_table('bias = 0.0\n[feature.mood]\nweight = 1.0\nmeaning = "none"\n')


def test_profiles_are_what_the_judge_needs() -> None:
    made: Profile = profile(article())
    assert len(made.flags) == len(made.shingles)
