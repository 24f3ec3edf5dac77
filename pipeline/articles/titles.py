"""The headline: the ``h1`` that readers see, confirmed by markup or address, without the site's name."""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Collection, Iterable
from urllib.parse import urlsplit

from pipeline.articles.head import Head, Heading, heading_text
from pipeline.articles.jsonld import text_of
from pipeline.text import one_line

_SEPARATOR = re.compile(
    r"\s+[-–—|·•»›‹<>:/~]+\s+|\s*(?:\||»|::|｜|_|--|——)\s*|\s+：\s*|"
    r"(?<=[\u3040-\u9fff])[-–—](?=[\u3040-\u9fff])| [-–—](?=[A-Z])"
)
_AFTER_PREFIX = re.compile(r"\s*[:|–—»]\s+|\s+-\s+")
_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u2060\ufeff]")  # soft hyphens and their like
_ARCHIVE = frozenset({"blog archive", "archive", "blog"})  # what old blogs put between their name and the title
_ACCENTS = re.compile("[\u0300-\u036f\u0591-\u05bd\u064b-\u065f]+")  # of Latin, Greek, Cyrillic; Hebrew; Arabic
_LETTERS = re.compile(r"[^\W_]+")
_TAG = re.compile(r"</?[a-zA-Z][^<>]{0,200}>")
_DASH = re.compile(r"\s+[-–—]\s+")
_BARS = re.compile(r"[|｜_]")
_HEADLINE = 20  # letters before a bar that make a headline; those of Chinese and Japanese say twice as much
_WIDE = re.compile("[\u3040-\u9fff\uac00-\ud7af]")
_HOST = re.compile(r"(?:www\.)?[\w-]+(?:\.[a-z]{2,})+", re.IGNORECASE)
_SYMBOLS = " +►▶★☆|•·*"  # around a headline for subscribers, films and the like
_MOST = 500  # characters of a title that are looked at
_SHORTEST = 15  # characters of a headline
_MOST_OF_IT = 0.6  # of a title of the markup that a part of the heading covers
_LABEL_WORDS = 3  # that a heading may have before or behind a title on which the markup agrees
_LONGEST = 250  # characters of a line that may be a headline
_WORD = re.compile(r"\w+")
_CONFIRMED = 0.5  # share of common words with a title of the markup
_MOST_LESSER = 20  # subheadings that are looked at
_SLUG_WORD = re.compile(r"[^\W_]+")
_SLUG_WORDS = 4  # words in common with the address
_IN_SLUG = 0.6  # and their share of both
_PLAUSIBLE = 0.2  # ... where the heading stands in the article and is long enough for a headline


def find_title(head: Head, outlet_names: Iterable[str], lines: Iterable[str] = (), url: str = "") -> tuple[str, str]:
    """The title and where it came from; ``("", "")`` where the page has none.

    ``outlet_names`` are the names by which the site calls itself; ``lines`` are the first lines of the body,
    which confirm a headline that stands in no heading; the words of ``url`` confirm a heading that the markup, written
    for search engines, does not.
    """
    names = {plain_words(name) for name in outlet_names if name}
    names |= {plain_words(h.full) for h in head.headings if h.leads_home} - {""}
    references = _references(head, names, tuple(lines))
    heading = _best_heading(head.headings, references, names)
    if heading:
        return _as_written(_as_agreed(heading, head.headings, references), references), "h1"
    if heading := _in_the_address((h.text for h in head.headings), url, names):
        return heading, "h1, confirmed by the address"
    for source, text in references:
        if text:
            return text, source
    lesser = (heading_text(node) for node in head.tree.css("h2, h3")[:_MOST_LESSER])
    if heading := _in_the_address(lesser, url, names):
        return heading, "subheading, confirmed by the address"
    longest = max((h.text for h in head.headings if not h.leads_home), key=len, default="")
    return (longest, "h1, unconfirmed") if longest else ("", "")


def _as_agreed(heading: str, headings: tuple[Heading, ...], references: list[tuple[str, str]]) -> str:
    """``heading``, or what JSON-LD and ``og:title`` both say where it differs by a kicker or a label only."""
    said = {source: text for source, text in references if source in ("JSON-LD headline", "og:title")}
    plain = {plain_words(text) for text in said.values()}
    if len(said) < 2 or len(plain) != 1:
        return heading
    agreed, mine = plain.pop(), plain_words(heading)
    if mine != agreed and any(plain_words(h.full) == agreed and heading in h.full for h in headings):
        return said["JSON-LD headline"]
    more = len(mine.split()) - len(agreed.split())
    labelled = mine.startswith(f"{agreed} ") or mine.endswith(f" {agreed}")
    return said["JSON-LD headline"] if labelled and more <= _LABEL_WORDS else heading


def _as_written(heading: str, references: list[tuple[str, str]]) -> str:
    """``heading``, or the same words where the markup writes them better.

    A heading of several elements has lost the colon or dash behind its kicker; one in capitals has lost its case.  One
    for subscribers may have a sign at its end that the headline has not.
    """
    bare = heading.strip(_SYMBOLS)
    if bare != heading and any(
        plain_words(text) == plain_words(bare) and text[-1] == bare[-1] for _, text in references
    ):
        return bare
    for _, text in references:
        if plain_words(text) == plain_words(heading) and (
            (":" in text and ":" not in heading)
            or (heading.isupper() and not text.isupper())
            or _DASH.sub(" ", text) == heading != text
        ):
            return text
    return heading


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
    title = cleaned(title)
    marks = list(_SEPARATOR.finditer(title))
    for mark in marks:
        if plain_words(title[: mark.start()]) in confirmed:
            return title[: mark.start()].strip()
    while marks:
        last = marks.pop()
        tail = title[last.end() :]
        cuts = _BARS.search(last.group()) is not None and _is_short(tail) and _length(title[: last.start()]) > _HEADLINE
        if cuts or _is_site(tail, names):
            title = title[: last.start()].strip()
        else:
            break
    prefixed = False
    while first := _AFTER_PREFIX.search(title):
        name, rest = title[: first.start()], title[first.end() :].strip()
        if not (_is_site(name, names) or (prefixed and plain_words(name) in _ARCHIVE)) or len(rest) <= 10:
            break
        title, prefixed = rest, True
    return title


def cleaned(title: str) -> str:
    """``title`` on one line, with its entities resolved and without invisible characters."""
    if "&" in title:
        title = html.unescape(title)
    if "<" in title:
        title = _TAG.sub("", title)
    return one_line(_INVISIBLE.sub("", title))


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
    own = [h for h in head.headings if not h.leads_home]
    seen = [*(h.text for h in own), *(h.full for h in own), *lines]
    confirmed = {plain_words(text) for text in seen if len(text) <= _LONGEST}
    cleaned = [(source, without_site(text[:_MOST], names, confirmed)) for source, text in raw if text]
    if len(cleaned) == 1 and cleaned[0][0] == "title element":
        cleaned = [("title element", _without_short_tail(cleaned[0][1]))]
    return [
        (source, text) for source, text in cleaned if text and plain_words(text) not in names and not _is_slug(text)
    ]


def _is_slug(title: str) -> bool:
    """The name of a file or the last part of an address in place of a title."""
    return " " not in title and title.count("-") + title.count("_") >= 2 and title.islower()


def _without_short_tail(title: str) -> str:
    """A bare ``<title>`` mostly ends with the site's name even where nothing else on the page tells it."""
    marks = list(_SEPARATOR.finditer(title))
    before = title[: marks[-1].start()] if marks else ""
    if (
        marks
        and _is_short(title[marks[-1].end() :])
        and (len(before.split()) >= 4 or _length(before) - len(before) >= 8)
    ):
        return title[: marks[-1].start()].strip()
    return title


def _best_heading(headings: tuple[Heading, ...], references: list[tuple[str, str]], names: set[str]) -> str:
    best, best_score = "", 0.0
    for heading in headings:
        for text in dict.fromkeys((_without_kicker(heading, references), heading.text, heading.full)):
            plain = plain_words(text)
            if not plain or _is_site(text, names):
                continue
            score = max((_likeness(text, reference) for _, reference in references), default=0.0)
            if len(plain.split()) == 1 and not any(plain == plain_words(r) for _, r in references):
                continue
            plausible = score >= _PLAUSIBLE and heading.in_article and _shares_words(plain, references)
            if (score >= _CONFIRMED or plausible) and score > best_score + 1e-9:
                best, best_score = text, score
    if best:
        return without_site(best, names)
    alone = [h for h in headings if h.in_article and len(h.text) >= 20 and not _is_site(h.text, names)]
    return alone[0].text if len(alone) == 1 and len(headings) == 1 and not references else ""


def _in_the_address(headings: Iterable[str], url: str, names: set[str]) -> str:
    """The heading whose words make up a part of the address."""
    parts = [set(_SLUG_WORD.findall(part.casefold())) for part in urlsplit(url).path.split("/")]
    slug = max(parts, key=len)
    if len(slug) < _SLUG_WORDS:
        return ""
    for heading in headings:
        words = set(_WORD.findall(plain_words(heading)))
        common = len(words & slug)
        if common >= _SLUG_WORDS and common >= _IN_SLUG * max(len(words), len(slug)) and not _is_site(heading, names):
            return heading
    return ""


def _shares_words(plain: str, references: list[tuple[str, str]]) -> bool:
    """Whether a heading of some length has words in common with a title that are more than "for" and "and"."""
    words = {word for word in plain.split() if len(word) > 3 or not word.isascii()}
    return len(plain.split()) >= 4 and any(len(words & set(plain_words(text).split())) >= 2 for _, text in references)


def _without_kicker(heading: Heading, references: list[tuple[str, str]]) -> str:
    """The heading without its first or last element, where the markup gives the rest as the headline.

    What follows a headline in its heading is the writer's name or when it was written; the markup's headline may then
    go on with something of its own.
    """
    text = heading.text
    if heading.first:
        rest = text.removeprefix(heading.first).strip()
        if _is_title(rest, references):
            return rest
    if heading.last and text.endswith(heading.last):
        rest = text.removesuffix(heading.last).strip()
        if _is_title(rest, references):
            return rest
        if _is_short(heading.last) and _is_headline_before(plain_words(rest), plain_words(text), references):
            return rest
    return text


def _is_title(text: str, references: list[tuple[str, str]]) -> bool:
    plain = plain_words(text)
    return bool(plain) and any(plain == plain_words(reference) for _, reference in references)


def _is_headline_before(rest: str, whole: str, references: list[tuple[str, str]]) -> bool:
    """Whether titles of the markup begin with ``rest`` and say little else, and none goes on like the ``whole``."""
    plain = [plain_words(text) for _, text in references]
    if len(rest) < _SHORTEST or any(text.startswith(whole) for text in plain):
        return False
    return any(text.startswith(rest) and len(rest) >= _MOST_OF_IT * len(text) for text in plain)


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
    if any(plain == name or squeezed == name.replace(" ", "") for name in names):
        return True
    if not _is_short(text):
        return False
    if any(len(name) > 3 and (f" {name} " in f" {plain} ") for name in names) or _HOST.fullmatch(text.strip()):
        return True
    if text.isupper() and any(name.split()[0] == plain for name in names if name):  # "HP" of "HP online"
        return True
    # "The Paper" where the site calls itself "The Paper online", in scripts without blanks too
    return len(plain) >= 4 and any(name.startswith(plain) and 2 * len(plain) >= len(name) for name in names)


def _length(text: str) -> int:
    return len(text) + len(_WIDE.findall(text))


def _is_short(text: str) -> bool:
    return len(text.split()) <= 4 and len(text) <= 40


def plain_words(text: str) -> str:
    """Lower case, without accents and punctuation, for comparing."""
    text = html.unescape(text) if "&" in text else text
    if not text.isascii():
        text = _ACCENTS.sub("", unicodedata.normalize("NFKD", text))
    return " ".join(_LETTERS.findall(text.casefold()))
