"""The headline: the ``h1`` that readers see, confirmed by what the markup says, without the site's name."""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Collection, Iterable

from pipeline.articles.head import Head, Heading
from pipeline.articles.jsonld import text_of
from pipeline.text import one_line

_SEPARATOR = re.compile(
    r"\s+[-–—|·•»:/~]+\s+|\s*(?:\||»|::|｜|_|--|——)\s*|(?<=[\u3040-\u9fff])[-–—](?=[\u3040-\u9fff])| [-–—](?=[A-Z])"
)
_AFTER_PREFIX = re.compile(r"\s*[:|–—]\s+|\s+-\s+")
_LETTERS = re.compile(r"[^\W_]+")
_MOST = 500  # characters of a title that are looked at
_LONGEST = 250  # characters of a line that may be a headline
_WORD = re.compile(r"\w+")
_CONFIRMED = 0.5  # share of common words with a title of the markup
_PLAUSIBLE = 0.2  # ... where the heading stands in the article and is long enough for a headline


def find_title(head: Head, outlet_names: Iterable[str], lines: Iterable[str] = ()) -> tuple[str, str]:
    """The title and where it came from; ``("", "")`` where the page has none.

    ``outlet_names`` are the names by which the site calls itself; ``lines`` are the first lines of the body,
    which confirm a headline that stands in no heading.
    """
    names = {plain_words(name) for name in outlet_names if name}
    references = _references(head, names, tuple(lines))
    heading = _best_heading(head.headings, references, names)
    if heading:
        return heading, "h1"
    for source, text in references:
        if text:
            return text, source
    longest = max((h.text for h in head.headings), key=len, default="")
    return (longest, "h1, unconfirmed") if longest else ("", "")


def same_words(a: str, b: str) -> float:
    """Share of the words of the shorter title that stand in the longer one, 0-1."""
    one, two = set(_WORD.findall(plain_words(a))), set(_WORD.findall(plain_words(b)))
    if not one or not two:
        return float(bool(a) and plain_words(a) == plain_words(b))
    return len(one & two) / min(len(one), len(two))


def without_site(title: str, names: set[str], confirmed: Collection[str] = ()) -> str:
    """``title`` without " - Section - Outlet" at its end (or "Outlet: " before it).

    ``names`` and ``confirmed`` are in the form of ``plain_words``; a beginning that is confirmed stands alone.
    """
    title = one_line(html.unescape(title)) if "&" in title else one_line(title)
    marks = list(_SEPARATOR.finditer(title))
    for mark in marks:
        if plain_words(title[: mark.start()]) in confirmed:
            return title[: mark.start()].strip()
    while marks:
        last = marks.pop()
        tail = title[last.end() :]
        if _is_site(tail, names) or ("|" in last.group() and _is_short(tail) and last.start() > 20):
            title = title[: last.start()].strip()
        else:
            break
    first = _AFTER_PREFIX.search(title)
    if first and _is_site(title[: first.start()], names) and len(title) - first.end() > 10:
        title = title[first.end() :].strip()
    return title


def _references(head: Head, names: set[str], lines: tuple[str, ...]) -> list[tuple[str, str]]:
    """Titles of the markup in order of trust, cleaned."""
    article = head.json_ld.article
    raw = [
        ("JSON-LD headline", text_of(article.get("headline"))),
        ("og:title", head.meta("og:title")),
        ("JSON-LD name", text_of(article.get("name"))),
        (
            "meta title",
            head.meta("parsely-title", "sailthru.title", "dc.title", "dcterms.title", "twitter:title", "title"),
        ),
        ("title element", head.title),
    ]
    seen = [*(h.text for h in head.headings), *(h.full for h in head.headings), *lines]
    confirmed = {plain_words(text) for text in seen if len(text) <= _LONGEST}
    cleaned = [(source, without_site(text[:_MOST], names, confirmed)) for source, text in raw if text]
    if len(cleaned) == 1 and cleaned[0][0] == "title element":
        cleaned = [("title element", _without_short_tail(cleaned[0][1]))]
    return [(source, text) for source, text in cleaned if text and plain_words(text) not in names]


def _without_short_tail(title: str) -> str:
    """A bare ``<title>`` mostly ends with the site's name even where nothing else on the page tells it."""
    marks = list(_SEPARATOR.finditer(title))
    if marks and _is_short(title[marks[-1].end() :]) and len(title[: marks[-1].start()].split()) >= 4:
        return title[: marks[-1].start()].strip()
    return title


def _best_heading(headings: tuple[Heading, ...], references: list[tuple[str, str]], names: set[str]) -> str:
    best, best_score = "", 0.0
    for heading in headings:
        for text in dict.fromkeys((heading.text, heading.full)):
            plain = plain_words(text)
            if not plain or _is_site(text, names):
                continue
            score = max((_likeness(text, reference) for _, reference in references), default=0.0)
            if len(plain.split()) == 1 and not any(plain == plain_words(r) for _, r in references):
                continue
            plausible = score >= _PLAUSIBLE and heading.in_article and len(plain.split()) >= 4
            if (score >= _CONFIRMED or plausible) and score > best_score + 1e-9:
                best, best_score = text, score
    if best:
        return without_site(best, names)
    alone = [h for h in headings if h.in_article and len(h.text) >= 20 and not _is_site(h.text, names)]
    return alone[0].text if len(alone) == 1 and len(headings) == 1 and not references else ""


def _likeness(a: str, b: str) -> float:
    """1 for the same words; for others Jaccard and containment, so that a fuller heading still counts."""
    one, two = set(_WORD.findall(plain_words(a))), set(_WORD.findall(plain_words(b)))
    if plain_words(a) == plain_words(b):
        return 1.0
    if not one or not two:
        return 0.0
    common = len(one & two)
    if common < 2:
        return 0.0
    return 0.5 * common / len(one | two) + 0.5 * common / min(len(one), len(two)) - 0.01


def _is_site(text: str, names: set[str]) -> bool:
    plain = plain_words(text)
    squeezed = plain.replace(" ", "")
    return any(plain == name or squeezed == name.replace(" ", "") for name in names) or (
        _is_short(text) and any(len(name) > 3 and (f" {name} " in f" {plain} ") for name in names)
    )


def _is_short(text: str) -> bool:
    return len(text.split()) <= 4 and len(text) <= 40


def plain_words(text: str) -> str:
    """Lower case, without accents and punctuation, for comparing."""
    text = html.unescape(text) if "&" in text else text
    if not text.isascii():
        folded = unicodedata.normalize("NFKD", text)
        text = "".join(c for c in folded if not unicodedata.combining(c))
    return " ".join(_LETTERS.findall(text.casefold()))
