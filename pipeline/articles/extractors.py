"""Body extractors.  Each is one function ``(page) -> str``: the plain text it finds, or "".

Settings name them as ``module:function`` and they are tried in order; another package may bring its own.
An extractor sees what was found before it (``page.text``) and returns "" to leave that as it is.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from importlib import import_module

from pipeline.articles.blocks import html_to_text
from pipeline.articles.head import Head
from pipeline.articles.jsonld import text_of
from pipeline.articles.kinds import count_words
from pipeline.articles.trees import tree_for

_MISSED = 0.6  # JSON-LD speaks only where the page's text has less than this share of its words
_PROBES, _PROBE = 16, 20  # places of it that are looked for, and the letters of each
_NO_LETTER = re.compile(r"\W+")
_TOO_LITTLE = 40  # words under which the next algorithm is asked


@dataclass(frozen=True, slots=True)
class PageInput:
    """What an extractor may use."""

    html: str
    lean: str  # the same without scripts, styles, drawings and comments
    url: str
    head: Head
    fast: bool = False
    text: str = ""  # what an earlier extractor found


@dataclass(frozen=True, slots=True)
class Body:
    """``text`` and the extractor that won; ``tried`` has a line for each, for people."""

    text: str
    extractor: str
    tried: tuple[str, ...]


Extractor = Callable[[PageInput], str]


def find_body(page: PageInput, names: tuple[str, ...]) -> Body:
    """Try the extractors in order."""
    winner = ""
    tried: list[str] = []
    for name in names:
        text = _load(name)(page)
        short = name.rsplit(":", 1)[-1]
        if not text.strip():
            tried.append(f"{short}: nothing to add" if page.text else f"{short}: nothing")
            continue
        tried.append(f"{short}: {count_words(text)} words")
        winner = short
        page = replace(page, text=text)
    return Body(page.text, winner, tuple(tried))


def trafilatura_body(page: PageInput) -> str:
    """Trafilatura's body, without comments."""
    if page.text:
        return ""
    import trafilatura

    logging.getLogger("trafilatura").setLevel(logging.CRITICAL)  # it logs every page without text as an error
    document = trafilatura.bare_extraction(
        tree_for(page.lean, page.head, fast=page.fast),
        url=page.url,
        with_metadata=False,
        include_comments=False,
        fast=page.fast,
    )
    return str(getattr(document, "text", None) or "")


def json_ld_body(page: PageInput) -> str:
    """``articleBody`` of JSON-LD where the page's own text is far shorter, another one, or this without its lines.

    Never first: three quarters of news pages have none, and it mostly comes without line breaks.
    """
    body = text_of(page.head.json_ld.article.get("articleBody"))
    words = count_words(body)
    if words < _TOO_LITTLE:
        return ""
    text, found = html_to_text(body), count_words(page.text)
    if "\n" in text and "\n" not in page.text.strip() and found <= words:
        return text
    if found < _MISSED * words:
        return text
    return text if words > _MISSED * found and _says_something_else(page.text, text) else ""  # else it is a summary


def _says_something_else(found: str, body: str) -> bool:
    """Whether none of some places of ``body`` stands in what was found: menus, a box, another article."""
    found, body = _NO_LETTER.sub("", found), _NO_LETTER.sub("", body)
    step = max(_PROBE, len(body) // _PROBES)
    return not any(body[at : at + _PROBE] in found for at in range(0, len(body) - _PROBE + 1, step))


def resiliparse_body(page: PageInput) -> str:
    """Resiliparse's main content where hardly anything was found."""
    words = count_words(page.text)
    if words >= _TOO_LITTLE:
        return ""
    from resiliparse.extract.html2text import extract_plain_text

    text = str(extract_plain_text(page.html, main_content=True, list_bullets=False, alt_texts=False))
    text = "\n".join(filter(None, (line.strip() for line in text.split("\n"))))
    return text if count_words(text) > words else ""


@cache
def _load(name: str) -> Extractor:
    module, _, function = name.partition(":")
    found: Extractor = getattr(import_module(module), function)
    return found
